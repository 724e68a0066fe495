//! What ends, told to whoever listens in this process.

use crate::store::{FeedEvent, SessionFeed};
use async_trait::async_trait;
use std::sync::OnceLock;
use tokio::sync::broadcast::{Receiver, Sender, error::RecvError};

/// How many events a subscriber may fall behind before it is told of a gap instead.
pub(super) const CAPACITY: usize = 4096;

/// Made when the first subscriber comes: until then an event costs one load.
#[derive(Default)]
pub(super) struct Feed(OnceLock<Sender<FeedEvent>>);

impl Feed {
    /// Sends an event if anybody listens, else does not even make it.
    pub(super) fn send(&self, event: impl FnOnce() -> FeedEvent) {
        if let Some(sender) = self.0.get().filter(|sender| sender.receiver_count() > 0) {
            // The last subscriber may have left just now, which is not an error.
            let _ = sender.send(event());
        }
    }

    pub(super) fn subscribe(&self) -> MemoryFeed {
        MemoryFeed(self.0.get_or_init(|| Sender::new(CAPACITY)).subscribe())
    }
}

/// A subscription to a store in this process.
#[derive(Debug)]
pub(super) struct MemoryFeed(Receiver<FeedEvent>);

#[async_trait]
impl SessionFeed for MemoryFeed {
    async fn next(&mut self) -> FeedEvent {
        match self.0.recv().await {
            Ok(event) => event,
            Err(RecvError::Lagged(_)) => FeedEvent::Gap,
            // The store is gone: there is nothing left that could end.
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}
