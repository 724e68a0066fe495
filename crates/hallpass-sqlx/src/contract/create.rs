//! Inserting, with everything that may speak against it.

use super::end::{delete, note_ends};
use super::retry::{Flow, Verdict, repeat, run};
use super::{Database, Locked, Rows, Transaction};
use crate::row::Found;
use hallpass_core::{
    Created, EndReason, Ended, Record, SessionLimit, StoreError, SubjectKey, Ticket, Timestamp,
};

pub(crate) async fn create<D: Database>(
    database: &D,
    record: &Record,
    ticket: Option<&Ticket>,
    limit: Option<SessionLimit>,
    now: Timestamp,
) -> Result<Created, StoreError> {
    match record.subject_key() {
        Some(subject) => run(database, &Create { record, subject, ticket, limit, now }).await,
        None => Ok(match repeat(database, || database.insert(record)).await? {
            true => Created::Created { evicted: Vec::new() },
            false => Created::AlreadyExists,
        }),
    }
}

struct Create<'a> {
    record: &'a Record,
    subject: SubjectKey,
    ticket: Option<&'a Ticket>,
    limit: Option<SessionLimit>,
    now: Timestamp,
}

impl Flow for Create<'_> {
    type Answer = Created;

    async fn run<T: Transaction>(&self, tx: &mut T) -> sqlx::Result<Verdict<Created>> {
        let locked = tx.lock_subject(&self.subject).await?;
        if is_void(self.ticket, locked) {
            return Ok(Verdict::Abandon(Created::EpochMoved));
        }
        // Before anybody gives way to it: a key that is taken ends nobody's session.
        if !tx.insert(self.record).await? {
            return Ok(Verdict::Abandon(Created::AlreadyExists));
        }
        let room = Room { subject: &self.subject, record: self.record, now: self.now };
        match make_room(tx, &room, self.limit).await? {
            Some(evicted) => Ok(Verdict::Commit(Created::Created { evicted })),
            None => Ok(Verdict::Abandon(Created::LimitReached)),
        }
    }
}

/// Whether a login with this ticket comes too late.
pub(super) fn is_void(ticket: Option<&Ticket>, locked: Locked) -> bool {
    ticket.is_some_and(|ticket| {
        ticket.epoch != locked.epoch || locked.not_before.is_some_and(|at| ticket.started_at < at)
    })
}

/// For whom room is made.
pub(super) struct Room<'a> {
    pub(super) subject: &'a SubjectKey,
    pub(super) record: &'a Record,
    pub(super) now: Timestamp,
}

/// Ends the logins that have to go for this one, which is there already: those that are over, and as many of the live ones
/// as the limit says; `None` if they may not.
pub(super) async fn make_room<T: Transaction>(
    tx: &mut T,
    room: &Room<'_>,
    limit: Option<SessionLimit>,
) -> sqlx::Result<Option<Vec<Ended>>> {
    let Some(limit) = limit else { return Ok(Some(Vec::new())) };
    let mut logins = tx.lock_rows(Rows::Subject(room.subject)).await?;
    logins.retain(|login| login.key != room.record.key);
    let (live, mut gone): (Vec<_>, Vec<_>) = logins.into_iter().partition(|row| row.over(room.now).is_none());
    let rivals = live.into_iter().filter(|login| login.has_level_of(room.record)).collect();
    let Some(least) = limit.gives_way(rivals, room.now, Found::last_use) else { return Ok(None) };
    gone.extend(least);
    delete(tx, &gone).await?;
    note_ends(tx, &gone, EndReason::SessionLimit, room.now).await.map(Some)
}
