//! Points in time, and where they come from.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

/// A point in time in whole milliseconds since the Unix epoch: what records and stores keep.
///
/// Arithmetic saturates, so a clock that is years off can move a deadline but never panics.
///
/// ```
/// use hallpass_core::Timestamp;
/// use std::time::{Duration, SystemTime};
///
/// let at = Timestamp::from_millis(1_000);
/// assert_eq!(at + Duration::from_secs(2), Timestamp::from_millis(3_000));
/// assert_eq!(SystemTime::from(at), SystemTime::UNIX_EPOCH + Duration::from_secs(1));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The latest point in time whose milliseconds fit a signed 64-bit column.
    pub const MAX: Timestamp = Timestamp(i64::MAX as u64);

    /// The point `millis` milliseconds after the Unix epoch, at most [`Timestamp::MAX`].
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        if millis > Self::MAX.0 { Self::MAX } else { Self(millis) }
    }

    /// Milliseconds since the Unix epoch; always fits an `i64`.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// How long `self` lies after `earlier`; zero if it does not.
    #[must_use]
    pub const fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Timestamp;

    fn add(self, span: Duration) -> Timestamp {
        let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        Timestamp::from_millis(self.0.saturating_add(millis))
    }
}

impl std::ops::Sub<Duration> for Timestamp {
    type Output = Timestamp;

    fn sub(self, span: Duration) -> Timestamp {
        let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        Timestamp(self.0.saturating_sub(millis))
    }
}

/// Times before the Unix epoch become the epoch itself.
impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let span = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(0) + span
    }
}

/// Times beyond what the platform can represent become the latest second it can.
impl From<Timestamp> for SystemTime {
    fn from(at: Timestamp) -> Self {
        SystemTime::UNIX_EPOCH
            .checked_add(Duration::from_millis(at.0))
            .unwrap_or(SystemTime::UNIX_EPOCH + Duration::from_secs(i32::MAX as u64))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}ms", self.0)
    }
}

/// The future of [`Clock::sleep`].
pub type Sleep<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Where the time comes from: the system's clock, or a hand-moved one in tests.
///
/// ```
/// use hallpass_core::{Clock, SystemClock};
///
/// assert!(SystemClock.now() > std::time::SystemTime::UNIX_EPOCH);
/// ```
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The current wall-clock time.
    fn now(&self) -> SystemTime;

    /// Waits until this clock has advanced by `span`.
    fn sleep(&self, span: Duration) -> Sleep<'_>;
}

/// The operating system's clock, sleeping on tokio's timer.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn sleep(&self, span: Duration) -> Sleep<'_> {
        Box::pin(tokio::time::sleep(span))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extreme_times_saturate_and_never_panic() {
        assert_eq!(Timestamp::MAX + Duration::MAX, Timestamp::MAX);
        assert_eq!(Timestamp::default() - Duration::MAX, Timestamp::default());
        assert_eq!(Timestamp::from_millis(u64::MAX), Timestamp::MAX);
        let before = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
        assert_eq!(Timestamp::from(before), Timestamp::default());
        let _ = SystemTime::from(Timestamp::MAX);
    }

    #[test]
    fn a_time_survives_the_round_trip_to_the_millisecond() {
        let at = Timestamp::from_millis(1_764_000_000_123);
        assert_eq!(Timestamp::from(SystemTime::from(at)), at);
    }

    #[test]
    fn time_since_a_later_moment_is_zero() {
        let early = Timestamp::from_millis(5);
        assert_eq!(early.since(Timestamp::from_millis(9)), Duration::ZERO);
    }
}
