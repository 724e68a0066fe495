//! Time that only goes forwards.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

/// Where a [`CachedStore`](crate::CachedStore) takes the time from that bounds the age of its answers.
///
/// It must never go backwards and must not follow changes of the wall clock. Only tests need another one than the
/// operating system's.
///
/// ```
/// use hallpass_cache::MonotonicClock;
/// use std::time::Instant;
///
/// #[derive(Debug)]
/// struct Stopped(Instant);
///
/// impl MonotonicClock for Stopped {
///     fn now(&self) -> Instant {
///         self.0
///     }
/// }
/// ```
pub trait MonotonicClock: fmt::Debug + Send + Sync + 'static {
    /// The current moment.
    fn now(&self) -> Instant;
}

/// The time of a cache.
#[derive(Debug)]
pub(crate) struct Time {
    origin: Instant,
    /// `None` for the system's, which is read without a detour.
    clock: Option<Arc<dyn MonotonicClock>>,
}

impl Time {
    pub(crate) fn new(clock: Option<Arc<dyn MonotonicClock>>) -> Self {
        let origin = clock.as_ref().map_or_else(Instant::now, |clock| clock.now());
        Self { origin, clock }
    }

    pub(crate) fn now(&self) -> Instant {
        match &self.clock {
            None => Instant::now(),
            Some(clock) => clock.now(),
        }
    }

    /// `at` in nanoseconds since the cache was made, at most what fits: five centuries.
    pub(crate) fn nanos(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.origin).as_nanos()).unwrap_or(u64::MAX)
    }
}
