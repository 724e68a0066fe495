//! What all cases begin with.

use crate::suite::Broken;
use crate::suite::check::{ensure, ensure_eq};
use hallpass_core::{
    Admission, AttemptLimit, Bucket, BucketKind, Realm, Throttle, ThrottleSecret, Timestamp,
};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const MILLISECOND: Duration = Duration::from_millis(1);

/// Three at once, then 4, 8, 16, 20, 20... seconds; one is forgotten every 30.
pub(super) const LIMIT: AttemptLimit = AttemptLimit {
    free: NonZeroU32::new(3).expect("three is not zero"),
    first_wait: Duration::from_secs(4),
    longest_wait: Duration::from_secs(20),
    forget_after: Duration::from_secs(30),
};

/// A throttle, and a moment to begin at.
#[derive(Debug, Clone)]
pub(super) struct Scene {
    pub(super) throttle: Arc<dyn Throttle>,
    pub(super) secret: ThrottleSecret,
    pub(super) start: Timestamp,
}

impl Scene {
    pub(super) async fn new(throttle: Arc<dyn Throttle>) -> Result<Self, Broken> {
        let secret = throttle.secret().await?;
        // 2026-01-01 00:00:00 UTC.
        Ok(Self { throttle, secret, start: Timestamp::from_millis(1_767_225_600_000) })
    }

    pub(super) fn bucket(&self, kind: BucketKind, realm: &str, name: &str) -> Bucket {
        let realm = Realm::new(realm).expect("cases name realms that there can be");
        Bucket::new(kind, &self.secret, &realm, name.as_bytes())
    }

    pub(super) fn alice(&self) -> Bucket {
        self.bucket(BucketKind::Account, "shop", "alice")
    }

    pub(super) async fn admit(&self, bucket: &Bucket, now: Timestamp) -> Result<Admission, Broken> {
        Ok(self.throttle.admit(bucket, &LIMIT, now).await?)
    }

    /// Insists that one passes, as this many.
    pub(super) async fn passes(&self, bucket: &Bucket, now: Timestamp, failures: u32) -> Result<(), Broken> {
        let expected = Admission::Admitted { failures };
        ensure_eq!(
            self.admit(bucket, now).await?,
            expected,
            "an attempt {:?} after the first",
            now.since(self.start)
        );
        Ok(())
    }

    /// Insists that none passes, and for how long.
    pub(super) async fn waits(&self, bucket: &Bucket, now: Timestamp, wait: Duration) -> Result<(), Broken> {
        let expected = Admission::Refused { retry_after: wait };
        ensure_eq!(
            self.admit(bucket, now).await?,
            expected,
            "an attempt {:?} after the first",
            now.since(self.start)
        );
        Ok(())
    }

    /// Makes all attempts that are free at `now`.
    pub(super) async fn use_up(&self, bucket: &Bucket, now: Timestamp) -> Result<(), Broken> {
        for failures in 1..=LIMIT.free.get() {
            self.passes(bucket, now, failures).await?;
        }
        let refused = matches!(self.admit(bucket, now).await?, Admission::Refused { .. });
        ensure!(refused, "an attempt after the last free one passed at once");
        Ok(())
    }
}
