//! Rows by their key.

use crate::record::Record;
use crate::token::SessionKey;
use hashbrown::HashTable;
use std::ops::Range;
use std::sync::Arc;

/// Four bytes of a key's hash: enough to find its row again, and half as long as a pointer to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag(u32);

impl Tag {
    pub(super) fn of(key: &SessionKey) -> Self {
        // The cut is meant: the bytes are evenly spread.
        Self(key.table_hash() as u32)
    }

    /// The table takes a place from the low bits and a fingerprint from the high ones.
    fn table_hash(self) -> u64 {
        u64::from(self.0) << 32 | u64::from(self.0)
    }
}

fn hash_of(row: &Arc<Record>) -> u64 {
    Tag::of(&row.key).table_hash()
}

/// The rows of one stripe. A row holds its own key, so that a place in the table is one pointer.
#[derive(Default)]
pub(super) struct Rows(HashTable<Arc<Record>>);

impl Rows {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn get(&self, key: &SessionKey) -> Option<&Arc<Record>> {
        self.0.find(Tag::of(key).table_hash(), |row| row.key == *key)
    }

    pub(super) fn get_mut(&mut self, key: &SessionKey) -> Option<&mut Arc<Record>> {
        self.0.find_mut(Tag::of(key).table_hash(), |row| row.key == *key)
    }

    /// All rows with this tag: in practice at most one.
    pub(super) fn tagged(&self, tag: Tag) -> impl Iterator<Item = &Arc<Record>> {
        self.0.iter_hash(tag.table_hash()).filter(move |row| Tag::of(&row.key) == tag)
    }

    /// Adds a row whose key is not there.
    pub(super) fn insert(&mut self, row: Arc<Record>) {
        self.0.insert_unique(hash_of(&row), row, hash_of);
    }

    pub(super) fn remove(&mut self, key: &SessionKey) -> Option<Arc<Record>> {
        let entry = self.0.find_entry(Tag::of(key).table_hash(), |row| row.key == *key).ok()?;
        Some(entry.remove().0)
    }

    /// How many places there are to look at with [`Rows::in_places`].
    pub(super) fn places(&self) -> usize {
        self.0.num_buckets()
    }

    /// The rows that lie in some of the table's places, so that a walk over all rows needs no lock from end to end.
    pub(super) fn in_places(&self, places: Range<usize>) -> impl Iterator<Item = &Arc<Record>> {
        let end = places.end.min(self.places());
        (places.start..end).filter_map(|place| self.0.get_bucket(place))
    }

    /// Gives memory back if most of it is unused.
    pub(super) fn shrink(&mut self) {
        if is_sparse(self.0.len(), self.0.capacity()) {
            self.0.shrink_to(2 * self.0.len(), hash_of);
        }
    }
}

/// Whether a table has so few entries for its size that a smaller one is worth the work.
pub(super) fn is_sparse(len: usize, capacity: usize) -> bool {
    capacity > 64 && len < capacity / 4
}
