use super::{Inner, PostgresStore, feed};
use crate::SetupError;
use crate::feed::Hub;
use crate::names::Names;
use hallpass_core::Clock;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection, PgPool};
use std::sync::Arc;
use std::time::Duration;

/// How long a connection may lie idle before it is tried.
const TRUSTED: Duration = Duration::from_secs(1);

const URL_FORM: &str = "postgres://user:password@host:5432/database";

/// Sets how a [`PostgresStore`] is opened.
///
/// ```no_run
/// use hallpass_sqlx::PostgresStore;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), hallpass_sqlx::SetupError> {
/// let url = "postgres://shop@localhost/shop";
/// let store = PostgresStore::builder().schema("auth").max_connections(20).connect(url).await?;
/// store.migrate().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct PostgresStoreBuilder {
    prefix: String,
    schema: Option<String>,
    pub(super) clock: Option<Arc<dyn Clock>>,
    pub(super) statement_timeout: Duration,
    pub(super) lock_timeout: Duration,
    max_connections: u32,
    acquire_timeout: Duration,
}

impl Default for PostgresStoreBuilder {
    fn default() -> Self {
        Self {
            prefix: "hallpass_".into(),
            schema: None,
            clock: None,
            statement_timeout: Duration::from_secs(5),
            lock_timeout: Duration::from_secs(3),
            max_connections: 10,
            acquire_timeout: Duration::from_secs(5),
        }
    }
}

impl PostgresStoreBuilder {
    /// What the names of the tables begin with; `hallpass_` unless set. 1 to 32 lower-case letters, digits and
    /// underscores, no digit first.
    pub fn table_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// The schema of the tables. Unless set they are looked for, and created, along the connections' `search_path`.
    pub fn schema(mut self, schema: impl Into<String>) -> Self {
        self.schema = Some(schema.into());
        self
    }

    /// The clock that a sweep is compared with, and that old epochs and events are removed by; the server's unless set.
    /// For tests.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// How long one statement may run on the server; 5 seconds unless set. On connections of the application it holds within
    /// transactions only.
    pub fn statement_timeout(mut self, limit: Duration) -> Self {
        self.statement_timeout = limit;
        self
    }

    /// How long one statement may wait for a lock; 3 seconds unless set. On connections of the application it holds within
    /// transactions only.
    pub fn lock_timeout(mut self, limit: Duration) -> Self {
        self.lock_timeout = limit;
        self
    }

    /// How many connections [`connect`](Self::connect) opens at most; 10 unless set. A feed takes two more.
    pub fn max_connections(mut self, connections: u32) -> Self {
        self.max_connections = connections;
        self
    }

    /// How long a call waits for a connection of those that [`connect`](Self::connect) opens, and connecting for the server;
    /// 5 seconds unless set.
    pub fn acquire_timeout(mut self, limit: Duration) -> Self {
        self.acquire_timeout = limit;
        self
    }

    /// Connects to the server with connections that serve nothing else.
    ///
    /// # Errors
    ///
    /// When a name or the URL is not one, or the server cannot be reached or refuses the user.
    pub async fn connect(self, url: &str) -> Result<PostgresStore, SetupError> {
        let options: PgConnectOptions = url.parse().map_err(|_| SetupError::InvalidUrl { form: URL_FORM })?;
        // A pool would hide the cause behind a time limit.
        let first = tokio::time::timeout(self.acquire_timeout, PgConnection::connect_with(&options)).await;
        let first = first.map_err(|_| sqlx::Error::PoolTimedOut).flatten().map_err(SetupError::Connect)?;
        // It has served its purpose; that it cannot be closed in order changes nothing.
        let _ = first.close().await;
        let settings = self.settings();
        let pool = PgPoolOptions::new()
            .max_connections(self.max_connections)
            .acquire_timeout(self.acquire_timeout)
            .test_before_acquire(false)
            .before_acquire(|connection, seen| Box::pin(is_open(connection, seen.idle_for)))
            .after_connect(move |connection, _| {
                let settings = settings.clone();
                Box::pin(async move {
                    sqlx::raw_sql(sqlx::AssertSqlSafe(settings)).execute(connection).await.map(drop)
                })
            })
            .connect_lazy_with(options);
        self.build(pool, true)
    }

    /// Uses a pool that the application has. Its default isolation level and `synchronous_commit` do not matter: every
    /// transaction sets its own.
    ///
    /// A request that holds a connection while it asks the store for another can wait for itself: give the pool more
    /// connections than there are such requests at once, or use [`connect`](Self::connect).
    ///
    /// # Errors
    ///
    /// When a name is not one.
    pub fn pool(self, pool: PgPool) -> Result<PostgresStore, SetupError> {
        self.build(pool, false)
    }

    fn build(self, pool: PgPool, own: bool) -> Result<PostgresStore, SetupError> {
        let names = Names::new(self.schema.as_deref(), &self.prefix)?;
        let inner = Arc::new(Inner::new(names, pool, own, self));
        Ok(PostgresStore { hub: Hub::new(feed::Notifications::new(Arc::clone(&inner))), inner })
    }

    /// What connections of the store's own are set to, for statements outside transactions.
    fn settings(&self) -> String {
        format!(
            "SET default_transaction_isolation = 'read committed'; SET synchronous_commit = on; \
             SET statement_timeout = {}; SET lock_timeout = {}",
            self.statement_timeout.as_millis(),
            self.lock_timeout.as_millis()
        )
    }
}

/// Asks the server only after a while without use: each time it would double the way of every statement.
async fn is_open(connection: &mut PgConnection, idle_for: Duration) -> sqlx::Result<bool> {
    if idle_for > TRUSTED {
        connection.ping().await?;
    }
    Ok(true)
}
