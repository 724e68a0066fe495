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
            missed_since: None,
            pending: Vec::new(),
            beats: 0,
            heard: 0,
            marked: 0,
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
    /// The horizon before a cut, until the outbox has been read from there.
    missed_since: Option<String>,
    pending: Vec<FeedEvent>,
    /// How many beats were sent, which of them was heard last, and which was the first after the mark.
    beats: u64,
    heard: u64,
    marked: u64,
    /// When the first beat was sent that has not been heard yet.
    unheard_since: Option<Instant>,
    beat_at: Instant,
}

impl Listener for Ear {
    async fn wait(&mut self) {
        if !self.pending.is_empty() || self.missed_since.is_some() {
            return;
        }
        let Some(line) = &mut self.line else { return };
        // Nothing is lost when the wait is cut short: what has arrived stays in the connection's buffer.
        match timeout_at(self.beat_at, line.try_recv()).await {
            Ok(Ok(Some(notification))) => self.take(notification.payload()),
            Ok(Ok(None)) => self.cut(&"the connection was closed"),
            Ok(Err(error)) => self.cut(&error),
            Err(_) => self.beat(),
        }
    }

    async fn hear(&mut self) -> Vec<FeedEvent> {
        if self.pending.is_empty() && (self.line.is_none() || self.missed_since.is_some()) {
            self.listen_again().await;
        }
        std::mem::take(&mut self.pending)
    }

    fn mark(&mut self) {
        self.marked = self.beats + 1;
        self.send_beat();
    }

    fn has_caught_up(&self) -> bool {
        self.heard >= self.marked && self.missed_since.is_none()
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
            self.take(notification.payload());
            if self.unheard_since.is_none() {
                self.line = Some(line);
                return Ok(());
            }
        }
    }

    fn take(&mut self, text: &str) {
        match text.strip_prefix("B ") {
            Some(beat) => self.take_beat(beat),
            None => self.pending.extend(wire::decode(text)),
        }
    }

    fn take_beat(&mut self, beat: &str) {
        let Some((node, beat)) = beat.split_once(' ') else { return };
        if let Some((number, horizon)) = beat.split_once(' ')
            && node == self.node
        {
            self.horizon = horizon.to_owned();
            self.heard = number.parse().map_or(self.heard, |number: u64| number.max(self.heard));
            self.unheard_since = None;
        }
    }

    fn beat(&mut self) {
        if self.unheard_since.is_some_and(|since| since.elapsed() > SILENCE) {
            self.cut(&"notifications do not arrive");
        } else {
            self.send_beat();
        }
    }

    /// Notifies itself, without waiting: while it waited it would not hear.
    fn send_beat(&mut self) {
        self.beat_at = Instant::now() + BEAT;
        self.unheard_since.get_or_insert_with(Instant::now);
        self.beats += 1;
        let beat = query(&self.store.sql.beat).bind(self.store.channel.to_string());
        let beat = beat.bind(format!("{} {}", self.node, self.beats));
        let pool = self.pool.clone();
        tokio::spawn(async move {
            // One that is not sent is not heard, which is noticed.
            let _ = timeout(SILENCE, beat.execute(&pool)).await;
        });
    }

    fn cut(&mut self, why: &dyn fmt::Display) {
        tracing::warn!(%why, "the feed of the session store is interrupted");
        self.line = None;
        self.missed_since.get_or_insert_with(|| self.horizon.clone());
        self.pending.push(FeedEvent::Gap);
    }

    /// Listens first and reads the outbox then: what is committed in between is heard twice.
    async fn listen_again(&mut self) {
        let horizon = self.missed_since.clone().unwrap_or_else(|| self.horizon.clone());
        let replayed = match self.establish().await {
            Ok(()) => self.replay(&horizon).await,
            Err(error) => Err(error),
        };
        match replayed {
            Ok(events) => {
                tracing::info!("the feed of the session store goes on");
                self.missed_since = None;
                self.pending.push(FeedEvent::Gap);
                self.pending.extend(events);
            }
            Err(_) => {
                self.line = None;
                sleep(PAUSE).await;
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
