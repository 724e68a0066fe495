//! Stores for tests, and what tests do with them.

use hallpass_core::{
    Created, EndReason, Ended, FeedEvent, Freshness, Realm, Record, SessionFeed, SessionStore, SubjectKey,
    Timestamp, Which,
};
use hallpass_redis::RedisStore;
use hallpass_testkit::{Sample, op, ticket};
use redis::AsyncConnectionConfig;
use redis::aio::MultiplexedConnection;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub(crate) const HOUR: Duration = Duration::from_secs(3600);

/// Where the addresses are of the servers that tests share.
pub(crate) const SERVER: &str = "HALLPASS_TEST_REDIS";
pub(crate) const CLUSTER: &str = "HALLPASS_TEST_REDIS_CLUSTER";

/// The address of one of them.
pub(crate) fn address(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set: run cargo xtask test"))
}

pub(crate) async fn on_server() -> RedisStore {
    fresh(&address(SERVER)).await
}

pub(crate) async fn on_cluster() -> RedisStore {
    fresh(&address(CLUSTER)).await
}

/// A store that has nothing in common with those of the other tests but the server.
pub(crate) async fn fresh(url: &str) -> RedisStore {
    // A machine that runs all tests at once is slow.
    let builder = RedisStore::builder().prefix(fresh_prefix()).response_timeout(Duration::from_secs(60));
    builder.connect(url).await.unwrap()
}

pub(crate) fn fresh_prefix() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    format!("test-{}-{}-{}", std::process::id(), since.as_nanos(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A store, its keys seen from outside, and a user.
pub(crate) struct Scene {
    pub(crate) store: RedisStore,
    pub(crate) prefix: String,
    pub(crate) raw: MultiplexedConnection,
    pub(crate) realm: Realm,
    pub(crate) ada: SubjectKey,
    pub(crate) now: Timestamp,
}

impl Scene {
    pub(crate) async fn shared() -> Self {
        Self::at(&address(SERVER)).await
    }

    pub(crate) async fn at(url: &str) -> Self {
        Self::with_limit(url, Duration::from_secs(5)).await
    }

    pub(crate) async fn with_limit(url: &str, limit: Duration) -> Self {
        let prefix = fresh_prefix();
        let store = RedisStore::builder().prefix(&prefix).response_timeout(limit).connect(url).await.unwrap();
        let realm = Realm::new("shop").unwrap();
        let ada = SubjectKey::new(realm.clone(), 7.into());
        Self { store, prefix, raw: raw(url).await, realm, ada, now: SystemTime::now().into() }
    }

    pub(crate) fn login(&self) -> Sample {
        Sample::login(&self.ada, self.now)
    }

    pub(crate) fn visitor(&self) -> Sample {
        Sample::visitor(&self.realm, self.now)
    }

    pub(crate) async fn create(&self, sample: Sample) -> Arc<Record> {
        let record = sample.build();
        let created = self.try_create(&record).await.unwrap();
        assert_eq!(created, Created::Created { evicted: vec![] });
        record
    }

    pub(crate) async fn try_create(
        &self,
        record: &Arc<Record>,
    ) -> Result<Created, hallpass_core::StoreError> {
        let ticket = match record.subject_key() {
            Some(subject) => Some(ticket(self.store.epoch(&subject).await?, record.created)),
            None => None,
        };
        self.store.create(Arc::clone(record), ticket.as_ref(), None, op(record.created)).await
    }

    pub(crate) async fn load(
        &self,
        record: &Record,
    ) -> Result<Option<Arc<Record>>, hallpass_core::StoreError> {
        self.store.load(&record.key, Freshness::Latest).await
    }

    pub(crate) async fn log_out(&self, record: &Record) -> Result<Option<Ended>, hallpass_core::StoreError> {
        self.store.revoke(&record.key, EndReason::LoggedOut, op(self.now)).await
    }

    pub(crate) async fn end_all(&self) -> Result<hallpass_core::SubjectRevoked, hallpass_core::StoreError> {
        let reason = EndReason::Administrator;
        self.store.revoke_subject(&self.ada, None, Which::All, reason, op(self.now)).await
    }

    /// The name of a record's row.
    pub(crate) fn row(&self, record: &Record) -> Vec<u8> {
        [self.base(record).as_bytes(), b"s:", record.key.as_bytes()].concat()
    }

    /// The name of Ada's list.
    pub(crate) fn list(&self, record: &Record) -> String {
        format!("{}u:shop\n7", self.base(record))
    }

    fn base(&self, record: &Record) -> String {
        format!("{}:{{{:03x}}}:", self.prefix, record.key.shard().0 >> 4)
    }

    /// All keys of the store.
    pub(crate) async fn keys(&mut self) -> Vec<Vec<u8>> {
        let pattern = format!("{}:*", self.prefix);
        redis::cmd("KEYS").arg(pattern).query_async(&mut self.raw).await.unwrap()
    }

    pub(crate) async fn ask<T: redis::FromRedisValue>(&mut self, command: &mut redis::Cmd) -> T {
        command.query_async(&mut self.raw).await.unwrap()
    }
}

/// A connection beside the store's; to the first server of a cluster.
pub(crate) async fn raw(url: &str) -> MultiplexedConnection {
    let url = url.replace("redis-cluster://", "redis://");
    let url = url.split(',').next().unwrap();
    let config = AsyncConnectionConfig::new().set_response_timeout(Some(Duration::from_secs(30)));
    let client = redis::Client::open(url).unwrap();
    client.get_multiplexed_async_connection_with_config(&config).await.unwrap()
}

/// Ends sessions until the feed tells of one: it has come back by then.
pub(crate) async fn hears_again(s: &Scene, feed: &mut Box<dyn SessionFeed>) {
    let heard = async {
        loop {
            let record = s.create(s.visitor()).await;
            s.log_out(&record).await.unwrap();
            if tokio::time::timeout(Duration::from_millis(500), hears_of(feed, &record)).await.is_ok() {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), heard).await.expect("the feed never comes back");
}

async fn hears_of(feed: &mut Box<dyn SessionFeed>, record: &Record) {
    loop {
        if let FeedEvent::Ended(ended) = feed.next().await
            && ended.key == record.key
        {
            return;
        }
    }
}

/// Waits until it holds: what happens on a server or a connection is seen a little later.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let check = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), check).await.unwrap_or_else(|_| panic!("never: {what}"));
}
