//! The epochs of the users of one stripe that were ever raised.

use super::logins::Owner;
use crate::ids::{Epoch, Realm, Subject};
use crate::time::Timestamp;
use hashbrown::HashTable;
use std::time::Duration;

/// A login takes ten minutes at most; the rest is for clocks that are set back.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// Written by a raise only, so that users who never ended all their sessions cost nothing.
#[derive(Default)]
pub(super) struct Epochs(HashTable<Raised>);

struct Raised {
    realm: Realm,
    subject: Subject,
    hash: u64,
    epoch: Epoch,
    at: Timestamp,
}

impl Epochs {
    pub(super) fn of(&self, owner: Owner<'_>) -> Epoch {
        self.0.find(owner.hash, |raised| raised.is_of(owner)).map_or(Epoch::NONE, |raised| raised.epoch)
    }

    /// Sets the epoch of a user and returns the one before.
    pub(super) fn raise(&mut self, owner: Owner<'_>, epoch: Epoch, now: Timestamp) -> Epoch {
        if let Some(raised) = self.0.find_mut(owner.hash, |raised| raised.is_of(owner)) {
            raised.at = raised.at.max(now);
            return std::mem::replace(&mut raised.epoch, epoch);
        }
        let Owner { realm, subject, hash } = owner;
        let raised = Raised { realm: realm.clone(), subject: subject.clone(), hash, epoch, at: now };
        self.0.insert_unique(hash, raised, |raised| raised.hash);
        Epoch::NONE
    }

    /// Forgets what was raised more than a day ago.
    pub(super) fn sweep(&mut self, now: Timestamp) {
        self.0.retain(|raised| now.since(raised.at) <= KEPT);
        if self.0.is_empty() {
            self.0.shrink_to(0, |raised| raised.hash);
        }
    }
}

impl Raised {
    fn is_of(&self, owner: Owner<'_>) -> bool {
        self.subject == *owner.subject && self.realm == *owner.realm
    }
}
