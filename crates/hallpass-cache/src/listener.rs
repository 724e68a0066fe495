//! Listening to the store's feed for as long as the cache lives.

use crate::state::State;
use hallpass_core::{FeedEvent, SessionFeed, StoreError};
use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tokio::time::Instant;

/// How long a subscription may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The pauses between two subscriptions grow from the one to the other.
const SHORTEST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The task that listens. Started by whoever first needs it on a runtime, and again if it has died with its runtime or
/// by a panic of the feed.
#[derive(Debug)]
pub(crate) struct Listener {
    runtime: Option<Handle>,
    running: Arc<AtomicBool>,
    task: Mutex<Option<AbortHandle>>,
}

impl Listener {
    pub(crate) fn new(runtime: Option<Handle>) -> Self {
        Self { runtime, running: Arc::default(), task: Mutex::default() }
    }

    /// Starts the task unless it runs, if there is a runtime for it.
    pub(crate) fn ensure_running(&self, state: &Arc<State>) {
        if self.running.load(Ordering::Acquire) {
            return;
        }
        let Some(runtime) = self.runtime.clone().or_else(|| Handle::try_current().ok()) else { return };
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if self.running.swap(true, Ordering::AcqRel) {
            return;
        }
        // One that has died is not replaced at once: it might die again.
        let pause = if task.is_some() { LONGEST_PAUSE } else { Duration::ZERO };
        let running = Running { state: Arc::clone(state), flag: Arc::clone(&self.running) };
        *task = Some(runtime.spawn(listen(running, pause)).abort_handle());
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Some(task) = self.task.get_mut().unwrap_or_else(PoisonError::into_inner) {
            task.abort();
        }
    }
}

/// However the task ends, from then on nothing is heard.
struct Running {
    state: Arc<State>,
    flag: Arc<AtomicBool>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.state.set_heard(false);
        self.flag.store(false, Ordering::Release);
    }
}

async fn listen(running: Running, mut pause: Duration) {
    let state = &*running.state;
    loop {
        tokio::time::sleep(pause).await;
        let lasted = match subscribe(state).await {
            Ok(feed) => follow(state, feed).await,
            Err(error) => {
                tracing::warn!(
                    target: "hallpass",
                    error = &error as &dyn Error,
                    "the session feed could not be subscribed to; every session is loaded from the store"
                );
                Duration::ZERO
            }
        };
        // A subscription that held is renewed at once.
        pause = if lasted > LONGEST_PAUSE {
            Duration::ZERO
        } else {
            (2 * pause).clamp(SHORTEST_PAUSE, LONGEST_PAUSE)
        };
    }
}

async fn subscribe(state: &State) -> Result<Box<dyn SessionFeed>, StoreError> {
    tokio::time::timeout(PATIENCE, state.store.feed()).await.unwrap_or_else(|_| Err(StoreError::timeout()))
}

/// Listens until something may have been missed. How long it went well.
async fn follow(state: &State, mut feed: Box<dyn SessionFeed>) -> Duration {
    let began = Instant::now();
    state.set_heard(true);
    tracing::debug!(target: "hallpass", "the session feed is heard");
    loop {
        match feed.next().await {
            FeedEvent::Gap => break,
            event => state.hear(&event),
        }
        // Other tasks of this thread want their turn too.
        tokio::task::consume_budget().await;
    }
    state.set_heard(false);
    tracing::debug!(target: "hallpass", "the session feed has a gap; it is subscribed to again");
    began.elapsed()
}
