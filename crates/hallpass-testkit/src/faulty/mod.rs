//! A store that fails when a test says so.

mod feed;
mod gate;
mod plan;

pub use gate::Gate;
pub use plan::{Fault, Method, Times};

use async_trait::async_trait;
use feed::FaultyFeed;
use hallpass_core::{
    Created, EndReason, Ended, Epoch, Freshness, Op, Purged, Realm, Record, Replaced, Revision, SessionFeed,
    SessionHandle, SessionKey, SessionLimit, SessionStore, SessionSummary, StoreError, SubjectKey,
    SubjectRevoked, Swept, Taken, Ticket, Timestamp, Updated, Which,
};
use plan::Plan;
use std::future::Future;
use std::sync::Arc;

/// Wraps a store and fails, holds or loses calls when a test says so. Clones share everything.
///
/// It also counts the calls, so that a test can assert that a route makes none.
///
/// ```
/// use hallpass_core::{SessionStore, StoreErrorKind};
/// use hallpass_testkit::{FaultyStore, Method, Times};
/// # use hallpass_core::{MemoryStore, Realm};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let store = FaultyStore::new(MemoryStore::new());
/// let realm = Realm::new("shop").unwrap();
///
/// store.fail(Method::NotBefore, Times::Next(1));
/// assert_eq!(store.not_before(&realm).await.unwrap_err().kind(), StoreErrorKind::Unavailable);
/// assert!(store.not_before(&realm).await.is_ok());
/// assert_eq!(store.calls(Method::NotBefore), 2);
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct FaultyStore {
    inner: Arc<dyn SessionStore>,
    plan: Arc<Plan>,
}

impl FaultyStore {
    /// Wraps `store`. Nothing fails yet.
    #[must_use]
    pub fn new(store: impl SessionStore) -> Self {
        Self::around(Arc::new(store))
    }

    /// Wraps a store that is shared already. Nothing fails yet.
    #[must_use]
    pub fn around(inner: Arc<dyn SessionStore>) -> Self {
        Self { inner, plan: Arc::default() }
    }

    /// Plans `fault` for calls of `method`. Faults of one method happen in the order in which they were planned.
    pub fn inject(&self, method: Method, fault: Fault, times: Times) {
        self.plan.add(method, fault, times);
    }

    /// Lets calls of `method` fail as unavailable, without making them.
    pub fn fail(&self, method: Method, times: Times) {
        self.inject(method, Fault::Fail(hallpass_core::StoreErrorKind::Unavailable), times);
    }

    /// Makes calls of `method` and then answers a timeout: the caller cannot know that they were done.
    pub fn lose_answer(&self, method: Method, times: Times) {
        self.inject(method, Fault::LoseAnswer, times);
    }

    /// Holds the calls of `method` from now on, before they are made, until the gate lets them go.
    pub fn hold(&self, method: Method) -> Gate {
        let gate = Gate::new();
        self.inject(method, Fault::Hold(gate.clone()), Times::UntilCleared);
        gate
    }

    /// Makes the calls of `method` from now on and holds their answers until the gate lets them go.
    pub fn hold_answer(&self, method: Method) -> Gate {
        let gate = Gate::new();
        self.inject(method, Fault::HoldAnswer(gate.clone()), Times::UntilCleared);
        gate
    }

    /// Loses events of the feed, of every open subscription together.
    pub fn lose_events(&self, times: Times) {
        self.plan.lose_events(times);
    }

    /// Fails every call as unavailable and loses every event, until [`come_up`](Self::come_up).
    pub fn go_down(&self) {
        self.plan.set_down(true);
    }

    /// Ends [`go_down`](Self::go_down). Open subscriptions tell of a gap.
    pub fn come_up(&self) {
        self.plan.set_down(false);
        self.plan.cut_feeds();
    }

    /// Lets every open subscription tell of a gap.
    pub fn cut_feeds(&self) {
        self.plan.cut_feeds();
    }

    /// Forgets every planned fault, not whether it is down. Calls that are held stay with their gate.
    pub fn clear(&self) {
        self.plan.clear();
    }

    /// How many calls of `method` have come, failed ones included.
    #[must_use]
    pub fn calls(&self, method: Method) -> u64 {
        self.plan.calls(method)
    }

    /// How many calls have come in all, failed ones included.
    #[must_use]
    pub fn total_calls(&self) -> u64 {
        Method::ALL.into_iter().map(|method| self.calls(method)).sum()
    }

    /// Counts calls from zero again.
    pub fn reset_calls(&self) {
        self.plan.reset_calls();
    }

    /// Nothing of `call` has happened before it is polled first: that is what makes failing without calling possible.
    async fn run<T>(
        &self,
        method: Method,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        match self.plan.arrive(method)? {
            None => call.await,
            Some(Fault::Fail(kind)) => Err(plan::error_of(kind)),
            Some(Fault::LoseAnswer) => call.await.and(Err(StoreError::timeout())),
            Some(Fault::Hold(gate)) => {
                gate.pass().await;
                self.plan.check_up()?;
                call.await
            }
            Some(Fault::HoldAnswer(gate)) => {
                let answer = call.await;
                gate.pass().await;
                answer
            }
        }
    }
}

#[async_trait]
impl SessionStore for FaultyStore {
    async fn create(
        &self,
        record: Arc<Record>,
        ticket: Option<&Ticket>,
        limit: Option<SessionLimit>,
        op: Op,
    ) -> Result<Created, StoreError> {
        self.run(Method::Create, self.inner.create(record, ticket, limit, op)).await
    }

    async fn load(&self, key: &SessionKey, freshness: Freshness) -> Result<Option<Arc<Record>>, StoreError> {
        self.run(Method::Load, self.inner.load(key, freshness)).await
    }

    async fn update(&self, record: Arc<Record>, expected: Revision, op: Op) -> Result<Updated, StoreError> {
        self.run(Method::Update, self.inner.update(record, expected, op)).await
    }

    async fn touch(&self, key: &SessionKey, idle_until: Timestamp, op: Op) -> Result<bool, StoreError> {
        self.run(Method::Touch, self.inner.touch(key, idle_until, op)).await
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
        self.run(Method::Replace, self.inner.replace(old, record, expected, ticket, limit, op)).await
    }

    async fn take(
        &self,
        key: &SessionKey,
        expected: Revision,
        reason: EndReason,
        op: Op,
    ) -> Result<Taken, StoreError> {
        self.run(Method::Take, self.inner.take(key, expected, reason, op)).await
    }

    async fn revoke(&self, key: &SessionKey, reason: EndReason, op: Op) -> Result<Option<Ended>, StoreError> {
        self.run(Method::Revoke, self.inner.revoke(key, reason, op)).await
    }

    async fn subject(&self, subject: &SubjectKey, now: Timestamp) -> Result<Vec<SessionSummary>, StoreError> {
        self.run(Method::Subject, self.inner.subject(subject, now)).await
    }

    async fn epoch(&self, subject: &SubjectKey) -> Result<Epoch, StoreError> {
        self.run(Method::Epoch, self.inner.epoch(subject)).await
    }

    async fn revoke_subject(
        &self,
        subject: &SubjectKey,
        actor: Option<SessionHandle>,
        which: Which,
        reason: EndReason,
        op: Op,
    ) -> Result<SubjectRevoked, StoreError> {
        self.run(Method::RevokeSubject, self.inner.revoke_subject(subject, actor, which, reason, op)).await
    }

    async fn not_before(&self, realm: &Realm) -> Result<Option<Timestamp>, StoreError> {
        self.run(Method::NotBefore, self.inner.not_before(realm)).await
    }

    async fn raise_not_before(&self, realm: &Realm, at: Timestamp, op: Op) -> Result<Timestamp, StoreError> {
        self.run(Method::RaiseNotBefore, self.inner.raise_not_before(realm, at, op)).await
    }

    async fn alive(&self, keys: &[SessionKey], now: Timestamp) -> Result<Vec<Option<bool>>, StoreError> {
        self.run(Method::Alive, self.inner.alive(keys, now)).await
    }

    async fn sweep(&self, limit: usize, op: Op) -> Result<Swept, StoreError> {
        self.run(Method::Sweep, self.inner.sweep(limit, op)).await
    }

    async fn purge(&self, realm: &Realm, from: u64, limit: usize, op: Op) -> Result<Purged, StoreError> {
        self.run(Method::Purge, self.inner.purge(realm, from, limit, op)).await
    }

    async fn feed(&self) -> Result<Box<dyn SessionFeed>, StoreError> {
        let inner = self.run(Method::Feed, self.inner.feed()).await?;
        Ok(Box::new(FaultyFeed::new(inner, Arc::clone(&self.plan))))
    }
}
