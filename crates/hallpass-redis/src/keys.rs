//! What things are called on the server.
//!
//! Everything of one shard's top twelve bits carries one hash tag and so lies in one hash slot of a cluster: all that
//! one script may touch. There are 4096 tags.

use hallpass_core::{OpId, Realm, SessionKey, Shard, SubjectKey};
use std::fmt::{self, Write};

/// How many hash tags there are.
pub(crate) const TAGS: u16 = 1 << 12;

/// The tag that is asked first for what concerns a whole realm, and written after all others.
pub(crate) const REALM_TAG: Tag = Tag(0);

/// The part of a shard that decides where it lies.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Tag(u16);

impl Tag {
    pub(crate) const LAST: Self = Self(TAGS - 1);

    pub(crate) fn of(shard: Shard) -> Self {
        Self(shard.0 >> 4)
    }

    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..TAGS).map(Self)
    }

    /// The tags from the `start`th on, around to the one before it.
    pub(crate) fn round_from(start: usize) -> Vec<Self> {
        let start = (start % usize::from(TAGS)) as u16;
        (start..TAGS).chain(0..start).map(Self).collect()
    }

    /// In keys.
    fn digits(self) -> [u8; 3] {
        [8, 4, 0].map(|shift| hex_digit((self.0 >> shift) as u8 & 0xf))
    }

    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }

    /// The hash slot of a cluster in which its keys lie.
    pub(crate) fn slot(self) -> u16 {
        crc16(&self.digits()) % 16_384
    }
}

/// Shows it as keys do.
impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.digits().into_iter().try_for_each(|digit| f.write_char(digit.into()))
    }
}

/// The digit of a number below 16.
pub(crate) fn hex_digit(number: u8) -> u8 {
    b"0123456789abcdef"[usize::from(number)]
}

/// CRC16-CCITT (XMODEM), as the Redis Cluster specification has it.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    })
}

/// The names that begin with one prefix.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    prefix: String,
    db: i64,
}

impl Names {
    pub(crate) fn new(prefix: &str, db: i64) -> Self {
        Self { prefix: prefix.to_owned(), db }
    }

    /// Whether a prefix leaves the hash tag the first thing in braces.
    pub(crate) fn is_valid(prefix: &str) -> bool {
        let fits = (1..=64).contains(&prefix.len());
        fits && prefix.bytes().all(|byte| byte.is_ascii_graphic() && !b"{}".contains(&byte))
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// What all keys of a tag begin with.
    pub(crate) fn base(&self, tag: Tag) -> Vec<u8> {
        // Room for the rest of a row's key, so that it is made in one piece.
        let mut base = Vec::with_capacity(self.prefix.len() + ":{fff}:s:".len() + SessionKey::LEN);
        base.extend_from_slice(self.prefix.as_bytes());
        base.extend_from_slice(b":{");
        base.extend_from_slice(&tag.digits());
        base.extend_from_slice(b"}:");
        base
    }

    /// The channel of the feed. Channels know no databases, keys do.
    pub(crate) fn channel(&self) -> String {
        format!("{}:{}:feed", self.prefix, self.db)
    }

    /// The channel on which one listener hears itself.
    pub(crate) fn heartbeat(&self, listener: u64) -> String {
        format!("{}:{}:beat:{listener:016x}", self.prefix, self.db)
    }
}

/// The keys of one tag.
pub(crate) struct Base(pub(crate) Vec<u8>);

impl Base {
    pub(crate) fn row(&self, key: &SessionKey) -> Vec<u8> {
        self.named(b"s:", key.as_bytes())
    }

    pub(crate) fn into_row(mut self, key: &SessionKey) -> Vec<u8> {
        self.0.extend_from_slice(b"s:");
        self.0.extend_from_slice(key.as_bytes());
        self.0
    }

    pub(crate) fn list(&self, owner: &str) -> Vec<u8> {
        self.named(b"u:", owner.as_bytes())
    }

    pub(crate) fn epoch(&self, owner: &str) -> Vec<u8> {
        self.named(b"e:", owner.as_bytes())
    }

    pub(crate) fn receipt(&self, op: OpId) -> Vec<u8> {
        self.named(b"g:", op.as_bytes())
    }

    pub(crate) fn deadlines(&self) -> Vec<u8> {
        self.named(b"x", b"")
    }

    pub(crate) fn not_before(&self) -> Vec<u8> {
        self.named(b"n", b"")
    }

    fn named(&self, kind: &[u8], name: &[u8]) -> Vec<u8> {
        [&self.0, kind, name].concat()
    }
}

/// A user as keys name him. Realms are visible ASCII and subjects have no control characters, so the names of two
/// users are never the same.
pub(crate) fn owner(realm: &Realm, subject: &str) -> String {
    format!("{realm}\n{subject}")
}

pub(crate) fn owner_of(subject: &SubjectKey) -> String {
    owner(subject.realm(), subject.subject().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{HashMap, HashSet};

    #[test]
    fn slots_are_those_of_the_specification() {
        assert_eq!(crc16(b"123456789"), 0x31c3);
        assert_eq!(crc16(b"foo") % 16_384, 12_182);
        assert_eq!(Tag::of(Shard(0xabcd)).slot(), crc16(b"abc") % 16_384);
    }

    #[test]
    fn tags_are_spread_over_the_slots() {
        let mut tags_of = HashMap::new();
        for tag in Tag::all() {
            *tags_of.entry(tag.slot()).or_insert(0) += 1;
        }
        assert!(tags_of.values().all(|tags| *tags <= 2));
    }

    #[test]
    fn a_round_comes_past_every_tag_once() {
        for start in [0, 1, 4_095, 4_096, usize::MAX] {
            let round: HashSet<_> = Tag::round_from(start).into_iter().collect();
            assert_eq!(round.len(), usize::from(TAGS));
        }
        assert_eq!(Tag::round_from(5)[0].index(), 5);
    }

    #[test]
    fn a_prefix_that_would_move_the_hash_tag_is_refused() {
        for prefix in ["", "a{b}", "}", "a b", "ü", "a\n", &"x".repeat(65)] {
            assert!(!Names::is_valid(prefix), "{prefix:?}");
        }
        assert!(Names::is_valid("shop:sessions"));
    }

    #[test]
    fn keys_begin_with_the_prefix_and_the_tag() {
        let names = Names::new("shop", 3);
        let base = Base(names.base(Tag::of(Shard(0x0010))));
        assert_eq!(base.deadlines(), b"shop:{001}:x");
        assert_eq!(names.channel(), "shop:3:feed");
    }
}
