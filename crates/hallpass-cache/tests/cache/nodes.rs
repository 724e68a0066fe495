//! Several nodes, each with a cache, over one store.

use crate::scene::{MILLISECOND, Node, S, ada, login, now, shared_store, until};
use hallpass_core::{EndReason, Freshness, Realm, SessionStore, Which};
use hallpass_testkit::{Sample, Times, op, renewed, rewritten};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

#[tokio::test]
async fn a_logout_on_one_node_is_refused_by_the_other_once_it_has_heard() {
    let shared = shared_store();
    let (one, two) = (Node::over(&shared).await, Node::over(&shared).await);
    let record = login(&*shared).await;
    two.warm_up(&record.key).await;
    one.log_out(&record.key).await;
    until("the end is heard of", || two.cache.is_empty()).await;
    for _ in 0..3 {
        assert!(!two.serves(&record.key).await);
    }
}

#[tokio::test]
async fn a_message_that_is_never_delivered_delays_a_logout_by_less_than_the_bound() {
    let shared = shared_store();
    let (one, two) = (Node::over(&shared).await, Node::over(&shared).await);
    let record = login(&*shared).await;
    two.way.lose_events(Times::UntilCleared);
    two.warm_up(&record.key).await;
    one.log_out(&record.key).await;
    two.clock.advance(S - Duration::from_nanos(1));
    assert!(two.serves(&record.key).await, "nobody has told it");
    two.clock.advance(Duration::from_nanos(1));
    for _ in 0..3 {
        assert!(!two.serves(&record.key).await);
    }
}

#[tokio::test]
async fn hits_extend_nothing() {
    let shared = shared_store();
    let (node, record) = (Node::over(&shared).await, login(&*shared).await);
    node.way.lose_events(Times::UntilCleared);
    node.warm_up(&record.key).await;
    shared.revoke(&record.key, EndReason::LoggedOut, op(now())).await.unwrap();
    for _ in 0..50 {
        assert!(node.serves(&record.key).await);
        node.clock.advance(S / 50);
    }
    assert!(!node.serves(&record.key).await);
}

/// Reads without end on node 2, while node 1 logs out and no message of it arrives.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn in_a_storm_of_reads_nothing_is_served_after_the_bound() {
    let shared = shared_store();
    let (one, two) = (Node::over(&shared).await, Arc::new(Node::over(&shared).await));
    let record = login(&*shared).await;
    two.way.lose_events(Times::UntilCleared);
    let (over, stop) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let reads = Arc::new(AtomicU64::new(0));
    let storm: Vec<_> = (0..8)
        .map(|_| {
            let (two, key) = (Arc::clone(&two), record.key);
            let (over, stop, reads) = (Arc::clone(&over), Arc::clone(&stop), Arc::clone(&reads));
            tokio::spawn(async move {
                while !stop.load(Ordering::SeqCst) {
                    let is_over = over.load(Ordering::SeqCst);
                    assert!(!(two.serves(&key).await && is_over), "served after the bound");
                    reads.fetch_add(1, Ordering::SeqCst);
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    let some_reads = async |what: &str| {
        let before = reads.load(Ordering::SeqCst);
        until(what, || reads.load(Ordering::SeqCst) > before + 2_000).await;
    };
    some_reads("the storm rages").await;
    one.log_out(&record.key).await;
    for _ in 0..10 {
        two.clock.advance(S / 10);
        some_reads("it rages on").await;
    }
    over.store(true, Ordering::SeqCst);
    some_reads("it rages after the bound").await;
    stop.store(true, Ordering::SeqCst);
    for reader in storm {
        reader.await.unwrap();
    }
}

#[tokio::test]
async fn a_log_out_everywhere_on_one_node_is_refused_by_the_other_once_it_has_heard() {
    let shared = shared_store();
    let (one, two) = (Node::over(&shared).await, Node::over(&shared).await);
    let records = [login(&*shared).await, login(&*shared).await, login(&*shared).await];
    for record in &records {
        two.warm_up(&record.key).await;
    }
    let reason = EndReason::LoggedOutElsewhere;
    let _ = one.cache.revoke_subject(&ada(), None, Which::All, reason, op(now())).await.unwrap();
    until("all ends are heard of", || two.cache.is_empty()).await;
    for record in &records {
        assert!(!two.serves(&record.key).await);
    }
}

#[tokio::test]
async fn the_old_key_of_a_renewal_elsewhere_is_refused_once_it_is_heard_of() {
    let shared = shared_store();
    let (one, two) = (Node::over(&shared).await, Node::over(&shared).await);
    let record = login(&*shared).await;
    two.warm_up(&record.key).await;
    let next = renewed(&record);
    let _ =
        one.cache.replace(&record.key, next.clone(), record.revision, None, None, op(now())).await.unwrap();
    until("the renewal is heard of", || two.cache.is_empty()).await;
    assert!(!two.serves(&record.key).await);
    assert!(two.serves(&next.key).await);
}

#[tokio::test]
async fn after_an_end_was_heard_of_the_store_is_asked_for_as_long_as_the_bound() {
    let shared = shared_store();
    let (node, record) = (Node::over(&shared).await, login(&*shared).await);
    node.warm_up(&record.key).await;
    shared.revoke(&record.key, EndReason::LoggedOut, op(now())).await.unwrap();
    until("the end is heard of", || node.cache.is_empty()).await;
    for _ in 0..5 {
        let before = node.loads();
        assert!(!node.serves(&record.key).await);
        assert_eq!(node.loads(), before + 1);
        node.clock.advance(S / 5);
    }
    assert!(!node.serves(&record.key).await);
    let before = node.loads();
    assert!(!node.serves(&record.key).await);
    assert_eq!(node.loads(), before, "now it is known to be unknown");
}

#[tokio::test]
async fn values_that_another_node_writes_are_seen_within_the_bound() {
    let shared = shared_store();
    let (one, two) = (Node::over(&shared).await, Node::over(&shared).await);
    let record = login(&*shared).await;
    two.warm_up(&record.key).await;
    let next = rewritten(&record, |_| ());
    let _ = one.cache.update(next.clone(), record.revision, op(now())).await.unwrap();
    let seen = async |freshness| two.cache.load(&record.key, freshness).await.unwrap().unwrap().revision;
    assert_eq!(seen(Freshness::Latest).await, next.revision, "the store is asked where it matters");
    two.clock.advance(S);
    assert_eq!(seen(Freshness::MayBeCached).await, next.revision);
}

#[tokio::test]
async fn the_latest_is_always_asked_for() {
    let shared = shared_store();
    let (node, record) = (Node::over(&shared).await, login(&*shared).await);
    node.way.lose_events(Times::UntilCleared);
    node.warm_up(&record.key).await;
    shared.revoke(&record.key, EndReason::LoggedOut, op(now())).await.unwrap();
    assert!(node.serves(&record.key).await, "nobody has told it");
    assert_eq!(node.cache.load(&record.key, Freshness::Latest).await.unwrap(), None);
    assert!(!node.serves(&record.key).await, "what it has found out counts from then on");
}

#[tokio::test]
async fn a_made_up_key_costs_the_store_one_load_in_the_bound() {
    let shared = shared_store();
    let node = Node::over(&shared).await;
    let key = Sample::visitor(&Realm::new("shop").unwrap(), now()).build().key;
    for _ in 0..100 {
        assert!(!node.serves(&key).await);
    }
    assert_eq!(node.loads(), 1);
    node.clock.advance(S);
    assert!(!node.serves(&key).await);
    assert_eq!(node.loads(), 2);
}

#[tokio::test]
async fn a_flood_of_made_up_keys_pushes_out_no_session() {
    let shared = shared_store();
    let node = Node::with(&shared, |builder| builder.max_sessions(10).max_unknown(100)).await;
    let record = login(&*shared).await;
    node.warm_up(&record.key).await;
    let realm = Realm::new("shop").unwrap();
    for _ in 0..5_000 {
        let key = Sample::visitor(&realm, now()).build().key;
        assert!(!node.serves(&key).await);
    }
    node.warm_up(&record.key).await;
    let before = node.loads();
    assert!(node.serves(&record.key).await);
    assert_eq!(node.loads(), before);
    assert_eq!(node.cache.len(), 1);
}

#[tokio::test]
async fn an_answer_that_is_an_error_is_not_kept() {
    let shared = shared_store();
    let (node, record) = (Node::over(&shared).await, login(&*shared).await);
    node.way.fail(hallpass_testkit::Method::Load, Times::Next(1));
    assert!(node.cache.load(&record.key, Freshness::MayBeCached).await.is_err());
    assert!(node.serves(&record.key).await);
}

#[tokio::test]
async fn with_a_bound_of_zero_nothing_is_kept() {
    let shared = shared_store();
    let node = Node::with(&shared, |builder| builder.max_staleness(Duration::ZERO)).await;
    let record = login(&*shared).await;
    for loads in 1..4 {
        assert!(node.serves(&record.key).await);
        assert_eq!(node.loads(), loads);
    }
    assert!(node.cache.is_empty());
    node.clock.advance(MILLISECOND);
}

#[tokio::test]
async fn a_cache_over_a_cache_is_no_older_than_its_own_bound() {
    let shared = shared_store();
    let (inner, record) = (Node::over(&shared).await, login(&*shared).await);
    inner.way.lose_events(Times::UntilCleared);
    inner.warm_up(&record.key).await;
    let behind: Arc<dyn SessionStore> = inner.cache.clone();
    let outer = Node::over(&behind).await;
    shared.revoke(&record.key, EndReason::LoggedOut, op(now())).await.unwrap();
    assert!(inner.serves(&record.key).await, "nobody has told it");
    assert!(!outer.serves(&record.key).await);
}
