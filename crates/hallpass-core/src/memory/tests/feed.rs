//! Who hears what, and in which order.

use super::super::feed::CAPACITY;
use super::*;
use crate::store::{FeedEvent, SessionFeed, Which};

fn subscribe(store: &MemoryStore) -> Box<dyn SessionFeed> {
    now(store.feed()).unwrap()
}

fn is_silent(feed: &mut dyn SessionFeed) -> bool {
    pin!(feed.next()).poll(&mut Context::from_waker(Waker::noop())).is_pending()
}

fn ended_key(event: FeedEvent) -> SessionKey {
    match event {
        FeedEvent::Ended(ended) => ended.key,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_subscriber_hears_a_renewal_and_then_the_end() {
    let store = MemoryStore::new();
    let old = login(&ada(), 1);
    let _ = store.add(&old);
    let mut feeds = [subscribe(&store), subscribe(&store)];
    let renewed = rewritten(&old, |record| record.key = key(old.key.shard(), 2));
    let _ = now(store.replace(&old.key, renewed.clone(), Revision(1), None, None, op(1))).unwrap();
    let ended = now(store.revoke(&renewed.key, EndReason::LoggedOut, op(1))).unwrap().unwrap();
    for feed in &mut feeds {
        let replaced = FeedEvent::Replaced { old: old.key, new: renewed.key, handle: old.handle };
        assert_eq!(now(feed.next()), replaced);
        assert_eq!(now(feed.next()), FeedEvent::Ended(ended.clone()));
        assert!(is_silent(feed.as_mut()));
    }
}

#[test]
fn ends_from_before_the_subscription_are_not_heard() {
    let store = MemoryStore::new();
    let _ = store.add(&visitor(1));
    let first = subscribe(&store);
    assert!(now(store.revoke(&visitor(1).key, EndReason::LoggedOut, op(1))).unwrap().is_some());
    drop(first);
    assert!(is_silent(subscribe(&store).as_mut()));
}

#[test]
fn every_way_to_end_is_heard() {
    let store = MemoryStore::builder().max_visitors(1).build();
    let mut feed = subscribe(&store);
    let logins: Vec<_> = (0..4).map(|number| login(&ada(), number)).collect();
    logins.iter().for_each(|login| drop(store.add(login)));
    let _ = now(store.take(&logins[0].key, Revision(1), EndReason::Superseded, op(1))).unwrap();
    assert_eq!(ended_key(now(feed.next())), logins[0].key);
    let one = Which::One(logins[1].handle);
    let _ = now(store.revoke_subject(&ada(), None, one, EndReason::Administrator, op(1))).unwrap();
    assert_eq!(ended_key(now(feed.next())), logins[1].key);
    let newest = Arc::new(Record { last_seen: at(9), ..login(&ada(), 9) });
    let limit = limit(2, crate::store::WhenReached::EndLeastRecent);
    let _ = now(store.create(newest.clone(), None, limit, op(1))).unwrap();
    assert!([logins[2].key, logins[3].key].contains(&ended_key(now(feed.next()))));
    let _ = (store.add(&visitor(5)), store.add(&visitor(6)));
    assert_eq!(ended_key(now(feed.next())), visitor(5).key);
    assert_eq!(now(store.sweep(10, op(10_000))).unwrap().ended.len(), 3);
    for _ in 0..3 {
        assert!(
            matches!(now(feed.next()), FeedEvent::Ended(ended) if ended.reason == EndReason::AbsoluteTimeout)
        );
    }
    assert!(is_silent(feed.as_mut()));
}

#[test]
fn only_what_moves_not_before_is_heard() {
    let store = MemoryStore::new();
    let mut feed = subscribe(&store);
    for (at_millis, then) in [(5, 5), (5, 5), (3, 5), (8, 8)] {
        assert_eq!(now(store.raise_not_before(&realm(), at(at_millis), op(9))).unwrap(), at(then));
    }
    for moved in [5, 8] {
        assert_eq!(now(feed.next()), FeedEvent::NotBefore { realm: realm(), at: at(moved) });
    }
    assert!(is_silent(feed.as_mut()));
}

#[test]
fn a_subscriber_who_falls_behind_is_told_of_the_gap_and_goes_on() {
    let store = MemoryStore::new();
    let mut feed = subscribe(&store);
    let many = CAPACITY as u64 + 1;
    (0..many).for_each(|number| drop(store.add(&visitor(number))));
    for number in 0..many {
        assert!(now(store.revoke(&visitor(number).key, EndReason::LoggedOut, op(1))).unwrap().is_some());
    }
    assert_eq!(now(feed.next()), FeedEvent::Gap);
    assert_eq!(ended_key(now(feed.next())), visitor(1).key);
}

#[test]
fn a_feed_outlives_its_store_and_stays_silent() {
    let store = MemoryStore::new();
    let mut feed = subscribe(&store);
    drop(store);
    assert!(is_silent(feed.as_mut()));
}
