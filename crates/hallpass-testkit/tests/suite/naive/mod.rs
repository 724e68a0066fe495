//! A store with one lock, as simple as the contract allows, and with bugs that can be switched on.

mod bug;
mod state;

pub(crate) use bug::Bug;

use async_trait::async_trait;
use hallpass_core::{
    Created, EndReason, Ended, Epoch, FeedEvent, Freshness, Op, Purged, Realm, Record, Replaced, Revision,
    SessionFeed, SessionHandle, SessionKey, SessionLimit, SessionStore, SessionSummary, StoreError,
    SubjectKey, SubjectRevoked, Swept, Taken, Ticket, Timestamp, Updated, Which,
};
use hallpass_testkit::Method;
use state::State;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::broadcast;
use tokio::task::yield_now;

#[derive(Debug)]
pub(crate) struct NaiveStore {
    bug: Bug,
    state: Mutex<State>,
    events: broadcast::Sender<FeedEvent>,
}

impl NaiveStore {
    pub(crate) fn new() -> Self {
        Self::with(Bug::None)
    }

    pub(crate) fn with(bug: Bug) -> Self {
        Self { bug, state: Mutex::new(State::new(bug)), events: broadcast::Sender::new(10_000) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    async fn change<T: Clone + Send + Sync + 'static>(
        &self,
        method: Method,
        op: Op,
        call: impl FnOnce(&mut State) -> T + Send,
    ) -> Result<T, StoreError> {
        self.check_lock()?;
        if self.bug == Bug::RepetitionsFail && self.state().knows(op) {
            return Err(StoreError::unavailable("the operation is known"));
        }
        let answer = match self.bug {
            Bug::WritesBackASnapshot(of) if of == method => {
                let mut copy = self.state().clone();
                others_go_on().await;
                let answer = copy.once(op, call);
                *self.state() = copy;
                answer
            }
            Bug::StopsHalfway(of) if of == method => {
                let mut done = self.state().clone();
                let answer = done.once(op, call);
                self.state().rows = done.rows.clone();
                yield_now().await;
                *self.state() = done;
                answer
            }
            Bug::IndexesFromASnapshot(of) if of == method => {
                let mut done = self.state().clone();
                let answer = done.once(op, call);
                self.state().rows = done.rows.clone();
                others_go_on().await;
                let mut state = self.state();
                done.rows = std::mem::take(&mut state.rows);
                *state = done;
                answer
            }
            _ => self.state().once(op, call),
        };
        self.publish();
        Ok(answer)
    }

    async fn ask<T>(&self, call: impl FnOnce(&mut State) -> T) -> Result<T, StoreError> {
        self.check_lock()?;
        if self.bug == Bug::DroppedQuestionsLeaveALock {
            self.state().locked = true;
            yield_now().await;
            self.state().locked = false;
        }
        Ok(call(&mut self.state()))
    }

    fn check_lock(&self) -> Result<(), StoreError> {
        if self.state().locked { Err(StoreError::unavailable("locked")) } else { Ok(()) }
    }

    fn publish(&self) {
        for event in std::mem::take(&mut self.state().outbox) {
            if self.bug != Bug::FeedIsSilent {
                let _ = self.events.send(event);
            }
        }
    }
}

/// Long enough for every call that has begun at the same time to come in between.
async fn others_go_on() {
    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
}

#[async_trait]
impl SessionStore for NaiveStore {
    async fn create(
        &self,
        record: Arc<Record>,
        ticket: Option<&Ticket>,
        limit: Option<SessionLimit>,
        op: Op,
    ) -> Result<Created, StoreError> {
        self.change(Method::Create, op, |state| state.create(record, ticket, limit, op)).await
    }

    async fn load(&self, key: &SessionKey, _: Freshness) -> Result<Option<Arc<Record>>, StoreError> {
        self.ask(|state| state.load(key)).await
    }

    fn peek(&self, key: &SessionKey, _: Freshness) -> Option<Option<Arc<Record>>> {
        (self.bug == Bug::PeekShowsThePast)
            .then(|| self.state().first.values().find(|row| row.key == *key).cloned())
    }

    async fn update(&self, record: Arc<Record>, expected: Revision, op: Op) -> Result<Updated, StoreError> {
        self.change(Method::Update, op, |state| state.update(record, expected, op)).await
    }

    async fn touch(&self, key: &SessionKey, idle_until: Timestamp, op: Op) -> Result<bool, StoreError> {
        self.change(Method::Touch, op, |state| state.touch(key, idle_until, op)).await
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
        let call = |state: &mut State| state.replace(old, record, expected, ticket, limit, op);
        self.change(Method::Replace, op, call).await
    }

    async fn take(
        &self,
        key: &SessionKey,
        expected: Revision,
        reason: EndReason,
        op: Op,
    ) -> Result<Taken, StoreError> {
        self.change(Method::Take, op, |state| state.take(key, expected, reason, op)).await
    }

    async fn revoke(&self, key: &SessionKey, reason: EndReason, op: Op) -> Result<Option<Ended>, StoreError> {
        self.change(Method::Revoke, op, |state| state.revoke(key, reason, op)).await
    }

    async fn subject(&self, subject: &SubjectKey, now: Timestamp) -> Result<Vec<SessionSummary>, StoreError> {
        self.ask(|state| state.subject(subject, now)).await
    }

    async fn epoch(&self, subject: &SubjectKey) -> Result<Epoch, StoreError> {
        self.ask(|state| state.epoch(subject)).await
    }

    async fn revoke_subject(
        &self,
        subject: &SubjectKey,
        actor: Option<SessionHandle>,
        which: Which,
        reason: EndReason,
        op: Op,
    ) -> Result<SubjectRevoked, StoreError> {
        let call = |state: &mut State| state.revoke_subject(subject, actor, which, reason, op);
        self.change(Method::RevokeSubject, op, call).await
    }

    async fn not_before(&self, realm: &Realm) -> Result<Option<Timestamp>, StoreError> {
        self.ask(|state| state.not_before(realm)).await
    }

    async fn raise_not_before(&self, realm: &Realm, at: Timestamp, op: Op) -> Result<Timestamp, StoreError> {
        self.change(Method::RaiseNotBefore, op, |state| state.raise_not_before(realm, at)).await
    }

    async fn alive(&self, keys: &[SessionKey], now: Timestamp) -> Result<Vec<Option<bool>>, StoreError> {
        self.ask(|state| state.alive(keys, now)).await
    }

    async fn sweep(&self, limit: usize, op: Op) -> Result<Swept, StoreError> {
        self.change(Method::Sweep, op, |state| state.sweep(limit, op)).await
    }

    async fn purge(&self, realm: &Realm, from: u64, limit: usize, op: Op) -> Result<Purged, StoreError> {
        self.change(Method::Purge, op, |state| state.purge(realm, from, limit, op)).await
    }

    async fn feed(&self) -> Result<Box<dyn SessionFeed>, StoreError> {
        self.check_lock()?;
        let past = match self.bug {
            Bug::FeedTellsOfThePast => self.state().told.clone(),
            _ => Vec::new(),
        };
        let events = match self.bug {
            Bug::FeedReachesOneSubscriber if self.events.receiver_count() > 0 => {
                let deaf = broadcast::Sender::new(1).subscribe();
                return Ok(Box::new(NaiveFeed { bug: self.bug, past, held: None, events: deaf }));
            }
            _ => self.events.subscribe(),
        };
        Ok(Box::new(NaiveFeed { bug: self.bug, past, held: None, events }))
    }
}

#[derive(Debug)]
struct NaiveFeed {
    bug: Bug,
    past: Vec<FeedEvent>,
    held: Option<FeedEvent>,
    events: broadcast::Receiver<FeedEvent>,
}

#[async_trait]
impl SessionFeed for NaiveFeed {
    async fn next(&mut self) -> FeedEvent {
        if let Some(event) = self.past.pop() {
            return event;
        }
        let event = match self.events.recv().await {
            Ok(event) => event,
            Err(broadcast::error::RecvError::Lagged(_)) => FeedEvent::Gap,
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        };
        if self.bug == Bug::FeedLosesEventsWhenDropped {
            self.held = Some(event);
            yield_now().await;
            return self.held.take().unwrap();
        }
        event
    }
}
