//! Every call to the throttle goes through here: with its time limit and its limit.

use super::SessionManager;
use crate::ids::SessionHandle;
use crate::store::StoreError;
use crate::throttle::{Admission, Bucket, BucketKind, Throttle, ThrottlePolicy, ThrottleSecret, counted};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

impl SessionManager {
    /// Where password checks and visitors' new sessions are counted.
    #[must_use]
    pub fn throttle(&self) -> &Arc<dyn Throttle> {
        &self.0.throttle
    }

    /// How often passwords may be wrong, and how many sessions visitors may begin.
    #[must_use]
    pub fn throttle_policy(&self) -> &ThrottlePolicy {
        &self.0.throttle_policy
    }

    /// Whether browsers get a device cookie at a login: not where nothing is counted.
    #[must_use]
    pub fn uses_device_cookies(&self) -> bool {
        self.0.device_cookies && self.0.throttle_policy.is_on()
    }

    /// A random number for a new device cookie.
    ///
    /// # Errors
    ///
    /// When the random source fails.
    pub fn device_nonce(&self) -> Result<[u8; 16], StoreError> {
        let mut nonce = [0; 16];
        self.0.random.fill(&mut nonce).map_err(StoreError::unavailable)?;
        Ok(nonce)
    }

    /// The throttle itself: by way of its `Arc`, which is one too, each call would be put on the heap twice.
    fn counted_by(&self) -> &dyn Throttle {
        &*self.0.throttle
    }

    /// The secret by which buckets are named.
    ///
    /// # Errors
    ///
    /// When the throttle could not be asked.
    pub async fn throttle_secret(&self) -> Result<ThrottleSecret, StoreError> {
        self.limited(self.counted_by().secret()).await
    }

    /// Takes one attempt out of `bucket` by the policy, now. What was taken stays taken, whatever becomes of the request,
    /// until a login is on record that it [belongs to](crate::LoginGrant::attempt).
    ///
    /// # Errors
    ///
    /// When the throttle could not be asked: nothing may be checked then.
    pub async fn admit(&self, bucket: &Bucket) -> Result<Admission, StoreError> {
        let limit = self.0.throttle_policy.limit(bucket.kind());
        self.limited(self.counted_by().admit(bucket, limit, self.now())).await
    }

    /// Takes a visitor's new session out of the bucket of `address`, or where that is not known, of the login that this
    /// request was opened with; how long to wait if it is one too many.
    pub(crate) async fn visitor_wait(
        &self,
        address: Option<IpAddr>,
        login: Option<&SessionHandle>,
    ) -> Result<Option<Duration>, StoreError> {
        let address = address.and_then(counted);
        if address.is_none() && login.is_none() || !self.0.throttle_policy.is_on() {
            return Ok(None);
        }
        let secret = self.throttle_secret().await?;
        let of_address = |address| Bucket::address(BucketKind::Visitor, &secret, self.realm(), address);
        let of_login = |login: &SessionHandle| {
            Bucket::of_parts(BucketKind::Visitor, &secret, self.realm(), &[b"login", login.as_bytes()])
        };
        let Some(bucket) = address.and_then(of_address).or_else(|| login.map(of_login)) else {
            return Ok(None);
        };
        match self.admit(&bucket).await? {
            Admission::Admitted { .. } => Ok(None),
            Admission::Refused { retry_after } => Ok(Some(retry_after)),
        }
    }

    /// Gives back all that was taken out of `buckets`. It is begun at once and waited for by nobody but
    /// [`drain`](Self::drain): a throttle that is slow, or away, does not hold up what succeeded. Where it fails, users
    /// wait for longer than they would have to, and it is logged.
    pub fn forgive(&self, buckets: Arc<[Bucket]>) {
        let manager = self.clone();
        self.0.tasks.begin(async move {
            for bucket in &*buckets {
                if let Err(error) = manager.limited(manager.counted_by().clear(bucket)).await {
                    tracing::warn!(target: "hallpass", error = &error as &dyn std::error::Error, "the throttle could not be told of a success");
                }
            }
        });
    }
}
