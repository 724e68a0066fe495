//! The connection that writes.

use sqlx::sqlite::{SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Row, SqlitePool};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, OnceCell, OwnedMutexGuard};

/// How long a call waits for a connection.
pub(super) const ACQUIRE: Duration = Duration::from_secs(5);

/// Lets one call write at a time. Waiting for the turn here is fair and quiet; inside SQLite it is polling.
pub(super) struct Writer {
    readers: SqlitePool,
    busy_timeout: Duration,
    turn: Arc<Mutex<()>>,
    pool: OnceCell<SqlitePool>,
}

impl Writer {
    pub(super) fn new(readers: SqlitePool, busy_timeout: Duration) -> Self {
        Self { readers, busy_timeout, turn: Arc::default(), pool: OnceCell::new() }
    }

    /// Waits for the turn, which lasts as long as the guard.
    pub(super) async fn turn(&self) -> sqlx::Result<(OwnedMutexGuard<()>, &SqlitePool)> {
        let turn = Arc::clone(&self.turn).lock_owned().await;
        Ok((turn, self.pool.get_or_try_init(|| self.open()).await?))
    }

    async fn open(&self) -> sqlx::Result<SqlitePool> {
        let file = sqlx::query("SELECT file FROM pragma_database_list WHERE name = 'main'");
        let file: Option<String> = file.fetch_one(&self.readers).await?.try_get(0)?;
        if file.is_none_or(|file| file.is_empty()) {
            // A database in memory may be nowhere but in the connections that are there.
            return Ok(self.readers.clone());
        }
        let options = (*self.readers.connect_options()).clone();
        Ok(SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(ACQUIRE)
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_lazy_with(options.synchronous(SqliteSynchronous::Full).busy_timeout(self.busy_timeout)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::sqlite::SqliteConnectOptions;

    #[tokio::test]
    async fn writing_waits_for_the_disk_whatever_the_pool_does() {
        let name = format!("hallpass-writer-{}.db", std::process::id());
        let file = std::env::temp_dir().join(name);
        let options = SqliteConnectOptions::new().filename(&file).create_if_missing(true);
        let options = options.synchronous(SqliteSynchronous::Off);
        let pool = SqlitePoolOptions::new().connect_with(options).await.unwrap();
        let writer = Writer::new(pool.clone(), Duration::from_secs(1));
        let (_turn, connection) = writer.turn().await.unwrap();
        let synchronous = |pool| sqlx::query_scalar::<_, i64>("PRAGMA synchronous").fetch_one(pool);
        let found = (synchronous(&pool).await.unwrap(), synchronous(connection).await.unwrap());
        std::fs::remove_file(&file).unwrap();
        assert_eq!(found, (0, 2), "of the pool, and of the writer (2 is FULL)");
    }
}
