use super::writer::ACQUIRE;
use super::{Inner, SqliteStore, feed};
use crate::SetupError;
use crate::feed::Hub;
use crate::names::Names;
use hallpass_core::{Clock, SystemClock};
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use std::sync::Arc;
use std::time::Duration;

/// How many connections read at the same time.
const READERS: u32 = 4;

const URL_FORM: &str = "sqlite:file.db, sqlite:///absolute/file.db or sqlite::memory:";

/// Sets how a [`SqliteStore`] is opened.
///
/// ```
/// use hallpass_sqlx::SqliteStore;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), hallpass_sqlx::SetupError> {
/// let store = SqliteStore::builder().table_prefix("shop_").connect("sqlite::memory:").await?;
/// store.migrate().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct SqliteStoreBuilder {
    prefix: String,
    clock: Arc<dyn Clock>,
    busy_timeout: Duration,
}

impl Default for SqliteStoreBuilder {
    fn default() -> Self {
        Self {
            prefix: "hallpass_".into(),
            clock: Arc::new(SystemClock),
            busy_timeout: Duration::from_secs(5),
        }
    }
}

impl SqliteStoreBuilder {
    /// What the names of the tables begin with; `hallpass_` unless set. 1 to 32 lower-case letters, digits and
    /// underscores, no digit first.
    pub fn table_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// The clock that a sweep is compared with, and that old epochs and events are removed by; the system's unless set.
    /// For tests.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// How long a write waits for another process that writes to the same file; 5 seconds unless set. Writers of one
    /// process wait for each other without it.
    pub fn busy_timeout(mut self, limit: Duration) -> Self {
        self.busy_timeout = limit;
        self
    }

    /// Opens the database, and creates the file if there is none. It is put into WAL mode, in which readers and the
    /// writer do not wait for each other.
    ///
    /// # Errors
    ///
    /// When the prefix or the URL is not one, or the file cannot be opened.
    pub async fn connect(self, url: &str) -> Result<SqliteStore, SetupError> {
        let options: SqliteConnectOptions =
            url.parse().map_err(|_| SetupError::InvalidUrl { form: URL_FORM })?;
        let memory = url.contains(":memory:") || url.contains("mode=memory");
        let mut options = options.busy_timeout(self.busy_timeout);
        if !memory {
            options = options
                .create_if_missing(!url.contains("mode=ro"))
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full);
        }
        // A database in memory lives as long as its last connection.
        let pool = SqlitePoolOptions::new()
            .max_connections(if memory { 1 } else { READERS })
            .acquire_timeout(ACQUIRE)
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options)
            .await
            .map_err(SetupError::Connect)?;
        self.pool(pool)
    }

    /// Uses a pool that the application has. Reading uses its connections; writing uses one connection of its own with
    /// the same options but `synchronous=FULL`, because otherwise a power cut could undo a logout that was answered.
    ///
    /// For a database in memory the pool's connections are used for everything. If it is private to each of them, as with
    /// `SqliteConnectOptions::new()`, the pool must have `max_connections(1)`.
    ///
    /// # Errors
    ///
    /// When the prefix is not one.
    pub fn pool(self, pool: SqlitePool) -> Result<SqliteStore, SetupError> {
        let names = Names::new(None, &self.prefix)?;
        let inner = Arc::new(Inner::new(names, pool, self.busy_timeout, self.clock));
        Ok(SqliteStore { hub: Hub::new(feed::Outbox::new(Arc::clone(&inner))), inner })
    }
}
