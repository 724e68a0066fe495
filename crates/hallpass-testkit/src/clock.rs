//! A clock that a test moves by hand.

use hallpass_core::{Clock, Sleep, Timestamp};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::watch;

/// A clock that stands still until it is told to move. Clones share the time.
///
/// It starts at 2026-01-01 00:00:00 UTC. A sleeper wakes when the clock has been moved forwards by the span it asked
/// for, counted from the call of [`sleep`](Clock::sleep). A step backwards changes what [`now`](Clock::now) answers and
/// takes nothing from any sleeper, as with a timer of the operating system.
///
/// A task that has not gone to sleep yet is not woken by an advance: wait for it with
/// [`until_sleeping`](FakeClock::until_sleeping) first.
///
/// ```
/// use hallpass_core::Clock;
/// use hallpass_testkit::FakeClock;
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let clock = FakeClock::new();
/// let task = tokio::spawn({
///     let clock = clock.clone();
///     async move { clock.sleep(Duration::from_secs(60)).await }
/// });
/// clock.until_sleeping(1).await;
/// clock.advance(Duration::from_secs(60));
/// task.await.unwrap();
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct FakeClock(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    time: watch::Sender<Time>,
    sleepers: watch::Sender<usize>,
}

#[derive(Debug, Clone, Copy)]
struct Time {
    now: SystemTime,
    /// The sum of all moves forwards: what sleepers count.
    elapsed: Duration,
}

impl FakeClock {
    /// A clock that stands at 2026-01-01 00:00:00 UTC.
    #[must_use]
    pub fn new() -> Self {
        Self::starting_at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600))
    }

    /// A clock that stands at `now`.
    #[must_use]
    pub fn starting_at(now: SystemTime) -> Self {
        let time = watch::Sender::new(Time { now, elapsed: Duration::ZERO });
        Self(Arc::new(Shared { time, sleepers: watch::Sender::new(0) }))
    }

    /// Moves the clock forwards, at most to the end of what the platform can represent, and wakes whose time has come.
    pub fn advance(&self, span: Duration) {
        self.0.time.send_modify(|time| {
            time.now = time.now.checked_add(span).unwrap_or(time.now);
            time.elapsed = time.elapsed.saturating_add(span);
        });
    }

    /// Puts the clock to `now`. A step forwards wakes sleepers like [`advance`](Self::advance), a step backwards does not
    /// make them wait longer.
    pub fn set(&self, now: SystemTime) {
        self.0.time.send_modify(|time| {
            let forwards = now.duration_since(time.now).unwrap_or_default();
            time.elapsed = time.elapsed.saturating_add(forwards);
            time.now = now;
        });
    }

    /// The time as records and stores keep it.
    #[must_use]
    pub fn timestamp(&self) -> Timestamp {
        self.now().into()
    }

    /// How many futures of [`sleep`](Clock::sleep) are waiting. One counts from the call until it has ended or is
    /// dropped.
    #[must_use]
    pub fn sleepers(&self) -> usize {
        *self.0.sleepers.borrow()
    }

    /// Waits, without any time passing, until at least `count` futures of [`sleep`](Clock::sleep) are waiting.
    pub async fn until_sleeping(&self, count: usize) {
        // It cannot be closed: its sender lives in `self`.
        let _ = self.0.sleepers.subscribe().wait_for(|sleepers| *sleepers >= count).await;
    }
}

impl Default for FakeClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for FakeClock {
    fn now(&self) -> SystemTime {
        self.0.time.borrow().now
    }

    fn sleep(&self, span: Duration) -> Sleep<'_> {
        let mut time = self.0.time.subscribe();
        let wake_at = time.borrow_and_update().elapsed.saturating_add(span);
        let sleeper = Sleeper::new(&self.0.sleepers);
        Box::pin(async move {
            // It cannot be closed: its sender lives in `self`.
            let _ = time.wait_for(|time| time.elapsed >= wake_at).await;
            drop(sleeper);
        })
    }
}

/// Counts one sleeper for as long as it lives, so that a dropped sleep is no longer counted.
struct Sleeper<'a>(&'a watch::Sender<usize>);

impl<'a> Sleeper<'a> {
    fn new(sleepers: &'a watch::Sender<usize>) -> Self {
        sleepers.send_modify(|count| *count += 1);
        Self(sleepers)
    }
}

impl Drop for Sleeper<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Waker};

    const SECOND: Duration = Duration::from_secs(1);

    fn is_ready(future: impl Future) -> bool {
        pin!(future).poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    #[test]
    fn the_clock_stands_still_until_it_is_moved() {
        let clock = FakeClock::new();
        let start = clock.now();
        assert_eq!(clock.now(), start);
        clock.clone().advance(SECOND);
        assert_eq!(clock.now(), start + SECOND);
        clock.set(start - SECOND);
        assert_eq!(clock.now(), start - SECOND);
        assert_eq!(clock.timestamp(), Timestamp::from(start - SECOND));
    }

    #[test]
    fn a_sleeper_wakes_exactly_when_its_span_has_passed() {
        let clock = FakeClock::new();
        let mut sleep = clock.sleep(2 * SECOND);
        clock.advance(2 * SECOND - Duration::from_nanos(1));
        assert!(!is_ready(&mut sleep));
        clock.advance(Duration::from_nanos(1));
        assert!(is_ready(&mut sleep));
        assert!(is_ready(clock.sleep(Duration::ZERO)));
    }

    #[test]
    fn a_step_backwards_takes_nothing_from_a_sleeper() {
        let clock = FakeClock::new();
        let mut sleep = clock.sleep(2 * SECOND);
        clock.advance(SECOND);
        clock.set(SystemTime::UNIX_EPOCH);
        assert!(!is_ready(&mut sleep));
        clock.advance(SECOND);
        assert!(is_ready(&mut sleep));
    }

    #[test]
    fn a_dropped_sleep_is_no_longer_counted() {
        let clock = FakeClock::new();
        let (kept, dropped) = (clock.sleep(SECOND), clock.sleep(SECOND));
        assert_eq!(clock.sleepers(), 2);
        drop(dropped);
        assert_eq!(clock.sleepers(), 1);
        clock.advance(SECOND);
        assert!(is_ready(kept));
        assert_eq!(clock.sleepers(), 0);
    }

    #[test]
    fn the_end_of_time_does_not_panic() {
        let clock = FakeClock::new();
        let mut sleep = clock.sleep(Duration::MAX);
        clock.advance(SECOND);
        assert!(!is_ready(&mut sleep));
        clock.advance(Duration::MAX);
        clock.advance(Duration::MAX);
        assert!(is_ready(&mut sleep));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_thousand_sleepers_all_wake() {
        let clock = FakeClock::new();
        let sleeping: Vec<_> = (0..1000)
            .map(|n| {
                let clock = clock.clone();
                tokio::spawn(async move { clock.sleep(SECOND * (n % 10 + 1)).await })
            })
            .collect();
        clock.until_sleeping(1000).await;
        for _ in 0..10 {
            clock.advance(SECOND);
        }
        for task in sleeping {
            task.await.unwrap();
        }
        assert_eq!(clock.sleepers(), 0);
    }
}
