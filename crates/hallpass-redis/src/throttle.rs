use crate::error::SetupError;
use crate::keys::{REALM_TAG, Tag};
use crate::reply::{Reply, strange};
use crate::script::{self, Call, decimal};
use crate::store::RedisStore;
use async_trait::async_trait;
use hallpass_core::{
    Admission, AttemptLimit, Bucket, OsRandom, Shard, StoreError, Throttle, ThrottleSecret, Timestamp,
};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;

/// Counts attempts in a Redis server or a Redis Cluster, for all nodes of an application.
///
/// It uses the connection of a store, whose prefix its keys share, or one of its own, so that sessions may be kept
/// elsewhere. Each attempt is one script for each of its buckets, which lie in different hash slots: one after the other,
/// the address first. A call that a broken connection makes the client send again may be counted twice.
///
/// A bucket is kept until it is empty again, a couple of hours unless attempts go on, in about 150 bytes. Keys are keyed
/// hashes: they show neither names nor addresses. The secret lies beside them; where it is lost, as by `FLUSHDB`, counts
/// start anew and browsers are known again after their next login. Without the server nobody logs in, and no visitor begins a
/// session: 503.
///
/// ```no_run
/// use hallpass_core::{SessionManager, SessionStore};
/// use hallpass_redis::{RedisStore, RedisThrottle};
/// use std::sync::Arc;
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let store = Arc::new(RedisStore::connect("redis://localhost").await?);
/// let throttle = RedisThrottle::over(Arc::clone(&store));
/// let store: Arc<dyn SessionStore> = store;
/// let sessions = SessionManager::builder(store).throttle(throttle).build()?;
/// # Ok(())
/// # }
/// ```
pub struct RedisThrottle {
    store: Arc<RedisStore>,
    secret: OnceCell<ThrottleSecret>,
}

impl RedisThrottle {
    /// Counts over the connection of `store`, under its prefix.
    #[must_use]
    pub fn over(store: Arc<RedisStore>) -> Self {
        Self { store, secret: OnceCell::new() }
    }

    /// Counts over a connection of its own, with the defaults of [`RedisStoreBuilder`](crate::RedisStoreBuilder): for
    /// sessions that are kept elsewhere.
    ///
    /// # Errors
    ///
    /// As [`RedisStoreBuilder::connect`](crate::RedisStoreBuilder::connect).
    ///
    /// ```no_run
    /// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// use hallpass_core::{MemoryStore, SessionManager};
    /// use hallpass_redis::RedisThrottle;
    ///
    /// let throttle = RedisThrottle::connect("redis://localhost").await?;
    /// let sessions = SessionManager::builder(MemoryStore::new()).throttle(throttle).build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn connect(url: &str) -> Result<Self, SetupError> {
        Ok(Self::over(Arc::new(RedisStore::connect(url).await?)))
    }

    fn call(&self, script: &'static script::Script, bucket: &Bucket, now: Timestamp) -> Call {
        let [first, second, ..] = *bucket.name();
        let call = self.store.reading(script, Tag::of(Shard(u16::from_be_bytes([first, second]))), now);
        let key = [&call.base().0, &b"t:"[..], bucket.name()].concat();
        call.key(key)
    }

    async fn reply(&self, call: &Call) -> Result<Reply, StoreError> {
        Reply::read(self.store.link.call(call).await?)
    }

    async fn shared_secret(&self) -> Result<ThrottleSecret, StoreError> {
        let new = ThrottleSecret::random(&OsRandom).map_err(StoreError::unavailable)?;
        let call = self.store.reading(&script::THROTTLE_SECRET, REALM_TAG, Timestamp::default());
        let key = [&call.base().0, &b"k"[..]].concat();
        let mut reply = self.reply(&call.key(key).arg(*new.as_bytes())).await?;
        let kept = reply.bytes()?.try_into().map_err(|_| strange())?;
        Ok(ThrottleSecret::from_bytes(kept))
    }
}

#[async_trait]
impl Throttle for RedisThrottle {
    async fn admit(
        &self,
        bucket: &Bucket,
        limit: &AttemptLimit,
        now: Timestamp,
    ) -> Result<Admission, StoreError> {
        let call = self.call(&script::THROTTLE_ADMIT, bucket, now).arg(decimal(limit.free));
        let spans = [limit.first_wait, limit.longest_wait, limit.forget_after];
        let call = spans.into_iter().fold(call, |call, span| call.arg(decimal(span.as_millis().max(1))));
        let mut reply = self.reply(&call.arg(decimal(limit.most()))).await?;
        let number = number(&reply.bytes()?)?;
        match reply.word() {
            b"admitted" => {
                Ok(Admission::Admitted { failures: u32::try_from(number).map_err(|_| strange())? })
            }
            b"refused" => Ok(Admission::Refused { retry_after: Duration::from_millis(number) }),
            _ => Err(strange()),
        }
    }

    async fn clear(&self, bucket: &Bucket) -> Result<(), StoreError> {
        let call = self.call(&script::THROTTLE_CLEAR, bucket, Timestamp::default());
        match self.reply(&call).await?.word() {
            b"cleared" => Ok(()),
            _ => Err(strange()),
        }
    }

    async fn secret(&self) -> Result<ThrottleSecret, StoreError> {
        self.secret.get_or_try_init(|| self.shared_secret()).await.cloned()
    }
}

impl fmt::Debug for RedisThrottle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisThrottle").field("store", &self.store).finish_non_exhaustive()
    }
}

fn number(digits: &[u8]) -> Result<u64, StoreError> {
    std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()).ok_or_else(strange)
}
