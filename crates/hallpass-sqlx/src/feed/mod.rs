//! One listener for each store, for as long as somebody subscribes.

pub(crate) mod wire;

use async_trait::async_trait;
use hallpass_core::{FeedEvent, SessionFeed, StoreError};
use std::fmt;
use std::future::Future;
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::sync::broadcast::{self, Receiver, Sender, error::RecvError};

/// How many events a subscriber may fall behind before it is told of a gap instead.
const CAPACITY: usize = 4096;

/// How long a subscriber waits before it tries again to listen.
const PAUSE: Duration = Duration::from_millis(500);

/// Where the events of a store come from.
pub(crate) trait Source: fmt::Debug + Send + Sync + 'static {
    /// What hears them.
    type Listener: Listener;

    /// Begins to listen: what is committed after this has answered will be heard.
    fn listen(&self) -> impl Future<Output = Result<Self::Listener, StoreError>> + Send;
}

/// Hears what ends. A cut that may have lost something is a [`FeedEvent::Gap`].
pub(crate) trait Listener: Send + 'static {
    /// What was heard next; it may be nothing, and comes at least every few seconds. Goes on by itself after a failure.
    fn hear(&mut self) -> impl Future<Output = Vec<FeedEvent>> + Send;
}

/// Gives one listener's events to all subscribers.
#[derive(Debug)]
pub(crate) struct Hub<S: Source> {
    source: S,
    /// Held while somebody subscribes or the listener ends, so that neither misses the other.
    gate: Mutex<()>,
    running: RwLock<Option<Sender<FeedEvent>>>,
}

impl<S: Source> Hub<S> {
    pub(crate) fn new(source: S) -> Arc<Self> {
        Arc::new(Self { source, gate: Mutex::default(), running: RwLock::default() })
    }

    /// Subscribes, and begins to listen if nobody did.
    pub(crate) async fn subscribe(self: &Arc<Self>) -> Result<Box<dyn SessionFeed>, StoreError> {
        let events = self.receiver().await?;
        Ok(Box::new(Feed { events, hub: Arc::downgrade(self) }))
    }

    async fn receiver(self: &Arc<Self>) -> Result<Receiver<FeedEvent>, StoreError> {
        let _gate = self.gate.lock().await;
        if let Some(sender) = &*self.running.read().unwrap_or_else(PoisonError::into_inner) {
            return Ok(sender.subscribe());
        }
        let listener = self.source.listen().await?;
        let (sender, events) = broadcast::channel(CAPACITY);
        self.set_running(Some(sender.clone()));
        let running = Running { hub: Arc::downgrade(self), sender };
        tokio::spawn(running.run(listener));
        Ok(events)
    }

    fn set_running(&self, sender: Option<Sender<FeedEvent>>) {
        *self.running.write().unwrap_or_else(PoisonError::into_inner) = sender;
    }
}

/// The task that listens. Dropped, with its runtime or at its end, it leaves a place for another.
struct Running<S: Source> {
    hub: Weak<Hub<S>>,
    sender: Sender<FeedEvent>,
}

impl<S: Source> Running<S> {
    async fn run(self, mut listener: S::Listener) {
        loop {
            for event in listener.hear().await {
                // Nobody may listen any more, which is seen below.
                let _ = self.sender.send(event);
            }
            // The store is gone, or everybody has left.
            let Some(hub) = self.hub.upgrade() else { return };
            if self.sender.receiver_count() == 0 {
                let _gate = hub.gate.lock().await;
                if self.sender.receiver_count() == 0 {
                    hub.set_running(None);
                    return;
                }
            }
        }
    }
}

impl<S: Source> Drop for Running<S> {
    fn drop(&mut self) {
        let Some(hub) = self.hub.upgrade() else { return };
        let mut running = hub.running.write().unwrap_or_else(PoisonError::into_inner);
        if running.as_ref().is_some_and(|sender| sender.same_channel(&self.sender)) {
            *running = None;
        }
    }
}

/// A subscription to a store.
struct Feed<S: Source> {
    events: Receiver<FeedEvent>,
    hub: Weak<Hub<S>>,
}

#[async_trait]
impl<S: Source> SessionFeed for Feed<S> {
    async fn next(&mut self) -> FeedEvent {
        loop {
            match self.events.recv().await {
                Ok(event) => return event,
                Err(RecvError::Lagged(_)) => return FeedEvent::Gap,
                Err(RecvError::Closed) => {}
            }
            // The listener went away with the runtime it ran on.
            let Some(hub) = self.hub.upgrade() else { return std::future::pending().await };
            match hub.receiver().await {
                Ok(events) => {
                    self.events = events;
                    return FeedEvent::Gap;
                }
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }
}

impl<S: Source> fmt::Debug for Feed<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").finish_non_exhaustive()
    }
}
