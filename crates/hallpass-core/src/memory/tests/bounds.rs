//! What visitors may take.

use super::super::visitors::footprint;
use super::*;
use crate::store::{StoreErrorKind, Taken};

fn evicted(created: Created) -> Vec<SessionKey> {
    match created {
        Created::Created { evicted } => evicted.into_iter().map(|ended| ended.key).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_visitor_that_was_not_used_for_longest_goes_first() {
    let store = MemoryStore::builder().max_visitors(3).build();
    let all: Vec<_> = (0..5).map(visitor).collect();
    for visitor in &all[..3] {
        assert!(evicted(store.add(visitor)).is_empty());
    }
    assert!(now(store.touch(&all[0].key, at(1_000), op(2))).unwrap());
    assert_eq!(evicted(store.add(&all[3])), [all[1].key]);
    assert_eq!(evicted(store.add(&Record { last_seen: at(5), ..all[4].clone() })), [all[2].key]);
    assert!(store.holds(&all[0]) && store.holds(&all[3]) && store.holds(&all[4]));
    store.assert_consistent();
}

#[test]
fn a_flood_of_visitors_never_exceeds_the_bound_and_ends_no_login() {
    let store = MemoryStore::builder().max_visitors(10).build();
    let mine = login(&ada(), 1_000);
    let _ = store.add(&mine);
    for number in 0..500 {
        let _ = store.add(&visitor(number));
        assert!(store.visitors() <= 10 && store.len() <= 11);
    }
    assert!(store.holds(&mine));
    assert_eq!((store.visitors(), store.len()), (10, 11));
    store.assert_consistent();
}

#[test]
fn a_visitor_who_was_pushed_out_ended_by_the_limit_or_by_the_timeout_that_had_passed() {
    let store = MemoryStore::builder().max_visitors(1).build();
    let _ = store.add(&visitor(1));
    let created = now(store.create(Arc::new(visitor(2)), None, None, op(1))).unwrap();
    let Created::Created { evicted } = created else { panic!("{created:?}") };
    assert_eq!((evicted[0].reason, evicted[0].was_live()), (EndReason::SessionLimit, true));
    let created = now(store.create(Arc::new(visitor(3)), None, None, op(1_000))).unwrap();
    let Created::Created { evicted } = created else { panic!("{created:?}") };
    assert_eq!((evicted[0].reason, evicted[0].was_live()), (EndReason::IdleTimeout, false));
}

#[test]
fn bytes_are_bounded_at_creation_and_when_values_grow() {
    let small = footprint(&visitor(0));
    let store = MemoryStore::builder().max_visitor_bytes(10 * small).build();
    for number in 0..10 {
        assert!(evicted(store.add(&Record { last_seen: at(number), ..visitor(number) })).is_empty());
    }
    assert_eq!(evicted(store.add(&Record { last_seen: at(10), ..visitor(10) })), [visitor(0).key]);
    let grown = rewritten(&visitor(5), |record| {
        record.data = values(2 * small);
        record.last_seen = at(11);
    });
    assert_eq!(now(store.update(grown.clone(), Revision(1), op(11))).unwrap(), Updated::Written);
    assert!(footprint(&grown) > 3 * small);
    assert_eq!(store.visitors(), 7);
    assert!(!store.holds(&visitor(1)) && !store.holds(&visitor(3)) && store.holds(&visitor(5)));
    store.assert_consistent();
}

#[test]
fn a_visitor_who_exceeds_the_bound_alone_is_refused_and_pushes_nobody_out() {
    let small = footprint(&visitor(0));
    let store = MemoryStore::builder().max_visitor_bytes(2 * small).build();
    let _ = (store.add(&visitor(1)), store.add(&visitor(2)));
    let huge = Record { data: values(2 * small), ..visitor(3) };
    assert_eq!(store.add(&huge), Created::LimitReached);
    let grown = rewritten(&visitor(1), |record| record.data = values(2 * small));
    let error = now(store.update(grown, Revision(1), op(1))).unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert_eq!(*now(store.load(&visitor(1).key, Freshness::Latest)).unwrap().unwrap(), visitor(1));
    assert_eq!(store.len(), 2);
    store.assert_consistent();
}

#[test]
fn no_visitors_are_kept_where_none_may_be() {
    let store = MemoryStore::builder().max_visitors(0).build();
    assert_eq!(store.add(&visitor(1)), Created::LimitReached);
    assert_eq!(store.add(&login(&ada(), 2)), Created::Created { evicted: Vec::new() });
}

#[test]
fn what_visitors_leave_is_free_for_others() {
    let store = MemoryStore::builder().max_visitors(3).build();
    let all: Vec<_> = (0..6).map(visitor).collect();
    let _ = (store.add(&all[0]), store.add(&all[1]), store.add(&all[2]));
    assert!(now(store.revoke(&all[0].key, EndReason::LoggedOut, op(1))).unwrap().is_some());
    let taken = now(store.take(&all[1].key, Revision(1), EndReason::Superseded, op(1))).unwrap();
    assert!(matches!(taken, Taken::Taken(_)));
    assert_eq!(now(store.sweep(10, op(1_000))).unwrap().ended.len(), 1);
    for visitor in &all[3..] {
        assert!(evicted(store.add(visitor)).is_empty());
    }
    store.assert_consistent();
}

#[test]
fn a_visitors_renewal_keeps_its_place() {
    let store = MemoryStore::builder().max_visitors(2).build();
    let _ = (store.add(&visitor(1)), store.add(&visitor(2)));
    let renewed = rewritten(&visitor(1), |record| record.key = key(record.key.shard(), 3));
    let replaced =
        now(store.replace(&visitor(1).key, renewed.clone(), Revision(1), None, None, op(1))).unwrap();
    assert_eq!(replaced, Replaced::Replaced { evicted: vec![] });
    store.assert_consistent();
    assert_eq!(evicted(store.add(&Record { last_seen: at(1), ..visitor(4) })).len(), 1);
    assert_eq!(store.visitors(), 2);
}
