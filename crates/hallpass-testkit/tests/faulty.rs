//! The faulty store does what it was told, and nothing else.

#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use hallpass_core::{
    EndReason, FeedEvent, Freshness, MemoryStore, Realm, Record, SessionStore, StoreError, StoreErrorKind,
    Timestamp,
};
use hallpass_testkit::{Fault, FaultyStore, Method, Sample, Times, op};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

const NOW: Timestamp = Timestamp::from_millis(1_767_225_600_000);

fn visitor() -> Arc<Record> {
    Sample::visitor(&Realm::new("shop").unwrap(), NOW).build()
}

async fn with_a_session() -> (FaultyStore, Arc<Record>) {
    let (store, record) = (FaultyStore::new(MemoryStore::new()), visitor());
    let _ = store.create(record.clone(), None, None, op(NOW)).await.unwrap();
    store.reset_calls();
    (store, record)
}

async fn revoke(store: &FaultyStore, record: &Record) -> Result<bool, StoreError> {
    Ok(store.revoke(&record.key, EndReason::LoggedOut, op(NOW)).await?.is_some())
}

async fn is_there(store: &FaultyStore, record: &Record) -> bool {
    store.load(&record.key, Freshness::Latest).await.unwrap().is_some()
}

fn is_pending(future: impl Future) -> bool {
    pin!(future).poll(&mut Context::from_waker(Waker::noop())).is_pending()
}

#[tokio::test]
async fn a_failed_call_is_not_made() {
    let (store, record) = with_a_session().await;
    store.fail(Method::Revoke, Times::Next(2));
    for _ in 0..2 {
        assert_eq!(revoke(&store, &record).await.unwrap_err().kind(), StoreErrorKind::Unavailable);
        assert!(is_there(&store, &record).await);
    }
    assert!(revoke(&store, &record).await.unwrap());
}

#[tokio::test]
async fn a_call_whose_answer_is_lost_is_made() {
    let (store, record) = with_a_session().await;
    store.lose_answer(Method::Revoke, Times::UntilCleared);
    for _ in 0..2 {
        assert_eq!(revoke(&store, &record).await.unwrap_err().kind(), StoreErrorKind::Timeout);
    }
    assert!(!is_there(&store, &record).await);
    store.clear();
    assert!(!revoke(&store, &record).await.unwrap());
}

#[tokio::test]
async fn any_kind_of_error_can_be_asked_for() {
    let (store, record) = with_a_session().await;
    for kind in [StoreErrorKind::Undecodable, StoreErrorKind::Timeout, StoreErrorKind::ClockSkew] {
        store.inject(Method::Load, Fault::Fail(kind), Times::Next(1));
        assert_eq!(store.load(&record.key, Freshness::Latest).await.unwrap_err().kind(), kind);
    }
}

#[tokio::test]
async fn a_held_call_is_made_when_the_gate_lets_it_go() {
    let (store, record) = with_a_session().await;
    let gate = store.hold(Method::Revoke);
    let mut call = pin!(revoke(&store, &record));
    assert!(is_pending(&mut call));
    gate.arrived().await;
    assert!(is_there(&store, &record).await);
    gate.release_one();
    assert!(call.await.unwrap());
    assert!(is_pending(revoke(&store, &record)), "one was released, not all");
    gate.open();
    assert!(!revoke(&store, &record).await.unwrap());
}

#[tokio::test]
async fn a_held_call_that_is_dropped_is_never_made() {
    let (store, record) = with_a_session().await;
    let gate = store.hold(Method::Revoke);
    assert!(is_pending(revoke(&store, &record)));
    gate.open();
    assert!(is_there(&store, &record).await);
}

#[tokio::test]
async fn a_held_answer_comes_after_the_call_was_made() {
    let (store, record) = with_a_session().await;
    let gate = store.hold_answer(Method::Revoke);
    let mut call = pin!(revoke(&store, &record));
    assert!(is_pending(&mut call));
    gate.arrived().await;
    assert!(!is_there(&store, &record).await);
    gate.open();
    assert!(call.await.unwrap());
}

#[tokio::test]
async fn a_store_that_is_down_fails_every_call_also_one_that_was_held() {
    let (store, record) = with_a_session().await;
    let gate = store.hold(Method::Revoke);
    let mut held = pin!(revoke(&store, &record));
    assert!(is_pending(&mut held));
    store.go_down();
    gate.open();
    assert_eq!(held.await.unwrap_err().kind(), StoreErrorKind::Unavailable);
    assert_eq!(
        store.load(&record.key, Freshness::Latest).await.unwrap_err().kind(),
        StoreErrorKind::Unavailable
    );
    assert!(store.feed().await.is_err());
    store.come_up();
    assert!(is_there(&store, &record).await);
}

#[tokio::test]
async fn calls_are_counted_by_method_also_those_that_fail() {
    let (store, record) = with_a_session().await;
    assert_eq!(store.total_calls(), 0);
    store.fail(Method::Load, Times::Next(1));
    store.load(&record.key, Freshness::Latest).await.unwrap_err();
    assert!(is_there(&store.clone(), &record).await);
    assert!(revoke(&store, &record).await.unwrap());
    let counts = [Method::Load, Method::Revoke, Method::Create].map(|method| store.calls(method));
    assert_eq!((counts, store.total_calls()), ([2, 1, 0], 3));
}

#[tokio::test]
async fn faults_of_one_method_leave_the_others_alone_and_come_in_order() {
    let (store, record) = with_a_session().await;
    store.fail(Method::Load, Times::Next(1));
    store.inject(Method::Load, Fault::Fail(StoreErrorKind::Timeout), Times::Next(1));
    store.fail(Method::Create, Times::UntilCleared);
    let mut kinds = Vec::new();
    for _ in 0..2 {
        kinds.push(store.load(&record.key, Freshness::Latest).await.unwrap_err().kind());
    }
    assert_eq!(kinds, [StoreErrorKind::Unavailable, StoreErrorKind::Timeout]);
    assert!(is_there(&store, &record).await);
}

#[tokio::test]
async fn events_are_lost_and_feeds_are_cut_as_told() {
    let (store, first) = with_a_session().await;
    let second = visitor();
    let _ = store.create(second.clone(), None, None, op(NOW)).await.unwrap();
    let mut feed = store.feed().await.unwrap();
    store.lose_events(Times::Next(1));
    assert!(revoke(&store, &first).await.unwrap());
    assert!(is_pending(feed.next()));
    assert!(revoke(&store, &second).await.unwrap());
    assert!(matches!(feed.next().await, FeedEvent::Ended(ended) if ended.key == second.key));
    store.cut_feeds();
    assert_eq!(feed.next().await, FeedEvent::Gap);
}

#[tokio::test]
async fn what_happens_on_other_nodes_while_down_is_told_as_a_gap() {
    let inner: Arc<dyn SessionStore> = Arc::new(MemoryStore::new());
    let (here, record) = (FaultyStore::around(Arc::clone(&inner)), visitor());
    let _ = inner.create(record.clone(), None, None, op(NOW)).await.unwrap();
    let mut feed = here.feed().await.unwrap();
    here.go_down();
    inner.revoke(&record.key, EndReason::LoggedOut, op(NOW)).await.unwrap();
    assert!(is_pending(feed.next()));
    here.come_up();
    assert_eq!(feed.next().await, FeedEvent::Gap);
    assert!(is_pending(feed.next()));
}
