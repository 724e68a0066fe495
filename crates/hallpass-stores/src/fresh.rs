use crate::server::{MYSQL, POSTGRES, REDIS, REDIS_CLUSTER, url};
use hallpass_cache::CachedStore;
use hallpass_core::{Clock, MemoryStore, OsRandom, RandomSource, SessionStore, SystemClock};
use hallpass_redis::RedisStore;
use hallpass_sqlx::{MySqlStore, PostgresStore, SqliteStore};
use hallpass_testkit::Fixture;
use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// Nothing here is about how fast a server answers: a busy machine breaks no promise.
const PATIENCE: Duration = Duration::from_secs(60);

/// Which store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// In this process's memory.
    Memory,
    /// A SQLite file.
    SqliteFile,
    /// SQLite in memory.
    SqliteMemory,
    /// PostgreSQL.
    Postgres,
    /// MariaDB.
    MySql,
    /// One Redis server.
    Redis,
    /// Three primaries of a Redis Cluster.
    RedisCluster,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Memory,
        Self::SqliteFile,
        Self::SqliteMemory,
        Self::Postgres,
        Self::MySql,
        Self::Redis,
        Self::RedisCluster,
    ];

    /// A new and empty store.
    ///
    /// # Panics
    ///
    /// When its server is not there.
    pub async fn fresh(self) -> Fresh {
        self.fresh_at(SystemClock).await
    }

    /// A new and empty store that takes its own time, if it has one, from `clock`.
    ///
    /// # Panics
    ///
    /// When its server is not there.
    pub async fn fresh_at(self, clock: impl Clock) -> Fresh {
        let prefix = prefix();
        match self {
            Self::Memory => Fresh::new(MemoryStore::new()),
            Self::SqliteFile => sqlite_file(clock).await,
            Self::SqliteMemory => Fresh::new(sqlite("sqlite::memory:", clock).await),
            Self::Postgres => {
                let builder =
                    PostgresStore::builder().table_prefix(prefix).clock(clock).acquire_timeout(PATIENCE);
                let store = builder.connect(&url(POSTGRES)).await.expect("PostgreSQL is there");
                store.migrate().await.expect("the user may create tables");
                Fresh::new(store)
            }
            Self::MySql => {
                let builder =
                    MySqlStore::builder().table_prefix(prefix).clock(clock).acquire_timeout(PATIENCE);
                let store = builder.connect(&url(MYSQL)).await.expect("MariaDB is there");
                store.migrate().await.expect("the user may create tables");
                Fresh::new(store)
            }
            Self::Redis => Fresh::new(redis(REDIS, prefix, clock).await),
            Self::RedisCluster => Fresh::new(redis(REDIS_CLUSTER, prefix, clock).await),
        }
    }
}

async fn sqlite_file(clock: impl Clock) -> Fresh {
    let folder = TempDir::new().expect("a temporary folder");
    let url = format!("sqlite:{}", folder.path().join("sessions.db").display());
    Fresh { folder: Some(Arc::new(folder)), ..Fresh::new(sqlite(&url, clock).await) }
}

async fn sqlite(url: &str, clock: impl Clock) -> SqliteStore {
    let store = SqliteStore::builder().clock(clock).connect(url).await.expect("SQLite opens");
    store.migrate().await.expect("the database is empty");
    store
}

async fn redis(server: &str, prefix: String, clock: impl Clock) -> RedisStore {
    let store = RedisStore::builder().prefix(prefix).clock(clock).connect(&url(server)).await;
    store.expect("Redis is there")
}

/// Different each time: tests share a server.
fn prefix() -> String {
    let mut bytes = [0; 6];
    OsRandom.fill(&mut bytes).expect("the system has a random source");
    let mut prefix = String::from("t");
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(prefix, "{byte:02x}");
    }
    prefix.push('_');
    prefix
}

/// A store, and what has to live as long as it.
#[derive(Clone)]
pub struct Fresh {
    /// The store.
    pub store: Arc<dyn SessionStore>,
    folder: Option<Arc<TempDir>>,
}

impl Fresh {
    fn new(store: impl SessionStore) -> Self {
        Self { store: Arc::new(store), folder: None }
    }

    /// The same behind a cache.
    #[must_use]
    pub fn cached(mut self) -> Self {
        self.store = Arc::new(CachedStore::new(self.store));
        self
    }
}

impl fmt::Debug for Fresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fresh").field("store", &self.store).finish_non_exhaustive()
    }
}

impl From<Fresh> for Fixture {
    fn from(fresh: Fresh) -> Self {
        Fixture::shared(fresh.store).keep(fresh.folder)
    }
}
