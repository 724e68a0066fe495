//! The store trait: what hallpass asks of a place that keeps sessions.

mod error;
mod limit;
mod outcome;
mod shared;

pub use error::{StoreError, StoreErrorKind};
pub use limit::{LastUse, SessionLimit, WhenReached};
pub use outcome::{
    Created, Ended, FeedEvent, Purged, Replaced, SessionSummary, SubjectRevoked, Swept, Taken, Updated,
};
pub use shared::SharedStore;

use crate::ids::{Epoch, OpId, Realm, Revision, SessionHandle, SubjectKey};
use crate::record::{EndReason, Record};
use crate::time::Timestamp;
use crate::token::SessionKey;
use async_trait::async_trait;
use std::fmt;
use std::sync::Arc;

/// A place that keeps sessions.
///
/// Every method is one atomic step, seen by all nodes that share the store once it has answered. The contract is
/// short and strict, because logout stands on it:
///
/// * **An update can never create.** Only [`create`](Self::create) inserts. [`update`](Self::update),
///   [`touch`](Self::touch) and [`replace`](Self::replace) change a row that is there and live, or nothing.
/// * **An answer is the truth.** `Ok` from a revoking method means that it is on record and visible to every later
///   call. If that is not known, answer an error.
/// * **Live** means that [`Op::now`] lies before both deadlines, and that a login was not authenticated before its
///   realm's [`not_before`](Self::not_before). What is over is kept until it is swept or revoked; `load` returns it, so
///   that its end can be told apart and reported, and nothing else brings it back.
/// * **The same [`Op::id`] twice is applied once**, where the way to the store can send a call again on its own.
///
/// Wrong, though it looks right: an `update` that upserts. A request that loaded the session before a logout writes it
/// back after, and the logout is undone. Right: compare the revision of the row that is there, and answer
/// [`Updated::Gone`] if there is none.
///
/// A store never sees a token. It may be called concurrently, and a call's future may be dropped at any await; what it
/// has done by then must be whole or nothing. `hallpass-testkit` proves a store against every line of this contract.
#[async_trait]
pub trait SessionStore: fmt::Debug + Send + Sync + 'static {
    /// Inserts `record`, never overwriting one with its key.
    ///
    /// A login comes with a `ticket`; in the same atomic step its epoch must equal the subject's
    /// ([`Created::EpochMoved`] otherwise, also if the ticket began before the realm's `not_before`), and its user's
    /// live logins must leave room under `limit`: else [`Created::LimitReached`], or those that
    /// [give way](SessionLimit::gives_way) are ended and returned, with those that are over. A visitor comes without either.
    ///
    /// # Errors
    ///
    /// When the store did not confirm the write.
    async fn create(
        &self,
        record: Arc<Record>,
        ticket: Option<&Ticket>,
        limit: Option<SessionLimit>,
        op: Op,
    ) -> Result<Created, StoreError>;

    /// The record under `key`, also if it has run out; `None` if there is none. Only a cache may answer with less than
    /// the latest, and only where `freshness` lets it.
    ///
    /// # Errors
    ///
    /// When the store could not be asked, or its bytes do not decode ([`StoreErrorKind::Undecodable`]).
    async fn load(&self, key: &SessionKey, freshness: Freshness) -> Result<Option<Arc<Record>>, StoreError>;

    /// What [`load`](Self::load) would answer, if this process's memory knows it here and now: asked first, since it costs no
    /// future. `None` if the store has to be asked.
    fn peek(&self, _key: &SessionKey, _freshness: Freshness) -> Option<Option<Arc<Record>>> {
        None
    }

    /// Compare-and-set: writes `record` over the live row with its key if that row is at revision `expected`. The row
    /// is then at [`Record::revision`]. Neither `last_seen` nor the idle deadline moves backwards.
    ///
    /// # Errors
    ///
    /// When the store did not confirm the write.
    async fn update(&self, record: Arc<Record>, expected: Revision, op: Op) -> Result<Updated, StoreError>;

    /// Notes that a live session was used at [`Op::now`] and moves its idle deadline to `idle_until`: never
    /// backwards, never past the absolute one. The revision stays. Answers whether there was a live row.
    ///
    /// # Errors
    ///
    /// When the store did not confirm the write.
    async fn touch(&self, key: &SessionKey, idle_until: Timestamp, op: Op) -> Result<bool, StoreError>;

    /// Renewal: writes `record`, which has another key in the same shard, over the live row `old` if that row is at
    /// revision `expected`. It stays one row with one handle; `old` is dead when this returns. A login or
    /// re-authentication brings its `ticket` and `limit`, and both are checked as in [`create`](Self::create), where the
    /// row itself takes no room; a plain renewal brings no ticket, and a limit counts for nothing without one.
    ///
    /// # Errors
    ///
    /// When the store did not confirm the write.
    async fn replace(
        &self,
        old: &SessionKey,
        record: Arc<Record>,
        expected: Revision,
        ticket: Option<&Ticket>,
        limit: Option<SessionLimit>,
        op: Op,
    ) -> Result<Replaced, StoreError>;

    /// Compare-and-delete: ends the row under `key` if it is at revision `expected`.
    ///
    /// # Errors
    ///
    /// When the store did not confirm the deletion.
    async fn take(
        &self,
        key: &SessionKey,
        expected: Revision,
        reason: EndReason,
        op: Op,
    ) -> Result<Taken, StoreError>;

    /// Ends the row under `key`, whatever its state, and returns what it ended; `None` if there was none. Idempotent.
    /// Never decodes the session's data: a damaged row can still be ended.
    ///
    /// # Errors
    ///
    /// When the store did not confirm the deletion.
    async fn revoke(&self, key: &SessionKey, reason: EndReason, op: Op) -> Result<Option<Ended>, StoreError>;

    /// The live logins of a subject at `now`, the most recently seen first. Never decodes their data.
    ///
    /// # Errors
    ///
    /// When the store could not be asked.
    async fn subject(&self, subject: &SubjectKey, now: Timestamp) -> Result<Vec<SessionSummary>, StoreError>;

    /// The epoch of a subject; [`Epoch::NONE`] if it was never raised.
    ///
    /// # Errors
    ///
    /// When the store could not be asked.
    async fn epoch(&self, subject: &SubjectKey) -> Result<Epoch, StoreError>;

    /// Ends the logins of a subject that `which` names. [`Which::All`] and [`Which::AllBut`] also raise the epoch, to
    /// the [`OpId`] of this call, so that no login that began before can still be created; kept at least a day.
    ///
    /// If an `actor` is given, that login of the same subject must be live in the same atomic step, else
    /// [`SubjectRevoked::ActorGone`] and nothing happens.
    ///
    /// # Errors
    ///
    /// When the store did not confirm the deletion.
    async fn revoke_subject(
        &self,
        subject: &SubjectKey,
        actor: Option<SessionHandle>,
        which: Which,
        reason: EndReason,
        op: Op,
    ) -> Result<SubjectRevoked, StoreError>;

    /// The moment before which no login of `realm` counts; `None` if there is none.
    ///
    /// # Errors
    ///
    /// When the store could not be asked.
    async fn not_before(&self, realm: &Realm) -> Result<Option<Timestamp>, StoreError>;

    /// Moves `not_before` of `realm` to `at`, never backwards, and returns where it is then.
    /// Until that is confirmed, a store of several servers may answer one call with `at` and the next with what was before.
    ///
    /// # Errors
    ///
    /// When the store did not confirm the write.
    async fn raise_not_before(&self, realm: &Realm, at: Timestamp, op: Op) -> Result<Timestamp, StoreError>;

    /// For every key, in order, whether its session is live at `now`; `None` if that is not known, because the part of
    /// the store that has it could not be asked. One round trip.
    ///
    /// # Errors
    ///
    /// When the store could not be asked for any of them.
    async fn alive(&self, keys: &[SessionKey], now: Timestamp) -> Result<Vec<Option<bool>>, StoreError>;

    /// Removes up to `limit` rows that have run out at [`Op::now`] and returns them, so that each end is reported.
    /// Several nodes may sweep at once. Never removes a live row: a store with a clock of its own refuses with
    /// [`StoreErrorKind::ClockSkew`] when it differs from [`Op::now`] by more than five minutes.
    ///
    /// # Errors
    ///
    /// When the store did not confirm the deletion, or the clocks disagree.
    async fn sweep(&self, limit: usize, op: Op) -> Result<Swept, StoreError>;

    /// One step of removing the logins of `realm` from before its `not_before`, which count for nothing since it was
    /// raised: looks at about `limit` rows from the place `from` on, 0 to begin with, removes and returns those that are
    /// over, and says from where to go on; no place when it has come past the last. What is locked, or changes
    /// meanwhile, may be passed over: it is removed when it runs out.
    ///
    /// # Errors
    ///
    /// When the store did not confirm the deletion.
    async fn purge(&self, realm: &Realm, from: u64, limit: usize, op: Op) -> Result<Purged, StoreError>;

    /// Subscribes to what ends on any node from now on, and answers when the subscription is in place. A hint that makes
    /// ends immediate, never the proof of one.
    ///
    /// # Errors
    ///
    /// When the store could not be subscribed to.
    async fn feed(&self) -> Result<Box<dyn SessionFeed>, StoreError>;
}

/// A subscription to what ends in a store.
#[async_trait]
pub trait SessionFeed: fmt::Debug + Send + 'static {
    /// The next event. Never ends: as soon as something may have been lost it answers [`FeedEvent::Gap`], and goes on
    /// when it can. To know when that is, subscribe again. Dropping the future loses nothing.
    async fn next(&mut self) -> FeedEvent;
}

/// How current an answer of [`SessionStore::load`] has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// As the store has it while it is asked. What decides over a login, a renewal or an end needs this.
    Latest,
    /// A cache may answer, as old as its bound on staleness allows. Enough to serve a request.
    MayBeCached,
}

/// What comes with every changing call: who is asking, and when it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Op {
    /// Unique to this call, kept when it is sent again.
    pub id: OpId,
    /// The caller's time.
    pub now: Timestamp,
}

/// The right to create one login: what must still be true of its subject when it is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    /// The subject's epoch when the login began.
    pub epoch: Epoch,
    /// When the login began.
    pub started_at: Timestamp,
}

/// Which of a subject's logins to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// All of them.
    All,
    /// All but this one.
    AllBut(SessionHandle),
    /// Only this one; other logins and the epoch stay.
    One(SessionHandle),
}
