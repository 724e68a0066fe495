//! The store that answers for another.

use crate::builder::CachedStoreBuilder;
use crate::listener::Listener;
use crate::state::State;
use async_trait::async_trait;
use hallpass_core::{
    Created, EndReason, Ended, Epoch, Freshness, Op, Purged, Realm, Record, Replaced, Revision, SessionFeed,
    SessionHandle, SessionKey, SessionLimit, SessionStore, SessionSummary, SharedStore, StoreError,
    SubjectKey, SubjectRevoked, Swept, Taken, Ticket, Timestamp, Updated, Which,
};
use std::fmt;
use std::sync::Arc;

/// A cache in front of a session store, for many nodes that share it.
///
/// Only [`load`](SessionStore::load) with [`Freshness::MayBeCached`] is answered from memory, and only while all of this
/// holds; see the [crate](crate) for why that is safe:
///
/// * less than [`max_staleness`](CachedStoreBuilder::max_staleness) has passed since the load began whose answer it is;
/// * nothing was changed here, and no end or renewal was heard of, since that load began;
/// * the store's feed is heard, and has been without a gap since that load began.
///
/// Everything else goes to the store. It keeps the whole contract of [`SessionStore`], so it may stand anywhere a store
/// may; what is changed through it is seen through it at once.
///
/// ```
/// use hallpass_cache::CachedStore;
/// use hallpass_core::{MemoryStore, SessionManager};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let shared_store = MemoryStore::new();
/// let sessions = SessionManager::builder(CachedStore::new(shared_store)).build()?;
/// # Ok(())
/// # }
/// ```
pub struct CachedStore {
    pub(crate) state: Arc<State>,
    listener: Listener,
}

impl CachedStore {
    /// A cache with the default bounds before `store`, which may be a store or an `Arc<dyn SessionStore>`.
    #[must_use]
    pub fn new(store: impl Into<SharedStore>) -> Self {
        Self::builder(store).build()
    }

    /// Sets other bounds.
    pub fn builder(store: impl Into<SharedStore>) -> CachedStoreBuilder {
        CachedStoreBuilder::new(store.into())
    }

    pub(crate) fn start(state: State, listener: Listener) -> Self {
        let cached = Self { state: Arc::new(state), listener };
        cached.listener.ensure_running(&cached.state);
        cached
    }

    /// Whether the store's feed is heard. While it is not, every load goes to the store.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.state.marks.is_heard()
    }

    /// How many sessions are kept, those included whose time is over and whose place nobody has needed yet.
    #[must_use]
    pub fn len(&self) -> usize {
        self.state.entries.len()
    }

    /// Whether no session is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    async fn ask(&self, key: &SessionKey) -> Result<Option<Arc<Record>>, StoreError> {
        self.listener.ensure_running(&self.state);
        self.state.ask(key).await
    }

    fn store(&self) -> &dyn SessionStore {
        &*self.state.store
    }
}

/// Shows the store behind, and whether the cache answers.
impl fmt::Debug for CachedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedStore")
            .field("store", &self.state.store)
            .field("live", &self.is_live())
            .field("sessions", &self.len())
            .finish_non_exhaustive()
    }
}

// In every change the mark comes first, before the store's method is even called.
#[async_trait]
impl SessionStore for CachedStore {
    async fn create(
        &self,
        record: Arc<Record>,
        ticket: Option<&Ticket>,
        limit: Option<SessionLimit>,
        op: Op,
    ) -> Result<Created, StoreError> {
        let change = self.state.change(record.key.shard());
        let created = change.made(self.store().create(record, ticket, limit, op)).await?;
        if let Created::Created { evicted } = &created {
            self.state.forget(evicted);
        }
        Ok(created)
    }

    async fn load(&self, key: &SessionKey, freshness: Freshness) -> Result<Option<Arc<Record>>, StoreError> {
        match self.peek(key, freshness) {
            Some(answer) => Ok(answer),
            // Apart, so that a hit need not carry the room for it.
            None => Box::pin(self.ask(key)).await,
        }
    }

    fn peek(&self, key: &SessionKey, freshness: Freshness) -> Option<Option<Arc<Record>>> {
        if freshness == Freshness::MayBeCached { self.state.hit(key) } else { None }
    }

    async fn update(&self, record: Arc<Record>, expected: Revision, op: Op) -> Result<Updated, StoreError> {
        let change = self.state.change(record.key.shard());
        change.made(self.store().update(record, expected, op)).await
    }

    async fn touch(&self, key: &SessionKey, idle_until: Timestamp, op: Op) -> Result<bool, StoreError> {
        let change = self.state.change(key.shard());
        change.made(self.store().touch(key, idle_until, op)).await
    }

    async fn replace(
        &self,
        old: &SessionKey,
        record: Arc<Record>,
        expected: Revision,
        ticket: Option<&Ticket>,
        limit: Option<SessionLimit>,
        op: Op,
    ) -> Result<Replaced, StoreError> {
        let change = self.state.change(old.shard());
        let replaced = change.made(self.store().replace(old, record, expected, ticket, limit, op)).await?;
        if let Replaced::Replaced { evicted } = &replaced {
            self.state.entries.remove(old);
            self.state.forget(evicted);
        }
        Ok(replaced)
    }

    async fn take(
        &self,
        key: &SessionKey,
        expected: Revision,
        reason: EndReason,
        op: Op,
    ) -> Result<Taken, StoreError> {
        let change = self.state.change(key.shard());
        let taken = change.made(self.store().take(key, expected, reason, op)).await?;
        if let Taken::Taken(ended) = &taken {
            self.state.forget(std::slice::from_ref(ended));
        }
        Ok(taken)
    }

    async fn revoke(&self, key: &SessionKey, reason: EndReason, op: Op) -> Result<Option<Ended>, StoreError> {
        let change = self.state.change(key.shard());
        let ended = change.made(self.store().revoke(key, reason, op)).await?;
        self.state.forget(ended.as_slice());
        Ok(ended)
    }

    async fn subject(&self, subject: &SubjectKey, now: Timestamp) -> Result<Vec<SessionSummary>, StoreError> {
        self.store().subject(subject, now).await
    }

    async fn epoch(&self, subject: &SubjectKey) -> Result<Epoch, StoreError> {
        self.store().epoch(subject).await
    }

    async fn revoke_subject(
        &self,
        subject: &SubjectKey,
        actor: Option<SessionHandle>,
        which: Which,
        reason: EndReason,
        op: Op,
    ) -> Result<SubjectRevoked, StoreError> {
        let change = self.state.change(subject.shard());
        let revoked = change.made(self.store().revoke_subject(subject, actor, which, reason, op)).await?;
        if let SubjectRevoked::Done { ended, .. } = &revoked {
            self.state.forget(ended);
        }
        Ok(revoked)
    }

    async fn not_before(&self, realm: &Realm) -> Result<Option<Timestamp>, StoreError> {
        self.store().not_before(realm).await
    }

    async fn raise_not_before(&self, realm: &Realm, at: Timestamp, op: Op) -> Result<Timestamp, StoreError> {
        self.store().raise_not_before(realm, at, op).await
    }

    async fn alive(&self, keys: &[SessionKey], now: Timestamp) -> Result<Vec<Option<bool>>, StoreError> {
        self.store().alive(keys, now).await
    }

    async fn sweep(&self, limit: usize, op: Op) -> Result<Swept, StoreError> {
        let swept = self.store().sweep(limit, op).await?;
        self.state.forget(&swept.ended);
        Ok(swept)
    }

    async fn purge(&self, realm: &Realm, from: u64, limit: usize, op: Op) -> Result<Purged, StoreError> {
        let purged = self.store().purge(realm, from, limit, op).await?;
        self.state.forget(&purged.ended);
        Ok(purged)
    }

    async fn feed(&self) -> Result<Box<dyn SessionFeed>, StoreError> {
        self.store().feed().await
    }
}
