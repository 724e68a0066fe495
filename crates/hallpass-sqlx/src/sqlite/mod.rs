//! The store in SQLite.

mod builder;
mod feed;
#[cfg(test)]
mod plans;
mod rows;
mod schema;
mod statements;
mod transaction;
mod writer;

pub use builder::SqliteStoreBuilder;

use crate::SetupError;
use crate::contract::{Database, impl_session_store, is_undone};
use crate::feed::{Hub, wire};
use crate::names::Names;
use crate::row::{self, millis};
use hallpass_core::{
    Clock, Realm, Record, Revision, SessionKey, SessionSummary, StoreError, SubjectKey, Timestamp,
};
use rows::{query, with_record};
use sqlx::{Row, SqlitePool};
use statements::Statements;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::sync::Notify;
use transaction::SqliteTransaction;
use writer::Writer;

/// How many rows of users one sweep looks at, and how many events it removes.
const TIDIED: i64 = 1000;

/// A store in a SQLite database: for one machine, in one or more processes.
///
/// Sessions survive a restart, and a logout that was answered survives a power cut: the database is in WAL mode and every
/// commit waits for the disk (`synchronous=FULL`). Readers wait for nobody; writers take turns.
///
/// ```
/// use hallpass_core::{Clock, Realm, SessionStore, Subject, SubjectKey, SystemClock};
/// use hallpass_sqlx::SqliteStore;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = SqliteStore::connect("sqlite::memory:").await?; // or "sqlite:sessions.db"
/// store.migrate().await?;
///
/// let ada = SubjectKey::new(Realm::new("shop")?, Subject::from(7));
/// assert!(store.subject(&ada, SystemClock.now().into()).await?.is_empty());
/// # Ok(())
/// # }
/// ```
pub struct SqliteStore {
    inner: Arc<Inner>,
    hub: Arc<Hub<feed::Outbox>>,
}

/// What the store shares with its transactions and its feed.
struct Inner {
    names: Names,
    sql: Statements,
    readers: SqlitePool,
    writer: Writer,
    clock: Arc<dyn Clock>,
    /// Tells the feed that there is something to read.
    noted: Notify,
    tidied_to: AtomicI64,
}

impl SqliteStore {
    /// Opens the database at a URL such as `sqlite:sessions.db`, creating the file if there is none. The tables have to be
    /// [migrated](Self::migrate) or [checked](Self::check) next.
    ///
    /// # Errors
    ///
    /// When the URL is not one, or the file cannot be opened.
    pub async fn connect(url: &str) -> Result<Self, SetupError> {
        Self::builder().connect(url).await
    }

    /// Uses a pool that the application has; see [`SqliteStoreBuilder::pool`].
    ///
    /// # Errors
    ///
    /// Never with the default names: they are valid.
    pub fn new(pool: SqlitePool) -> Result<Self, SetupError> {
        Self::builder().pool(pool)
    }

    /// Sets a table prefix and more.
    pub fn builder() -> SqliteStoreBuilder {
        SqliteStoreBuilder::default()
    }
}

impl Inner {
    fn new(names: Names, readers: SqlitePool, busy_timeout: Duration, clock: Arc<dyn Clock>) -> Self {
        Self {
            writer: Writer::new(readers.clone(), busy_timeout),
            sql: Statements::new(&names),
            names,
            readers,
            clock,
            noted: Notify::new(),
            tidied_to: AtomicI64::new(0),
        }
    }

    fn now(&self) -> Timestamp {
        self.clock.now().into()
    }

    /// Runs a statement that commits on its own. SQLite finishes it even if nobody waits for it any more.
    async fn write(&self, statement: rows::Prepared<'_>) -> sqlx::Result<u64> {
        let (_turn, writer) = self.writer.turn().await?;
        Ok(statement.execute(writer).await?.rows_affected())
    }
}

impl Database for SqliteStore {
    type Transaction = SqliteTransaction;

    // Every transaction is exclusive here.
    async fn begin(&self, _exclusive: bool) -> sqlx::Result<SqliteTransaction> {
        SqliteTransaction::begin(self).await
    }

    fn is_transient(&self, error: &sqlx::Error) -> bool {
        // SQLITE_BUSY and SQLITE_LOCKED, plain and extended.
        is_undone(error, &["5", "261", "517", "773", "6", "262"])
    }

    async fn load(&self, key: &SessionKey) -> sqlx::Result<Option<Result<Arc<Record>, StoreError>>> {
        let load = query(&self.inner.sql.load).bind(&key.as_bytes()[..]);
        let row = load.fetch_optional(&self.inner.readers).await?;
        Ok(row.map(|row| row::record(key, &row)))
    }

    async fn insert(&self, record: &Record) -> sqlx::Result<bool> {
        Ok(self.inner.write(with_record(&self.inner.sql.insert, record)).await? == 1)
    }

    async fn update(&self, record: &Record, expected: Revision, now: Timestamp) -> sqlx::Result<bool> {
        let update = with_record(&self.inner.sql.update, record);
        let update = update.bind(expected.0.cast_signed()).bind(millis(now));
        Ok(self.inner.write(update).await? == 1)
    }

    async fn has_live(&self, record: &Record, now: Timestamp) -> sqlx::Result<bool> {
        let subject = record.identity.as_ref().map(|identity| identity.subject.as_str());
        let ask = query(&self.inner.sql.has_live)
            .bind(&record.key.as_bytes()[..])
            .bind(&record.handle.as_bytes()[..])
            .bind(record.realm.as_str())
            .bind(subject)
            .bind(millis(now));
        Ok(ask.fetch_optional(&self.inner.readers).await?.is_some())
    }

    async fn touch(&self, key: &SessionKey, idle_until: Timestamp, now: Timestamp) -> sqlx::Result<bool> {
        let touch = query(&self.inner.sql.touch).bind(&key.as_bytes()[..]);
        let touch = touch.bind(millis(idle_until)).bind(millis(now));
        Ok(self.inner.write(touch).await? == 1)
    }

    async fn list(
        &self,
        subject: &SubjectKey,
        now: Timestamp,
    ) -> sqlx::Result<Result<Vec<SessionSummary>, StoreError>> {
        let ask = query(&self.inner.sql.list)
            .bind(subject.realm().as_str())
            .bind(subject.subject().as_str())
            .bind(millis(now));
        Ok(ask.fetch_all(&self.inner.readers).await?.iter().map(row::summary).collect())
    }

    async fn epoch(&self, subject: &SubjectKey) -> sqlx::Result<Option<Vec<u8>>> {
        let ask =
            query(&self.inner.sql.epoch).bind(subject.realm().as_str()).bind(subject.subject().as_str());
        ask.fetch_optional(&self.inner.readers).await?.map(|row| row.try_get(0)).transpose()
    }

    async fn not_before(&self, realm: &Realm) -> sqlx::Result<Option<i64>> {
        let ask = query(&self.inner.sql.not_before).bind(realm.as_str());
        ask.fetch_optional(&self.inner.readers).await?.map(|row| row.try_get(0)).transpose()
    }

    async fn live_keys(&self, keys: &[SessionKey], now: Timestamp) -> sqlx::Result<Vec<Vec<u8>>> {
        let keys: Vec<String> = keys.iter().map(|key| wire::hex(key.as_bytes())).collect();
        // A list of hexadecimal texts is written the same in Rust and in JSON.
        let ask = query(&self.inner.sql.live_keys).bind(format!("{keys:?}")).bind(millis(now));
        ask.fetch_all(&self.inner.readers).await?.iter().map(|row| row.try_get(0)).collect()
    }

    async fn rows_from(&self, from: i64, limit: usize) -> sqlx::Result<Vec<i64>> {
        let ask = query(&self.inner.sql.rows_from).bind(from).bind(limit as i64);
        let rows = ask.fetch_all(&self.inner.readers).await?;
        rows.iter().map(|row| row.try_get(0)).collect()
    }

    async fn clock(&self) -> sqlx::Result<Timestamp> {
        Ok(self.inner.now())
    }

    async fn tidy(&self, raised_before: Timestamp, noted_before: Timestamp) -> sqlx::Result<()> {
        let (sql, from) = (&self.inner.sql, self.inner.tidied_to.load(Ordering::Relaxed));
        let slice = query(&sql.subjects_from).bind(from).bind(TIDIED).fetch_all(&self.inner.readers).await?;
        let to: i64 = slice.last().map_or(Ok(0), |row| row.try_get(0))?;
        let subjects = query(&sql.tidy_subjects).bind(from).bind(to).bind(millis(raised_before));
        self.inner.write(subjects).await?;
        self.inner.write(query(&sql.tidy_events).bind(millis(noted_before)).bind(TIDIED)).await?;
        // From the beginning again after the last row.
        let next = if slice.len() as i64 == TIDIED { to } else { 0 };
        self.inner.tidied_to.store(next, Ordering::Relaxed);
        Ok(())
    }
}

impl_session_store!(SqliteStore);

/// Shows the prefix of the tables.
impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.inner, f)
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("tables", &self.names.to_string()).finish_non_exhaustive()
    }
}
