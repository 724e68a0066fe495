//! A way to a shared store on which every call waits twice: before the store looks, and before its answer arrives.

use async_trait::async_trait;
use hallpass_core::{
    Created, EndReason, Ended, Epoch, Freshness, MemoryStore, Op, Purged, Realm, Record, Replaced, Revision,
    SessionFeed, SessionHandle, SessionKey, SessionLimit, SessionStore, SessionSummary, StoreError,
    SubjectKey, SubjectRevoked, Swept, Taken, Ticket, Timestamp, Updated, Which,
};
use std::fmt::Debug;
use std::future::poll_fn;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

/// How far one call may go.
#[derive(Debug, Clone, Default)]
pub(super) struct Steps(Arc<AtomicU8>);

impl Steps {
    pub(super) fn allow(&self, step: u8) {
        self.0.fetch_max(step, Ordering::SeqCst);
    }

    async fn reach(&self, step: u8) {
        poll_fn(|_| if self.0.load(Ordering::SeqCst) >= step { Poll::Ready(()) } else { Poll::Pending })
            .await;
    }
}

#[derive(Debug)]
pub(super) struct Gated {
    pub(super) shared: Arc<MemoryStore>,
    /// The steps of the next call to be polled.
    pub(super) next: Arc<Mutex<Steps>>,
}

impl Gated {
    async fn run<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let steps = self.next.lock().unwrap().clone();
        steps.reach(1).await;
        let answer = call.await;
        steps.reach(2).await;
        answer
    }
}

#[async_trait]
impl SessionStore for Gated {
    async fn create(
        &self,
        record: Arc<Record>,
        ticket: Option<&Ticket>,
        limit: Option<SessionLimit>,
        op: Op,
    ) -> Result<Created, StoreError> {
        self.run(self.shared.create(record, ticket, limit, op)).await
    }

    async fn load(&self, key: &SessionKey, freshness: Freshness) -> Result<Option<Arc<Record>>, StoreError> {
        self.run(self.shared.load(key, freshness)).await
    }

    async fn update(&self, record: Arc<Record>, expected: Revision, op: Op) -> Result<Updated, StoreError> {
        self.run(self.shared.update(record, expected, op)).await
    }

    async fn touch(&self, key: &SessionKey, idle_until: Timestamp, op: Op) -> Result<bool, StoreError> {
        self.run(self.shared.touch(key, idle_until, op)).await
    }

    async fn replace(
        &self,
        old: &SessionKey,
        record: Arc<Record>,
        expected: Revision,
        ticket: Option<&Ticket>,
        limit: Option<SessionLimit>,
        op: Op,
    ) -> Result<Replaced, StoreError> {
        self.run(self.shared.replace(old, record, expected, ticket, limit, op)).await
    }

    async fn take(
        &self,
        key: &SessionKey,
        expected: Revision,
        reason: EndReason,
        op: Op,
    ) -> Result<Taken, StoreError> {
        self.run(self.shared.take(key, expected, reason, op)).await
    }

    async fn revoke(&self, key: &SessionKey, reason: EndReason, op: Op) -> Result<Option<Ended>, StoreError> {
        self.run(self.shared.revoke(key, reason, op)).await
    }

    async fn subject(&self, subject: &SubjectKey, now: Timestamp) -> Result<Vec<SessionSummary>, StoreError> {
        self.run(self.shared.subject(subject, now)).await
    }

    async fn epoch(&self, subject: &SubjectKey) -> Result<Epoch, StoreError> {
        self.run(self.shared.epoch(subject)).await
    }

    async fn revoke_subject(
        &self,
        subject: &SubjectKey,
        actor: Option<SessionHandle>,
        which: Which,
        reason: EndReason,
        op: Op,
    ) -> Result<SubjectRevoked, StoreError> {
        self.run(self.shared.revoke_subject(subject, actor, which, reason, op)).await
    }

    async fn not_before(&self, realm: &Realm) -> Result<Option<Timestamp>, StoreError> {
        self.run(self.shared.not_before(realm)).await
    }

    async fn raise_not_before(&self, realm: &Realm, at: Timestamp, op: Op) -> Result<Timestamp, StoreError> {
        self.run(self.shared.raise_not_before(realm, at, op)).await
    }

    async fn alive(&self, keys: &[SessionKey], now: Timestamp) -> Result<Vec<Option<bool>>, StoreError> {
        self.run(self.shared.alive(keys, now)).await
    }

    async fn sweep(&self, limit: usize, op: Op) -> Result<Swept, StoreError> {
        self.run(self.shared.sweep(limit, op)).await
    }

    async fn purge(&self, realm: &Realm, from: u64, limit: usize, op: Op) -> Result<Purged, StoreError> {
        self.run(self.shared.purge(realm, from, limit, op)).await
    }

    async fn feed(&self) -> Result<Box<dyn SessionFeed>, StoreError> {
        self.run(self.shared.feed()).await
    }
}

/// The answer of a call that waits for nothing.
pub(super) fn at_once<T: Debug>(call: impl Future<Output = T>) -> T {
    match std::pin::pin!(call).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("a store in memory waits for nothing"),
    }
}
