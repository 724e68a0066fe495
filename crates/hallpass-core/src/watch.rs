//! Who waits for which session's end.

use crate::ids::SessionHandle;
use crate::manager::SessionManager;
use crate::record::{EndReason, Record};
use crate::store::{FeedEvent, SessionFeed};
use crate::token::SessionKey;
use std::collections::HashMap;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Poll;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::{JoinError, JoinSet};

/// How often every watched session is asked for, however quiet the feed is.
const RECHECK: Duration = Duration::from_secs(30);
/// How long to wait before subscribing to a feed again.
const RESUBSCRIBE: Duration = Duration::from_secs(1);
/// How many sessions are asked for in one call.
const BATCH: usize = 500;
/// How many such calls are under way at once.
const BATCHES_AT_ONCE: usize = 32;

/// Everybody who waits, by the session's handle, and whether a task listens to the feed for them.
#[derive(Default)]
pub(crate) struct Watchers {
    state: Mutex<State>,
    emptied: Arc<Notify>,
}

#[derive(Default)]
struct State {
    waiting: HashMap<SessionHandle, Vec<Arc<Waiter>>>,
    listening: bool,
}

struct Waiter {
    state: Mutex<(SessionKey, Option<EndReason>)>,
    wake: Notify,
}

impl Waiter {
    fn state(&self) -> MutexGuard<'_, (SessionKey, Option<EndReason>)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One registration; dropping it removes it.
pub(crate) struct Watch {
    manager: SessionManager,
    handle: SessionHandle,
    waiter: Arc<Waiter>,
}

impl Watch {
    /// Why the session ended, once the feed has told.
    pub(crate) fn reason(&self) -> Option<EndReason> {
        self.waiter.state().1
    }

    /// The key that opens the session as far as known.
    pub(crate) fn key(&self) -> SessionKey {
        self.waiter.state().0
    }

    /// The session has been renewed to `key`.
    pub(crate) fn follow(&self, key: SessionKey) {
        self.waiter.state().0 = key;
    }

    /// Resolves when there is something to look at: a reason, or a doubt.
    pub(crate) async fn woken(&self) {
        self.waiter.wake.notified().await;
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let watchers = &self.manager.0.watchers;
        let mut state = watchers.state();
        if let Some(waiting) = state.waiting.get_mut(&self.handle) {
            waiting.retain(|waiter| !Arc::ptr_eq(waiter, &self.waiter));
            if waiting.is_empty() {
                state.waiting.remove(&self.handle);
            }
        }
        if state.waiting.is_empty() {
            state.waiting.shrink_to_fit();
            watchers.emptied.notify_one();
        }
    }
}

impl Watchers {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, event: &FeedEvent) {
        match event {
            FeedEvent::Ended(ended) => {
                for waiter in ended.handle.iter().flat_map(|handle| self.of(handle)) {
                    waiter.state().1 = Some(ended.reason);
                    waiter.wake.notify_one();
                }
            }
            FeedEvent::Replaced { new, handle, .. } => {
                for waiter in self.of(handle) {
                    waiter.state().0 = *new;
                }
            }
            FeedEvent::NotBefore { .. } => self.wake_all(),
            FeedEvent::Gap => {}
        }
    }

    fn of(&self, handle: &SessionHandle) -> Vec<Arc<Waiter>> {
        self.state().waiting.get(handle).cloned().unwrap_or_default()
    }

    fn all(&self) -> Vec<Arc<Waiter>> {
        self.state().waiting.values().flatten().cloned().collect()
    }

    fn wake_all(&self) {
        for waiter in self.all() {
            waiter.wake.notify_one();
        }
    }

    /// Whether the listener may stop; from then on the next watcher starts another.
    fn stop_if_empty(&self) -> bool {
        let mut state = self.state();
        state.listening = !state.waiting.is_empty();
        !state.listening
    }
}

impl fmt::Debug for Watchers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watchers").field("sessions", &self.state().waiting.len()).finish_non_exhaustive()
    }
}

impl SessionManager {
    /// Registers for the end of the session. The first one starts the listener.
    pub(crate) fn watch(&self, record: &Record) -> Watch {
        let (handle, key) = (record.handle, record.key);
        let waiter = Arc::new(Waiter { state: Mutex::new((key, None)), wake: Notify::new() });
        let mut state = self.0.watchers.state();
        state.waiting.entry(handle).or_default().push(Arc::clone(&waiter));
        if !std::mem::replace(&mut state.listening, true) {
            let manager = Arc::downgrade(&self.0);
            self.0.tasks.runtime().spawn(listen(manager, Arc::clone(&self.0.watchers.emptied)));
        }
        drop(state);
        Watch { manager: self.clone(), handle, waiter }
    }

    /// Wakes every watcher whose session is not live under the key it is known by. Batches that are answered late keep
    /// few others waiting.
    async fn recheck_all(&self) {
        let waiters = self.0.watchers.all();
        let mut asking = JoinSet::new();
        for batch in waiters.chunks(BATCH) {
            if asking.len() == BATCHES_AT_ONCE {
                done(asking.join_next().await);
            }
            let (manager, batch) = (self.clone(), batch.to_vec());
            asking.spawn_on(async move { manager.recheck(&batch).await }, self.0.tasks.runtime());
        }
        while let Some(asked) = asking.join_next().await {
            done(Some(asked));
        }
    }

    async fn recheck(&self, batch: &[Arc<Waiter>]) {
        let keys: Vec<_> = batch.iter().map(|waiter| waiter.state().0).collect();
        match self.limited(self.0.store.alive(&keys, self.now())).await {
            Ok(alive) => {
                // That everybody was ended may have been lost like any other message.
                self.doubt_not_before();
                let unknown = alive.iter().filter(|alive| alive.is_none()).count();
                if unknown > 0 {
                    tracing::warn!(target: "hallpass", unknown, "of some watched sessions it is not known whether they are live");
                }
                let doubtful = batch.iter().zip(alive).filter(|(_, alive)| *alive == Some(false));
                doubtful.for_each(|(waiter, _)| waiter.wake.notify_one());
            }
            Err(error) => {
                tracing::warn!(target: "hallpass", error = &error as &dyn std::error::Error, "watched sessions could not be checked");
            }
        }
    }
}

/// A store that panics does so for the listener too, which then begins anew.
fn done(asked: Option<Result<(), JoinError>>) {
    if let Some(Err(error)) = asked
        && error.is_panic()
    {
        std::panic::resume_unwind(error.into_panic());
    }
}

/// Listens to the store's feed while anybody waits.
async fn listen(manager: Weak<crate::manager::Inner>, emptied: Arc<Notify>) {
    let _again = ListenAgain(manager.clone());
    loop {
        let Some(manager) = manager.upgrade().map(SessionManager) else { return };
        match manager.limited(manager.0.store.feed()).await {
            Ok(feed) => {
                // What ended between the registration and the subscription was not heard.
                manager.recheck_all().await;
                if follow(&manager, feed, &emptied).await.is_none() {
                    return;
                }
            }
            Err(error) => {
                tracing::warn!(target: "hallpass", error = &error as &dyn std::error::Error, "the session feed could not be subscribed to");
                manager.recheck_all().await;
                manager.0.clock.sleep(RESUBSCRIBE).await;
                if manager.0.watchers.stop_if_empty() {
                    return;
                }
            }
        }
    }
}

/// Listens again if a store's feed panics: who waits would hear of no end any more, and nobody would start another.
struct ListenAgain(Weak<crate::manager::Inner>);

impl Drop for ListenAgain {
    fn drop(&mut self) {
        let Some(manager) = self.0.upgrade().filter(|_| std::thread::panicking()) else { return };
        tracing::error!(target: "hallpass", "the session feed panicked");
        let (emptied, clock) = (Arc::clone(&manager.watchers.emptied), Arc::clone(&manager.clock));
        let weak = self.0.clone();
        manager.tasks.runtime().spawn(async move {
            clock.sleep(RESUBSCRIBE).await;
            listen(weak, emptied).await;
        });
    }
}

/// Hands on what the feed tells, until nobody waits. However busy the feed, every session is asked for in time.
async fn follow(manager: &SessionManager, mut feed: Box<dyn SessionFeed>, emptied: &Notify) -> Option<()> {
    let mut timer = manager.0.clock.sleep(RECHECK);
    loop {
        let heard = {
            let emptied = std::pin::pin!(emptied.notified());
            let next = std::pin::pin!(feed.next());
            // The timer first: a feed that always has something to tell must not put it off.
            first_of(timer.as_mut(), std::pin::pin!(first_of(emptied, next))).await
        };
        match heard {
            First::Right(First::Right(event)) => {
                hear(manager, &event).await;
                // Other tasks and timers of this thread want their turn too.
                tokio::task::yield_now().await;
            }
            First::Right(First::Left(())) => {}
            First::Left(()) => {
                manager.recheck_all().await;
                timer = manager.0.clock.sleep(RECHECK);
            }
        }
        if manager.0.watchers.stop_if_empty() {
            return None;
        }
    }
}

async fn hear(manager: &SessionManager, event: &FeedEvent) {
    match event {
        FeedEvent::NotBefore { realm, at } if realm == manager.realm() => manager.learn_not_before(*at),
        FeedEvent::Gap => manager.recheck_all().await,
        _ => {}
    }
    manager.0.watchers.tell(event);
}

/// Which of two futures was ready first.
pub(crate) enum First<A, B> {
    Left(A),
    Right(B),
}

/// Awaits two futures until one is ready; the left one first, if both are.
pub(crate) async fn first_of<A: Future + ?Sized, B: Future + ?Sized>(
    mut left: Pin<&mut A>,
    mut right: Pin<&mut B>,
) -> First<A::Output, B::Output> {
    poll_fn(|cx| match left.as_mut().poll(cx) {
        Poll::Ready(value) => Poll::Ready(First::Left(value)),
        Poll::Pending => right.as_mut().poll(cx).map(First::Right),
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryStore;
    use crate::slot::SessionSlot;
    use crate::test_head::Head;

    /// A manager and the record of a session of it.
    async fn stored() -> (SessionManager, Arc<Record>) {
        let manager = SessionManager::builder(MemoryStore::new()).sweep_every(None).build().unwrap();
        let slot = SessionSlot::new(&manager.clone().into(), &Head::new("GET"), None);
        let session = slot.open().await.unwrap();
        session.insert("color", "red").unwrap();
        assert_eq!(slot.commit().await.refusal, None);
        let record = session.record().unwrap();
        (manager, record)
    }

    async fn until(is_so: impl Fn() -> bool) {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn no_entry_outlives_its_watcher() {
        let (manager, record) = stored().await;
        let watches: Vec<_> = (0..100).map(|_| manager.watch(&record)).collect();
        let state = || manager.0.watchers.state();
        assert_eq!(state().waiting[&record.handle].len(), 100);
        drop(watches);
        assert_eq!(state().waiting.capacity(), 0);
        until(|| !state().listening).await;
        let again = manager.watch(&record);
        assert!(state().listening);
        drop(again);
    }

    #[tokio::test]
    async fn no_manager_is_kept_alive_by_its_listener() {
        let (manager, record) = stored().await;
        let (inner, watch) = (Arc::downgrade(&manager.0), manager.watch(&record));
        // Until it waits for the feed.
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        drop((manager, record));
        assert!(inner.upgrade().is_some(), "somebody waits");
        drop(watch);
        until(|| inner.upgrade().is_none()).await;
    }
}
