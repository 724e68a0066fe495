//! The feed: the outbox, read whenever this process has written to it, and several times a second for other nodes.

use super::Inner;
use super::numbers::{MOST, Numbers, PATIENCE};
use super::rows::{for_each_part, query};
use crate::contract::store_error;
use crate::feed::{Listener, Source, wire};
use crate::row::Cells;
use hallpass_core::{FeedEvent, StoreError};
use sqlx::mysql::MySqlRow;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long an end on another node may go unheard.
const POLL: Duration = Duration::from_millis(200);

/// How long one reading may take: a server that does not answer is a gap.
const LIMIT: Duration = Duration::from_secs(5);

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
        let numbers = begin(&self.0).await.map_err(store_error)?;
        let store = Arc::clone(&self.0);
        Ok(Poller { store, numbers, read_at: Instant::now(), failing: false, behind: false })
    }
}

/// What has been there already, as far back as a transaction may be that is about to commit.
async fn begin(store: &Inner) -> sqlx::Result<Numbers> {
    let newest = query(&store.sql.newest_events).bind(store.set_time()).bind(MOST as i64);
    let mut seen = Vec::new();
    for row in &store.lease().await?.fetch(newest).await? {
        seen.push(row.int(0)?);
        if u128::try_from(row.int(1)?).is_ok_and(|age| age > PATIENCE.as_millis()) {
            break;
        }
    }
    Ok(Numbers::new(&seen, Instant::now()))
}

/// Reads the outbox: what has a later number than all before, and what was skipped and has appeared since.
#[derive(Debug)]
pub(super) struct Poller {
    store: Arc<Inner>,
    numbers: Numbers,
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
        let read = tokio::time::timeout(LIMIT, self.read()).await;
        match read.unwrap_or(Err(sqlx::Error::PoolTimedOut)) {
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
        let mut rows = self.appeared().await?;
        let later = query(&self.store.sql.later_events).bind(self.numbers.last()).bind(BATCH);
        let later = self.store.lease().await?.fetch(later).await?;
        self.behind = later.len() as i64 == BATCH;
        rows.extend(later);
        let mut events = Vec::new();
        for row in &rows {
            let (number, text) = (row.int(0)?, row.bytes(1)?);
            if !self.numbers.take(number, Instant::now()) {
                events.push(FeedEvent::Gap);
            }
            events.extend(wire::decode(&String::from_utf8_lossy(&text)));
        }
        self.numbers.forget(Instant::now());
        Ok(events)
    }

    async fn appeared(&self) -> sqlx::Result<Vec<MySqlRow>> {
        let mut rows = Vec::new();
        for part in for_each_part(&self.store.sql.events, &self.numbers.missing(), |query| query) {
            rows.extend(self.store.lease().await?.fetch(part).await?);
        }
        Ok(rows)
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
