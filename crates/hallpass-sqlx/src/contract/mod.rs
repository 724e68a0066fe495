//! The contract of a session store over the small statements of one database.
//!
//! Every rule about what may happen to a session is in this folder, once. A database brings single statements
//! ([`Database`]) and the statements of a transaction ([`Transaction`]); both say nothing about logins.
//!
//! An operation that changes which logins a user has locks the user's row first, in a statement of its own; what it reads
//! afterwards is read by a later statement, and therefore sees what was committed while it waited.

mod change;
mod create;
mod end;
mod purge;
mod questions;
mod replace;
mod retry;
mod store;
mod subject;
mod sweep;

pub(crate) use change::{touch, update};
pub(crate) use create::create;
pub(crate) use end::{EndOne, OneEnded, revoke, take};
pub(crate) use purge::purge;
pub(crate) use questions::{alive, epoch, load, not_before, subject as list};
pub(crate) use replace::replace;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(crate) use retry::is_undone;
pub(crate) use retry::store_error;
#[cfg(feature = "postgres")]
pub(crate) use retry::{repeat, run};
pub(crate) use store::impl_session_store;
pub(crate) use subject::{raise_not_before, revoke_subject};
pub(crate) use sweep::sweep;

use crate::row::{Cells, Found, time_or_past};
use hallpass_core::{
    DecodeError, Epoch, Realm, Record, Revision, SessionKey, SessionSummary, StoreError, SubjectKey,
    Timestamp,
};
use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;

/// One database: what it answers in one statement, and its transactions.
pub(crate) trait Database: Debug + Send + Sync + Sized {
    /// A transaction of this database.
    type Transaction: Transaction;

    /// Begins a transaction in which every statement sees what has been committed before the statement. An
    /// `exclusive` one waits for all others that lock users, and holds them off, until its end.
    fn begin(&self, exclusive: bool) -> impl Future<Output = sqlx::Result<Self::Transaction>> + Send;

    /// Whether the statement or transaction that failed like this was undone and may be tried again.
    fn is_transient(&self, error: &sqlx::Error) -> bool;

    /// The record under `key`.
    fn load(
        &self,
        key: &SessionKey,
    ) -> impl Future<Output = sqlx::Result<Option<Result<Arc<Record>, StoreError>>>> + Send;

    /// Inserts a record of nobody's; `false` if its key is taken.
    fn insert(&self, record: &Record) -> impl Future<Output = sqlx::Result<bool>> + Send;

    /// Writes over the live row of the same session at this revision; `false` if there is none.
    fn update(
        &self,
        record: &Record,
        expected: Revision,
        now: Timestamp,
    ) -> impl Future<Output = sqlx::Result<bool>> + Send;

    /// Whether there is a live row of the same session, at any revision.
    fn has_live(&self, record: &Record, now: Timestamp) -> impl Future<Output = sqlx::Result<bool>> + Send;

    /// Moves the deadlines of a live row; `false` if there is none.
    fn touch(
        &self,
        key: &SessionKey,
        idle_until: Timestamp,
        now: Timestamp,
    ) -> impl Future<Output = sqlx::Result<bool>> + Send;

    /// The live logins of a user, the most recently seen first.
    fn list(
        &self,
        subject: &SubjectKey,
        now: Timestamp,
    ) -> impl Future<Output = sqlx::Result<Result<Vec<SessionSummary>, StoreError>>> + Send;

    /// The epoch of a user, if there is a row with one.
    fn epoch(&self, subject: &SubjectKey) -> impl Future<Output = sqlx::Result<Option<Vec<u8>>>> + Send;

    /// The moment before which no login of the realm counts.
    fn not_before(&self, realm: &Realm) -> impl Future<Output = sqlx::Result<Option<i64>>> + Send;

    /// The keys among these whose sessions are live, in any order.
    fn live_keys(
        &self,
        keys: &[SessionKey],
        now: Timestamp,
    ) -> impl Future<Output = sqlx::Result<Vec<Vec<u8>>>> + Send;

    /// The numbers of the next `limit` rows after the one with the number `from`.
    fn rows_from(&self, from: i64, limit: usize) -> impl Future<Output = sqlx::Result<Vec<i64>>> + Send;

    /// The database's time.
    fn clock(&self) -> impl Future<Output = sqlx::Result<Timestamp>> + Send;

    /// Ends the row under a key. A database that can do so in one statement overrides this transaction.
    fn end(&self, end: &EndOne<'_>) -> impl Future<Output = Result<OneEnded, StoreError>> + Send {
        retry::run(self, end)
    }

    /// Removes a bounded part of what nobody needs any more: rows of users without logins whose epoch is none or was
    /// raised before `raised_before`, and events that were noted before `noted_before` by the database's clock.
    fn tidy(
        &self,
        raised_before: Timestamp,
        noted_before: Timestamp,
    ) -> impl Future<Output = sqlx::Result<()>> + Send;
}

/// A transaction on one connection. Dropped before its end, it is undone, and its connection is never used with it open.
pub(crate) trait Transaction: Send {
    /// Locks the user's row until the end, and makes it if it is not there. `not_before` cannot be raised until then.
    fn lock_subject(&mut self, subject: &SubjectKey) -> impl Future<Output = sqlx::Result<Locked>> + Send;

    /// Sets the epoch of a user whose row is locked, raised at the database's time.
    fn raise_epoch(
        &mut self,
        subject: &SubjectKey,
        epoch: Epoch,
    ) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// Returns `not_before` in an exclusive transaction: no login whose ticket was compared with it is still under way.
    fn lock_realm(&mut self, realm: &Realm) -> impl Future<Output = sqlx::Result<Option<Timestamp>>> + Send;

    /// Sets `not_before` of a locked realm.
    fn set_not_before(
        &mut self,
        realm: &Realm,
        at: Timestamp,
    ) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// Inserts a record; `false` if its key is taken.
    fn insert(&mut self, record: &Record) -> impl Future<Output = sqlx::Result<bool>> + Send;

    /// Locks rows and returns them as they are once they are locked.
    fn lock_rows(&mut self, rows: Rows<'_>) -> impl Future<Output = sqlx::Result<Vec<Found>>> + Send;

    /// Writes every field over a locked row; `false` if the new key is taken, after which the transaction is only good
    /// for being rolled back.
    fn overwrite(&mut self, id: i64, record: &Record) -> impl Future<Output = sqlx::Result<bool>> + Send;

    /// Deletes locked rows.
    fn delete(&mut self, ids: &[i64]) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// Puts events into the outbox; the feed tells of them once the transaction is committed. Each text holds events in the
    /// format of [`crate::feed::wire`].
    fn note(&mut self, events: &[String]) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// Ends the transaction; once it has answered, what was done is durable.
    fn commit(self) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// Undoes the transaction.
    fn rollback(self) -> impl Future<Output = sqlx::Result<()>> + Send;
}

/// What is known of a user once the row is locked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Locked {
    pub(crate) epoch: Epoch,
    pub(crate) not_before: Option<Timestamp>,
}

impl Locked {
    /// Reads epoch and `not_before`, in this order.
    pub(crate) fn read(row: &impl Cells) -> sqlx::Result<Self> {
        let epoch = match row.opt_bytes(0)? {
            None => Epoch::NONE,
            Some(bytes) => {
                let damaged = |_| sqlx::Error::Decode(DecodeError::Damaged.into());
                Epoch::from_bytes(bytes.try_into().map_err(damaged)?)
            }
        };
        Ok(Self { epoch, not_before: row.opt_int(1)?.map(time_or_past) })
    }
}

/// Which rows to lock.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rows<'a> {
    /// The one under this key.
    Key(&'a SessionKey),
    /// All of a user.
    Subject(&'a SubjectKey),
    /// At most so many that have run out at this time, without waiting for any that is locked.
    Expired(Timestamp, usize),
    /// The logins of a realm from before its `not_before`, from behind the first number to the last, without waiting for any
    /// that is locked.
    Earlier(&'a Realm, i64, i64),
}
