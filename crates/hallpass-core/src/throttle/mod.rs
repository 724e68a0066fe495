//! How often somebody may be wrong, and how often begin a visitor's session: counting before it is done.
//!
//! An attempt is taken out of its [`Bucket`]s before the password is hashed, so that many guesses at once get no more
//! than one after the other. The first few pass at once, then each has to wait twice as long as the one before, never
//! longer than 15 minutes; what was taken is forgotten with time, and given back when the login is on record. So nobody
//! is ever locked out for good, and nobody guesses fast (NIST SP 800-63B-4 §3.2.2, ASVS 6.3.1).
//!
//! The session of a visitor is taken out of the bucket of the client's address before its row is created, so that rows
//! are bounded on stores that bound nothing themselves; how many there can be is worked out at [`ThrottlePolicy`].
//! Nothing else that a visitor does is counted, and no request that creates no row asks a throttle for it.

mod attempt;
mod bucket;
mod limit;
mod memory;
mod policy;
mod secret;

pub use attempt::Attempt;
pub(crate) use bucket::counted;
pub use bucket::{Bucket, BucketKind};
pub use limit::AttemptLimit;
pub use memory::MemoryThrottle;
pub use policy::{ThrottlePolicy, ThrottlePolicyError};
pub use secret::ThrottleSecret;

use crate::store::StoreError;
use crate::time::Timestamp;
use async_trait::async_trait;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A place that counts attempts, for one node or for all nodes that share it.
///
/// The contract:
///
/// * **An attempt is taken before it is answered.** Calls at the same time are as many calls one after the other: never
///   more of them pass than the limit allows.
/// * **A refused attempt costs nothing.** It neither counts nor makes the wait longer.
/// * **Nothing is forgotten to make room.** A place whose memory is bounded may count an attempt twice, so that it is
///   stricter than asked for, and never not at all.
/// * **An answer is the truth.** If it is not known whether an attempt may pass, answer an error: the login, or the
///   request that would begin a visitor's session, is then refused with 503.
///
/// `hallpass-testkit` proves a throttle against it. Sessions that are open and logging out never ask one.
#[async_trait]
pub trait Throttle: fmt::Debug + Send + Sync + 'static {
    /// Takes one attempt out of `bucket` at `now`, if `limit` lets it pass.
    ///
    /// A `now` that lies before that of earlier calls makes nobody wait longer than the limit's longest wait.
    ///
    /// # Errors
    ///
    /// When it could not be asked or did not answer.
    async fn admit(
        &self,
        bucket: &Bucket,
        limit: &AttemptLimit,
        now: Timestamp,
    ) -> Result<Admission, StoreError>;

    /// Gives back all that was taken out of `bucket`: an attempt was right, and those before it no longer count. What
    /// others have taken out of buckets that share its room stays taken.
    ///
    /// # Errors
    ///
    /// When it could not be asked or did not answer.
    async fn clear(&self, bucket: &Bucket) -> Result<(), StoreError>;

    /// A secret of the place, drawn at random and always the same: buckets are named and device cookies are proven by
    /// it, on all nodes that share the place.
    ///
    /// # Errors
    ///
    /// When it could not be asked or did not answer.
    async fn secret(&self) -> Result<ThrottleSecret, StoreError>;
}

#[async_trait]
impl<T: Throttle + ?Sized> Throttle for Arc<T> {
    async fn admit(
        &self,
        bucket: &Bucket,
        limit: &AttemptLimit,
        now: Timestamp,
    ) -> Result<Admission, StoreError> {
        (**self).admit(bucket, limit, now).await
    }

    async fn clear(&self, bucket: &Bucket) -> Result<(), StoreError> {
        (**self).clear(bucket).await
    }

    async fn secret(&self) -> Result<ThrottleSecret, StoreError> {
        (**self).secret().await
    }
}

/// Whether an attempt may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It may, and counts as wrong until the bucket is cleared.
    Admitted {
        /// How many count in this bucket by now, this one included. It is at least one, and grows no further once the
        /// wait does not.
        failures: u32,
    },
    /// It may not, and has cost nothing.
    Refused {
        /// How long until one may be made: more than zero.
        retry_after: Duration,
    },
}
