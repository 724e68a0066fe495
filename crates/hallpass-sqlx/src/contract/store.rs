//! The trait of the core, for a database.

/// Makes a [`SessionStore`](hallpass_core::SessionStore) of a [`Database`](super::Database) with a field `hub`.
macro_rules! impl_session_store {
    ($store:ty) => {
        const _: () = {
            use hallpass_core::*;
            use std::sync::Arc;

            #[async_trait::async_trait]
            impl SessionStore for $store {
                async fn create(
                    &self,
                    record: Arc<Record>,
                    ticket: Option<&Ticket>,
                    limit: Option<SessionLimit>,
                    op: Op,
                ) -> Result<Created, StoreError> {
                    crate::contract::create(self, &record, ticket, limit, op.now).await
                }

                async fn load(
                    &self,
                    key: &SessionKey,
                    _freshness: Freshness,
                ) -> Result<Option<Arc<Record>>, StoreError> {
                    crate::contract::load(self, key).await
                }

                async fn update(
                    &self,
                    record: Arc<Record>,
                    expected: Revision,
                    op: Op,
                ) -> Result<Updated, StoreError> {
                    crate::contract::update(self, &record, expected, op.now).await
                }

                async fn touch(
                    &self,
                    key: &SessionKey,
                    idle_until: Timestamp,
                    op: Op,
                ) -> Result<bool, StoreError> {
                    crate::contract::touch(self, key, idle_until, op.now).await
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
                    crate::contract::replace(self, old, &record, expected, ticket, limit, op.now).await
                }

                async fn take(
                    &self,
                    key: &SessionKey,
                    expected: Revision,
                    reason: EndReason,
                    op: Op,
                ) -> Result<Taken, StoreError> {
                    crate::contract::take(self, key, expected, reason, op.now).await
                }

                async fn revoke(
                    &self,
                    key: &SessionKey,
                    reason: EndReason,
                    op: Op,
                ) -> Result<Option<Ended>, StoreError> {
                    crate::contract::revoke(self, key, reason, op.now).await
                }

                async fn subject(
                    &self,
                    subject: &SubjectKey,
                    now: Timestamp,
                ) -> Result<Vec<SessionSummary>, StoreError> {
                    crate::contract::list(self, subject, now).await
                }

                async fn epoch(&self, subject: &SubjectKey) -> Result<Epoch, StoreError> {
                    crate::contract::epoch(self, subject).await
                }

                async fn revoke_subject(
                    &self,
                    subject: &SubjectKey,
                    actor: Option<SessionHandle>,
                    which: Which,
                    reason: EndReason,
                    op: Op,
                ) -> Result<SubjectRevoked, StoreError> {
                    crate::contract::revoke_subject(self, subject, actor, which, reason, op).await
                }

                async fn not_before(&self, realm: &Realm) -> Result<Option<Timestamp>, StoreError> {
                    crate::contract::not_before(self, realm).await
                }

                async fn raise_not_before(
                    &self,
                    realm: &Realm,
                    at: Timestamp,
                    _op: Op,
                ) -> Result<Timestamp, StoreError> {
                    crate::contract::raise_not_before(self, realm, at).await
                }

                async fn alive(
                    &self,
                    keys: &[SessionKey],
                    now: Timestamp,
                ) -> Result<Vec<Option<bool>>, StoreError> {
                    crate::contract::alive(self, keys, now).await
                }

                async fn sweep(&self, limit: usize, op: Op) -> Result<Swept, StoreError> {
                    crate::contract::sweep(self, limit, op.now).await
                }

                async fn purge(
                    &self,
                    realm: &Realm,
                    from: u64,
                    limit: usize,
                    op: Op,
                ) -> Result<Purged, StoreError> {
                    crate::contract::purge(self, realm, from, limit, op.now).await
                }

                async fn feed(&self) -> Result<Box<dyn SessionFeed>, StoreError> {
                    self.hub.subscribe().await
                }
            }
        };
    };
}

pub(crate) use impl_session_store;
