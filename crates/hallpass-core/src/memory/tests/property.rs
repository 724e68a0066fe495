//! After any calls, the store is what the model says.

use super::model::Model;
use super::*;
use crate::record::AuthLevel;
use crate::store::{Ended, FeedEvent, SessionFeed, SessionLimit, SubjectRevoked, Swept, WhenReached, Which};
use proptest::prelude::*;

const KEYS: u64 = 14;
const MAX_VISITORS: usize = 3;
const MAX_BYTES: usize = 1_500;

#[derive(Debug, Clone)]
enum Call {
    Create {
        key: u64,
        owner: u8,
        pending: bool,
        ticket: Option<bool>,
        limit: Option<(u32, bool)>,
        idle: u64,
        bytes: usize,
    },
    Update {
        key: u64,
        stale: bool,
        other_owner: bool,
        seen: u64,
        idle: u64,
        bytes: usize,
    },
    Touch {
        key: u64,
        idle: u64,
    },
    Replace {
        old: u64,
        new: u64,
        stale: bool,
        ticket: Option<bool>,
        limit: Option<(u32, bool)>,
        idle: u64,
        bytes: usize,
    },
    Take {
        key: u64,
        stale: bool,
    },
    Revoke {
        key: u64,
    },
    RevokeSubject {
        owner: u8,
        actor: Option<u64>,
        which: u8,
        handle_of: u64,
    },
    NotBefore {
        realm: u8,
        at: u64,
    },
    Sweep {
        limit: usize,
    },
    Wait {
        millis: u64,
    },
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let (key, bytes, idle) = (0..KEYS, 0_usize..600, 0_u64..60);
    let ticket = proptest::option::weighted(0.7, proptest::bool::weighted(0.8));
    let limit = proptest::option::of((1_u32..6, any::<bool>()));
    let stale = proptest::bool::weighted(0.1);
    let call = prop_oneof![
        8 => (key.clone(), 0_u8..5, any::<bool>(), ticket.clone(), limit.clone(), idle.clone(), bytes.clone())
            .prop_map(|(key, owner, pending, ticket, limit, idle, bytes)| Call::Create { key, owner, pending, ticket, limit, idle, bytes }),
        3 => (key.clone(), stale, proptest::bool::weighted(0.1), 0_u64..90, idle.clone(), bytes.clone())
            .prop_map(|(key, stale, other_owner, seen, idle, bytes)| Call::Update { key, stale, other_owner, seen, idle, bytes }),
        2 => (key.clone(), idle.clone()).prop_map(|(key, idle)| Call::Touch { key, idle }),
        4 => (key.clone(), key.clone(), stale, ticket, limit, idle, bytes)
            .prop_map(|(old, new, stale, ticket, limit, idle, bytes)| Call::Replace { old, new, stale, ticket, limit, idle, bytes }),
        1 => (key.clone(), stale).prop_map(|(key, stale)| Call::Take { key, stale }),
        1 => key.clone().prop_map(|key| Call::Revoke { key }),
        1 => (0_u8..5, proptest::option::of(key.clone()), 0_u8..3, key)
            .prop_map(|(owner, actor, which, handle_of)| Call::RevokeSubject { owner, actor, which, handle_of }),
        1 => (0_u8..2, 0_u64..20).prop_map(|(realm, at)| Call::NotBefore { realm, at }),
        1 => (0_usize..6).prop_map(|limit| Call::Sweep { limit }),
        2 => prop_oneof![9 => 1_u64..20, 1 => Just(90_000_000)].prop_map(|millis| Call::Wait { millis }),
    ];
    proptest::collection::vec(call, 1..80)
}

/// One of two shards; many share the bytes that an index looks at first.
fn pooled_key(number: u64) -> SessionKey {
    let shard = if number == 0 { Shard(1) } else { Shard(2) };
    let mut bytes = *key(shard, number).as_bytes();
    bytes[2..10].copy_from_slice(&(number % 3).to_le_bytes());
    SessionKey::from_bytes(bytes)
}

fn realm_of(number: u8) -> Realm {
    Realm::new(if number.is_multiple_of(2) { "shop" } else { "staff" }).unwrap()
}

/// Owner 0 is a visitor; the others are two subjects in two realms.
fn owned(owner: u8, number: u64) -> Record {
    let subject = SubjectKey::new(realm_of(owner), Subject::from(u32::from(owner > 2)));
    let record = if owner == 0 { visitor(number) } else { login(&subject, number) };
    Record { key: pooled_key(number), ..record }
}

fn limited_to(max: Option<(u32, bool)>) -> Option<SessionLimit> {
    let (max, refuse) = max?;
    limit(max, if refuse { WhenReached::Refuse } else { WhenReached::EndLeastRecent })
}

struct Pair {
    store: MemoryStore,
    feed: Box<dyn SessionFeed>,
    model: Model,
    now: u64,
    names: u64,
}

impl Pair {
    fn new() -> Self {
        let store = MemoryStore::builder().stripes(1);
        let store = store.max_visitors(MAX_VISITORS).max_visitor_bytes(MAX_BYTES).build();
        let model = Model::new(MAX_VISITORS, MAX_BYTES);
        Self { feed: now(store.feed()).unwrap(), store, model, now: 10, names: 0 }
    }

    fn time(&self) -> Timestamp {
        at(self.now)
    }

    fn row(&self, key: u64) -> Record {
        self.model.load(&pooled_key(key)).cloned().unwrap_or_else(|| owned(0, key))
    }

    fn ticket(&self, record: &Record, ticket: Option<bool>) -> Option<Ticket> {
        let epoch = record.subject_key().map_or(Epoch::NONE, |subject| self.model.epoch(&subject));
        let fresh = Ticket { epoch, started_at: at(self.now.min(15)) };
        let stale = Ticket { epoch: Epoch::from_bytes([9; 16]), started_at: at(0) };
        ticket.map(|is_fresh| if is_fresh { fresh } else { stale })
    }

    fn apply(&mut self, call: &Call) {
        match *call {
            Call::Create { key, owner, pending, ticket, limit, idle, bytes } => {
                self.create(key, (owner, pending), ticket, limit, idle, bytes);
            }
            Call::Update { key, stale, other_owner, seen, idle, bytes } => {
                self.update(key, stale, other_owner, (seen, idle), bytes);
            }
            Call::Touch { key, idle } => {
                let (key, until) = (pooled_key(key), at(self.now + idle));
                let touched = now(self.store.touch(&key, until, op(self.now))).unwrap();
                assert_eq!(touched, self.model.touch(&key, until, self.time()));
            }
            Call::Replace { old, new, stale, ticket, limit, idle, bytes } => {
                self.replace((old, new), stale, ticket, limit, idle, bytes);
            }
            Call::Take { key, stale } => self.take(key, stale),
            Call::Revoke { key } => {
                let key = pooled_key(key);
                let ended = now(self.store.revoke(&key, EndReason::LoggedOut, op(self.now))).unwrap();
                assert_eq!(ended, self.model.revoke(&key, EndReason::LoggedOut, self.time()));
            }
            Call::RevokeSubject { owner, actor, which, handle_of } => {
                self.revoke_subject(owner, actor, which, handle_of);
            }
            Call::NotBefore { realm, at: millis } => {
                let realm = realm_of(realm);
                let raised = now(self.store.raise_not_before(&realm, at(millis), op(self.now))).unwrap();
                assert_eq!(raised, self.model.raise_not_before(&realm, at(millis)));
                assert_eq!(now(self.store.not_before(&realm)).unwrap(), Some(raised));
            }
            Call::Sweep { limit } => {
                let swept = now(self.store.sweep(limit, op(self.now))).unwrap();
                let expected = self.model.sweep(limit, &swept.ended, self.time());
                assert_eq!(swept, Swept { ended: swept.ended.clone(), ..expected });
            }
            Call::Wait { millis } => self.now += millis,
        }
    }

    fn create(
        &mut self,
        key: u64,
        (owner, pending): (u8, bool),
        ticket: Option<bool>,
        max: Option<(u32, bool)>,
        idle: u64,
        bytes: usize,
    ) {
        self.names += 1;
        let mut record = Record {
            handle: handle(self.names),
            idle_until: at(self.now + idle),
            absolute_until: at(self.now + 100),
            last_seen: self.time(),
            created: self.time(),
            data: values(bytes),
            ..owned(owner, key)
        };
        if let Some(identity) = record.identity.as_mut().filter(|_| pending) {
            identity.level = AuthLevel::Pending;
        }
        let ticket = self.ticket(&record, ticket);
        let limit = limited_to(max);
        let created = self.store.create(Arc::new(record.clone()), ticket.as_ref(), limit, op(self.now));
        let expected = self.model.create(&record, ticket.as_ref(), limit, self.time());
        assert_eq!(sorted(now(created).unwrap()), sorted(expected));
    }

    fn update(&mut self, key: u64, stale: bool, other_owner: bool, (seen, idle): (u64, u64), bytes: usize) {
        let row = self.row(key);
        let record = rewritten(&row, |record| {
            record.last_seen = at(self.now.saturating_sub(seen));
            record.idle_until = at((self.now + idle).saturating_sub(20));
            record.data = values(bytes);
            if other_owner {
                record.identity = owned(4, key).identity;
            }
        });
        let expected = if stale { Revision(99) } else { row.revision };
        let updated = now(self.store.update(record.clone(), expected, op(self.now)));
        assert_eq!(updated.ok(), self.model.update(&record, expected, self.time()));
    }

    fn replace(
        &mut self,
        (old, new): (u64, u64),
        stale: bool,
        ticket: Option<bool>,
        max: Option<(u32, bool)>,
        idle: u64,
        bytes: usize,
    ) {
        let row = self.row(old);
        let record = rewritten(&row, |record| {
            record.key = pooled_key(new);
            record.last_seen = self.time();
            record.idle_until = at(self.now + idle);
            record.data = values(bytes);
            if let Some(identity) = record.identity.as_mut() {
                identity.level = AuthLevel::Full;
            }
        });
        let expected = if stale { Revision(99) } else { row.revision };
        let ticket = self.ticket(&record, ticket);
        let (ticket, limit, call) = (ticket.as_ref(), limited_to(max), op(self.now));
        let replaced = self.store.replace(&row.key, record.clone(), expected, ticket, limit, call);
        let modelled = self.model.replace(&row.key, &record, expected, ticket, limit, self.time());
        assert_eq!(now(replaced).ok().map(sorted), modelled.map(sorted));
    }

    fn take(&mut self, key: u64, stale: bool) {
        let row = self.row(key);
        let expected = if stale { Revision(99) } else { row.revision };
        let taken = now(self.store.take(&row.key, expected, EndReason::Superseded, op(self.now))).unwrap();
        assert_eq!(taken, self.model.take(&row.key, expected, EndReason::Superseded, self.time()));
    }

    fn revoke_subject(&mut self, owner: u8, actor: Option<u64>, which: u8, handle_of: u64) {
        let subject = owned(owner.max(1), 0).subject_key().unwrap();
        let actor = actor.map(|key| self.row(key).handle);
        let named = self.row(handle_of).handle;
        let which = [Which::All, Which::AllBut(named), Which::One(named)][usize::from(which)];
        let (reason, call) = (EndReason::Administrator, op(self.now));
        let revoked = now(self.store.revoke_subject(&subject, actor, which, reason, call)).unwrap();
        let expected = self.model.revoke_subject(&subject, actor, which, reason, call);
        assert_eq!(sorted(revoked), sorted(expected));
    }

    fn assert_equal(&mut self) {
        self.store.assert_consistent();
        assert_eq!(self.store.len(), self.model.rows.len());
        let keys: Vec<_> = (0..KEYS).map(pooled_key).collect();
        for key in &keys {
            assert_eq!(
                now(self.store.load(key, Freshness::Latest)).unwrap().as_deref(),
                self.model.load(key)
            );
        }
        let is_live = |key| self.model.load(key).is_some_and(|row| self.model.is_live(row, self.time()));
        let live: Vec<_> = keys.iter().map(is_live).map(Some).collect();
        assert_eq!(now(self.store.alive(&keys, self.time())).unwrap(), live);
        for subject in (1..5).filter_map(|owner| owned(owner, 0).subject_key()) {
            let listed = now(self.store.subject(&subject, self.time())).unwrap();
            assert_eq!(listed, self.model.subject(&subject, self.time()));
            assert_eq!(now(self.store.epoch(&subject)).unwrap(), self.model.epoch(&subject));
        }
        let mut heard: Vec<_> = (0..self.model.events.len()).map(|_| now(self.feed.next())).collect();
        heard.sort_by_key(rank);
        self.model.events.sort_by_key(rank);
        assert_eq!(heard, std::mem::take(&mut self.model.events));
    }
}

/// What is ended by one call comes in no order.
trait Unordered {
    fn ended(&mut self) -> Option<&mut Vec<Ended>>;
}

impl Unordered for Created {
    fn ended(&mut self) -> Option<&mut Vec<Ended>> {
        if let Self::Created { evicted } = self { Some(evicted) } else { None }
    }
}

impl Unordered for Replaced {
    fn ended(&mut self) -> Option<&mut Vec<Ended>> {
        if let Self::Replaced { evicted } = self { Some(evicted) } else { None }
    }
}

impl Unordered for SubjectRevoked {
    fn ended(&mut self) -> Option<&mut Vec<Ended>> {
        if let Self::Done { ended, .. } = self { Some(ended) } else { None }
    }
}

fn sorted<T: Unordered>(mut outcome: T) -> T {
    if let Some(ended) = outcome.ended() {
        ended.sort_by_key(|ended| ended.key);
    }
    outcome
}

fn rank(event: &FeedEvent) -> (u8, Option<SessionKey>) {
    match event {
        FeedEvent::Ended(ended) => (0, Some(ended.key)),
        FeedEvent::Replaced { old, .. } => (1, Some(*old)),
        FeedEvent::NotBefore { .. } => (2, None),
        FeedEvent::Gap => (3, None),
    }
}

proptest! {
    #[test]
    fn after_any_calls_the_store_is_what_the_model_says(calls in calls()) {
        let mut pair = Pair::new();
        for call in &calls {
            pair.apply(call);
            pair.assert_equal();
        }
    }
}
