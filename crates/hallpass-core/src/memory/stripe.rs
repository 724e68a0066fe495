//! What one lock protects.

use super::epochs::Epochs;
use super::logins::{Logins, Owner};
use super::rows::Rows;
use crate::ids::{Epoch, Realm, SubjectKey};
use crate::record::Record;
use crate::time::Timestamp;
use crate::token::SessionKey;
use std::ops::Range;
use std::sync::Arc;

/// Some of the sessions, with all logins and the epoch of every user who has one of them.
///
/// Nothing in here panics, calls out or waits: a lock that was poisoned all the same is used as it is.
#[derive(Default)]
pub(super) struct Stripe {
    rows: Rows,
    logins: Logins,
    epochs: Epochs,
}

impl Stripe {
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn get(&self, key: &SessionKey) -> Option<&Arc<Record>> {
        self.rows.get(key)
    }

    /// Adds a row whose key is not there.
    pub(super) fn insert(&mut self, record: Arc<Record>) {
        self.logins.link(&self.rows, &record);
        self.rows.insert(record);
    }

    pub(super) fn remove(&mut self, key: &SessionKey) -> Option<Arc<Record>> {
        let row = self.rows.remove(key)?;
        self.logins.unlink(&row);
        Some(row)
    }

    /// Writes `record` over the row `old`, whose user and stripe it shares.
    pub(super) fn exchange(&mut self, old: &SessionKey, record: Arc<Record>) {
        if *old == record.key {
            if let Some(row) = self.rows.get_mut(old) {
                *row = record;
            }
        } else if self.remove(old).is_some() {
            self.insert(record);
        }
    }

    pub(super) fn owner<'a>(&self, subject: &'a SubjectKey) -> Owner<'a> {
        self.logins.owner(subject.realm(), subject.subject())
    }

    /// The user of a login; `None` for a visitor.
    pub(super) fn owner_of<'a>(&self, record: &'a Record) -> Option<Owner<'a>> {
        self.logins.owner_of(record)
    }

    /// The logins of a user, in no order.
    pub(super) fn logins_of(&self, owner: Owner<'_>) -> Vec<Arc<Record>> {
        self.logins.of(&self.rows, owner).cloned().collect()
    }

    pub(super) fn epoch_of(&self, owner: Owner<'_>) -> Epoch {
        self.epochs.of(owner)
    }

    pub(super) fn raise_epoch(&mut self, owner: Owner<'_>, epoch: Epoch, now: Timestamp) -> Epoch {
        self.epochs.raise(owner, epoch, now)
    }

    /// How many places there are to look at with [`Stripe::expired_in`].
    pub(super) fn places(&self) -> usize {
        self.rows.places()
    }

    /// At most `limit` of the rows in these places that have run out at `now`.
    pub(super) fn expired_in(&self, places: Range<usize>, limit: usize, now: Timestamp) -> Vec<Arc<Record>> {
        self.rows.in_places(places).filter(|row| !row.is_live(now)).take(limit).cloned().collect()
    }

    /// The logins of `realm` in these places that were authenticated before `not_before`.
    pub(super) fn earlier_in(
        &self,
        places: Range<usize>,
        realm: &Realm,
        not_before: Timestamp,
    ) -> Vec<Arc<Record>> {
        let is_earlier = |row: &&Arc<Record>| {
            let identity = row.identity.as_ref();
            row.realm == *realm && identity.is_some_and(|identity| identity.authenticated < not_before)
        };
        self.rows.in_places(places).filter(is_earlier).cloned().collect()
    }

    /// Forgets old epochs, and gives back memory that many ended sessions have left unused.
    pub(super) fn tidy(&mut self, now: Timestamp) {
        self.epochs.sweep(now);
        self.logins.shrink(&self.rows);
        self.rows.shrink();
    }
}

#[cfg(test)]
impl Stripe {
    /// Whether the logins that are indexed are exactly those that are there.
    pub(super) fn is_indexed_exactly(&self) -> bool {
        self.logins.census(&self.rows) == (self.len() - self.visitors(), true)
    }

    pub(super) fn compactly_indexed(&self) -> usize {
        self.logins.compact()
    }

    pub(super) fn visitors(&self) -> usize {
        self.rows.in_places(0..self.places()).filter(|row| row.identity.is_none()).count()
    }
}
