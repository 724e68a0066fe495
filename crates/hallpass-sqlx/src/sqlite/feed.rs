//! The feed: the outbox, read whenever this process has written to it, and several times a second for other processes.

use super::Inner;
use super::rows::query;
use crate::contract::store_error;
use crate::feed::{Listener, Source, wire};
use hallpass_core::{FeedEvent, StoreError};
use sqlx::Row;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long an end in another process may go unheard.
const POLL: Duration = Duration::from_millis(200);

/// How many rows of the outbox are read at once.
const BATCH: i64 = 500;

/// Rows of the outbox may be removed after ten minutes: who has not read them for so long has missed some.
const KEPT: Duration = Duration::from_secs(9 * 60);

#[derive(Debug)]
pub(super) struct Outbox(Arc<Inner>);

impl Outbox {
    pub(super) fn new(store: Arc<Inner>) -> Self {
        Self(store)
    }
}

impl Source for Outbox {
    type Listener = Poller;

    async fn listen(&self) -> Result<Poller, StoreError> {
        let ask = query(&self.0.sql.last_event).fetch_one(&self.0.readers).await;
        let last = ask.and_then(|row| row.try_get(0)).map_err(store_error)?;
        Ok(Poller {
            store: Arc::clone(&self.0),
            last,
            read_at: Instant::now(),
            failing: false,
            behind: false,
        })
    }
}

/// Reads the outbox. One writer at a time means that numbers are given out in the order of the commits: nothing can appear
/// behind the last number that was read.
#[derive(Debug)]
pub(super) struct Poller {
    store: Arc<Inner>,
    last: i64,
    read_at: Instant,
    failing: bool,
    /// There is, or may be, more to read already.
    behind: bool,
}

impl Listener for Poller {
    async fn wait(&mut self) {
        if !self.behind || self.failing {
            // In vain as often as in time.
            let _ = tokio::time::timeout(POLL, self.store.noted.notified()).await;
        }
    }

    async fn hear(&mut self) -> Vec<FeedEvent> {
        match self.read().await {
            Ok(events) => self.recovered(events),
            Err(error) => self.failed(&error),
        }
    }

    fn mark(&mut self) {
        self.behind = true;
    }

    fn has_caught_up(&self) -> bool {
        !self.behind
    }
}

impl Poller {
    async fn read(&mut self) -> sqlx::Result<Vec<FeedEvent>> {
        let ask = query(&self.store.sql.events).bind(self.last).bind(BATCH);
        let rows = ask.fetch_all(&self.store.readers).await?;
        self.behind = rows.len() as i64 == BATCH;
        let mut events = Vec::new();
        for row in &rows {
            self.last = row.try_get(0)?;
            events.extend(wire::decode(row.try_get(1)?));
        }
        Ok(events)
    }

    /// Nothing is lost by an outage that the outbox outlives, but what was heard late may have been relied on.
    fn recovered(&mut self, mut events: Vec<FeedEvent>) -> Vec<FeedEvent> {
        if std::mem::take(&mut self.failing) || self.read_at.elapsed() > KEPT {
            events.insert(0, FeedEvent::Gap);
        }
        self.read_at = Instant::now();
        events
    }

    fn failed(&mut self, error: &sqlx::Error) -> Vec<FeedEvent> {
        if std::mem::replace(&mut self.failing, true) {
            return Vec::new();
        }
        tracing::warn!(%error, "the feed of the session store is interrupted");
        vec![FeedEvent::Gap]
    }
}
