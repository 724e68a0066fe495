//! Ending sessions.

use super::stripe::Stripe;
use super::{MemoryStore, locked};
use crate::ids::{Epoch, Revision, SessionHandle, SubjectKey};
use crate::record::{EndReason, Record};
use crate::store::{Ended, FeedEvent, Op, SubjectRevoked, Taken, Which};
use crate::time::Timestamp;
use crate::token::SessionKey;
use std::sync::Arc;

impl MemoryStore {
    pub(super) fn take_row(
        &self,
        key: &SessionKey,
        expected: Revision,
        reason: EndReason,
        now: Timestamp,
    ) -> Taken {
        let mut stripe = self.stripe(key.shard());
        match stripe.get(key) {
            None => return Taken::Gone,
            Some(row) if row.revision != expected => return Taken::Conflict,
            Some(_) => {}
        }
        let row = self.remove(&mut stripe, key);
        drop(stripe);
        row.map_or(Taken::Gone, |row| Taken::Taken(self.report_one(&row, reason, now)))
    }

    pub(super) fn revoke_row(&self, key: &SessionKey, reason: EndReason, now: Timestamp) -> Option<Ended> {
        let row = self.remove(&mut self.stripe(key.shard()), key)?;
        Some(self.report_one(&row, reason, now))
    }

    pub(super) fn revoke_logins(
        &self,
        subject: &SubjectKey,
        actor: Option<SessionHandle>,
        which: Which,
        reason: EndReason,
        op: Op,
    ) -> SubjectRevoked {
        let mut stripe = self.stripe(subject.shard());
        let owner = stripe.owner(subject);
        let mut logins = stripe.logins_of(owner);
        let is_actor = |row: &Arc<Record>| Some(row.handle) == actor && self.is_live(row, op.now);
        if actor.is_some() && !logins.iter().any(is_actor) {
            return SubjectRevoked::ActorGone;
        }
        logins.retain(|row| is_meant(row, which));
        for row in &logins {
            stripe.remove(&row.key);
        }
        let (previous, current) = match which {
            Which::One(_) => (stripe.epoch_of(owner), stripe.epoch_of(owner)),
            Which::All | Which::AllBut(_) => {
                let current = Epoch::from(op.id);
                (stripe.raise_epoch(owner, current, op.now), current)
            }
        };
        drop(stripe);
        SubjectRevoked::Done { previous, current, ended: self.report(&logins, reason, op.now) }
    }

    /// Takes a row out of a stripe, and a visitor's out of the order too.
    pub(super) fn remove(&self, stripe: &mut Stripe, key: &SessionKey) -> Option<Arc<Record>> {
        let row = stripe.remove(key)?;
        if row.identity.is_none() {
            locked(&self.visitors).forget(&row);
        }
        Some(row)
    }

    pub(super) fn report(&self, rows: &[Arc<Record>], reason: EndReason, now: Timestamp) -> Vec<Ended> {
        rows.iter().map(|row| self.report_one(row, reason, now)).collect()
    }

    /// Tells the feed what has been removed. Nothing follows the end of a session, so the lock need not be held.
    fn report_one(&self, row: &Record, reason: EndReason, now: Timestamp) -> Ended {
        let ended = Ended::new(row, reason, now, self.earliest_login(&row.realm));
        self.feed.send(|| FeedEvent::Ended(ended.clone()));
        ended
    }
}

fn is_meant(row: &Record, which: Which) -> bool {
    match which {
        Which::All => true,
        Which::AllBut(kept) => row.handle != kept,
        Which::One(handle) => row.handle == handle,
    }
}
