//! Calls that are held while others overtake them.

use crate::scene::{MILLISECOND, Node, S, ada, login, now, shared_store, until};
use hallpass_core::{EndReason, Freshness, Record, SessionKey, SessionStore, Updated, Which};
use hallpass_testkit::{Gate, Method, Times, op, rewritten};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;
use tokio::task::JoinHandle;

type Load = JoinHandle<Option<Arc<Record>>>;

/// Begins a load that has looked and whose answer is on its way until the gate opens.
async fn begin_load(node: &Node, key: SessionKey) -> (Gate, Load) {
    let gate = node.way.hold_answer(Method::Load);
    let cache = Arc::clone(&node.cache);
    let load = tokio::spawn(async move { cache.load(&key, Freshness::Latest).await.unwrap() });
    let arrived = tokio::time::timeout(Duration::from_secs(60), gate.arrived()).await;
    arrived.expect("the store should have been asked");
    node.way.clear();
    (gate, load)
}

/// Lets the answer of a load arrive, which is from when the session was live.
async fn finish_load(gate: Gate, load: Load) {
    gate.open();
    assert!(load.await.unwrap().is_some(), "it looked when the session was live");
}

#[tokio::test]
async fn a_load_that_began_before_an_end_was_heard_of_is_not_kept() {
    let shared = shared_store();
    let (node, record) = (Node::over(&shared).await, login(&*shared).await);
    node.warm_up(&record.key).await;
    let (gate, load) = begin_load(&node, record.key).await;
    shared.revoke(&record.key, EndReason::LoggedOut, op(now())).await.unwrap();
    until("the end is heard of", || node.cache.is_empty()).await;
    finish_load(gate, load).await;
    assert!(!node.serves(&record.key).await);
}

#[tokio::test]
async fn a_load_that_began_before_a_logout_here_is_not_kept() {
    let shared = shared_store();
    let (node, record) = (Node::over(&shared).await, login(&*shared).await);
    node.way.lose_events(Times::UntilCleared);
    let (gate, load) = begin_load(&node, record.key).await;
    node.log_out(&record.key).await;
    finish_load(gate, load).await;
    assert!(!node.serves(&record.key).await);
}

#[tokio::test]
async fn a_load_that_began_before_a_log_out_everywhere_here_is_not_kept() {
    let shared = shared_store();
    let (node, record) = (Node::over(&shared).await, login(&*shared).await);
    node.way.lose_events(Times::UntilCleared);
    let (gate, load) = begin_load(&node, record.key).await;
    let reason = EndReason::LoggedOutElsewhere;
    let _ = node.cache.revoke_subject(&ada(), None, Which::All, reason, op(now())).await.unwrap();
    finish_load(gate, load).await;
    assert!(!node.serves(&record.key).await);
}

#[tokio::test]
async fn a_load_that_began_before_a_write_here_is_not_kept() {
    let shared = shared_store();
    let (node, record) = (Node::over(&shared).await, login(&*shared).await);
    let (gate, load) = begin_load(&node, record.key).await;
    let next = rewritten(&record, |_| ());
    let written = node.cache.update(next.clone(), record.revision, op(now())).await.unwrap();
    assert_eq!(written, Updated::Written);
    finish_load(gate, load).await;
    let seen = node.cache.load(&record.key, Freshness::MayBeCached).await.unwrap().unwrap();
    assert_eq!(seen.revision, next.revision);
}

#[tokio::test]
async fn a_load_that_began_before_a_gap_is_not_kept() {
    let shared = shared_store();
    let (node, record) = (Node::over(&shared).await, login(&*shared).await);
    node.warm_up(&record.key).await;
    let (gate, load) = begin_load(&node, record.key).await;
    node.way.lose_events(Times::UntilCleared);
    shared.revoke(&record.key, EndReason::LoggedOut, op(now())).await.unwrap();
    node.way.cut_feeds();
    until("the gap is heard of", || node.cache.is_empty()).await;
    until("the feed is heard again", || node.cache.is_live()).await;
    finish_load(gate, load).await;
    assert!(!node.serves(&record.key).await);
}

#[tokio::test]
async fn an_answer_that_took_longer_than_the_bound_is_not_kept() {
    let shared = shared_store();
    let (node, record) = (Node::over(&shared).await, login(&*shared).await);
    node.way.lose_events(Times::UntilCleared);
    let (gate, load) = begin_load(&node, record.key).await;
    node.way.lose_events(Times::UntilCleared);
    shared.revoke(&record.key, EndReason::LoggedOut, op(now())).await.unwrap();
    node.clock.advance(4 * S);
    finish_load(gate, load).await;
    assert!(!node.serves(&record.key).await);
}

#[tokio::test]
async fn an_answer_is_as_old_as_the_start_of_its_load() {
    let shared = shared_store();
    let (node, record) = (Node::over(&shared).await, login(&*shared).await);
    let (gate, load) = begin_load(&node, record.key).await;
    node.clock.advance(S - MILLISECOND);
    finish_load(gate, load).await;
    let before = node.loads();
    assert!(node.serves(&record.key).await);
    assert_eq!(node.loads(), before, "it is younger than the bound");
    node.clock.advance(MILLISECOND);
    assert!(node.serves(&record.key).await);
    assert_eq!(node.loads(), before + 1, "it is as old as the bound");
}

#[tokio::test]
async fn while_a_logout_is_under_way_the_store_is_asked_and_nothing_is_kept() {
    let shared = shared_store();
    let (node, record) = (Node::over(&shared).await, login(&*shared).await);
    node.way.lose_events(Times::UntilCleared);
    node.warm_up(&record.key).await;
    let gate = node.way.hold(Method::Revoke);
    let (cache, key) = (Arc::clone(&node.cache), record.key);
    let logout = tokio::spawn(async move { cache.revoke(&key, EndReason::LoggedOut, op(now())).await });
    gate.arrived().await;
    // However long it takes: a mark that expired would let a load be kept that the logout then overtakes.
    for _ in 0..3 {
        for _ in 0..2 {
            let before = node.loads();
            assert!(node.serves(&record.key).await, "it is not ended yet");
            assert_eq!(node.loads(), before + 1);
        }
        node.clock.advance(2 * S);
    }
    gate.open();
    assert!(logout.await.unwrap().unwrap().is_some());
    assert!(!node.serves(&record.key).await);
}

#[tokio::test]
async fn a_logout_that_fails_refuses_nobody_and_keeps_nothing_for_as_long_as_the_bound() {
    let shared = shared_store();
    let (node, record) = (Node::over(&shared).await, login(&*shared).await);
    node.warm_up(&record.key).await;
    node.way.fail(Method::Revoke, Times::Next(1));
    assert!(node.cache.revoke(&record.key, EndReason::LoggedOut, op(now())).await.is_err());
    for _ in 0..5 {
        let before = node.loads();
        assert!(node.serves(&record.key).await);
        assert_eq!(node.loads(), before + 1, "the store is asked");
        node.clock.advance(S / 5);
    }
    node.warm_up(&record.key).await;
}

#[tokio::test]
async fn a_logout_whose_answer_is_lost_is_seen_at_once() {
    let shared = shared_store();
    let (node, record) = (Node::over(&shared).await, login(&*shared).await);
    node.way.lose_events(Times::UntilCleared);
    node.warm_up(&record.key).await;
    node.way.lose_answer(Method::Revoke, Times::Next(1));
    assert!(node.cache.revoke(&record.key, EndReason::LoggedOut, op(now())).await.is_err());
    assert!(!node.serves(&record.key).await);
}

#[tokio::test]
async fn a_log_out_everywhere_whose_answer_is_lost_is_seen_at_once() {
    let shared = shared_store();
    let (node, record) = (Node::over(&shared).await, login(&*shared).await);
    node.way.lose_events(Times::UntilCleared);
    node.warm_up(&record.key).await;
    node.way.lose_answer(Method::RevokeSubject, Times::Next(1));
    let reason = EndReason::LoggedOutElsewhere;
    assert!(node.cache.revoke_subject(&ada(), None, Which::All, reason, op(now())).await.is_err());
    assert!(!node.serves(&record.key).await);
}

#[tokio::test]
async fn a_logout_that_nobody_waits_for_any_more_keeps_nothing_for_as_long_as_the_bound() {
    let shared = shared_store();
    let (node, record) = (Node::over(&shared).await, login(&*shared).await);
    node.way.lose_events(Times::UntilCleared);
    node.warm_up(&record.key).await;
    let _gate = node.way.hold(Method::Revoke);
    {
        let logout = pin!(node.cache.revoke(&record.key, EndReason::LoggedOut, op(now())));
        assert!(logout.poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    assert!(node.serves(&record.key).await, "it is not ended yet");
    // The store carries it out all the same.
    shared.revoke(&record.key, EndReason::LoggedOut, op(now())).await.unwrap();
    assert!(!node.serves(&record.key).await);
}

#[tokio::test]
async fn of_two_loads_that_overlap_the_later_one_counts() {
    let shared = shared_store();
    let (node, record) = (Node::over(&shared).await, login(&*shared).await);
    node.way.lose_events(Times::UntilCleared);
    let (gate, load) = begin_load(&node, record.key).await;
    node.way.lose_events(Times::UntilCleared);
    shared.revoke(&record.key, EndReason::LoggedOut, op(now())).await.unwrap();
    node.clock.advance(MILLISECOND);
    assert!(!node.serves(&record.key).await);
    finish_load(gate, load).await;
    assert!(!node.serves(&record.key).await, "refused once, it is not served again");
}
