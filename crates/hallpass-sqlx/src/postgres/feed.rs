//! The feed: notifications, with a heartbeat that tells whether they arrive, and the outbox for what was missed.

use super::Inner;
use super::rows::query;
use crate::contract::store_error;
use crate::feed::{Listener, Source, wire};
use hallpass_core::{FeedEvent, OsRandom, RandomSource, StoreError};
use sqlx::postgres::{PgListener, PgPoolOptions};
use sqlx::{PgPool, Row};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout, timeout_at};

/// How often the listener notifies itself.
const BEAT: Duration = Duration::from_secs(2);

/// How long a beat may stay unheard before the connection counts as cut.
const SILENCE: Duration = Duration::from_secs(5);

/// How long it may take to begin to listen.
const ESTABLISH: Duration = Duration::from_secs(10);

/// How long to wait between two attempts to listen again.
const PAUSE: Duration = Duration::from_millis(200);

/// How many rows of the outbox are told again after a cut; whoever missed more has been told of the gap.
const REPLAYED: i64 = 10_000;

#[derive(Debug)]
pub(super) struct Notifications(Arc<Inner>);

impl Notifications {
    pub(super) fn new(store: Arc<Inner>) -> Self {
        Self(store)
    }
}

impl Source for Notifications {
    type Listener = Ear;

    async fn listen(&self) -> Result<Ear, StoreError> {
        let mut random = [0; 8];
        OsRandom.fill(&mut random).map_err(StoreError::unavailable)?;
        let mut ear = Ear {
            store: Arc::clone(&self.0),
            node: wire::hex(&random),
            pool: beside(&self.0),
            line: None,
            horizon: "0".into(),
            pending: Vec::new(),
            unheard_since: None,
            beat_at: Instant::now(),
        };
        ear.establish().await.map_err(store_error)?;
        Ok(ear)
    }
}

/// Hears notifications on a connection of its own.
pub(super) struct Ear {
    store: Arc<Inner>,
    /// Whose beats are one's own.
    node: String,
    /// Connections of its own: the feed must not wait, and take the wait for a cut, when all others are busy.
    pool: PgPool,
    /// `None` while it is cut off.
    line: Option<PgListener>,
    /// Every transaction before this one had ended when the last beat that was heard was sent: what it noted was heard
    /// before the beat, because notifications arrive in the order of the commits.
    horizon: String,
    pending: Vec<FeedEvent>,
    /// When the first beat was sent that has not been heard yet.
    unheard_since: Option<Instant>,
    beat_at: Instant,
}

impl Listener for Ear {
    async fn hear(&mut self) -> Vec<FeedEvent> {
        if !self.pending.is_empty() {
            return std::mem::take(&mut self.pending);
        }
        if self.line.is_some() && Instant::now() >= self.beat_at {
            if self.unheard_since.is_some_and(|since| since.elapsed() > SILENCE) {
                return self.cut(&"notifications do not arrive");
            }
            self.send_beat();
        }
        let Some(line) = &mut self.line else { return self.listen_again().await };
        // Nothing is lost when the wait is cut short: what has arrived stays in the connection's buffer.
        match timeout_at(self.beat_at, line.try_recv()).await {
            Ok(Ok(Some(notification))) => self.heard(notification.payload()),
            Ok(Ok(None)) => self.cut(&"the connection was closed"),
            Ok(Err(error)) => self.cut(&error),
            Err(_) => Vec::new(),
        }
    }
}

impl Ear {
    /// Listens on a new connection, and answers when a notification of its own has come all the way round: behind a pooler
    /// that shares connections, `LISTEN` succeeds and hears nothing.
    async fn establish(&mut self) -> sqlx::Result<()> {
        let established = timeout(ESTABLISH, self.connect()).await;
        established.map_err(|_| sqlx::Error::PoolTimedOut).flatten()
    }

    async fn connect(&mut self) -> sqlx::Result<()> {
        (self.line, self.unheard_since) = (None, None);
        self.pool = beside(&self.store);
        let mut line = PgListener::connect_with(&self.pool).await?;
        line.eager_reconnect(false);
        line.listen(&self.store.channel).await?;
        self.send_beat();
        loop {
            let Some(notification) = line.try_recv().await? else { return Err(sqlx::Error::PoolClosed) };
            let events = self.heard(notification.payload());
            self.pending.extend(events);
            if self.unheard_since.is_none() {
                self.line = Some(line);
                return Ok(());
            }
        }
    }

    fn heard(&mut self, text: &str) -> Vec<FeedEvent> {
        let Some(beat) = text.strip_prefix("B ") else { return wire::decode(text) };
        if let Some((node, horizon)) = beat.split_once(' ')
            && node == self.node
        {
            self.horizon = horizon.to_owned();
            self.unheard_since = None;
        }
        Vec::new()
    }

    /// Notifies itself, without waiting: while it waited it would not hear.
    fn send_beat(&mut self) {
        self.beat_at = Instant::now() + BEAT;
        self.unheard_since.get_or_insert_with(Instant::now);
        let (store, pool, node) = (Arc::clone(&self.store), self.pool.clone(), self.node.clone());
        tokio::spawn(async move {
            let beat = query(&store.sql.beat).bind(&*store.channel).bind(node);
            // One that is not sent is not heard, which is noticed.
            let _ = timeout(SILENCE, beat.execute(&pool)).await;
        });
    }

    fn cut(&mut self, why: &dyn fmt::Display) -> Vec<FeedEvent> {
        tracing::warn!(%why, "the feed of the session store is interrupted");
        self.line = None;
        vec![FeedEvent::Gap]
    }

    /// Listens first and reads the outbox then: what is committed in between is heard twice.
    async fn listen_again(&mut self) -> Vec<FeedEvent> {
        let horizon = self.horizon.clone();
        let replayed = match self.establish().await {
            Ok(()) => self.replay(&horizon).await,
            Err(error) => Err(error),
        };
        match replayed {
            Ok(events) => {
                tracing::info!("the feed of the session store goes on");
                let mut all = vec![FeedEvent::Gap];
                all.extend(events);
                all
            }
            Err(_) => {
                (self.line, self.horizon) = (None, horizon);
                sleep(PAUSE).await;
                Vec::new()
            }
        }
    }

    /// What was noted by transactions that had not ended at `horizon`, in whatever order they committed.
    async fn replay(&self, horizon: &str) -> sqlx::Result<Vec<FeedEvent>> {
        let ask = query(&self.store.sql.replay).bind(horizon).bind(REPLAYED);
        let rows = timeout(ESTABLISH, ask.fetch_all(&self.pool)).await;
        let rows = rows.map_err(|_| sqlx::Error::PoolTimedOut).flatten()?;
        let texts = rows.iter().map(|row| row.try_get::<String, _>(0));
        Ok(texts.collect::<sqlx::Result<Vec<_>>>()?.iter().flat_map(|text| wire::decode(text)).collect())
    }
}

/// One connection to listen on, and one to notify and to read the outbox with.
fn beside(store: &Inner) -> PgPool {
    let pool = PgPoolOptions::new().max_connections(2).acquire_timeout(SILENCE);
    let pool = pool.idle_timeout(None).max_lifetime(None);
    pool.connect_lazy_with((*store.pool.connect_options()).clone())
}
