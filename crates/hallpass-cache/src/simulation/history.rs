use super::gated::{Gated, Steps, at_once};
use crate::{CachedStore, MonotonicClock};
use hallpass_core::{
    EndReason, Ended, FeedEvent, Freshness, MemoryStore, Realm, Record, Revision, SessionStore, StoreError,
    Timestamp, Updated,
};
use hallpass_testkit::{Sample, op, rewritten};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// The bound, in milliseconds.
const S: u64 = 5_000;
const NODES: u64 = 3;
const SESSIONS: u64 = 2;

/// What happened in all histories, to tell that enough did.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) hits: u64,
    /// Hits on sessions that had been ended.
    pub(super) ended_served: u64,
    /// How long after its end a session was served from memory.
    pub(super) worst_millis: u64,
}

/// Milliseconds, moved by hand.
#[derive(Debug, Clone)]
struct Hand(Instant, Arc<AtomicU64>);

impl MonotonicClock for Hand {
    fn now(&self) -> Instant {
        self.0 + Duration::from_millis(self.1.load(Ordering::SeqCst))
    }
}

struct Node {
    cache: CachedStore,
    next: Arc<Mutex<Steps>>,
}

/// One session, and what is known of it where.
struct Session {
    first: Arc<Record>,
    /// When the store had ended it.
    ended_at: Option<u64>,
    /// When the store had which revision.
    written_at: Vec<(u64, Revision)>,
    /// Whether this node has been told, by the feed or by the answer to its own call, that it has ended.
    told: [bool; NODES as usize],
    /// The last revision whose write was confirmed to this node.
    wrote: [Revision; NODES as usize],
}

type Call = Pin<Box<dyn Future<Output = Answer>>>;

enum Answer {
    Loaded,
    Revoked(Result<Option<Ended>, StoreError>),
    Written(Result<Updated, StoreError>, Revision),
}

enum Event {
    Request {
        node: usize,
        session: usize,
    },
    LogOut {
        node: usize,
        session: usize,
    },
    Write {
        node: usize,
        session: usize,
    },
    /// The store looks, or the answer arrives.
    Step {
        call: usize,
        step: u8,
    },
    /// The caller goes away or has waited long enough.
    GiveUp {
        call: usize,
    },
    /// The store carries out what nobody waits for any more.
    LateEnd {
        session: usize,
    },
    Message {
        node: usize,
        session: usize,
    },
    Feed {
        node: usize,
        heard: bool,
    },
}

struct Running {
    call: Option<Call>,
    steps: Steps,
    node: usize,
    session: usize,
}

pub(super) struct History {
    seed: u64,
    random: u64,
    now: Hand,
    shared: Arc<MemoryStore>,
    nodes: Vec<Arc<Node>>,
    /// When each node's feed was last heard anew.
    heard_since: [u64; NODES as usize],
    sessions: Vec<Session>,
    agenda: BTreeMap<(u64, u64), Event>,
    running: Vec<Running>,
}

impl History {
    pub(super) fn new(seed: u64) -> Self {
        let now = Hand(Instant::now(), Arc::default());
        let shared = Arc::new(MemoryStore::new());
        let node = || {
            let next = Arc::default();
            let way = Gated { shared: Arc::clone(&shared), next: Arc::clone(&next) };
            let bound = Duration::from_millis(S);
            let cache = CachedStore::builder(way).max_staleness(bound).clock(now.clone()).build();
            cache.state.set_heard(true);
            Arc::new(Node { cache, next })
        };
        let nodes = (0..NODES).map(|_| node()).collect();
        let random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        Self {
            seed,
            random,
            now: now.clone(),
            shared,
            nodes,
            heard_since: [0; NODES as usize],
            sessions: vec![],
            agenda: BTreeMap::new(),
            running: vec![],
        }
    }

    /// Plays one history on fresh sessions, long after the one before.
    pub(super) fn play(&mut self, tally: &mut Tally) {
        self.seed += 1;
        self.now.1.fetch_add(20 * S, Ordering::SeqCst);
        self.running.clear();
        self.sessions = (0..SESSIONS).map(|_| self.new_session()).collect();
        self.plan();
        while let Some(((at, _), event)) = self.agenda.pop_first() {
            self.now.1.store(at, Ordering::SeqCst);
            self.carry_out(event, tally);
        }
    }

    fn new_session(&self) -> Session {
        let realm = Realm::new("shop").unwrap();
        let first = Sample::visitor(&realm, Timestamp::from_millis(1)).build();
        let created = self.shared.create(Arc::clone(&first), None, None, op(first.created));
        assert!(matches!(at_once(created), Ok(hallpass_core::Created::Created { .. })));
        Session {
            written_at: vec![(0, first.revision)],
            wrote: [first.revision; NODES as usize],
            first,
            ended_at: None,
            told: [false; NODES as usize],
        }
    }

    /// Requests all the time, and some of everything that can go wrong.
    fn plan(&mut self) {
        for _ in 0..40 {
            let (node, session) = (self.below(NODES) as usize, self.below(SESSIONS) as usize);
            let after = self.below(4 * S);
            self.later(after, Event::Request { node, session });
        }
        for session in 0..SESSIONS as usize {
            let (node, after) = (self.below(NODES) as usize, self.below(3 * S));
            self.later(after, Event::LogOut { node, session });
        }
        for _ in 0..self.below(3) {
            let (node, session) = (self.below(NODES) as usize, self.below(SESSIONS) as usize);
            let after = self.below(3 * S);
            self.later(after, Event::Write { node, session });
        }
        for node in 0..NODES as usize {
            if self.below(4) == 0 {
                let (down, up) = (self.below(3 * S), self.below(S));
                self.later(down, Event::Feed { node, heard: false });
                self.later(down + up, Event::Feed { node, heard: true });
            } else if self.below(8) == 0 {
                let after = self.below(3 * S);
                self.later(after, Event::Feed { node, heard: true });
            }
        }
    }

    fn carry_out(&mut self, event: Event, tally: &mut Tally) {
        match event {
            Event::Request { node, session } => self.request(node, session, tally),
            Event::LogOut { node, session } => self.log_out(node, session),
            Event::Write { node, session } => self.write(node, session),
            Event::Step { call, step } => {
                self.running[call].steps.allow(step);
                self.poll(call);
            }
            Event::GiveUp { call } => self.running[call].call = None,
            Event::LateEnd { session } => {
                let (key, op) = (self.sessions[session].first.key, op(Timestamp::from_millis(1)));
                at_once(self.shared.revoke(&key, EndReason::LoggedOut, op)).unwrap();
                self.look_for_changes(session);
            }
            Event::Message { node, session } => self.message(node, session),
            Event::Feed { node, heard } => {
                self.nodes[node].cache.state.set_heard(heard);
                if heard {
                    self.heard_since[node] = self.time();
                }
            }
        }
    }

    fn request(&mut self, node: usize, session: usize, tally: &mut Tally) {
        let (at, key) = (Arc::clone(&self.nodes[node]), self.sessions[session].first.key);
        if let Some(answer) = at.cache.state.hit(&key) {
            self.check(node, session, answer.as_deref(), tally);
            return;
        }
        drop(at);
        let call = self.call(node, session, move |node| {
            Box::pin(async move {
                let _ = node.cache.load(&key, Freshness::MayBeCached).await;
                Answer::Loaded
            })
        });
        self.run(call);
    }

    fn log_out(&mut self, node: usize, session: usize) {
        let key = self.sessions[session].first.key;
        let call = self.call(node, session, move |node| {
            Box::pin(async move {
                let op = op(Timestamp::from_millis(1));
                Answer::Revoked(node.cache.revoke(&key, EndReason::LoggedOut, op).await)
            })
        });
        self.run(call);
        if self.below(8) == 0 {
            let (after, late) = (self.below(S), self.below(3 * S));
            self.later(after, Event::GiveUp { call });
            self.later(after + late, Event::LateEnd { session });
        }
    }

    fn write(&mut self, node: usize, session: usize) {
        let key = self.sessions[session].first.key;
        let Ok(Some(row)) = at_once(self.shared.load(&key, Freshness::Latest)) else { return };
        let next = rewritten(&row, |_| ());
        let call = self.call(node, session, move |node| {
            Box::pin(async move {
                let (revision, op) = (next.revision, op(Timestamp::from_millis(1)));
                Answer::Written(node.cache.update(next, row.revision, op).await, revision)
            })
        });
        self.run(call);
    }

    fn call(&mut self, node: usize, session: usize, call: impl FnOnce(Arc<Node>) -> Call) -> usize {
        let steps = Steps::default();
        let call = Some(call(Arc::clone(&self.nodes[node])));
        self.running.push(Running { call, steps, node, session });
        self.running.len() - 1
    }

    /// Begins a call: mostly a quick one, now and then one that takes four times the bound to look or to answer.
    fn run(&mut self, call: usize) {
        let Running { node, steps, .. } = &self.running[call];
        *self.nodes[*node].next.lock().unwrap() = steps.clone();
        self.poll(call);
        let [look, answer] = [0, 1].map(|_| match self.below(4) {
            0 => self.below(4 * S),
            1 => self.below(S),
            _ => self.below(20),
        });
        self.later(look, Event::Step { call, step: 1 });
        self.later(look + answer, Event::Step { call, step: 2 });
    }

    fn poll(&mut self, call: usize) {
        let running = &mut self.running[call];
        let (node, session) = (running.node, running.session);
        let Some(future) = &mut running.call else { return };
        let polled = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        self.look_for_changes(session);
        if let Poll::Ready(answer) = polled {
            self.running[call].call = None;
            self.answered(node, session, answer);
        }
    }

    /// What the store has done by now, and the messages that tell of it.
    fn look_for_changes(&mut self, session: usize) {
        let now = self.time();
        let row = at_once(self.shared.load(&self.sessions[session].first.key, Freshness::Latest)).unwrap();
        let known = &mut self.sessions[session];
        match row {
            Some(row) if known.written_at.iter().all(|(_, revision)| *revision != row.revision) => {
                known.written_at.push((now, row.revision));
            }
            None if known.ended_at.is_none() => {
                known.ended_at = Some(now);
                for node in 0..NODES as usize {
                    if self.below(3) != 0 {
                        let after = self.below(3) * self.below(S);
                        self.later(after, Event::Message { node, session });
                    }
                }
            }
            _ => {}
        }
    }

    fn answered(&mut self, node: usize, session: usize, answer: Answer) {
        let known = &mut self.sessions[session];
        match answer {
            Answer::Revoked(Ok(_)) => known.told[node] = true,
            Answer::Written(Ok(Updated::Written), revision) => {
                known.wrote[node] = known.wrote[node].max(revision);
            }
            _ => {}
        }
    }

    fn message(&mut self, node: usize, session: usize) {
        let known = &mut self.sessions[session];
        let cache = &self.nodes[node].cache;
        if cache.is_live() {
            let ended = Ended::damaged(known.first.key, EndReason::LoggedOut);
            cache.state.hear(&FeedEvent::Ended(ended));
            known.told[node] = true;
        }
    }

    /// What was served from memory, against what is known.
    fn check(&self, node: usize, session: usize, served: Option<&Record>, tally: &mut Tally) {
        let (now, known) = (self.time(), &self.sessions[session]);
        tally.hits += 1;
        assert!(self.nodes[node].cache.is_live(), "{}: served while the feed is down", self.seed);
        let Some(served) = served else {
            assert!(known.ended_at.is_some(), "{}: unknown while it was live", self.seed);
            return;
        };
        if let Some(ended_at) = known.ended_at {
            let late = now - ended_at;
            assert!(late < S, "{}: served {late} ms after its end", self.seed);
            assert!(!known.told[node], "{}: served though its end was known", self.seed);
            assert!(
                ended_at >= self.heard_since[node],
                "{}: served from before the feed was heard",
                self.seed
            );
            tally.ended_served += 1;
            tally.worst_millis = tally.worst_millis.max(late);
        }
        assert!(served.revision >= known.wrote[node], "{}: its own write is not seen", self.seed);
        let due = known.written_at.iter().filter(|(at, _)| at + S <= now).map(|(_, revision)| *revision);
        assert!(due.max() <= Some(served.revision), "{}: older values than the bound allows", self.seed);
    }

    fn later(&mut self, after: u64, event: Event) {
        // What falls on the same moment happens in any order.
        let tie = self.next_random();
        self.agenda.insert((self.time() + after, tie), event);
    }

    fn time(&self) -> u64 {
        self.now.1.load(Ordering::SeqCst)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next_random() % bound
    }

    /// xorshift64*
    fn next_random(&mut self) -> u64 {
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        self.random.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 3
    }
}
