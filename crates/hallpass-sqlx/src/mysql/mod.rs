//! The store in MySQL and MariaDB.

mod builder;
mod feed;
mod lease;
mod numbers;
mod rows;
mod schema;
mod statements;
#[cfg(test)]
mod tests;
mod transaction;

pub use builder::MySqlStoreBuilder;

use crate::SetupError;
use crate::contract::{Database, impl_session_store};
use crate::feed::Hub;
use crate::names::Names;
use crate::row::{self, Cells, millis, time_or_past};
use hallpass_core::{
    Clock, Realm, Record, Revision, SessionKey, SessionSummary, StoreError, SubjectKey, Timestamp,
};
use lease::Lease;
use rows::{Prepared, bind_session, bind_subject, bytes, for_each_part, query, with_record};
use sqlx::MySqlPool;
use sqlx::mysql::MySqlRow;
use statements::Statements;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;
use transaction::{MySqlTransaction, written};

/// How many rows of users one sweep looks at, and how many events it removes.
const TIDIED: i64 = 1000;

/// A store in a MySQL (8.0.16 or newer) or MariaDB (10.6 or newer) database, for any number of nodes.
///
/// ```no_run
/// use hallpass_sqlx::MySqlStore;
///
/// # async fn open() -> Result<(), hallpass_sqlx::SetupError> {
/// let store = MySqlStore::connect("mysql://shop:secret@db.internal/shop").await?;
/// store.migrate().await?; // or `check`, if the tables are made by other means
/// # Ok(())
/// # }
/// ```
///
/// # What the server has to be like
///
/// * Transactions run at READ COMMITTED, whatever the pool's connections are set to, and whether or not
///   `innodb_snapshot_isolation` is on. With a binary log, `binlog_format` therefore has to be `ROW` or `MIXED`;
///   [`check`](Self::check) says so if it is not.
/// * An acknowledged logout survives a crash of the server with `innodb_flush_log_at_trx_commit = 1` (the default), and
///   that of the machine with `sync_binlog = 1` too where there is a binary log. A replica that is promoted may have missed
///   the last commits, unless replication is semi-synchronous. Never point the store at a replica.
/// * Other nodes hear of an end when they next look: several times a second.
/// * TLS, and passwords by `caching_sha2_password` without it, are features of the application's `sqlx` dependency:
///   `tls-rustls` and `mysql-rsa`.
pub struct MySqlStore {
    inner: Arc<Inner>,
    hub: Arc<Hub<feed::Outbox>>,
}

/// What the store shares with its transactions and its feed.
struct Inner {
    names: Names,
    sql: Statements,
    pool: MySqlPool,
    /// Nobody else uses the pool's connections, and they are set up for the store.
    own: bool,
    /// Set by tests only: otherwise it is the database's time that counts.
    clock: Option<Arc<dyn Clock>>,
    /// Tells the feed that there is something to read.
    noted: Notify,
    /// Up to which user the last sweep has tidied: realm and subject.
    tidied_to: Mutex<(Vec<u8>, Vec<u8>)>,
}

impl MySqlStore {
    /// Connects to a database that exists, such as `mysql://user:password@host:3306/database`. The tables have to be
    /// [migrated](Self::migrate) or [checked](Self::check) next.
    ///
    /// # Errors
    ///
    /// When the URL is not one, or the database cannot be reached.
    pub async fn connect(url: &str) -> Result<Self, SetupError> {
        Self::builder().connect(url).await
    }

    /// Uses a pool that the application has; see [`MySqlStoreBuilder::pool`].
    ///
    /// # Errors
    ///
    /// When the pool selects no database.
    pub fn new(pool: MySqlPool) -> Result<Self, SetupError> {
        Self::builder().pool(pool)
    }

    /// Sets a table prefix and more.
    pub fn builder() -> MySqlStoreBuilder {
        MySqlStoreBuilder::default()
    }
}

impl Inner {
    fn new(names: Names, pool: MySqlPool, own: bool, clock: Option<Arc<dyn Clock>>) -> Self {
        Self {
            sql: Statements::new(&names),
            names,
            pool,
            own,
            clock,
            noted: Notify::new(),
            tidied_to: Mutex::default(),
        }
    }

    /// The time that was set instead of the database's.
    fn set_time(&self) -> Option<i64> {
        self.clock.as_ref().map(|clock| millis(clock.now().into()))
    }

    async fn lease(&self) -> sqlx::Result<Lease> {
        if self.own { Lease::own(&self.pool).await } else { Lease::shared(&self.pool).await }
    }

    async fn fetch(&self, query: Prepared) -> sqlx::Result<Vec<MySqlRow>> {
        self.lease().await?.fetch(query).await
    }

    async fn execute(&self, query: Prepared) -> sqlx::Result<u64> {
        self.lease().await?.execute(query).await
    }
}

impl Database for MySqlStore {
    type Transaction = MySqlTransaction;

    /// What excludes whom is decided by rows alone.
    async fn begin(&self, _exclusive: bool) -> sqlx::Result<MySqlTransaction> {
        MySqlTransaction::begin(&self.inner).await
    }

    fn is_transient(&self, error: &sqlx::Error) -> bool {
        // A deadlock, a lock that was not given in time, a row that has changed since the snapshot.
        matches!(schema::number(error), Some(1213 | 1205 | 1020))
    }

    async fn load(&self, key: &SessionKey) -> sqlx::Result<Option<Result<Arc<Record>, StoreError>>> {
        let rows = self.inner.fetch(query(&self.inner.sql.load).bind(key.as_bytes().to_vec())).await?;
        Ok(rows.first().map(|row| row::record(key, row)))
    }

    async fn insert(&self, record: &Record) -> sqlx::Result<bool> {
        written(self.inner.execute(with_record(&self.inner.sql.insert, record)).await)
    }

    async fn update(&self, record: &Record, expected: Revision, now: Timestamp) -> sqlx::Result<bool> {
        let update = bind_session(with_record(&self.inner.sql.update, record), record);
        let update = update.bind(expected.0.cast_signed()).bind(millis(now)).bind(millis(now));
        Ok(self.inner.execute(update).await? == 1)
    }

    async fn has_live(&self, record: &Record, now: Timestamp) -> sqlx::Result<bool> {
        let ask = bind_session(query(&self.inner.sql.has_live), record).bind(millis(now)).bind(millis(now));
        Ok(!self.inner.fetch(ask).await?.is_empty())
    }

    async fn touch(&self, key: &SessionKey, idle_until: Timestamp, now: Timestamp) -> sqlx::Result<bool> {
        let touch = query(&self.inner.sql.touch)
            .bind(millis(now))
            .bind(millis(idle_until))
            .bind(key.as_bytes().to_vec())
            .bind(millis(now))
            .bind(millis(now));
        Ok(self.inner.execute(touch).await? == 1)
    }

    async fn list(
        &self,
        subject: &SubjectKey,
        now: Timestamp,
    ) -> sqlx::Result<Result<Vec<SessionSummary>, StoreError>> {
        let ask = bind_subject(query(&self.inner.sql.list), subject).bind(millis(now)).bind(millis(now));
        Ok(self.inner.fetch(ask).await?.iter().map(row::summary).collect())
    }

    async fn epoch(&self, subject: &SubjectKey) -> sqlx::Result<Option<Vec<u8>>> {
        let rows = self.inner.fetch(bind_subject(query(&self.inner.sql.epoch), subject)).await?;
        rows.first().map(|row| row.bytes(0)).transpose()
    }

    async fn not_before(&self, realm: &Realm) -> sqlx::Result<Option<i64>> {
        let rows = self.inner.fetch(query(&self.inner.sql.not_before).bind(bytes(realm.as_str()))).await?;
        rows.first().map(|row| row.int(0)).transpose()
    }

    async fn live_keys(&self, keys: &[SessionKey], now: Timestamp) -> sqlx::Result<Vec<Vec<u8>>> {
        let keys: Vec<Vec<u8>> = keys.iter().map(|key| key.as_bytes().to_vec()).collect();
        let mut live = Vec::with_capacity(keys.len());
        let parts = for_each_part(&self.inner.sql.live_keys, &keys, |query| {
            query.bind(millis(now)).bind(millis(now))
        });
        for part in parts {
            for row in &self.inner.fetch(part).await? {
                live.push(row.bytes(0)?);
            }
        }
        Ok(live)
    }

    async fn rows_from(&self, from: i64, limit: usize) -> sqlx::Result<Vec<i64>> {
        let rows = self.inner.fetch(query(&self.inner.sql.rows_from).bind(from).bind(limit as i64)).await?;
        rows.iter().map(|row| row.int(0)).collect()
    }

    async fn clock(&self) -> sqlx::Result<Timestamp> {
        if let Some(set) = self.inner.set_time() {
            return Ok(time_or_past(set));
        }
        let rows = self.inner.fetch(query(&self.inner.sql.clock)).await?;
        Ok(time_or_past(rows.first().ok_or(sqlx::Error::RowNotFound)?.int(0)?))
    }

    async fn tidy(&self, raised_before: Timestamp, noted_before: Timestamp) -> sqlx::Result<()> {
        self.tidy_subjects(millis(raised_before)).await?;
        self.tidy_events(millis(noted_before)).await
    }
}

impl MySqlStore {
    /// A user who logs in while the row is being removed makes it again: without an epoch it holds nothing.
    async fn tidy_subjects(&self, raised_before: i64) -> sqlx::Result<()> {
        let sql = &self.inner.sql;
        let (realm, subject) = self.inner.tidied_to.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let slice = query(&sql.subjects_after).bind(raised_before);
        let slice = slice.bind(realm.clone()).bind(realm).bind(subject).bind(TIDIED);
        let rows = self.inner.fetch(slice).await?;
        for row in &rows {
            if row.int(2)? == 1 {
                let tidy =
                    query(&sql.tidy_subject).bind(row.bytes(0)?).bind(row.bytes(1)?).bind(raised_before);
                self.inner.execute(tidy).await?;
            }
        }
        // From the beginning again after the last row.
        let last = rows.last().filter(|_| rows.len() as i64 == TIDIED);
        let last = last.map(|row| Ok::<_, sqlx::Error>((row.bytes(0)?, row.bytes(1)?))).transpose()?;
        *self.inner.tidied_to.lock().unwrap_or_else(PoisonError::into_inner) = last.unwrap_or_default();
        Ok(())
    }

    async fn tidy_events(&self, noted_before: i64) -> sqlx::Result<()> {
        let sql = &self.inner.sql;
        let oldest = query(&sql.oldest_events).bind(noted_before).bind(TIDIED);
        let mut last = None;
        for row in &self.inner.fetch(oldest).await? {
            if row.int(1)? == 1 {
                last = Some(row.int(0)?);
            }
        }
        if let Some(last) = last {
            self.inner.execute(query(&sql.tidy_events).bind(last).bind(noted_before)).await?;
        }
        Ok(())
    }
}

impl_session_store!(MySqlStore);

/// Shows the prefix of the tables.
impl fmt::Debug for MySqlStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.inner, f)
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MySqlStore").field("tables", &self.names.to_string()).finish_non_exhaustive()
    }
}
