use crate::time::Timestamp;
use std::num::NonZeroU32;
use std::time::Duration;

/// How many attempts pass at once, and how long one waits for more.
///
/// `free` attempts pass without waiting. Behind the last of them comes `first_wait`, and the wait doubles with every
/// further attempt up to `longest_wait`. One attempt is forgotten every `forget_after`.
///
/// ```
/// use hallpass_core::AttemptLimit;
/// use std::num::NonZeroU32;
/// use std::time::Duration;
///
/// let limit = AttemptLimit {
///     free: NonZeroU32::new(3).unwrap(),
///     first_wait: Duration::from_secs(10),
///     longest_wait: Duration::from_secs(60),
///     forget_after: Duration::from_secs(600),
/// };
/// let waits = [1, 2, 3, 4, 5, 6, 7].map(|failures| limit.wait_after(failures).as_secs());
/// assert_eq!(waits, [0, 0, 10, 20, 40, 60, 60]);
/// assert_eq!(limit.most(), 6);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptLimit {
    /// How many attempts in a row pass at once: at most 10 000.
    pub free: NonZeroU32,
    /// How long to wait after the last of them: at least a second.
    pub first_wait: Duration,
    /// How long to wait at most: no less than the first wait, and no more than 15 minutes, so that nobody can be locked
    /// out.
    pub longest_wait: Duration,
    /// After how long an attempt is forgotten, one after the other: at least a second. All of them must be within a
    /// week.
    pub forget_after: Duration,
}

/// Why an [`AttemptLimit`] does not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Problem {
    TooManyFree,
    FirstWait,
    LongestWait,
    ForgetAfter,
}

impl AttemptLimit {
    /// The longest that anybody has to wait, whatever the limit.
    pub const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);

    /// The longest that anything is remembered, whatever the limit.
    pub const LONGEST_MEMORY: Duration = Duration::from_secs(7 * 24 * 60 * 60);

    /// How long to wait after this many attempts that count.
    #[must_use]
    pub fn wait_after(&self, failures: u32) -> Duration {
        match failures.checked_sub(self.free.get()) {
            None => Duration::ZERO,
            Some(doublings) => {
                let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
                self.first_wait.saturating_mul(factor).min(self.longest_wait)
            }
        }
    }

    /// How many attempts are counted: with so many the wait has become the longest. More would only be forgotten later.
    #[must_use]
    pub fn most(&self) -> u32 {
        let free = self.free.get();
        let counts = free..=free.saturating_add(31);
        let longest = |failures: &u32| self.wait_after(*failures) >= self.longest_wait;
        counts.clone().find(longest).unwrap_or(*counts.end())
    }

    /// After how long everything is forgotten.
    #[must_use]
    pub fn memory(&self) -> Duration {
        self.forget_after.saturating_mul(self.most())
    }

    pub(super) fn problem(&self) -> Option<Problem> {
        let second = Duration::from_secs(1);
        match () {
            () if self.free.get() > 10_000 => Some(Problem::TooManyFree),
            () if self.first_wait < second => Some(Problem::FirstWait),
            () if self.longest_wait < self.first_wait || self.longest_wait > Self::LONGEST_WAIT => {
                Some(Problem::LongestWait)
            }
            () if self.forget_after < second || self.memory() > Self::LONGEST_MEMORY => {
                Some(Problem::ForgetAfter)
            }
            () => None,
        }
    }
}

/// What is known of a bucket: when all of it will be forgotten, and until when nothing passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Fill {
    pub(super) empty_at: Timestamp,
    pub(super) blocked_until: Timestamp,
}

impl Fill {
    pub(super) fn is_over(self, now: Timestamp) -> bool {
        self.empty_at <= now && self.blocked_until <= now
    }

    pub(super) fn at_most(self, other: Self) -> Self {
        Self {
            empty_at: self.empty_at.min(other.empty_at),
            blocked_until: self.blocked_until.min(other.blocked_until),
        }
    }

    pub(super) fn at_least(self, other: Self) -> Self {
        Self {
            empty_at: self.empty_at.max(other.empty_at),
            blocked_until: self.blocked_until.max(other.blocked_until),
        }
    }

    /// Without what only a clock that has gone back can explain, whatever the limit.
    pub(super) fn bounded(self, now: Timestamp) -> Self {
        self.at_most(Self {
            empty_at: now + AttemptLimit::LONGEST_MEMORY,
            blocked_until: now + AttemptLimit::LONGEST_WAIT,
        })
    }

    /// The fill with one attempt more, and how many count then; or for how long none passes, and the fill without a wait
    /// that only a clock that has gone back can explain.
    pub(super) fn with_one(
        self,
        limit: &AttemptLimit,
        now: Timestamp,
    ) -> Result<(Self, u32), (Self, Duration)> {
        let wait = self.blocked_until.since(now).min(limit.longest_wait);
        if !wait.is_zero() {
            return Err((Self { blocked_until: now + wait, ..self }, wait));
        }
        let most = limit.most();
        let memory = limit.forget_after.saturating_mul(most);
        let counted = self.empty_at.since(now).min(memory);
        let before = millis(counted).div_ceil(millis(limit.forget_after).max(1));
        let failures = u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1).min(most);
        let empty_at = now + counted.saturating_add(limit.forget_after).min(memory);
        Ok((Self { empty_at, blocked_until: now + limit.wait_after(failures) }, failures))
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit() -> AttemptLimit {
        AttemptLimit {
            free: NonZeroU32::new(3).unwrap(),
            first_wait: Duration::from_secs(2),
            longest_wait: Duration::from_secs(60),
            forget_after: Duration::from_secs(90),
        }
    }

    #[test]
    fn extreme_limits_and_times_saturate_and_never_panic() {
        let extreme = AttemptLimit {
            free: NonZeroU32::MAX,
            first_wait: Duration::ZERO,
            longest_wait: Duration::MAX,
            forget_after: Duration::MAX,
        };
        let never = AttemptLimit { forget_after: Duration::ZERO, ..extreme };
        for limit in [extreme, never, limit()] {
            for now in [Timestamp::default(), Timestamp::MAX] {
                let full = Fill { empty_at: Timestamp::MAX, blocked_until: Timestamp::MAX };
                let _ = (limit.most(), limit.memory(), limit.wait_after(u32::MAX));
                let _ = (full.with_one(&limit, now), Fill::default().with_one(&limit, now));
            }
        }
    }

    #[test]
    fn who_goes_on_for_ever_at_the_longest_wait_is_never_let_in_faster() {
        let (limit, mut fill, mut now) = (limit(), Fill::default(), Timestamp::from_millis(1_000_000));
        for attempt in 1..200 {
            let (next, failures) = fill.with_one(&limit, now).unwrap();
            assert_eq!(failures, limit.most().min(attempt));
            (fill, now) = (next, next.blocked_until);
        }
        assert!(fill.empty_at.since(now) <= limit.memory());
    }

    #[test]
    fn what_cannot_work_is_told() {
        let wrong = [
            (AttemptLimit { free: NonZeroU32::new(10_001).unwrap(), ..limit() }, Problem::TooManyFree),
            (AttemptLimit { first_wait: Duration::ZERO, ..limit() }, Problem::FirstWait),
            (AttemptLimit { longest_wait: Duration::from_secs(1), ..limit() }, Problem::LongestWait),
            (AttemptLimit { longest_wait: Duration::from_secs(901), ..limit() }, Problem::LongestWait),
            (AttemptLimit { forget_after: Duration::ZERO, ..limit() }, Problem::ForgetAfter),
            (AttemptLimit { forget_after: AttemptLimit::LONGEST_MEMORY, ..limit() }, Problem::ForgetAfter),
        ];
        assert_eq!(limit().problem(), None);
        for (limit, problem) in wrong {
            assert_eq!(limit.problem(), Some(problem));
        }
    }
}
