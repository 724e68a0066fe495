//! What is specific to memory. The contract of every store is proven by the suite of `hallpass-testkit`.

mod bounds;
mod feed;
mod model;
mod property;
mod races;
mod sweep;

use super::MemoryStore;
use super::logins::CROWD;
use crate::ids::{Epoch, OpId, Realm, Revision, SessionHandle, Shard, Stamp, Subject, SubjectKey};
use crate::record::{AuthLevel, ClientInfo, DataChange, EndReason, Identity, Record, SessionData, Transport};
use crate::store::{Created, Freshness, Op, Replaced, SessionStore, Ticket, Updated};
use crate::time::Timestamp;
use crate::token::SessionKey;
use std::future::Future;
use std::num::NonZeroU32;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

/// The answer of a call, which must be there at once: what never waits is never dropped half done.
fn now<T>(call: impl Future<Output = T>) -> T {
    match pin!(call).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("a call to the memory store waits"),
    }
}

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn op(millis: u64) -> Op {
    static COUNTER: AtomicU64 = AtomicU64::new(1);
    let mut id = [0; 16];
    id[..8].copy_from_slice(&COUNTER.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    Op { id: OpId::from_bytes(id), now: at(millis) }
}

fn realm() -> Realm {
    Realm::new("shop").unwrap()
}

fn ada() -> SubjectKey {
    SubjectKey::new(realm(), Subject::from(1))
}

fn ticket() -> Ticket {
    Ticket { epoch: Epoch::NONE, started_at: at(0) }
}

/// A key with this number in `shard`, spread like a hash.
fn key(shard: Shard, number: u64) -> SessionKey {
    let mut bytes = [0; SessionKey::LEN];
    bytes[..2].copy_from_slice(&shard.0.to_be_bytes());
    bytes[2..10].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    bytes[26..].copy_from_slice(&number.to_be_bytes());
    SessionKey::from_bytes(bytes)
}

fn handle(number: u64) -> SessionHandle {
    let mut bytes = [0; 16];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    SessionHandle::from_bytes(bytes)
}

/// A visitor's session, used at 0, idle at 1000 and ended at 10 000.
fn visitor(number: u64) -> Record {
    Record {
        key: key(Shard(number as u16), number),
        handle: handle(number),
        idle_until: at(1_000),
        absolute_until: at(10_000),
        last_seen: at(0),
        created: at(0),
        revision: Revision(1),
        identity: None,
        data: SessionData::default(),
        realm: realm(),
        client: ClientInfo::default(),
        transport: Transport::Cookie,
    }
}

/// A login with the same times.
fn login(subject: &SubjectKey, number: u64) -> Record {
    let identity = Identity {
        subject: subject.subject().clone(),
        authenticated: at(0),
        stamp: Stamp::from(1),
        level: AuthLevel::Full,
        remembered: false,
    };
    let key = key(subject.shard(), number);
    Record { key, identity: Some(identity), realm: subject.realm().clone(), ..visitor(number) }
}

fn values(bytes: usize) -> SessionData {
    SessionData::default().with(&[DataChange::Set("v", vec![7; bytes].into())])
}

/// `record` as its next revision, after `change`.
fn rewritten(record: &Record, change: impl FnOnce(&mut Record)) -> Arc<Record> {
    let mut next = Record { revision: record.revision.next(), ..record.clone() };
    change(&mut next);
    Arc::new(next)
}

impl MemoryStore {
    fn add(&self, record: &Record) -> Created {
        let ticket = record.identity.as_ref().map(|_| ticket());
        now(self.create(Arc::new(record.clone()), ticket.as_ref(), None, op(1))).unwrap()
    }

    fn holds(&self, record: &Record) -> bool {
        now(self.load(&record.key, Freshness::Latest)).unwrap().is_some()
    }

    fn logins_of(&self, subject: &SubjectKey) -> usize {
        now(self.subject(subject, at(1))).unwrap().len()
    }

    fn assert_consistent(&self) {
        assert!(self.stripes.iter().all(|stripe| stripe.lock().is_indexed_exactly()));
        let visitors = self.stripes.iter().map(|stripe| stripe.lock().visitors()).sum::<usize>();
        assert_eq!(self.visitors(), visitors);
    }
}

fn limit(max: u32, when_reached: crate::store::WhenReached) -> Option<crate::store::SessionLimit> {
    Some(crate::store::SessionLimit { max: NonZeroU32::new(max).unwrap(), when_reached })
}

#[test]
fn a_load_copies_nothing() {
    let store = MemoryStore::new();
    let record = Arc::new(visitor(1));
    let _ = now(store.create(record.clone(), None, None, op(1))).unwrap();
    assert!(Arc::ptr_eq(&record, &now(store.load(&record.key, Freshness::Latest)).unwrap().unwrap()));
}

#[test]
fn debug_output_shows_counts_only() {
    let store = MemoryStore::new();
    let _ = (store.add(&visitor(1)), store.add(&login(&ada(), 2)));
    assert_eq!(format!("{store:?}"), "MemoryStore { sessions: 2, visitors: 1, .. }");
}

#[test]
fn a_write_never_changes_whose_session_it_is() {
    let store = MemoryStore::new();
    let mine = login(&ada(), 1);
    let _ = store.add(&mine);
    let eve = login(&SubjectKey::new(realm(), Subject::from(2)), 1).identity;
    let staff = Realm::new("staff").unwrap();
    let changes: [&dyn Fn(&mut Record); 4] = [
        &|record| record.identity.clone_from(&eve),
        &|record| record.identity = None,
        &|record| record.realm = staff.clone(),
        &|record| record.handle = handle(9),
    ];
    for change in changes {
        let changed = rewritten(&mine, |record| change(record));
        assert_eq!(now(store.update(changed, Revision(1), op(1))).unwrap(), Updated::Gone);
        let renewed = rewritten(&mine, |record| {
            change(record);
            record.key = key(mine.key.shard(), 2);
        });
        let replaced = now(store.replace(&mine.key, renewed, Revision(1), None, None, op(1))).unwrap();
        assert_eq!(replaced, Replaced::Gone);
    }
    assert_eq!(*now(store.load(&mine.key, Freshness::Latest)).unwrap().unwrap(), mine);
    assert_eq!(store.len(), 1);
}

#[test]
fn a_renewal_neither_leaves_its_shard_nor_takes_another_key() {
    let store = MemoryStore::new();
    let (mine, other) = (login(&ada(), 1), login(&ada(), 2));
    let _ = (store.add(&mine), store.add(&other));
    let elsewhere = key(Shard(mine.key.shard().0 ^ 1), 3);
    for key in [elsewhere, other.key, mine.key] {
        let renewed = rewritten(&mine, |record| record.key = key);
        let replaced = now(store.replace(&mine.key, renewed, Revision(1), None, None, op(1))).unwrap();
        assert_eq!(replaced, Replaced::Gone);
    }
    assert!(store.holds(&mine) && store.holds(&other));
    assert_eq!(store.len(), 2);
}

#[test]
fn a_user_with_very_many_logins_does_not_crowd_the_index() {
    let store = MemoryStore::new();
    (0..500).for_each(|number| drop(store.add(&login(&ada(), number))));
    assert_eq!(store.stripe(ada().shard()).compactly_indexed(), CROWD);
    assert_eq!(store.logins_of(&ada()), 500);
    let others = crate::store::Which::AllBut(handle(400));
    let revoked = now(store.revoke_subject(&ada(), None, others, EndReason::LoggedOutElsewhere, op(1)));
    let crate::store::SubjectRevoked::Done { ended, .. } = revoked.unwrap() else {
        panic!("no actor was named")
    };
    assert_eq!((ended.len(), store.logins_of(&ada())), (499, 1));
    store.assert_consistent();
}

#[test]
fn a_poisoned_lock_does_not_stop_a_logout() {
    let store = Arc::new(MemoryStore::new());
    let mine = login(&ada(), 1);
    let _ = store.add(&mine);
    let shared = Arc::clone(&store);
    let poisoner = std::thread::spawn(move || {
        let _stripe = shared.stripe(ada().shard());
        let _visitors = super::locked(&shared.visitors);
        let _not_before = shared.not_before.write();
        panic!("on purpose, with every lock held");
    });
    assert!(poisoner.join().is_err());
    let ended = now(store.revoke(&mine.key, EndReason::LoggedOut, op(1))).unwrap().unwrap();
    assert_eq!(ended.reason, EndReason::LoggedOut);
    assert_eq!(store.add(&login(&ada(), 2)), Created::Created { evicted: Vec::new() });
    assert_eq!(store.add(&visitor(3)), Created::Created { evicted: Vec::new() });
}
