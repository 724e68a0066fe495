//! The store in PostgreSQL.

mod builder;
mod feed;
mod lease;
#[cfg(test)]
mod plans;
mod rows;
mod schema;
mod statements;
mod transaction;

pub use builder::PostgresStoreBuilder;

use crate::SetupError;
use crate::contract::{self, Database, EndOne, OneEnded, impl_session_store, is_undone};
use crate::feed::Hub;
use crate::names::{Names, Sql};
use crate::row::{self, Cells, millis, time_or_past};
use hallpass_core::{
    Clock, EndReason, Ended, Realm, Record, Revision, SessionHandle, SessionKey, SessionSummary, StoreError,
    Subject, SubjectKey, Timestamp,
};
use lease::{Lease, UNDO};
use rows::{Prepared, query, with_record};
use sha2::{Digest, Sha256};
use sqlx::postgres::PgRow;
use sqlx::{PgPool, Row};
use statements::Statements;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use transaction::PostgresTransaction;

/// How many rows of users one sweep looks at, and how many events it removes.
const TIDIED: i64 = 1000;

/// A store in a PostgreSQL database, for any number of nodes.
///
/// Loading, updating, touching and logging out are one statement each. What ends on one node is told to the others by
/// `LISTEN` and `NOTIFY`, and repaired from a table after a lost connection.
///
/// A pooler in transaction mode (PgBouncer) cannot pass notifications on: [`feed`](hallpass_core::SessionStore::feed) then
/// answers an error. Sessions are never to be read from a replica, which learns of a logout late.
///
/// ```no_run
/// use hallpass_sqlx::PostgresStore;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), hallpass_sqlx::SetupError> {
/// let store = PostgresStore::connect("postgres://shop:password@localhost/shop").await?;
/// store.migrate().await?;
/// # Ok(())
/// # }
/// ```
///
/// For connections with TLS, enable one of sqlx's `tls-` features in the application.
pub struct PostgresStore {
    inner: Arc<Inner>,
    hub: Arc<Hub<feed::Notifications>>,
}

/// What the store shares with its transactions and its feed.
struct Inner {
    sql: Statements,
    begin: Sql,
    begin_exclusive: Sql,
    begin_migration: Sql,
    create_schema: Sql,
    enter_schema: Sql,
    /// Where the stores with these tables notify each other.
    channel: Box<str>,
    names: Names,
    pool: PgPool,
    /// Nobody else uses the pool's connections, and they are set up for the store.
    own: bool,
    clock: Option<Arc<dyn Clock>>,
    tidied_to: AtomicI64,
}

impl PostgresStore {
    /// Connects to the database at a URL such as `postgres://user:password@host/database`. The tables have to be
    /// [migrated](Self::migrate) or [checked](Self::check) next.
    ///
    /// # Errors
    ///
    /// When the URL is not one, or the server cannot be reached or refuses the user.
    pub async fn connect(url: &str) -> Result<Self, SetupError> {
        Self::builder().connect(url).await
    }

    /// Uses a pool that the application has; see [`PostgresStoreBuilder::pool`].
    ///
    /// # Errors
    ///
    /// Never with the default names: they are valid.
    pub fn new(pool: PgPool) -> Result<Self, SetupError> {
        Self::builder().pool(pool)
    }

    /// Sets a table prefix, a schema, time limits and more.
    pub fn builder() -> PostgresStoreBuilder {
        PostgresStoreBuilder::default()
    }
}

impl Inner {
    fn new(names: Names, pool: PgPool, own: bool, settings: PostgresStoreBuilder) -> Self {
        let hash = Sha256::digest(names.to_string());
        // Advisory locks are known by a number; another store with the same one would only wait without need.
        let lock = i64::from_be_bytes(std::array::from_fn(|at| hash[at]));
        let schema = names.schema().unwrap_or_default();
        let undo = if own { String::new() } else { format!("{UNDO}; ") };
        let begin = format!(
            "{undo}BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL synchronous_commit = on; \
             SET LOCAL statement_timeout = {}; SET LOCAL lock_timeout = {}; ",
            settings.statement_timeout.as_millis(),
            settings.lock_timeout.as_millis()
        );
        Self {
            sql: Statements::new(&names),
            begin: names.statement(&format!("{begin}SELECT pg_advisory_xact_lock_shared({lock})")),
            begin_exclusive: names.statement(&format!("{begin}SELECT pg_advisory_xact_lock({lock})")),
            begin_migration: names.statement(&format!(
                "{undo}BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SELECT pg_advisory_xact_lock({lock})"
            )),
            create_schema: names.statement(&format!("CREATE SCHEMA \"{schema}\"")),
            enter_schema: names.statement(&format!("SET LOCAL search_path TO \"{schema}\"")),
            channel: format!("hallpass_{lock:016x}").into(),
            names,
            pool,
            own,
            clock: settings.clock,
            tidied_to: AtomicI64::new(0),
        }
    }

    /// The time of a clock that was set in place of the server's.
    fn set_clock(&self) -> Option<i64> {
        Some(millis(self.clock.as_ref()?.now().into()))
    }

    async fn lease(&self) -> sqlx::Result<Lease> {
        if self.own { Lease::own(&self.pool).await } else { Lease::shared(&self.pool).await }
    }

    async fn fetch(&self, statement: Prepared<'_>) -> sqlx::Result<Vec<PgRow>> {
        self.lease().await?.fetch(statement).await
    }

    async fn fetch_one(&self, statement: Prepared<'_>) -> sqlx::Result<Option<PgRow>> {
        Ok(self.fetch(statement).await?.into_iter().next())
    }

    async fn execute(&self, statement: Prepared<'_>) -> sqlx::Result<u64> {
        self.lease().await?.execute(statement).await
    }

    /// Ends a row in one statement.
    async fn end(&self, end: &EndOne<'_>) -> sqlx::Result<OneEnded> {
        let statement = query(&self.sql.end)
            .bind(&end.key.as_bytes()[..])
            .bind(end.expected.map(|revision| revision.0.cast_signed()))
            .bind(millis(end.now))
            .bind(end.reason.as_str())
            .bind(&*self.channel);
        if let Some(row) = self.fetch_one(statement).await? {
            return ended(end.key, &row).map(OneEnded::Ended);
        }
        if end.expected.is_none() {
            return Ok(OneEnded::Gone);
        }
        let there = self.fetch_one(query(&self.sql.has_key).bind(&end.key.as_bytes()[..])).await?;
        Ok(if there.is_some() { OneEnded::Conflict } else { OneEnded::Gone })
    }
}

/// Reads leniently what has been ended already.
fn ended(key: &SessionKey, row: &PgRow) -> sqlx::Result<Ended> {
    let subject = row.opt_bytes(1)?.and_then(|bytes| String::from_utf8(bytes).ok());
    Ok(Ended {
        key: *key,
        handle: row.bytes(0)?.try_into().ok().map(SessionHandle::from_bytes),
        subject: subject.and_then(|id| Subject::new(id).ok()),
        reason: EndReason::parse(row.try_get(2)?),
    })
}

impl Database for PostgresStore {
    type Transaction = PostgresTransaction;

    async fn begin(&self, exclusive: bool) -> sqlx::Result<PostgresTransaction> {
        PostgresTransaction::begin(&self.inner, exclusive).await
    }

    fn is_transient(&self, error: &sqlx::Error) -> bool {
        // serialization_failure, deadlock_detected.
        is_undone(error, &["40001", "40P01"])
    }

    async fn load(&self, key: &SessionKey) -> sqlx::Result<Option<Result<Arc<Record>, StoreError>>> {
        let load = query(&self.inner.sql.load).bind(&key.as_bytes()[..]);
        Ok(self.inner.fetch_one(load).await?.map(|row| row::record(key, &row)))
    }

    async fn insert(&self, record: &Record) -> sqlx::Result<bool> {
        let insert = with_record(&self.inner.sql.insert, record);
        Ok(self.inner.execute(insert).await? == 1)
    }

    async fn update(&self, record: &Record, expected: Revision, now: Timestamp) -> sqlx::Result<bool> {
        let update = with_record(&self.inner.sql.update, record);
        let update = update.bind(expected.0.cast_signed()).bind(millis(now));
        Ok(self.inner.execute(update).await? == 1)
    }

    async fn has_live(&self, record: &Record, now: Timestamp) -> sqlx::Result<bool> {
        let ask = query(&self.inner.sql.has_live)
            .bind(&record.key.as_bytes()[..])
            .bind(&record.handle.as_bytes()[..])
            .bind(record.realm.as_str())
            .bind(record.identity.as_ref().map(|identity| identity.subject.as_str()))
            .bind(millis(now));
        Ok(self.inner.fetch_one(ask).await?.is_some())
    }

    async fn touch(&self, key: &SessionKey, idle_until: Timestamp, now: Timestamp) -> sqlx::Result<bool> {
        let touch = query(&self.inner.sql.touch).bind(&key.as_bytes()[..]);
        let touch = touch.bind(millis(idle_until)).bind(millis(now));
        Ok(self.inner.execute(touch).await? == 1)
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
        Ok(self.inner.fetch(ask).await?.iter().map(row::summary).collect())
    }

    async fn epoch(&self, subject: &SubjectKey) -> sqlx::Result<Option<Vec<u8>>> {
        let ask = query(&self.inner.sql.epoch);
        let ask = ask.bind(subject.realm().as_str()).bind(subject.subject().as_str());
        self.inner.fetch_one(ask).await?.map(|row| row.try_get(0)).transpose()
    }

    async fn not_before(&self, realm: &Realm) -> sqlx::Result<Option<i64>> {
        let ask = query(&self.inner.sql.not_before).bind(realm.as_str());
        self.inner.fetch_one(ask).await?.map(|row| row.try_get(0)).transpose()
    }

    async fn live_keys(&self, keys: &[SessionKey], now: Timestamp) -> sqlx::Result<Vec<Vec<u8>>> {
        let keys: Vec<&[u8]> = keys.iter().map(|key| &key.as_bytes()[..]).collect();
        let ask = query(&self.inner.sql.live_keys).bind(keys).bind(millis(now));
        self.inner.fetch(ask).await?.iter().map(|row| row.try_get(0)).collect()
    }

    async fn rows_from(&self, from: i64, limit: usize) -> sqlx::Result<Vec<i64>> {
        let rows = self.inner.fetch(query(&self.inner.sql.rows_from).bind(from).bind(limit as i64)).await?;
        rows.iter().map(|row| row.try_get(0)).collect()
    }

    async fn clock(&self) -> sqlx::Result<Timestamp> {
        match self.inner.set_clock() {
            Some(now) => Ok(time_or_past(now)),
            None => {
                let row = self.inner.fetch_one(query(&self.inner.sql.clock)).await?;
                row.ok_or(sqlx::Error::RowNotFound)?.try_get(0).map(time_or_past)
            }
        }
    }

    async fn end(&self, end: &EndOne<'_>) -> Result<OneEnded, StoreError> {
        if self.inner.own {
            return contract::repeat(self, || self.inner.end(end)).await;
        }
        // A transaction waits for the disk, whatever the pool's own setting.
        contract::run(self, end).await
    }

    async fn tidy(&self, raised_before: Timestamp, noted_before: Timestamp) -> sqlx::Result<()> {
        let (store, sql) = (&self.inner, &self.inner.sql);
        let from = self.inner.tidied_to.load(Ordering::Relaxed);
        let slice = store.fetch(query(&sql.subjects_from).bind(from).bind(TIDIED)).await?;
        let to: i64 = slice.last().map_or(Ok(0), |row| row.try_get(0))?;
        let subjects = query(&sql.tidy_subjects).bind(from).bind(to).bind(millis(raised_before));
        store.execute(subjects).await?;
        store.execute(query(&sql.tidy_events).bind(millis(noted_before)).bind(TIDIED)).await?;
        // From the beginning again after the last row.
        let next = if slice.len() as i64 == TIDIED { to } else { 0 };
        self.inner.tidied_to.store(next, Ordering::Relaxed);
        Ok(())
    }
}

impl_session_store!(PostgresStore);

/// Shows the prefix of the tables.
impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.inner, f)
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").field("tables", &self.names.to_string()).finish_non_exhaustive()
    }
}
