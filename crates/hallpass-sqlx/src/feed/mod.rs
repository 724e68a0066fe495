//! One listener for each store, for as long as somebody subscribes.

pub(crate) mod wire;

use async_trait::async_trait;
use hallpass_core::{FeedEvent, SessionFeed, StoreError};
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::task::Poll;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::sync::broadcast::{self, Receiver, Sender, error::RecvError};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::sync::oneshot;

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
    /// Waits until there may be something to hear, for a few seconds at most. May be dropped at any time, and loses nothing
    /// then.
    fn wait(&mut self) -> impl Future<Output = ()> + Send;

    /// What there is to hear; it may be nothing. Goes on by itself after a failure.
    fn hear(&mut self) -> impl Future<Output = Vec<FeedEvent>> + Send;

    /// From now on [`has_caught_up`](Self::has_caught_up) says no until all has been heard that is committed by now.
    fn mark(&mut self);

    /// Whether all has been heard that was committed before the mark.
    fn has_caught_up(&self) -> bool;
}

/// Somebody who wants to hear what comes later, and only that.
type Join = oneshot::Sender<Receiver<FeedEvent>>;

/// Gives one listener's events to all subscribers.
#[derive(Debug)]
pub(crate) struct Hub<S: Source> {
    source: S,
    /// Held while somebody subscribes or the listener ends, so that neither misses the other.
    gate: Mutex<()>,
    running: RwLock<Option<UnboundedSender<Join>>>,
}

impl<S: Source> Hub<S> {
    pub(crate) fn new(source: S) -> Arc<Self> {
        Arc::new(Self { source, gate: Mutex::default(), running: RwLock::default() })
    }

    /// Subscribes, and begins to listen if nobody did. What was committed before is not heard.
    pub(crate) async fn subscribe(self: &Arc<Self>) -> Result<Box<dyn SessionFeed>, StoreError> {
        let events = self.receiver().await?;
        Ok(Box::new(Feed { events, hub: Arc::downgrade(self) }))
    }

    async fn receiver(self: &Arc<Self>) -> Result<Receiver<FeedEvent>, StoreError> {
        loop {
            let joined = {
                let _gate = self.gate.lock().await;
                match self.join() {
                    Some(joined) => joined,
                    None => return self.begin().await,
                }
            };
            // A listener that ended meanwhile, with its runtime, answers nobody.
            if let Ok(events) = joined.await {
                return Ok(events);
            }
        }
    }

    /// Asks the listener that is running, if one is.
    fn join(&self) -> Option<oneshot::Receiver<Receiver<FeedEvent>>> {
        let running = self.running.read().unwrap_or_else(PoisonError::into_inner);
        let (join, joined) = oneshot::channel();
        running.as_ref()?.send(join).ok()?;
        Some(joined)
    }

    async fn begin(self: &Arc<Self>) -> Result<Receiver<FeedEvent>, StoreError> {
        let listener = self.source.listen().await?;
        let (sender, events) = broadcast::channel(CAPACITY);
        let (running, joins) = mpsc::unbounded_channel();
        self.set_running(Some(running));
        let running = Running { hub: Arc::downgrade(self), sender, joins, waiting: Vec::new() };
        tokio::spawn(running.run(listener));
        Ok(events)
    }

    fn set_running(&self, running: Option<UnboundedSender<Join>>) {
        *self.running.write().unwrap_or_else(PoisonError::into_inner) = running;
    }
}

/// The task that listens. Dropped, with its runtime or at its end, it leaves a place for another.
struct Running<S: Source> {
    hub: Weak<Hub<S>>,
    sender: Sender<FeedEvent>,
    joins: UnboundedReceiver<Join>,
    /// They have asked before the mark.
    waiting: Vec<Join>,
}

impl<S: Source> Running<S> {
    async fn run(mut self, mut listener: S::Listener) {
        loop {
            if let Some(join) = self.asked(listener.wait()).await {
                self.waiting.push(join);
                while let Ok(join) = self.joins.try_recv() {
                    self.waiting.push(join);
                }
                listener.mark();
            }
            for event in listener.hear().await {
                // Nobody may listen any more, which is seen below.
                let _ = self.sender.send(event);
            }
            if listener.has_caught_up() {
                self.let_in();
            }
            // The store is gone, or everybody has left.
            let Some(hub) = self.hub.upgrade() else { return };
            if self.is_left() {
                let _gate = hub.gate.lock().await;
                if self.is_left() {
                    hub.set_running(None);
                    return;
                }
            }
        }
    }

    /// Who wants to join, if that comes before the end of `wait`; not while others wait for their mark.
    async fn asked(&mut self, wait: impl Future<Output = ()>) -> Option<Join> {
        if !self.waiting.is_empty() {
            wait.await;
            return None;
        }
        let (mut wait, mut join) = (pin!(wait), pin!(self.joins.recv()));
        poll_fn(|cx| match join.as_mut().poll(cx) {
            Poll::Pending => wait.as_mut().poll(cx).map(|()| None),
            join => join,
        })
        .await
    }

    fn let_in(&mut self) {
        for join in self.waiting.drain(..) {
            // Who does not wait any more needs nothing.
            let _ = join.send(self.sender.subscribe());
        }
    }

    fn is_left(&self) -> bool {
        self.sender.receiver_count() == 0 && self.waiting.is_empty() && self.joins.is_empty()
    }
}

impl<S: Source> Drop for Running<S> {
    fn drop(&mut self) {
        let Some(hub) = self.hub.upgrade() else { return };
        let mut running = hub.running.write().unwrap_or_else(PoisonError::into_inner);
        // Another one may run already: this one's senders have their receiver here, which is closed first.
        self.joins.close();
        if running.as_ref().is_some_and(UnboundedSender::is_closed) {
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
