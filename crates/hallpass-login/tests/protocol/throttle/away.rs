//! Throttles that are away, or slow.

use super::{HOME, RIGHT, WRONG, device, guess, is_wrong, log_in, verified, world};
use crate::support::cookie;
use async_trait::async_trait;
use hallpass_core::{
    Admission, AttemptLimit, Bucket, MemoryThrottle, StoreError, Subject, Throttle, ThrottleSecret, Timestamp,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// A throttle that nobody can reach.
#[derive(Debug)]
pub(super) struct Down;

fn down<T>() -> Result<T, StoreError> {
    Err(StoreError::unavailable("it is down"))
}

#[async_trait]
impl Throttle for Down {
    async fn admit(&self, _: &Bucket, _: &AttemptLimit, _: Timestamp) -> Result<Admission, StoreError> {
        down()
    }

    async fn clear(&self, _: &Bucket) -> Result<(), StoreError> {
        down()
    }

    async fn secret(&self) -> Result<ThrottleSecret, StoreError> {
        down()
    }
}

#[tokio::test]
async fn fail_closed_without_its_throttle_nothing_is_checked_and_what_needs_none_goes_on() {
    let world = world(|builder| builder.throttle(Down));
    let login = world.login("").await;
    assert_eq!(login.authenticate(RIGHT).await.unwrap_err().answer().status, 503);
    assert_eq!(login.admit_registration().await.unwrap_err().answer().status, 503);
    login.log_in(login.vouch(&Subject::from(1_u32)).await.unwrap()).unwrap();
    let alice = cookie(&login.session().slot().commit().await);
    assert_eq!(world.login(&alice).await.confirm(RIGHT).await.unwrap_err().answer().status, 503);
    assert_eq!(verified(&world), 0);
    assert_eq!(world.who(&alice).await, Some("alice"));
    assert!(world.login(&alice).await.log_out().await.is_ok());
}

/// A throttle that gives nothing back before it is let.
#[derive(Debug)]
struct Slow {
    counts: MemoryThrottle,
    gate: Arc<Semaphore>,
}

#[async_trait]
impl Throttle for Slow {
    async fn admit(
        &self,
        bucket: &Bucket,
        limit: &AttemptLimit,
        now: Timestamp,
    ) -> Result<Admission, StoreError> {
        self.counts.admit(bucket, limit, now).await
    }

    async fn clear(&self, bucket: &Bucket) -> Result<(), StoreError> {
        let _open = self.gate.acquire().await;
        self.counts.clear(bucket).await
    }

    async fn secret(&self) -> Result<ThrottleSecret, StoreError> {
        self.counts.secret().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_login_waits_for_no_throttle_to_be_told_of_it_and_the_drain_does() {
    let gate = Arc::new(Semaphore::new(0));
    let slow = Slow { counts: MemoryThrottle::new(), gate: Arc::clone(&gate) };
    let world = world(|builder| builder.throttle(slow));
    for _ in 0..4 {
        assert!(is_wrong(&guess(&world, HOME, WRONG).await));
    }
    assert!(device(&log_in(&world, HOME, "", RIGHT).await.unwrap()).is_some());
    assert!(!world.sessions.drain(Duration::ZERO).await, "it is still being told");
    gate.add_permits(1);
    assert!(world.sessions.drain(Duration::from_secs(1)).await);
    assert!(is_wrong(&guess(&world, HOME, WRONG).await), "nothing is counted any more");
}
