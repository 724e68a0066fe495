//! Which numbers of the outbox have been read, and which may still appear.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How long after a later number a number may appear: a transaction that noted something commits at once, unless its
/// process is stopped in between.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// How many numbers are waited for. A larger jump is one of the server, not of transactions.
pub(super) const MOST: usize = 2_000;

/// Numbers are given out in the order of the inserts and appear in the order of the commits: one that was skipped may
/// belong to a transaction that has not committed yet, or to one that never will.
#[derive(Debug)]
pub(super) struct Numbers {
    last: i64,
    missing: BTreeMap<i64, Instant>,
}

impl Numbers {
    /// Begins after `seen`, the newest numbers in descending order: what is missing among them may still appear.
    pub(super) fn new(seen: &[i64], now: Instant) -> Self {
        let mut numbers = Self { last: seen.last().copied().unwrap_or(0), missing: BTreeMap::new() };
        for number in seen.iter().rev() {
            numbers.take(*number, now);
        }
        numbers
    }

    pub(super) fn last(&self) -> i64 {
        self.last
    }

    /// Those that were skipped and may still appear.
    pub(super) fn missing(&self) -> Vec<i64> {
        self.missing.keys().copied().collect()
    }

    /// Notes a number that has been read; `false` if so many were skipped that they are not waited for.
    pub(super) fn take(&mut self, number: i64, now: Instant) -> bool {
        if number <= self.last {
            self.missing.remove(&number);
            return true;
        }
        let skipped = self.last + 1..number;
        self.last = number;
        let few = usize::try_from(skipped.end - skipped.start)
            .is_ok_and(|count| count + self.missing.len() <= MOST);
        if few {
            self.missing.extend(skipped.map(|number| (number, now)));
        }
        few
    }

    /// Gives up those that are overdue.
    pub(super) fn forget(&mut self, now: Instant) {
        self.missing.retain(|_, since| now.saturating_duration_since(*since) < PATIENCE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_was_skipped_is_waited_for() {
        let now = Instant::now();
        let mut numbers = Numbers::new(&[], now);
        for number in [1, 2, 5, 4, 7] {
            assert!(numbers.take(number, now));
        }
        assert_eq!((numbers.last(), numbers.missing()), (7, vec![3, 6]));
        assert!(numbers.take(3, now));
        assert_eq!((numbers.last(), numbers.missing()), (7, vec![6]));
    }

    #[test]
    fn a_number_that_never_appears_is_given_up() {
        let start = Instant::now();
        let mut numbers = Numbers::new(&[3, 1], start);
        assert_eq!(numbers.missing(), [2]);
        numbers.take(5, start + PATIENCE / 2);
        numbers.forget(start + PATIENCE - Duration::from_millis(1));
        assert_eq!(numbers.missing(), [2, 4]);
        numbers.forget(start + PATIENCE);
        assert_eq!(numbers.missing(), [4]);
    }

    #[test]
    fn a_jump_of_the_server_is_told_and_not_waited_for() {
        let now = Instant::now();
        let mut numbers = Numbers::new(&[10], now);
        assert!(!numbers.take(1_000_000, now));
        assert_eq!((numbers.last(), numbers.missing()), (1_000_000, vec![]));
        assert!(numbers.take(1_000_002, now));
        assert_eq!(numbers.missing(), [1_000_001]);
        assert!(!numbers.take(i64::MAX, now));
    }
}
