//! A store in this process's memory.

mod builder;
mod change;
mod create;
mod end;
mod epochs;
mod feed;
mod logins;
mod rows;
mod stripe;
mod sweep;
#[cfg(test)]
mod tests;
mod visitors;

pub use builder::MemoryStoreBuilder;

use crate::ids::{Epoch, Realm, Revision, SessionHandle, Shard, SubjectKey};
use crate::record::{EndReason, Record};
use crate::store::{
    Created, Ended, FeedEvent, Freshness, Op, Purged, Replaced, SessionFeed, SessionLimit, SessionStore,
    SessionSummary, StoreError, SubjectRevoked, Swept, Taken, Ticket, Updated, Which,
};
use crate::time::Timestamp;
use crate::token::SessionKey;
use async_trait::async_trait;
use feed::Feed;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use stripe::Stripe;
use visitors::Visitors;

/// A store in this process's memory: for one node, and for tests.
///
/// Sessions live as long as the store does; a restart logs everybody out. Everything else is as in any other store:
/// every operation on one user is one atomic step, ends are told at once, and what visitors take is bounded (see
/// [`MemoryStoreBuilder`]).
///
/// The sessions are spread over a thousand locks, each held for a lookup or a change and never while anything waits. A
/// [`load`](SessionStore::load) copies nothing. No call waits or fails on its own account, so that no call is half done
/// when its future is dropped, and none is ever sent twice: [`Op::id`] names an epoch and serves nothing else here. The
/// store has no clock of its own that could differ from the caller's.
///
/// ```
/// use hallpass_core::{MemoryStore, Realm, SessionStore, Subject, SubjectKey, SystemClock, Clock};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = MemoryStore::new();
/// let ada = SubjectKey::new(Realm::new("shop")?, Subject::from(7));
/// assert!(store.subject(&ada, SystemClock.now().into()).await?.is_empty());
/// # Ok(())
/// # }
/// ```
pub struct MemoryStore {
    /// As many as a power of two.
    stripes: Box<[Locked]>,
    visitors: Mutex<Visitors>,
    not_before: RwLock<BTreeMap<Realm, Timestamp>>,
    feed: Feed,
    sweep_at: AtomicUsize,
}

/// A stripe on cache lines of its own, so that neighbours do not slow each other down.
#[derive(Default)]
#[repr(align(64))]
struct Locked(Mutex<Stripe>);

impl Locked {
    fn lock(&self) -> MutexGuard<'_, Stripe> {
        locked(&self.0)
    }
}

/// No critical section panics, so a poisoned lock still guards something whole.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

// With a stripe locked, `visitors` or `not_before` may be locked too; never a second stripe.
impl MemoryStore {
    /// An empty store with the default bounds on visitors.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets other bounds.
    pub fn builder() -> MemoryStoreBuilder {
        MemoryStoreBuilder::default()
    }

    /// How many sessions there are, logins and visitors', those included that have run out and are not swept yet.
    #[must_use]
    pub fn len(&self) -> usize {
        self.stripes.iter().map(|stripe| stripe.lock().len()).sum()
    }

    /// Whether there are no sessions.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many of the sessions are visitors'.
    #[must_use]
    pub fn visitors(&self) -> usize {
        locked(&self.visitors).len()
    }

    fn with_bounds(stripes: usize, max_visitors: usize, max_visitor_bytes: usize) -> Self {
        Self {
            stripes: (0..stripes).map(|_| Locked::default()).collect(),
            visitors: Mutex::new(Visitors::new(max_visitors, max_visitor_bytes)),
            not_before: RwLock::default(),
            feed: Feed::default(),
            sweep_at: AtomicUsize::new(0),
        }
    }

    fn earliest_login(&self, realm: &Realm) -> Option<Timestamp> {
        self.not_before.read().unwrap_or_else(PoisonError::into_inner).get(realm).copied()
    }

    fn is_live(&self, row: &Record, now: Timestamp) -> bool {
        row.over(now, self.earliest_login(&row.realm)).is_none()
    }

    fn live<'a>(&self, stripe: &'a Stripe, key: &SessionKey, now: Timestamp) -> Option<&'a Arc<Record>> {
        stripe.get(key).filter(|row| self.is_live(row, now))
    }

    fn stripe(&self, shard: Shard) -> MutexGuard<'_, Stripe> {
        self.stripes[usize::from(shard.0) & (self.stripes.len() - 1)].lock()
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        MemoryStoreBuilder::default().build()
    }
}

/// Shows how many sessions there are.
impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("MemoryStore");
        shown.field("sessions", &self.len()).field("visitors", &self.visitors()).finish_non_exhaustive()
    }
}

#[async_trait]
impl SessionStore for MemoryStore {
    /// A visitor's session that alone exceeds the bounds is [`Created::LimitReached`]; those that it pushes out are
    /// among the evicted.
    async fn create(
        &self,
        record: Arc<Record>,
        ticket: Option<&Ticket>,
        limit: Option<SessionLimit>,
        op: Op,
    ) -> Result<Created, StoreError> {
        Ok(self.create_row(record, ticket, limit, op.now))
    }

    async fn load(&self, key: &SessionKey, freshness: Freshness) -> Result<Option<Arc<Record>>, StoreError> {
        Ok(self.peek(key, freshness).flatten())
    }

    fn peek(&self, key: &SessionKey, _freshness: Freshness) -> Option<Option<Arc<Record>>> {
        Some(self.stripe(key.shard()).get(key).cloned())
    }

    /// A record with another handle, realm or subject than the row's is [`Updated::Gone`]: it is not this session.
    ///
    /// # Errors
    ///
    /// When a visitor's session alone would exceed the bound on bytes.
    async fn update(&self, record: Arc<Record>, expected: Revision, op: Op) -> Result<Updated, StoreError> {
        self.update_row(record, expected, op.now)
    }

    async fn touch(&self, key: &SessionKey, idle_until: Timestamp, op: Op) -> Result<bool, StoreError> {
        self.touch_row(key, idle_until, op.now)
    }

    /// A record with another handle, realm or subject than the row's, or with a key that is taken or lies in another
    /// shard, is [`Replaced::Gone`]: it is no renewal of this session.
    ///
    /// # Errors
    ///
    /// When a visitor's session alone would exceed the bound on bytes.
    async fn replace(
        &self,
        old: &SessionKey,
        record: Arc<Record>,
        expected: Revision,
        ticket: Option<&Ticket>,
        limit: Option<SessionLimit>,
        op: Op,
    ) -> Result<Replaced, StoreError> {
        self.replace_row(old, record, expected, ticket, limit, op.now)
    }

    async fn take(
        &self,
        key: &SessionKey,
        expected: Revision,
        reason: EndReason,
        op: Op,
    ) -> Result<Taken, StoreError> {
        Ok(self.take_row(key, expected, reason, op.now))
    }

    async fn revoke(&self, key: &SessionKey, reason: EndReason, op: Op) -> Result<Option<Ended>, StoreError> {
        Ok(self.revoke_row(key, reason, op.now))
    }

    async fn subject(&self, subject: &SubjectKey, now: Timestamp) -> Result<Vec<SessionSummary>, StoreError> {
        let stripe = self.stripe(subject.shard());
        let mut logins = stripe.logins_of(stripe.owner(subject));
        drop(stripe);
        logins.retain(|row| self.is_live(row, now));
        logins.sort_unstable_by_key(|row| Reverse((row.last_seen, row.created, row.key)));
        Ok(logins.iter().filter_map(|row| SessionSummary::of(row)).collect())
    }

    async fn epoch(&self, subject: &SubjectKey) -> Result<Epoch, StoreError> {
        let stripe = self.stripe(subject.shard());
        Ok(stripe.epoch_of(stripe.owner(subject)))
    }

    async fn revoke_subject(
        &self,
        subject: &SubjectKey,
        actor: Option<SessionHandle>,
        which: Which,
        reason: EndReason,
        op: Op,
    ) -> Result<SubjectRevoked, StoreError> {
        Ok(self.revoke_logins(subject, actor, which, reason, op))
    }

    async fn not_before(&self, realm: &Realm) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.earliest_login(realm))
    }

    async fn raise_not_before(&self, realm: &Realm, at: Timestamp, _op: Op) -> Result<Timestamp, StoreError> {
        let mut not_before = self.not_before.write().unwrap_or_else(PoisonError::into_inner);
        let raised = not_before.get(realm).is_none_or(|known| *known < at);
        if raised {
            not_before.insert(realm.clone(), at);
            self.feed.send(|| FeedEvent::NotBefore { realm: realm.clone(), at });
        }
        Ok(not_before.get(realm).copied().unwrap_or(at))
    }

    async fn alive(&self, keys: &[SessionKey], now: Timestamp) -> Result<Vec<Option<bool>>, StoreError> {
        Ok(keys.iter().map(|key| Some(self.live(&self.stripe(key.shard()), key, now).is_some())).collect())
    }

    async fn sweep(&self, limit: usize, op: Op) -> Result<Swept, StoreError> {
        Ok(self.sweep_rows(limit, op.now))
    }

    async fn purge(&self, realm: &Realm, from: u64, limit: usize, op: Op) -> Result<Purged, StoreError> {
        Ok(self.purge_rows(realm, from, limit, op.now))
    }

    async fn feed(&self) -> Result<Box<dyn SessionFeed>, StoreError> {
        Ok(Box::new(self.feed.subscribe()))
    }
}
