//! Renewal: the same row under another key.

use super::create::{Room, is_void, make_room};
use super::retry::{Flow, Verdict, run};
use super::{Database, Rows, Transaction};
use crate::feed::wire;
use hallpass_core::{
    FeedEvent, Record, Replaced, Revision, SessionKey, SessionLimit, StoreError, Ticket, Timestamp,
};

pub(crate) async fn replace<D: Database>(
    database: &D,
    old: &SessionKey,
    record: &Record,
    expected: Revision,
    ticket: Option<&Ticket>,
    limit: Option<SessionLimit>,
    now: Timestamp,
) -> Result<Replaced, StoreError> {
    run(database, &Replace { old, record, expected, ticket, limit, now }).await
}

struct Replace<'a> {
    old: &'a SessionKey,
    record: &'a Record,
    expected: Revision,
    ticket: Option<&'a Ticket>,
    limit: Option<SessionLimit>,
    now: Timestamp,
}

impl Flow for Replace<'_> {
    type Answer = Replaced;

    async fn run<T: Transaction>(&self, tx: &mut T) -> sqlx::Result<Verdict<Replaced>> {
        let owner = self.record.subject_key().filter(|_| self.ticket.is_some());
        if let Some(subject) = &owner
            && is_void(self.ticket, tx.lock_subject(subject).await?)
        {
            return Ok(Verdict::Abandon(Replaced::EpochMoved));
        }
        let rows = tx.lock_rows(Rows::Key(self.old)).await?;
        let is_it = self.old.shard() == self.record.key.shard();
        let Some(row) =
            rows.iter().find(|row| is_it && row.over(self.now).is_none() && row.is_session_of(self.record))
        else {
            return Ok(Verdict::Abandon(Replaced::Gone));
        };
        if row.revision != self.expected {
            return Ok(Verdict::Abandon(Replaced::Conflict));
        }
        if !tx.overwrite(row.id, self.record).await? {
            return Ok(Verdict::Abandon(Replaced::Gone));
        }
        let evicted = match &owner {
            Some(subject) => {
                make_room(tx, &Room { subject, record: self.record, now: self.now }, self.limit).await?
            }
            None => Some(Vec::new()),
        };
        let Some(evicted) = evicted else { return Ok(Verdict::Abandon(Replaced::LimitReached)) };
        tx.note(&wire::encode([&self.event()])).await?;
        Ok(Verdict::Commit(Replaced::Replaced { evicted }))
    }
}

impl Replace<'_> {
    fn event(&self) -> FeedEvent {
        FeedEvent::Replaced { old: *self.old, new: self.record.key, handle: self.record.handle }
    }
}
