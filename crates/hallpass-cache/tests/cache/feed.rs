//! Feeds that break.

use crate::scene::{Hand, MILLISECOND, Node, S, live, login, now, shared_store, until};
use hallpass_cache::CachedStore;
use hallpass_core::{EndReason, Freshness, SessionStore};
use hallpass_testkit::{FaultyStore, Method, Times, op};
use std::sync::Arc;
use tokio::runtime::Builder;

/// That the node asks the store for each of a few loads.
async fn asks_the_store(node: &Node, record: &hallpass_core::Record) {
    for _ in 0..3 {
        let before = node.loads();
        assert!(node.serves(&record.key).await);
        assert_eq!(node.loads(), before + 1);
        node.clock.advance(MILLISECOND);
    }
}

#[tokio::test(start_paused = true)]
async fn while_the_feed_is_down_every_load_goes_to_the_store() {
    let shared = shared_store();
    let (node, record) = (Node::over(&shared).await, login(&*shared).await);
    node.warm_up(&record.key).await;
    node.way.fail(Method::Feed, Times::UntilCleared);
    node.way.cut_feeds();
    until("the gap is heard of", || !node.cache.is_live()).await;
    asks_the_store(&node, &record).await;
    node.way.clear();
    until("the feed is heard again", || node.cache.is_live()).await;
    node.warm_up(&record.key).await;
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_never_answers_is_tried_again() {
    let shared = shared_store();
    let (node, record) = (Node::over(&shared).await, login(&*shared).await);
    let gate = node.way.hold(Method::Feed);
    node.way.cut_feeds();
    gate.arrived().await;
    asks_the_store(&node, &record).await;
    node.way.clear();
    until("the feed is heard again", || node.cache.is_live()).await;
}

#[tokio::test(start_paused = true)]
async fn a_gap_voids_everything_that_was_loaded_before_it() {
    let shared = shared_store();
    let (node, record) = (Node::over(&shared).await, login(&*shared).await);
    node.way.lose_events(Times::UntilCleared);
    node.warm_up(&record.key).await;
    shared.revoke(&record.key, EndReason::LoggedOut, op(now())).await.unwrap();
    assert!(node.serves(&record.key).await, "nobody has told it");
    node.way.cut_feeds();
    until("the gap is heard of", || node.cache.is_empty()).await;
    until("the feed is heard again", || node.cache.is_live()).await;
    assert!(!node.serves(&record.key).await);
}

#[tokio::test(start_paused = true)]
async fn a_gap_ends_also_what_is_known_to_be_unknown() {
    let shared = shared_store();
    let (node, record) = (Node::over(&shared).await, login(&*shared).await);
    shared.revoke(&record.key, EndReason::LoggedOut, op(now())).await.unwrap();
    assert!(!node.serves(&record.key).await);
    node.way.cut_feeds();
    until("the feed is subscribed to again", || node.way.calls(Method::Feed) == 2).await;
    until("the feed is heard again", || node.cache.is_live()).await;
    let before = node.loads();
    assert!(!node.serves(&record.key).await);
    assert_eq!(node.loads(), before + 1);
}

#[tokio::test(start_paused = true)]
async fn a_feed_that_breaks_again_and_again_is_not_subscribed_to_in_a_frenzy() {
    let shared = shared_store();
    let node = Node::over(&shared).await;
    node.way.fail(Method::Feed, Times::UntilCleared);
    node.way.cut_feeds();
    tokio::time::sleep(60 * S).await;
    let tries = node.way.calls(Method::Feed);
    assert!((250..400).contains(&tries), "{tries} subscriptions in five minutes");
}

#[tokio::test]
async fn a_store_that_is_down_is_an_error_as_soon_as_the_bound_is_over() {
    let shared = shared_store();
    let (node, record) = (Node::over(&shared).await, login(&*shared).await);
    node.warm_up(&record.key).await;
    node.way.go_down();
    node.clock.advance(S);
    assert!(node.cache.load(&record.key, Freshness::MayBeCached).await.is_err());
}

#[test]
fn a_cache_that_is_built_without_a_runtime_listens_from_its_first_load_on() {
    let shared = shared_store();
    let cache = CachedStore::new(Arc::clone(&shared));
    assert!(!cache.is_live());
    Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let record = login(&*shared).await;
        assert!(cache.load(&record.key, Freshness::MayBeCached).await.unwrap().is_some());
        live(cache).await;
    });
}

#[test]
fn a_cache_outlives_the_runtime_that_it_listened_on() {
    let shared = shared_store();
    let (way, clock) = (FaultyStore::around(Arc::clone(&shared)), Hand::new());
    let worker = Builder::new_current_thread().enable_all().build().unwrap();
    let cache =
        worker.block_on(async { live(CachedStore::builder(way.clone()).clock(clock.clone()).build()).await });
    drop(worker);
    assert!(!cache.is_live(), "nobody listens any more");

    let other = Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    other.block_on(async {
        let node = Node { way, cache: Arc::new(cache), clock };
        let record = login(&*shared).await;
        asks_the_store(&node, &record).await;
        until("another runtime listens", || node.cache.is_live()).await;
        node.warm_up(&record.key).await;
    });
}

#[tokio::test]
async fn it_listens_on_the_runtime_that_it_was_given() {
    let worker = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let cache = CachedStore::builder(shared_store()).runtime(worker.handle().clone()).build();
    let cache = live(cache).await;
    tokio::task::spawn_blocking(move || drop(worker)).await.unwrap();
    assert!(!cache.is_live());
}

#[tokio::test]
async fn listening_ends_with_the_cache() {
    let shared = shared_store();
    let cache = live(CachedStore::new(Arc::clone(&shared))).await;
    drop(cache);
    until("nobody holds the store", || Arc::strong_count(&shared) == 1).await;
}
