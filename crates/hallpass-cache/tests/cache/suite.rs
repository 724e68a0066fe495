//! The whole contract of a store, through the cache.

use crate::scene::live;
use async_trait::async_trait;
use hallpass_cache::CachedStore;
use hallpass_core::{
    Created, EndReason, Ended, Epoch, Freshness, MemoryStore, Op, Purged, Realm, Record, Replaced, Revision,
    SessionFeed, SessionHandle, SessionKey, SessionLimit, SessionStore, SessionSummary, StoreError,
    SubjectKey, SubjectRevoked, Swept, Taken, Ticket, Timestamp, Updated, Which,
};
use std::sync::Arc;

async fn make_store() -> CachedStore {
    live(CachedStore::new(MemoryStore::new())).await
}

mod over_memory {
    use super::make_store;

    hallpass_testkit::store_tests!(make_store);
}

mod over_memory_as_dyn {
    use super::make_store;
    use hallpass_core::SessionStore;
    use hallpass_testkit::Fixture;
    use std::sync::Arc;

    hallpass_testkit::store_tests!(|| async {
        let cached: Arc<dyn SessionStore> = Arc::new(make_store().await);
        Fixture::shared(cached)
    });
}

/// One node's cache keeps the contract even where hallpass would not ask it: what is done here is seen here at once.
mod over_memory_asked_for_what_is_cached {
    use super::{FromCache, make_store};

    hallpass_testkit::store_tests!(|| async { FromCache(make_store().await) });
}

/// Takes whatever the cache has, also where the latest was asked for.
#[derive(Debug)]
struct FromCache(CachedStore);

#[async_trait]
impl SessionStore for FromCache {
    async fn create(
        &self,
        record: Arc<Record>,
        ticket: Option<&Ticket>,
        limit: Option<SessionLimit>,
        op: Op,
    ) -> Result<Created, StoreError> {
        self.0.create(record, ticket, limit, op).await
    }

    async fn load(&self, key: &SessionKey, _: Freshness) -> Result<Option<Arc<Record>>, StoreError> {
        self.0.load(key, Freshness::MayBeCached).await
    }

    async fn update(&self, record: Arc<Record>, expected: Revision, op: Op) -> Result<Updated, StoreError> {
        self.0.update(record, expected, op).await
    }

    async fn touch(&self, key: &SessionKey, idle_until: Timestamp, op: Op) -> Result<bool, StoreError> {
        self.0.touch(key, idle_until, op).await
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
        self.0.replace(old, record, expected, ticket, limit, op).await
    }

    async fn take(
        &self,
        key: &SessionKey,
        expected: Revision,
        reason: EndReason,
        op: Op,
    ) -> Result<Taken, StoreError> {
        self.0.take(key, expected, reason, op).await
    }

    async fn revoke(&self, key: &SessionKey, reason: EndReason, op: Op) -> Result<Option<Ended>, StoreError> {
        self.0.revoke(key, reason, op).await
    }

    async fn subject(&self, subject: &SubjectKey, now: Timestamp) -> Result<Vec<SessionSummary>, StoreError> {
        self.0.subject(subject, now).await
    }

    async fn epoch(&self, subject: &SubjectKey) -> Result<Epoch, StoreError> {
        self.0.epoch(subject).await
    }

    async fn revoke_subject(
        &self,
        subject: &SubjectKey,
        actor: Option<SessionHandle>,
        which: Which,
        reason: EndReason,
        op: Op,
    ) -> Result<SubjectRevoked, StoreError> {
        self.0.revoke_subject(subject, actor, which, reason, op).await
    }

    async fn not_before(&self, realm: &Realm) -> Result<Option<Timestamp>, StoreError> {
        self.0.not_before(realm).await
    }

    async fn raise_not_before(&self, realm: &Realm, at: Timestamp, op: Op) -> Result<Timestamp, StoreError> {
        self.0.raise_not_before(realm, at, op).await
    }

    async fn alive(&self, keys: &[SessionKey], now: Timestamp) -> Result<Vec<Option<bool>>, StoreError> {
        self.0.alive(keys, now).await
    }

    async fn sweep(&self, limit: usize, op: Op) -> Result<Swept, StoreError> {
        self.0.sweep(limit, op).await
    }

    async fn purge(&self, realm: &Realm, from: u64, limit: usize, op: Op) -> Result<Purged, StoreError> {
        self.0.purge(realm, from, limit, op).await
    }

    async fn feed(&self) -> Result<Box<dyn SessionFeed>, StoreError> {
        self.0.feed().await
    }
}
