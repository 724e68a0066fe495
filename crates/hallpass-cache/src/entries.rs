//! Where answers are kept: bounded, and emptied at will.

use crate::marks::Stamp;
use hallpass_core::{Record, SessionKey};
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{OptionsBuilder, Weighter};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::Instant;

/// So many locks that threads seldom meet, so few that the largest session fits into the part of one.
const PARTS: usize = 64;
/// What a session takes beside its record and values: its places in the tables.
const PLACES: usize = 160;

/// Answers of the store by key. Whether one may still be served is for the caller to judge.
///
/// Keys without a session lie apart, so that whoever sends made-up tokens pushes out nobody's session.
pub(crate) struct Entries {
    sessions: Cache<SessionKey, Kept<Arc<Record>>, Footprint, KeyHash>,
    unknown: Cache<SessionKey, Kept<()>, Unit, RandomState>,
}

/// An answer, and what it is worth.
#[derive(Debug, Clone)]
pub(crate) struct Kept<T> {
    pub(crate) answer: T,
    pub(crate) valid_until: Instant,
    pub(crate) stamp: Stamp,
}

impl Entries {
    pub(crate) fn new(max_sessions: usize, max_bytes: usize, max_unknown: usize) -> Self {
        // With neither sessions nor bytes allowed, every session is heavier than the bound.
        let least = max_bytes.div_ceil(max_sessions.max(1)).max(1) as u64;
        let max_bytes = if max_sessions == 0 { 0 } else { max_bytes as u64 };
        Self {
            sessions: Cache::with_options(
                options(max_sessions, max_bytes),
                Footprint { least },
                KeyHash,
                DefaultLifecycle::default(),
            ),
            unknown: Cache::with_options(
                options(max_unknown, UNIT.saturating_mul(max_unknown) as u64),
                Unit,
                RandomState::new(),
                DefaultLifecycle::default(),
            ),
        }
    }

    pub(crate) fn session(&self, key: &SessionKey) -> Option<Kept<Arc<Record>>> {
        self.sessions.get(key)
    }

    /// That the store did not know the key.
    pub(crate) fn unknown(&self, key: &SessionKey) -> Option<Kept<()>> {
        self.unknown.get(key)
    }

    pub(crate) fn insert(&self, key: &SessionKey, kept: Kept<Option<Arc<Record>>>) {
        let Kept { answer, valid_until, stamp } = kept;
        match answer {
            Some(answer) => self.sessions.insert(*key, Kept { answer, valid_until, stamp }),
            None => self.unknown.insert(*key, Kept { answer: (), valid_until, stamp }),
        }
    }

    /// Gives the memory of a session back.
    pub(crate) fn remove(&self, key: &SessionKey) {
        self.sessions.remove(key);
    }

    pub(crate) fn clear(&self) {
        self.sessions.clear();
        self.unknown.clear();
    }

    /// How many sessions are kept, those included that may no longer be served.
    pub(crate) fn len(&self) -> usize {
        self.sessions.len()
    }
}

fn options(items: usize, weight: u64) -> quick_cache::Options {
    OptionsBuilder::new()
        .shards(PARTS)
        .estimated_items_capacity(items)
        .weight_capacity(weight)
        .build()
        .expect("both capacities are set")
}

/// What a key without a session weighs: as much as there are parts, so that rounding their bounds up adds no key.
const UNIT: usize = PARTS;

#[derive(Debug, Clone)]
struct Unit;

impl Weighter<SessionKey, Kept<()>> for Unit {
    fn weight(&self, _: &SessionKey, _: &Kept<()>) -> u64 {
        UNIT as u64
    }
}

/// What a session takes of the bound in bytes, and at least its share of the bound in sessions: so one sum keeps both.
#[derive(Debug, Clone)]
struct Footprint {
    least: u64,
}

impl Weighter<SessionKey, Kept<Arc<Record>>> for Footprint {
    fn weight(&self, _: &SessionKey, kept: &Kept<Arc<Record>>) -> u64 {
        let record = &kept.answer;
        let user_agent = record.client.user_agent().map_or(0, str::len);
        let bytes = size_of::<Record>() + PLACES + record.data.len() + user_agent;
        self.least.max(bytes as u64)
    }
}

/// A key is a hash already. Only keys of sessions are kept under it, and those the server draws; what clients make up is
/// kept under a hash that they cannot foresee.
#[derive(Debug, Clone)]
struct KeyHash;

impl BuildHasher for KeyHash {
    type Hasher = KeyHasher;

    fn build_hasher(&self) -> KeyHasher {
        KeyHasher(0)
    }
}

#[derive(Debug)]
struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        // Of a key the last eight bytes of its digest; nothing shorter is ever hashed.
        if let Some(last) = bytes.last_chunk() {
            self.0 = u64::from_le_bytes(*last);
        }
    }

    fn write_usize(&mut self, _length: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::marks::Marks;
    use hallpass_core::{Realm, Shard, Timestamp};
    use hallpass_testkit::Sample;
    use std::sync::OnceLock;

    fn kept<T>(answer: T) -> Kept<T> {
        static STAMP: OnceLock<Stamp> = OnceLock::new();
        let stamp = STAMP.get_or_init(|| {
            let marks = Marks::new();
            marks.set_heard(true);
            marks.stamp(Shard(0), 0).unwrap()
        });
        Kept { answer, valid_until: Instant::now(), stamp: *stamp }
    }

    fn session(bytes: usize) -> Arc<Record> {
        Sample::visitor(&Realm::new("shop").unwrap(), Timestamp::default())
            .value("v", &vec![7; bytes])
            .build()
    }

    fn fill(entries: &Entries, sessions: usize, bytes: usize) {
        for _ in 0..sessions {
            let record = session(bytes);
            entries.insert(&record.key, kept(Some(record.clone())));
        }
    }

    #[test]
    fn there_are_never_more_sessions_than_allowed() {
        let entries = Entries::new(1_000, 1 << 30, 10);
        fill(&entries, 20_000, 0);
        assert!((500..=1_000).contains(&entries.len()), "{}", entries.len());
    }

    #[test]
    fn sessions_never_take_more_bytes_than_allowed() {
        let entries = Entries::new(100_000, 4 << 20, 10);
        fill(&entries, 4_000, 4_096);
        assert!((2 << 20..=4 << 20).contains(&entries.sessions.weight()), "{}", entries.sessions.weight());
        let held: usize = 4_096 * entries.len();
        assert!(held <= 4 << 20, "{held} bytes of values alone");
    }

    #[test]
    fn there_are_never_more_unknown_keys_than_allowed() {
        let entries = Entries::new(10, 1 << 20, 1_000);
        for _ in 0..20_000 {
            entries.insert(&session(0).key, kept(None));
        }
        assert!((500..=1_000).contains(&entries.unknown.len()), "{}", entries.unknown.len());
        assert_eq!(entries.len(), 0);
    }

    #[test]
    fn a_bound_of_zero_keeps_nothing() {
        for entries in [Entries::new(0, 1 << 20, 0), Entries::new(10, 0, 0)] {
            fill(&entries, 10, 0);
            entries.insert(&session(0).key, kept(None));
            assert_eq!((entries.len(), entries.unknown.len()), (0, 0));
        }
    }

    #[test]
    fn the_largest_session_of_the_default_policy_is_kept() {
        let entries = Entries::new(100_000, 64 << 20, 10);
        let record = session(64 << 10);
        entries.insert(&record.key, kept(Some(record.clone())));
        assert!(entries.session(&record.key).is_some());
    }

    #[test]
    fn what_is_removed_or_cleared_gives_its_memory_back() {
        let entries = Entries::new(10, 1 << 20, 10);
        let records = [session(10), session(10)];
        for record in &records {
            entries.insert(&record.key, kept(Some(record.clone())));
        }
        entries.remove(&records[0].key);
        assert_eq!(Arc::strong_count(&records[0]), 1);
        entries.clear();
        assert_eq!(Arc::strong_count(&records[1]), 1);
        assert_eq!(entries.sessions.weight(), 0);
    }

    #[test]
    fn a_key_is_hashed_by_what_is_random_in_it() {
        let [one, other] = [session(0).key, session(0).key];
        assert_ne!(KeyHash.hash_one(one), KeyHash.hash_one(other));
        assert_eq!(KeyHash.hash_one(one), u64::from_le_bytes(*one.as_bytes().last_chunk().unwrap()));
    }
}
