//! Which rows belong to which user.

use super::rows::{Rows, Tag, is_sparse};
use crate::ids::{Realm, Subject};
use crate::record::Record;
use crate::token::SessionKey;
use hashbrown::HashTable;
use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::ops::RangeInclusive;
use std::sync::Arc;

/// How many logins of one user lie in the compact index. Entries of one user share their hash, so that very many of
/// them would make every walk along the table long.
pub(super) const CROWD: usize = if cfg!(test) { 3 } else { 32 };

/// The rows of one stripe by their user.
///
/// Almost every user has one login or a few, so an entry is only the tag of a row, filed under the hash of its user:
/// five bytes. The row itself says who that is. Two kinds of logins are kept apart, with their whole key: those of users
/// who have very many, and those whose tag another login has. So a tag in the index names exactly one row.
#[derive(Default)]
pub(super) struct Logins {
    tags: HashTable<Tag>,
    names: Names,
}

/// A user, and the hash under which a stripe files what it knows of him.
#[derive(Clone, Copy)]
pub(super) struct Owner<'a> {
    pub(super) realm: &'a Realm,
    pub(super) subject: &'a Subject,
    pub(super) hash: u64,
}

impl Logins {
    pub(super) fn owner<'a>(&self, realm: &'a Realm, subject: &'a Subject) -> Owner<'a> {
        Owner { realm, subject, hash: self.names.hash_of(subject) }
    }

    /// The user of a login; `None` for a visitor.
    pub(super) fn owner_of<'a>(&self, record: &'a Record) -> Option<Owner<'a>> {
        let identity = record.identity.as_ref()?;
        Some(self.owner(&record.realm, &identity.subject))
    }

    /// The rows of a user, in no order.
    pub(super) fn of<'a>(
        &'a self,
        rows: &'a Rows,
        owner: Owner<'a>,
    ) -> impl Iterator<Item = &'a Arc<Record>> {
        let apart = self.names.apart.range(keys_under(owner.hash)).filter_map(|(_, key)| rows.get(key));
        self.filed(rows, owner).chain(apart.filter(move |row| owner.owns(row)))
    }

    /// Notes a login that is about to be added to `rows`. Does nothing for a visitor.
    pub(super) fn link(&mut self, rows: &Rows, record: &Record) {
        let Some(owner) = self.owner_of(record) else { return };
        let tag = Tag::of(&record.key);
        let taken = rows.tagged(tag).any(|row| row.identity.is_some());
        if taken || self.filed(rows, owner).count() >= CROWD {
            self.names.apart.insert((owner.hash, record.key));
        } else {
            self.tags.insert_unique(owner.hash, tag, |tag| self.names.hash(rows, *tag));
        }
    }

    /// Forgets a login, whether it is still in its row or not. Does nothing for a visitor.
    pub(super) fn unlink(&mut self, record: &Record) {
        let Some(owner) = self.owner_of(record) else { return };
        if self.names.apart.remove(&(owner.hash, record.key)) {
            return;
        }
        let tag = Tag::of(&record.key);
        if let Ok(entry) = self.tags.find_entry(owner.hash, |known| *known == tag) {
            entry.remove();
        }
    }

    /// Gives memory back if most of it is unused.
    pub(super) fn shrink(&mut self, rows: &Rows) {
        if is_sparse(self.tags.len(), self.tags.capacity()) {
            self.tags.shrink_to(2 * self.tags.len(), |tag| self.names.hash(rows, *tag));
        }
    }

    fn filed<'a>(&'a self, rows: &'a Rows, owner: Owner<'a>) -> impl Iterator<Item = &'a Arc<Record>> {
        let tags = self.tags.iter_hash(owner.hash);
        let named = tags.filter_map(|tag| self.names.row(rows, *tag));
        named.filter(move |row| owner.owns(row))
    }
}

impl Owner<'_> {
    fn owns(&self, row: &Record) -> bool {
        let subject = row.identity.as_ref().map(|identity| &identity.subject);
        subject == Some(self.subject) && row.realm == *self.realm
    }
}

/// What it takes to tell which row a tag in the index names.
#[derive(Default)]
struct Names {
    hasher: RandomState,
    apart: BTreeSet<(u64, SessionKey)>,
}

impl Names {
    fn row<'a>(&self, rows: &'a Rows, tag: Tag) -> Option<&'a Arc<Record>> {
        rows.tagged(tag).find(|row| row.identity.is_some() && !self.is_apart(row))
    }

    fn is_apart(&self, row: &Record) -> bool {
        let hash = || row.identity.as_ref().map(|identity| self.hash_of(&identity.subject));
        !self.apart.is_empty() && hash().is_some_and(|hash| self.apart.contains(&(hash, row.key)))
    }

    fn hash(&self, rows: &Rows, tag: Tag) -> u64 {
        let identity = self.row(rows, tag).and_then(|row| row.identity.as_ref());
        identity.map_or(0, |identity| self.hash_of(&identity.subject))
    }

    /// Keyed, because users may choose their subjects. The realm is left out: there are few.
    fn hash_of(&self, subject: &Subject) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write(subject.as_str().as_bytes());
        hasher.finish()
    }
}

fn keys_under(hash: u64) -> RangeInclusive<(u64, SessionKey)> {
    let first = SessionKey::from_bytes([0; SessionKey::LEN]);
    let last = SessionKey::from_bytes([u8::MAX; SessionKey::LEN]);
    (hash, first)..=(hash, last)
}

#[cfg(test)]
impl Logins {
    /// How many logins are known, and whether every one of them names a row of its own.
    pub(super) fn census(&self, rows: &Rows) -> (usize, bool) {
        let named = self.tags.iter().filter_map(|tag| self.names.row(rows, *tag)).map(|row| row.key);
        let apart = self.names.apart.iter().filter_map(|(_, key)| rows.get(key)).map(|row| row.key);
        let keys: BTreeSet<_> = named.chain(apart).collect();
        let known = self.tags.len() + self.names.apart.len();
        (known, keys.len() == known)
    }

    pub(super) fn compact(&self) -> usize {
        self.tags.len()
    }
}
