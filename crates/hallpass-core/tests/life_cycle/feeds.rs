use crate::support::{Jar, World, head};
use async_trait::async_trait;
use hallpass_core::{
    Created, EndReason, Ended, Epoch, FeedEvent, Freshness, LoginGrant, MemoryStore, Op, Purged, Realm,
    Record, Replaced, Revision, SessionFeed, SessionHandle, SessionKey, SessionLimit, SessionManager,
    SessionSlot, SessionStore, SessionSummary, StoreError, Subject, SubjectKey, SubjectRevoked, Swept, Taken,
    Ticket, Timestamp, Updated, Which,
};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// A memory store whose subscriptions panic once, or are never quiet.
#[derive(Debug)]
struct BadFeed {
    inner: MemoryStore,
    panics: AtomicBool,
    busy: bool,
}

static STOP: AtomicBool = AtomicBool::new(false);

#[derive(Debug)]
struct Busy;

#[async_trait]
impl SessionFeed for Busy {
    async fn next(&mut self) -> FeedEvent {
        if STOP.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        // Somebody else's sessions end all the time.
        std::thread::sleep(Duration::from_micros(50));
        FeedEvent::Ended(Ended::damaged(SessionKey::from_bytes([1; 34]), EndReason::LoggedOut))
    }
}

#[async_trait]
impl SessionStore for BadFeed {
    async fn create(
        &self,
        r: Arc<Record>,
        t: Option<&Ticket>,
        l: Option<SessionLimit>,
        op: Op,
    ) -> Result<Created, StoreError> {
        self.inner.create(r, t, l, op).await
    }
    async fn load(&self, k: &SessionKey, f: Freshness) -> Result<Option<Arc<Record>>, StoreError> {
        self.inner.load(k, f).await
    }
    async fn update(&self, r: Arc<Record>, e: Revision, op: Op) -> Result<Updated, StoreError> {
        self.inner.update(r, e, op).await
    }
    async fn touch(&self, k: &SessionKey, i: Timestamp, op: Op) -> Result<bool, StoreError> {
        self.inner.touch(k, i, op).await
    }
    async fn replace(
        &self,
        o: &SessionKey,
        r: Arc<Record>,
        e: Revision,
        t: Option<&Ticket>,
        l: Option<SessionLimit>,
        op: Op,
    ) -> Result<Replaced, StoreError> {
        self.inner.replace(o, r, e, t, l, op).await
    }
    async fn take(&self, k: &SessionKey, e: Revision, r: EndReason, op: Op) -> Result<Taken, StoreError> {
        self.inner.take(k, e, r, op).await
    }
    async fn revoke(&self, k: &SessionKey, r: EndReason, op: Op) -> Result<Option<Ended>, StoreError> {
        self.inner.revoke(k, r, op).await
    }
    async fn subject(&self, s: &SubjectKey, n: Timestamp) -> Result<Vec<SessionSummary>, StoreError> {
        self.inner.subject(s, n).await
    }
    async fn epoch(&self, s: &SubjectKey) -> Result<Epoch, StoreError> {
        self.inner.epoch(s).await
    }
    async fn revoke_subject(
        &self,
        s: &SubjectKey,
        a: Option<SessionHandle>,
        w: Which,
        r: EndReason,
        op: Op,
    ) -> Result<SubjectRevoked, StoreError> {
        self.inner.revoke_subject(s, a, w, r, op).await
    }
    async fn not_before(&self, r: &Realm) -> Result<Option<Timestamp>, StoreError> {
        self.inner.not_before(r).await
    }
    async fn raise_not_before(&self, r: &Realm, at: Timestamp, op: Op) -> Result<Timestamp, StoreError> {
        self.inner.raise_not_before(r, at, op).await
    }
    async fn alive(&self, k: &[SessionKey], n: Timestamp) -> Result<Vec<Option<bool>>, StoreError> {
        self.inner.alive(k, n).await
    }
    async fn sweep(&self, l: usize, op: Op) -> Result<Swept, StoreError> {
        self.inner.sweep(l, op).await
    }
    async fn purge(&self, r: &Realm, from: u64, l: usize, op: Op) -> Result<Purged, StoreError> {
        self.inner.purge(r, from, l, op).await
    }
    async fn feed(&self) -> Result<Box<dyn SessionFeed>, StoreError> {
        assert!(!self.panics.swap(false, Ordering::SeqCst), "the store's own fault");
        if self.busy { Ok(Box::new(Busy)) } else { self.inner.feed().await }
    }
}

async fn logged_in(
    busy: bool,
    panics: bool,
) -> (SessionManager, hallpass_testkit::FakeClock, SessionSlot, Subject) {
    let clock = hallpass_testkit::FakeClock::new();
    let store = BadFeed { inner: MemoryStore::new(), panics: AtomicBool::new(panics), busy };
    let sessions = SessionManager::builder(store).clock(clock.clone()).sweep_every(None).build().unwrap();
    let world = World::new();
    let slot = SessionSlot::new(&sessions.clone().into(), &head(&Jar::default()), None);
    let session = slot.open().await.unwrap();
    let subject = Subject::from(7_u32);
    let ticket = sessions.ticket(&sessions.subject_key(subject.clone())).await.unwrap();
    let grant = LoginGrant { ticket, ..world.grant(7).await };
    session.log_in(grant).unwrap();
    let mut jar = Jar::default();
    jar.apply(&slot.commit().await);
    let slot = SessionSlot::new(&sessions.clone().into(), &head(&jar), None);
    slot.open().await.unwrap();
    (sessions, clock, slot, subject)
}

#[tokio::test]
async fn a_feed_that_panics_does_not_leave_everybody_deaf() {
    let (sessions, clock, slot, subject) = logged_in(false, true).await;
    let watching = tokio::spawn(slot.open().await.unwrap().ended());
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    // Another watcher, later: the listener must be there.
    let second = tokio::spawn(slot.open().await.unwrap().ended());
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    for _ in 0..3 {
        clock.advance(Duration::from_secs(2));
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
    }
    let _ = sessions.end_sessions(subject, Which::All, EndReason::Administrator).await.unwrap();
    for _ in 0..4 {
        clock.advance(Duration::from_secs(31));
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
    }
    assert!(watching.is_finished() && second.is_finished(), "nobody listens, and nobody checks");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn however_busy_the_feed_every_session_is_asked_for_in_time() {
    let (sessions, clock, slot, subject) = logged_in(true, false).await;
    let watching = tokio::spawn(slot.open().await.unwrap().ended());
    clock.until_sleeping(2).await;
    let _ = sessions.end_sessions(subject, Which::All, EndReason::Administrator).await.unwrap();
    clock.advance(Duration::from_secs(31));
    let done = tokio::time::timeout(Duration::from_secs(3), watching).await;
    STOP.store(true, Ordering::SeqCst);
    assert!(done.is_ok(), "still open");
}
