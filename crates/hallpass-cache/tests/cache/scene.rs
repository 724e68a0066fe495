//! Nodes, each with a cache, over one store.

use hallpass_cache::{CachedStore, CachedStoreBuilder, MonotonicClock};
use hallpass_core::{
    Created, EndReason, Freshness, MemoryStore, Realm, Record, SessionKey, SessionStore, Subject, SubjectKey,
    Timestamp,
};
use hallpass_testkit::{FaultyStore, Method, Sample, op, ticket};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

pub(crate) const S: Duration = Duration::from_secs(5);
pub(crate) const MILLISECOND: Duration = Duration::from_millis(1);

/// A monotonic clock that a test moves by hand. Clones share the time.
#[derive(Debug, Clone)]
pub(crate) struct Hand {
    origin: Instant,
    nanos: Arc<AtomicU64>,
}

impl Hand {
    pub(crate) fn new() -> Self {
        Self { origin: Instant::now(), nanos: Arc::default() }
    }

    pub(crate) fn advance(&self, span: Duration) {
        self.nanos.fetch_add(span.as_nanos() as u64, Ordering::SeqCst);
    }
}

impl MonotonicClock for Hand {
    fn now(&self) -> Instant {
        self.origin + Duration::from_nanos(self.nanos.load(Ordering::SeqCst))
    }
}

/// A shared store, and a node whose way to it can fail.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) way: FaultyStore,
    pub(crate) cache: Arc<CachedStore>,
    pub(crate) clock: Hand,
}

impl Node {
    /// A node over `shared`, when its feed is heard.
    pub(crate) async fn over(shared: &Arc<dyn SessionStore>) -> Self {
        Self::with(shared, |builder| builder).await
    }

    pub(crate) async fn with(
        shared: &Arc<dyn SessionStore>,
        set: impl FnOnce(CachedStoreBuilder) -> CachedStoreBuilder,
    ) -> Self {
        let (way, clock) = (FaultyStore::around(Arc::clone(shared)), Hand::new());
        let builder = CachedStore::builder(way.clone()).max_staleness(S).clock(clock.clone());
        let cache = Arc::new(live(set(builder).build()).await);
        Self { way, cache, clock }
    }

    /// Whether a request would be served with this key.
    pub(crate) async fn serves(&self, key: &SessionKey) -> bool {
        self.cache.load(key, Freshness::MayBeCached).await.unwrap().is_some()
    }

    /// How often the store was asked for a session.
    pub(crate) fn loads(&self) -> u64 {
        self.way.calls(Method::Load)
    }

    /// Ends the session through this node.
    pub(crate) async fn log_out(&self, key: &SessionKey) {
        let ended = self.cache.revoke(key, EndReason::LoggedOut, op(now())).await.unwrap();
        assert!(ended.is_some(), "there was a session to end");
    }

    /// Serves a session once, so that it is kept.
    pub(crate) async fn warm_up(&self, key: &SessionKey) {
        assert!(self.serves(key).await);
        let before = self.loads();
        assert!(self.serves(key).await);
        assert_eq!(self.loads(), before, "it should be served from memory by now");
    }
}

pub(crate) fn shared_store() -> Arc<dyn SessionStore> {
    Arc::new(MemoryStore::new())
}

/// The wall clock's time, the same for the whole test run.
pub(crate) fn now() -> Timestamp {
    static NOW: OnceLock<Timestamp> = OnceLock::new();
    *NOW.get_or_init(|| std::time::SystemTime::now().into())
}

pub(crate) fn ada() -> SubjectKey {
    SubjectKey::new(Realm::new("shop").unwrap(), Subject::from(7))
}

/// A login of Ada's, created straight in `store`.
pub(crate) async fn login(store: &dyn SessionStore) -> Arc<Record> {
    let record = Sample::login(&ada(), now()).value("cart", b"3 apples").build();
    let ticket = ticket(store.epoch(&ada()).await.unwrap(), now());
    let created = store.create(record.clone(), Some(&ticket), None, op(now())).await.unwrap();
    assert_eq!(created, Created::Created { evicted: vec![] });
    record
}

pub(crate) async fn live(cache: CachedStore) -> CachedStore {
    until("the feed is heard", || cache.is_live()).await;
    cache
}

/// Waits for something that another task brings about.
pub(crate) async fn until(what: &str, holds: impl Fn() -> bool) {
    let wait = async {
        while !holds() {
            tokio::time::sleep(MILLISECOND).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), wait).await.unwrap_or_else(|_| panic!("never: {what}"));
}
