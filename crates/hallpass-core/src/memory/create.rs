//! Inserting, with everything that may speak against it.

use super::logins::Owner;
use super::stripe::Stripe;
use super::{MemoryStore, locked};
use crate::ids::Realm;
use crate::record::{EndReason, Record};
use crate::store::{Created, Ended, SessionLimit, Ticket, WhenReached};
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
        let Some(owner) = owner else { return self.create_visitor(stripe, record, now) };
        match in_the_way(&stripe, owner, limit, now) {
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

    /// Removes visitors that have lost their place in the order.
    pub(super) fn push_out(&self, keys: &[SessionKey], now: Timestamp) -> Vec<Ended> {
        let rows: Vec<_> =
            keys.iter().filter_map(|key| self.remove(&mut self.stripe(key.shard()), key)).collect();
        self.report(&rows, EndReason::SessionLimit, now)
    }
}

/// The logins of a user that have to go before another may come: those that have run out, and as many of the live ones
/// as the limit says; `None` if they may not.
fn in_the_way(
    stripe: &Stripe,
    owner: Owner<'_>,
    limit: Option<SessionLimit>,
    now: Timestamp,
) -> Option<Vec<Arc<Record>>> {
    let Some(limit) = limit else { return Some(Vec::new()) };
    let logins = stripe.logins_of(owner);
    let (mut live, mut gone): (Vec<_>, Vec<_>) = logins.into_iter().partition(|row| row.is_live(now));
    let room = limit.max.get() as usize - 1;
    let too_many = live.len().saturating_sub(room);
    if too_many > 0 && limit.when_reached == WhenReached::Refuse {
        return None;
    }
    live.sort_unstable_by_key(|row| (row.last_seen, row.created, row.key));
    gone.extend(live.into_iter().take(too_many));
    Some(gone)
}
