//! What ends, told to whoever listens on this node.
//!
//! One task listens for the whole store, on every primary, for as long as somebody wants to know. Each second every
//! primary is made to say something to its own listeners: a primary that is not heard in time, or a cluster whose
//! primaries are others than before, is a gap.

mod listener;
mod message;
mod rounds;
mod subscription;

use crate::keys::Names;
use crate::link::Connection;
use async_trait::async_trait;
use hallpass_core::{FeedEvent, SessionFeed, StoreError};
use listener::{Join, Listener};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::{mpsc, oneshot};

/// The subscriptions of one store.
pub(crate) struct Feeds {
    settings: Settings,
    runtime: Handle,
    /// To the task that listens, if there is one.
    joins: Mutex<Option<mpsc::UnboundedSender<Join>>>,
}

/// Where to listen, and for how long to wait.
#[derive(Clone)]
pub(crate) struct Settings {
    connection: Connection,
    names: Names,
    connect_timeout: Duration,
    response_timeout: Duration,
}

impl Feeds {
    /// Listens on the current runtime, whoever asks later: that of a worker may end before the store.
    pub(crate) fn new(
        connection: Connection,
        names: &Names,
        connect_timeout: Duration,
        response_timeout: Duration,
    ) -> Self {
        let settings = Settings { connection, names: names.clone(), connect_timeout, response_timeout };
        Self { settings, runtime: Handle::current(), joins: Mutex::default() }
    }

    /// Returns when every primary has been heard: then nothing is missed from now on.
    pub(crate) async fn subscribe(&self) -> Result<RedisFeed, StoreError> {
        let limit = self.settings.connect_timeout + self.settings.response_timeout;
        let joined = tokio::time::timeout(limit, self.join()).await.map_err(|_| StoreError::timeout())?;
        Ok(RedisFeed { events: joined.map_err(StoreError::unavailable)?, is_cut_off: false })
    }

    async fn join(&self) -> Result<broadcast::Receiver<FeedEvent>, String> {
        loop {
            let (join, joined) = oneshot::channel();
            self.ask(join);
            // A task that was just ending, because nobody listened, drops what it was asked.
            if let Ok(answer) = joined.await {
                return answer;
            }
            tokio::task::yield_now().await;
        }
    }

    fn ask(&self, join: Join) {
        let mut joins = self.joins.lock().unwrap_or_else(PoisonError::into_inner);
        let unasked = match &*joins {
            Some(listener) => listener.send(join).err().map(|unsent| unsent.0),
            None => Some(join),
        };
        let Some(join) = unasked else { return };
        let (sender, receiver) = mpsc::unbounded_channel();
        // The receiver is at hand, so this cannot fail.
        let _ = sender.send(join);
        *joins = Some(sender);
        self.runtime.spawn(Listener::new(self.settings.clone(), receiver).run());
    }
}

/// A subscription to a store.
#[derive(Debug)]
pub(crate) struct RedisFeed {
    events: broadcast::Receiver<FeedEvent>,
    is_cut_off: bool,
}

#[async_trait]
impl SessionFeed for RedisFeed {
    async fn next(&mut self) -> FeedEvent {
        if self.is_cut_off {
            return std::future::pending().await;
        }
        match self.events.recv().await {
            Ok(event) => event,
            Err(RecvError::Lagged(_)) => FeedEvent::Gap,
            // The store is gone, or the runtime on which it was made.
            Err(RecvError::Closed) => {
                self.is_cut_off = true;
                FeedEvent::Gap
            }
        }
    }
}
