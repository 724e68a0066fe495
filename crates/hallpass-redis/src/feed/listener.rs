//! The task that listens.

use super::rounds::{Rounds, beat};
use super::subscription::Subscription;
use super::{Settings, message};
use hallpass_core::FeedEvent;
use redis::{PushInfo, PushKind, Value};
use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

/// Who wants to be told, from the next moment on at which every primary has been heard; or why there is none.
pub(super) type Join = oneshot::Sender<Result<broadcast::Receiver<FeedEvent>, String>>;

/// How many events a subscriber may fall behind before it is told of a gap instead.
const CAPACITY: usize = 4096;

/// How often every primary is made to say something.
const BEAT: Duration = Duration::from_secs(1);

/// After how many beats the cluster is asked for its primaries.
const BEATS_PER_LOOK: u64 = 5;

/// How long to wait before trying again.
const PAUSE: Duration = Duration::from_millis(500);

/// How many messages are remembered, because a cluster passes each on to every primary.
const REMEMBERED: usize = 4096;

pub(super) struct Listener {
    settings: Settings,
    channels: [String; 2],
    joins: mpsc::UnboundedReceiver<Join>,
    waiting: Vec<Join>,
    events: broadcast::Sender<FeedEvent>,
    recent: Recent,
}

/// Why a subscription came to its end.
enum End {
    /// Nobody wants to know any more.
    Unwanted,
    /// Something may have been missed.
    Lost(&'static str),
}

impl Listener {
    pub(super) fn new(settings: Settings, joins: mpsc::UnboundedReceiver<Join>) -> Self {
        let heartbeat = settings.names.heartbeat(RandomState::new().hash_one(0));
        let channels = [settings.names.channel(), heartbeat];
        let (events, recent) = (broadcast::Sender::new(CAPACITY), Recent::default());
        Self { settings, channels, joins, waiting: Vec::new(), events, recent }
    }

    /// Listens until nobody wants to know, or the store is gone.
    pub(super) async fn run(mut self) {
        let mut is_down = false;
        loop {
            let lost = match Subscription::open(&self.settings, &self.channels).await {
                Ok(subscription) => {
                    log_state(std::mem::take(&mut is_down), None);
                    match self.listen(subscription).await {
                        End::Unwanted => return,
                        End::Lost(why) => why.to_owned(),
                    }
                }
                Err(error) => error.to_string(),
            };
            log_state(std::mem::replace(&mut is_down, true), Some(&lost));
            // Whoever is told checks what it watches, now and each time until it goes on.
            let _ = self.events.send(FeedEvent::Gap);
            self.turn_away(&lost);
            tokio::time::sleep(PAUSE).await;
            if self.is_unwanted() {
                return;
            }
        }
    }

    async fn listen(&mut self, mut subscription: Subscription) -> End {
        // What was told while nobody listened is not known.
        let _ = self.events.send(FeedEvent::Gap);
        let mut ticks = tokio::time::interval(BEAT);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut rounds = Rounds::new(subscription.primaries.len());
        let mut errands = JoinSet::new();
        loop {
            tokio::select! {
                Some((place, push)) = subscription.heard.recv() => {
                    if let Err(end) = self.hear(place, push, &mut rounds) {
                        return end;
                    }
                }
                join = self.joins.recv() => match join {
                    Some(join) => self.waiting.push(join),
                    None => return End::Unwanted,
                },
                Some(done) = errands.join_next() => {
                    if !matches!(done, Ok(Ok(()))) {
                        return End::Lost("a primary refuses, or the cluster has changed");
                    }
                    continue;
                }
                _ = ticks.tick() => {
                    if !rounds.is_waited_for() && self.is_unwanted() {
                        return End::Unwanted;
                    }
                    if !rounds.tick() {
                        return End::Lost("a primary is silent");
                    }
                    self.admit(rounds.overdue());
                }
            }
            self.go_on(&mut rounds, &subscription, &mut errands);
        }
    }

    /// Begins a round if it is time, or somebody waits for one.
    fn go_on(
        &mut self,
        rounds: &mut Rounds<Join>,
        subscription: &Subscription,
        errands: &mut JoinSet<Result<(), ()>>,
    ) {
        let Some(number) = rounds.begin(&mut self.waiting) else { return };
        for (place, primary) in subscription.primaries.iter().enumerate() {
            let (primary, names, channel) =
                (primary.clone(), self.settings.names.clone(), self.channels[1].clone());
            errands.spawn(
                async move { primary.beat(&names, &channel, &beat(place, number)).await.map_err(drop) },
            );
        }
        if number.is_multiple_of(BEATS_PER_LOOK) {
            let current = subscription.is_current();
            errands.spawn(async move { if current.await { Ok(()) } else { Err(()) } });
        }
    }

    fn hear(&mut self, place: usize, push: PushInfo, rounds: &mut Rounds<Join>) -> Result<(), End> {
        if push.kind == PushKind::Disconnection {
            return Err(End::Lost("a connection broke"));
        }
        let Some((channel, text)) = message_of(push) else { return Ok(()) };
        if channel == self.channels[1].as_bytes() {
            self.admit(rounds.hear(place, &text));
        } else if self.recent.is_new(&text) {
            for event in message::read(&text) {
                let _ = self.events.send(event);
            }
        }
        Ok(())
    }

    fn admit(&self, joins: Vec<Join>) {
        for join in joins {
            // Who no longer waits is no subscriber.
            let _ = join.send(Ok(self.events.subscribe()));
        }
    }

    fn turn_away(&mut self, why: &str) {
        self.collect();
        for join in self.waiting.drain(..) {
            let _ = join.send(Err(why.to_owned()));
        }
    }

    fn is_unwanted(&mut self) -> bool {
        let store_is_gone = self.collect();
        self.waiting.retain(|join| !join.is_closed());
        if !store_is_gone && (self.events.receiver_count() > 0 || !self.waiting.is_empty()) {
            return false;
        }
        // From here on another task is started. Who has asked since is told to ask again.
        self.joins.close();
        true
    }

    /// Takes in who has asked; whether nobody can ask any more.
    fn collect(&mut self) -> bool {
        loop {
            match self.joins.try_recv() {
                Ok(join) => self.waiting.push(join),
                Err(error) => return error == TryRecvError::Disconnected,
            }
        }
    }
}

/// Logs the change, and every further attempt only for those who want all details.
fn log_state(was_down: bool, lost: Option<&str>) {
    match (was_down, lost) {
        (false, Some(lost)) => {
            tracing::warn!(target: "hallpass", lost, "the feed of the session store is interrupted");
        }
        (true, Some(lost)) => {
            tracing::debug!(target: "hallpass", lost, "the feed of the session store is still interrupted");
        }
        (true, None) => tracing::info!(target: "hallpass", "the feed of the session store goes on"),
        (false, None) => {}
    }
}

fn message_of(push: PushInfo) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut parts = push.data.into_iter();
    match (push.kind, parts.next(), parts.next()) {
        (PushKind::Message, Some(Value::BulkString(channel)), Some(Value::BulkString(text))) => {
            Some((channel, text))
        }
        _ => None,
    }
}

/// The messages of the last moments, by a hash that nobody outside can foresee.
#[derive(Default)]
struct Recent {
    hasher: RandomState,
    known: HashSet<u64>,
    order: VecDeque<u64>,
}

impl Recent {
    fn is_new(&mut self, message: &[u8]) -> bool {
        let hash = self.hasher.hash_one(message);
        if !self.known.insert(hash) {
            return false;
        }
        self.order.push_back(hash);
        if self.order.len() > REMEMBERED {
            let oldest = self.order.pop_front().unwrap_or_default();
            self.known.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_new_once_while_it_is_remembered() {
        let mut recent = Recent::default();
        assert!(recent.is_new(b"first"));
        assert!(!recent.is_new(b"first"));
        for n in 0..REMEMBERED {
            assert!(recent.is_new(&n.to_be_bytes()));
        }
        assert!(recent.is_new(b"first"));
        assert_eq!(recent.known.len(), recent.order.len());
    }

    #[test]
    fn only_messages_are_read() {
        let data = || vec![Value::BulkString(b"channel".to_vec()), Value::BulkString(b"text".to_vec())];
        let message = PushInfo { kind: PushKind::Message, data: data() };
        assert_eq!(message_of(message), Some((b"channel".to_vec(), b"text".to_vec())));
        assert_eq!(message_of(PushInfo { kind: PushKind::Subscribe, data: data() }), None);
        assert_eq!(message_of(PushInfo { kind: PushKind::Message, data: vec![] }), None);
    }
}
