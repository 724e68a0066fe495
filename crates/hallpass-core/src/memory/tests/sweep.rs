//! Removing what has run out.

use super::*;

const FOREVER: Timestamp = Timestamp::MAX;

#[test]
fn a_sweep_removes_as_many_as_it_may_and_says_whether_there_are_more() {
    let store = MemoryStore::new();
    (0..7).for_each(|number| drop(store.add(&visitor(number))));
    let swept: Vec<_> = (0..4).map(|_| now(store.sweep(3, op(1_000))).unwrap()).collect();
    let counts: Vec<_> = swept.iter().map(|swept| (swept.ended.len(), swept.more)).collect();
    assert_eq!(counts, [(3, true), (3, true), (1, false), (0, false)]);
    assert!(store.is_empty());
}

#[test]
fn a_sweep_that_may_remove_exactly_what_has_run_out_leaves_nothing() {
    let store = MemoryStore::new();
    (0..7).for_each(|number| drop(store.add(&visitor(number))));
    let swept = now(store.sweep(7, op(1_000))).unwrap();
    assert_eq!((swept.ended.len(), swept.more), (7, false));
    assert_eq!(now(store.sweep(0, op(1_000))).unwrap(), crate::store::Swept::default());
}

#[test]
fn a_sweep_finds_what_ran_out_behind_it() {
    let store = MemoryStore::new();
    (0..20).for_each(|number| drop(store.add(&visitor(number))));
    assert!(now(store.sweep(5, op(1_000))).unwrap().more);
    (20..30).for_each(|number| drop(store.add(&visitor(number))));
    let swept = now(store.sweep(100, op(1_000))).unwrap();
    assert_eq!((swept.ended.len(), swept.more), (25, false));
}

#[test]
fn one_round_of_bounded_calls_finds_everything_in_a_large_store() {
    let store = MemoryStore::builder().stripes(64).build();
    let live = |number| Record { idle_until: FOREVER, absolute_until: FOREVER, ..visitor(number) };
    (0..60_000).for_each(|number| drop(store.add(&live(number))));
    // All in one stripe, and more than one call may remove.
    (60_000..60_100).for_each(|number| drop(store.add(&visitor(64 * number))));
    for _ in 0..2 {
        let mut calls = 0;
        while now(store.sweep(30, op(1_000))).unwrap().more {
            calls += 1;
        }
        assert!((1..10).contains(&calls), "{calls}");
        assert_eq!(store.len(), 60_000);
    }
}

#[test]
fn a_sweep_gives_memory_back() {
    let store = MemoryStore::builder().stripes(2).build();
    let places = || store.stripes.iter().map(|stripe| stripe.lock().places()).sum::<usize>();
    let (before, survivor) = (places(), Record { idle_until: at(10_000), ..login(&ada(), 5_000) });
    let _ = store.add(&survivor);
    (0..5_000).for_each(|number| drop(store.add(&login(&ada(), number))));
    assert!(places() > 5_000);
    while now(store.sweep(1_000, op(1_000))).unwrap().more {}
    let swept = now(store.sweep(1_000, op(1_000))).unwrap();
    assert!(swept.ended.is_empty());
    assert!(places() <= before + 64, "{}", places());
    assert!(store.holds(&survivor));
    assert_eq!(store.logins_of(&ada()), 1);
}

#[test]
fn an_epoch_is_kept_for_a_day_and_then_forgotten() {
    const DAY: u64 = 24 * 60 * 60 * 1000;
    let store = MemoryStore::new();
    let raise = |now_millis| {
        let call = op(now_millis);
        let all = crate::store::Which::All;
        let _ = now(store.revoke_subject(&ada(), None, all, EndReason::Administrator, call)).unwrap();
        Epoch::from(call.id)
    };
    let sweep = |now_millis| drop(now(store.sweep(10, op(now_millis))).unwrap());
    let epoch = || now(store.epoch(&ada())).unwrap();
    let first = raise(5);
    sweep(5 + DAY);
    assert_eq!(epoch(), first);
    let second = raise(6);
    sweep(6 + DAY);
    assert_eq!(epoch(), second);
    sweep(7 + DAY);
    assert_eq!(epoch(), Epoch::NONE);
    let late = raise(8 + DAY);
    sweep(3);
    assert_eq!(epoch(), late);
}
