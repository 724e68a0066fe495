//! Every call to the store goes through here: with its time limit, its operation id and its time.

use super::SessionManager;
use super::tasks::Tasks;
use crate::event::{Event, EventKind};
use crate::ids::{OpId, SessionHandle, SubjectKey};
use crate::random::RandomSource;
use crate::record::{ClientInfo, EndReason, Record};
use crate::store::{Ended, Freshness, Op, StoreError, SubjectRevoked, Which};
use crate::token::SessionKey;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Sleep;

type Call<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

impl SessionManager {
    /// A new operation at this manager's time.
    pub(crate) fn op(&self) -> Result<Op, StoreError> {
        self.op_from(&*self.0.random)
    }

    pub(crate) fn op_from(&self, random: &dyn RandomSource) -> Result<Op, StoreError> {
        let id = OpId::random(random).map_err(StoreError::unavailable)?;
        Ok(Op { id, now: self.now() })
    }

    /// Awaits a call to the store for at most the time limit. After that its outcome is unknown.
    pub(crate) fn limited<'a, T>(&'a self, call: Call<'a, T>) -> Limited<'a, T> {
        Limited { tasks: &self.0.tasks, limit: &self.0.store_timeout, call, timer: None }
    }

    /// What the store has under `key`.
    pub(crate) async fn load(
        &self,
        key: &SessionKey,
        freshness: Freshness,
    ) -> Result<Option<Arc<Record>>, StoreError> {
        match self.0.store.peek(key, freshness) {
            Some(known) => Ok(known),
            None => self.limited(self.0.store.load(key, freshness)).await,
        }
    }

    /// Ends the row under `key`, whatever its state, and tells of it.
    pub(crate) async fn revoke(
        &self,
        key: &SessionKey,
        reason: EndReason,
        client: Option<&ClientInfo>,
    ) -> Result<Option<Ended>, StoreError> {
        let op = self.op()?;
        let ended = self.limited(self.0.store.revoke(key, reason, op)).await?;
        self.tell_ended(ended.as_slice(), None, client);
        Ok(ended)
    }

    /// Ends a session and tells of it; a login by its handle, since a renewal in another tab may have given it another
    /// key meanwhile.
    pub(crate) async fn revoke_session(
        &self,
        record: &Record,
        reason: EndReason,
        client: Option<&ClientInfo>,
    ) -> Result<Vec<Ended>, StoreError> {
        let Some(subject) = SubjectKey::of_login(record) else {
            return Ok(Vec::from_iter(self.revoke(&record.key, reason, client).await?));
        };
        let op = self.op()?;
        let which = Which::One(record.handle);
        let ended = match self.limited(self.0.store.revoke_subject(&subject, None, which, reason, op)).await?
        {
            SubjectRevoked::Done { ended, .. } => ended,
            // Only a call with an actor is answered so; a store that does it anyway has ended nothing.
            SubjectRevoked::ActorGone => Vec::new(),
        };
        self.tell_ended(&ended, None, client);
        Ok(ended)
    }

    /// Tells of every session that a call has ended.
    pub(crate) fn tell_ended(
        &self,
        ended: &[Ended],
        actor: Option<SessionHandle>,
        client: Option<&ClientInfo>,
    ) {
        for one in ended {
            self.tell(&Event {
                subject: one.subject.as_ref(),
                handle: one.handle,
                reason: Some(one.reason),
                actor,
                client,
                ..self.event(EventKind::Ended)
            });
        }
    }
}

/// A call to the store that is awaited for at most the time limit.
///
/// It is polled on the manager's runtime: a connection that a store opens meanwhile must outlive the worker that asks. A
/// store that answers at once costs no timer.
#[must_use = "the store is not asked until it is awaited"]
pub(crate) struct Limited<'a, T> {
    tasks: &'a Tasks,
    limit: &'a Duration,
    call: Call<'a, T>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl<T> Future for Limited<'_, T> {
    type Output = Result<T, StoreError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { tasks, limit, call, timer } = &mut *self;
        if let Poll::Ready(answer) = tasks.poll(call.as_mut(), cx) {
            return Poll::Ready(answer);
        }
        let timer = timer.get_or_insert_with(|| Box::pin(tasks.sleep(**limit)));
        timer.as_mut().poll(cx).map(|()| Err(StoreError::timeout()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreErrorKind;
    use tokio::runtime::Handle;

    fn within<'a, T>(tasks: &'a Tasks, limit: &'a Duration, call: Call<'a, T>) -> Limited<'a, T> {
        Limited { tasks, limit, call, timer: None }
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_does_not_answer_is_an_error_after_the_limit() {
        let tasks = Tasks::new(Handle::current());
        let call: Call<'_, ()> = Box::pin(std::future::pending());
        let error = within(&tasks, &Duration::from_secs(5), call).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Timeout);
    }

    #[test]
    fn a_store_is_asked_on_the_managers_runtime_whoever_asks() {
        let [own, worker] =
            [(), ()].map(|()| tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap());
        let tasks = Tasks::new(own.handle().clone());
        let call: Call<'_, _> = Box::pin(async {
            let before = Handle::current().id();
            tokio::task::yield_now().await;
            Ok((before, Handle::current().id()))
        });
        let asked_on = worker.block_on(within(&tasks, &Duration::from_secs(5), call)).unwrap();
        assert_eq!(asked_on, (own.handle().id(), own.handle().id()));
    }

    #[tokio::test]
    async fn a_store_that_answers_at_once_needs_no_timer() {
        let tasks = Tasks::new(Handle::current());
        assert_eq!(within(&tasks, &Duration::ZERO, Box::pin(async { Ok(7) })).await.unwrap(), 7);
    }
}
