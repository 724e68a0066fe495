//! What makes cached answers void.

use hallpass_core::Shard;
use std::sync::atomic::{AtomicU64, Ordering};

/// One for every shard there is, so that they need no bound, no eviction and no lock.
const SHARDS: usize = 1 << 16;
/// How many changes of a shard are under way: the low half of its word.
const UNDER_WAY: u64 = 1;
const UNDER_WAY_MASK: u64 = u32::MAX as u64;
/// How often the shard was marked: the high half.
const MARK: u64 = 1 << 32;

/// Marks, shard by shard, that cached answers of a shard are void, and one for all of them: whether the feed is heard.
///
/// An answer carries the [`Stamp`] of the moment at which its load began. A mark changes what the stamp must be, so it
/// stops what is cached and what is still being loaded at once, however long that takes. A mark is for a whole shard
/// because who ends all sessions of a user does not know their keys; the others in it are loaded again, no more.
pub(crate) struct Marks {
    /// Odd while the feed is heard. It only grows.
    feed: AtomicU64,
    shards: Box<[AtomicU64]>,
    /// Until when nothing of a shard may be kept.
    closed_until: Box<[AtomicU64]>,
}

/// What an answer was loaded under. It may be served again while it is current.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    feed: u64,
    shard: u64,
}

impl Marks {
    /// With a feed that is not heard yet.
    pub(crate) fn new() -> Self {
        let zeros = || (0..SHARDS).map(|_| AtomicU64::new(0)).collect();
        Self { feed: AtomicU64::new(0), shards: zeros(), closed_until: zeros() }
    }

    /// The stamp for what is loaded from now on; `None` if it must not be kept: the feed is not heard, a change is under
    /// way, or the shard is closed at `now`.
    pub(crate) fn stamp(&self, shard: Shard, now: u64) -> Option<Stamp> {
        let stamp = self.current(shard);
        let keeps = stamp.feed % 2 == 1
            && stamp.shard & UNDER_WAY_MASK == 0
            && now >= self.closed_until[index(shard)].load(Ordering::Acquire);
        keeps.then_some(stamp)
    }

    /// Whether nothing has been marked since the load began that had this stamp.
    pub(crate) fn is_current(&self, stamp: Stamp, shard: Shard) -> bool {
        self.current(shard) == stamp
    }

    fn current(&self, shard: Shard) -> Stamp {
        Stamp {
            feed: self.feed.load(Ordering::Acquire),
            shard: self.shards[index(shard)].load(Ordering::Acquire),
        }
    }

    /// A change of the shard begins: nothing of it is served or kept until it ends.
    pub(crate) fn begin(&self, shard: Shard) {
        self.shards[index(shard)].fetch_add(MARK + UNDER_WAY, Ordering::AcqRel);
    }

    /// A change of the shard has ended. What was loaded meanwhile had no stamp.
    pub(crate) fn end(&self, shard: Shard) {
        self.shards[index(shard)].fetch_sub(UNDER_WAY, Ordering::AcqRel);
    }

    /// What was loaded of the shard so far is void.
    pub(crate) fn mark(&self, shard: Shard) {
        self.shards[index(shard)].fetch_add(MARK, Ordering::AcqRel);
    }

    /// Nothing of the shard is kept before `until`. To be followed by a mark.
    pub(crate) fn close(&self, shard: Shard, until: u64) {
        self.closed_until[index(shard)].fetch_max(until, Ordering::AcqRel);
    }

    /// Everything that was loaded so far is void. From now on the feed is heard, or it is not.
    pub(crate) fn set_heard(&self, heard: bool) {
        let next = |feed: u64| if heard { (feed + 2) | 1 } else { (feed + 2) & !1 };
        let mut feed = self.feed.load(Ordering::Acquire);
        while let Err(now) =
            self.feed.compare_exchange_weak(feed, next(feed), Ordering::AcqRel, Ordering::Acquire)
        {
            feed = now;
        }
    }

    pub(crate) fn is_heard(&self) -> bool {
        self.feed.load(Ordering::Acquire) % 2 == 1
    }
}

fn index(shard: Shard) -> usize {
    usize::from(shard.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARD: Shard = Shard(7);

    fn heard() -> Marks {
        let marks = Marks::new();
        marks.set_heard(true);
        marks
    }

    #[test]
    fn a_stamp_is_current_until_its_shard_is_marked() {
        let marks = heard();
        let [stamp, other] = [SHARD, Shard(8)].map(|shard| marks.stamp(shard, 0).unwrap());
        assert!(marks.is_current(stamp, SHARD));
        marks.mark(SHARD);
        assert!(!marks.is_current(stamp, SHARD));
        assert!(marks.is_current(other, Shard(8)), "another shard's stays");
        assert!(marks.is_current(marks.stamp(SHARD, 0).unwrap(), SHARD));
    }

    #[test]
    fn there_is_no_stamp_while_any_change_is_under_way() {
        let marks = heard();
        let before = marks.stamp(SHARD, 0).unwrap();
        marks.begin(SHARD);
        marks.begin(SHARD);
        assert!(!marks.is_current(before, SHARD));
        marks.end(SHARD);
        assert_eq!(marks.stamp(SHARD, 0), None);
        marks.end(SHARD);
        assert!(!marks.is_current(before, SHARD));
        assert!(marks.stamp(SHARD, 0).is_some());
    }

    #[test]
    fn a_closed_shard_opens_on_time() {
        let marks = heard();
        marks.close(SHARD, 10);
        marks.close(SHARD, 5);
        assert_eq!(marks.stamp(SHARD, 9), None);
        assert!(marks.stamp(SHARD, 10).is_some());
        assert!(marks.stamp(Shard(8), 9).is_some());
    }

    #[test]
    fn every_change_of_the_feed_makes_all_stamps_void() {
        let marks = Marks::new();
        assert_eq!(marks.stamp(SHARD, 0), None, "nobody listens yet");
        marks.set_heard(true);
        let first = marks.stamp(SHARD, 0).unwrap();
        marks.set_heard(true);
        assert!(!marks.is_current(first, SHARD), "heard anew");
        let second = marks.stamp(SHARD, 0).unwrap();
        marks.set_heard(false);
        assert!(!marks.is_current(second, SHARD), "no longer heard");
        assert_eq!(marks.stamp(SHARD, 0), None);
        marks.set_heard(false);
        marks.set_heard(true);
        assert!(!marks.is_current(second, SHARD), "nor when it is heard again");
        assert!(marks.is_heard());
    }
}
