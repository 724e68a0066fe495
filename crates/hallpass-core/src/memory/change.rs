//! Changing a row that is there and live, or nothing.

use super::stripe::Stripe;
use super::{MemoryStore, locked};
use crate::ids::Revision;
use crate::record::{EndReason, Record};
use crate::store::{FeedEvent, Replaced, SessionLimit, StoreError, Ticket, Updated};
use crate::time::Timestamp;
use crate::token::SessionKey;
use std::sync::{Arc, MutexGuard};

impl MemoryStore {
    pub(super) fn update_row(
        &self,
        record: Arc<Record>,
        expected: Revision,
        now: Timestamp,
    ) -> Result<Updated, StoreError> {
        let stripe = self.stripe(record.key.shard());
        let Some(row) =
            self.live(&stripe, &record.key, now).filter(|row| is_same_session(row, &record)).cloned()
        else {
            return Ok(Updated::Gone);
        };
        if row.revision != expected {
            return Ok(Updated::Conflict);
        }
        self.write(stripe, &row, never_backwards(record, &row), now)?;
        Ok(Updated::Written)
    }

    pub(super) fn touch_row(
        &self,
        key: &SessionKey,
        idle_until: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let stripe = self.stripe(key.shard());
        let Some(row) = self.live(&stripe, key, now).cloned() else { return Ok(false) };
        let last_seen = row.last_seen.max(now);
        let idle_until = row.idle_until.max(idle_until.min(row.absolute_until));
        if (last_seen, idle_until) == (row.last_seen, row.idle_until) {
            return Ok(true);
        }
        let mut touched = Record::clone(&row);
        (touched.last_seen, touched.idle_until) = (last_seen, idle_until);
        self.write(stripe, &row, Arc::new(touched), now)?;
        Ok(true)
    }

    pub(super) fn replace_row(
        &self,
        old: &SessionKey,
        record: Arc<Record>,
        expected: Revision,
        ticket: Option<&Ticket>,
        limit: Option<SessionLimit>,
        now: Timestamp,
    ) -> Result<Replaced, StoreError> {
        let mut stripe = self.stripe(old.shard());
        if self.is_void(ticket, &record.realm, stripe.owner_of(&record), &stripe) {
            return Ok(Replaced::EpochMoved);
        }
        let fits = |row: &&Arc<Record>| is_same_session(row, &record) && is_free(&record.key, old, &stripe);
        let Some(row) = self.live(&stripe, old, now).filter(fits).cloned() else { return Ok(Replaced::Gone) };
        if row.revision != expected {
            return Ok(Replaced::Conflict);
        }
        let Some(gone) = self.in_the_way(&stripe, &record, limit.filter(|_| ticket.is_some()), now) else {
            return Ok(Replaced::LimitReached);
        };
        for row in &gone {
            stripe.remove(&row.key);
        }
        self.write(stripe, &row, record, now)?;
        Ok(Replaced::Replaced { evicted: self.report(&gone, EndReason::SessionLimit, now) })
    }

    /// Writes `new` over the row `old` and makes room for what it has grown.
    fn write(
        &self,
        mut stripe: MutexGuard<'_, Stripe>,
        old: &Record,
        new: Arc<Record>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let pushed_out = self.room_for(old, &new)?;
        let replaced = FeedEvent::Replaced { old: old.key, new: new.key, handle: new.handle };
        let is_renewal = new.key != old.key;
        stripe.exchange(&old.key, new);
        if is_renewal {
            // Under the lock, so that the end of the new key cannot be heard before.
            self.feed.send(|| replaced);
        }
        drop(stripe);
        self.push_out(&pushed_out, now);
        Ok(())
    }

    /// The visitors that `new` pushes out when it takes the place of `old`.
    fn room_for(&self, old: &Record, new: &Record) -> Result<Vec<SessionKey>, StoreError> {
        if old.identity.is_some() {
            return Ok(Vec::new());
        }
        let room = locked(&self.visitors).change(old, new);
        room.ok_or_else(|| StoreError::unavailable("a visitor's session exceeds the bound for all of them"))
    }
}

/// A row keeps its name and its user for good. What would change them is not a write of this row.
fn is_same_session<'a>(row: &'a Record, record: &'a Record) -> bool {
    let subject_of = |record: &'a Record| record.identity.as_ref().map(|identity| &identity.subject);
    row.handle == record.handle && row.realm == record.realm && subject_of(row) == subject_of(record)
}

fn is_free(new: &SessionKey, old: &SessionKey, stripe: &Stripe) -> bool {
    new.shard() == old.shard() && stripe.get(new).is_none()
}

/// A touch may have come between the load of `record` and now.
fn never_backwards(record: Arc<Record>, row: &Record) -> Arc<Record> {
    if record.last_seen >= row.last_seen && record.idle_until >= row.idle_until {
        return record;
    }
    let mut record = Arc::unwrap_or_clone(record);
    record.last_seen = record.last_seen.max(row.last_seen);
    record.idle_until = record.idle_until.max(row.idle_until);
    Arc::new(record)
}
