//! Inserting, with everything that may speak against it.

use super::logins::Owner;
use super::stripe::Stripe;
use super::{MemoryStore, locked};
use crate::ids::Realm;
use crate::record::{EndReason, Record};
use crate::store::{Created, Ended, LastUse, SessionLimit, Ticket};
use crate::time::Timestamp;
use crate::token::SessionKey;
use std::sync::{Arc, MutexGuard};

impl MemoryStore {
    pub(super) fn create_row(
        &self,
        record: Arc<Record>,
        ticket: Option<&Ticket>,
        limit: Option<SessionLimit>,
        now: Timestamp,
    ) -> Created {
        let stripe = self.stripe(record.key.shard());
        let owner = stripe.owner_of(&record);
        if self.is_void(ticket, &record.realm, owner, &stripe) {
            return Created::EpochMoved;
        }
        if stripe.get(&record.key).is_some() {
            return Created::AlreadyExists;
        }
        if record.identity.is_none() {
            return self.create_visitor(stripe, record, now);
        }
        match self.in_the_way(&stripe, &record, limit, now) {
            Some(gone) => self.create_login(stripe, record, &gone, now),
            None => Created::LimitReached,
        }
    }

    fn create_login(
        &self,
        mut stripe: MutexGuard<'_, Stripe>,
        record: Arc<Record>,
        gone: &[Arc<Record>],
        now: Timestamp,
    ) -> Created {
        for row in gone {
            stripe.remove(&row.key);
        }
        stripe.insert(record);
        drop(stripe);
        Created::Created { evicted: self.report(gone, EndReason::SessionLimit, now) }
    }

    fn create_visitor(
        &self,
        mut stripe: MutexGuard<'_, Stripe>,
        record: Arc<Record>,
        now: Timestamp,
    ) -> Created {
        let Some(pushed_out) = locked(&self.visitors).admit(&record) else { return Created::LimitReached };
        stripe.insert(record);
        drop(stripe);
        Created::Created { evicted: self.push_out(&pushed_out, now) }
    }

    /// Whether a login with this ticket comes too late. Asked under the lock under which it is then written, so that
    /// nobody can see it missing after a raise and there later.
    pub(super) fn is_void(
        &self,
        ticket: Option<&Ticket>,
        realm: &Realm,
        owner: Option<Owner<'_>>,
        stripe: &Stripe,
    ) -> bool {
        let Some(ticket) = ticket else { return false };
        let too_early = self.earliest_login(realm).is_some_and(|at| ticket.started_at < at);
        too_early || owner.is_some_and(|owner| stripe.epoch_of(owner) != ticket.epoch)
    }

    /// The other logins of its user that have to go before `record` may be written: those that are over, and as many of
    /// the live ones as the limit says; `None` if they may not.
    pub(super) fn in_the_way(
        &self,
        stripe: &Stripe,
        record: &Record,
        limit: Option<SessionLimit>,
        now: Timestamp,
    ) -> Option<Vec<Arc<Record>>> {
        let (Some(limit), Some(owner)) = (limit, stripe.owner_of(record)) else { return Some(Vec::new()) };
        let mut others = stripe.logins_of(owner);
        others.retain(|row| row.handle != record.handle);
        let (live, mut gone): (Vec<_>, Vec<_>) = others.into_iter().partition(|row| self.is_live(row, now));
        let rivals = live.into_iter().filter(|row| competes(row, record)).collect();
        gone.extend(limit.gives_way(rivals, now, |row| LastUse::of(row))?);
        Some(gone)
    }

    /// Removes visitors that have lost their place in the order.
    pub(super) fn push_out(&self, keys: &[SessionKey], now: Timestamp) -> Vec<Ended> {
        let rows: Vec<_> =
            keys.iter().filter_map(|key| self.remove(&mut self.stripe(key.shard()), key)).collect();
        self.report(&rows, EndReason::SessionLimit, now)
    }
}

/// Whether a login of the user takes room from `record`.
fn competes(row: &Record, record: &Record) -> bool {
    let level_of = |record: &Record| record.identity.as_ref().map(|identity| identity.level);
    level_of(row) == level_of(record)
}
