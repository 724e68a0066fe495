use super::{Inner, MySqlStore, feed};
use crate::SetupError;
use crate::feed::Hub;
use crate::names::Names;
use hallpass_core::Clock;
use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};
use sqlx::{Connection, MySqlConnection, MySqlPool};
use std::sync::Arc;
use std::time::Duration;

/// A connection that was not used for so long is tried before it is relied on.
const FRESH: Duration = Duration::from_secs(1);

const URL_FORM: &str = "mysql://user:password@host:3306/database";

/// What every transaction sets for itself in any case, for single statements too; and that nobody waits for a lock for long.
const SESSION: &str = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED; SET SESSION autocommit = 1, \
     sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', innodb_lock_wait_timeout = 5";

/// Sets how a [`MySqlStore`] is opened.
///
/// ```no_run
/// use hallpass_sqlx::MySqlStore;
///
/// # async fn open() -> Result<(), hallpass_sqlx::SetupError> {
/// let store = MySqlStore::builder()
///     .table_prefix("shop_")
///     .max_connections(20)
///     .connect("mysql://shop:secret@db.internal/shop")
///     .await?;
/// store.migrate().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct MySqlStoreBuilder {
    prefix: String,
    clock: Option<Arc<dyn Clock>>,
    max_connections: u32,
    acquire_timeout: Duration,
}

impl Default for MySqlStoreBuilder {
    fn default() -> Self {
        Self {
            prefix: "hallpass_".into(),
            clock: None,
            max_connections: 10,
            acquire_timeout: Duration::from_secs(5),
        }
    }
}

impl MySqlStoreBuilder {
    /// What the names of the tables begin with; `hallpass_` unless set. 1 to 32 lower-case letters, digits and
    /// underscores, no digit first.
    pub fn table_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// The clock that a sweep is compared with, and that old epochs and events are removed by; the database's unless set.
    /// For tests.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// How many connections [`connect`](Self::connect) opens at most; 10 unless set.
    pub fn max_connections(mut self, count: u32) -> Self {
        self.max_connections = count;
        self
    }

    /// How long a call waits for a connection of those that [`connect`](Self::connect) opens, and connecting for the server;
    /// 5 seconds unless set.
    pub fn acquire_timeout(mut self, limit: Duration) -> Self {
        self.acquire_timeout = limit;
        self
    }

    /// Connects to a database that exists, such as `mysql://user:password@host:3306/database`.
    ///
    /// # Errors
    ///
    /// When the prefix or the URL is not one, or the database cannot be reached.
    pub async fn connect(self, url: &str) -> Result<MySqlStore, SetupError> {
        let options = options(url).ok_or(SetupError::InvalidUrl { form: URL_FORM })?;
        // A pool would hide the cause behind a time limit.
        let first = tokio::time::timeout(self.acquire_timeout, MySqlConnection::connect_with(&options)).await;
        let first = first.map_err(|_| sqlx::Error::PoolTimedOut).flatten().map_err(SetupError::Connect)?;
        // It has served its purpose; that it cannot be closed in order changes nothing.
        let _ = first.close().await;
        let pool = MySqlPoolOptions::new()
            .max_connections(self.max_connections)
            .acquire_timeout(self.acquire_timeout)
            .test_before_acquire(false)
            .before_acquire(|connection, about| {
                Box::pin(async move { Ok(about.idle_for < FRESH || connection.ping().await.is_ok()) })
            })
            .after_connect(|connection, _| {
                Box::pin(async move { sqlx::raw_sql(SESSION).execute(connection).await.map(drop) })
            })
            .connect_lazy_with(options);
        self.build(pool, true)
    }

    /// Uses a pool that the application has, and leaves its connections as they are set. They have to select the database
    /// with the tables, and to commit every statement (`autocommit`). A statement costs one round trip more than on
    /// connections of [the store's own](Self::connect): whatever transaction was left open on the connection is undone
    /// first.
    ///
    /// A request that holds a connection while it asks the store for another can wait for itself: give the pool more
    /// connections than there are such requests at once.
    ///
    /// # Errors
    ///
    /// When the prefix is not one, or the pool selects no database.
    pub fn pool(self, pool: MySqlPool) -> Result<MySqlStore, SetupError> {
        if pool.connect_options().get_database().is_none() {
            return Err(SetupError::Unsuitable {
                reason: "the pool's connections select no database".into(),
            });
        }
        self.build(pool, false)
    }

    fn build(self, pool: MySqlPool, own: bool) -> Result<MySqlStore, SetupError> {
        let names = Names::new(None, &self.prefix)?;
        let inner = Arc::new(Inner::new(names, pool, own, self.clock));
        Ok(MySqlStore { hub: Hub::new(feed::Outbox::new(Arc::clone(&inner))), inner })
    }
}

fn options(url: &str) -> Option<MySqlConnectOptions> {
    let known = ["mysql://", "mariadb://"].iter().any(|scheme| url.starts_with(scheme));
    let options: MySqlConnectOptions = url.parse().ok().filter(|_| known)?;
    options.get_database().is_some().then_some(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_its_database() {
        assert!(options("mysql://u:p@host/db").is_some());
        assert!(options("mariadb://u:p@host:3307/db").is_some());
        for url in [
            "",
            "mysql://host",
            "mysql://host/",
            "postgres://u:p@host/db",
            "mysql:db",
            "mysql://u:p@host:x/db",
        ] {
            assert!(options(url).is_none(), "{url:?}");
        }
    }
}
