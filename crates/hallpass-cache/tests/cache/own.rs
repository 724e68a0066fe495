//! What is done through a node is seen through it at once, though no message of it arrives.

use crate::scene::{Node, ada, login, now, shared_store};
use hallpass_core::{
    Created, EndReason, Freshness, MemoryStore, Record, Replaced, SessionKey, SessionLimit, SessionStore,
    Taken, WhenReached, Which,
};
use hallpass_testkit::{Sample, Times, op, renewed, rewritten, ticket};
use std::sync::Arc;
use std::time::Duration;

/// A node that hears nothing, with a session that it serves from memory.
async fn deaf() -> (Node, Arc<Record>) {
    let shared = shared_store();
    let (node, record) = (Node::over(&shared).await, login(&*shared).await);
    node.way.lose_events(Times::UntilCleared);
    node.warm_up(&record.key).await;
    (node, record)
}

async fn cached(node: &Node, key: &SessionKey) -> Option<Arc<Record>> {
    node.cache.load(key, Freshness::MayBeCached).await.unwrap()
}

#[tokio::test]
async fn a_logout_here_is_seen_here() {
    let (node, record) = deaf().await;
    node.log_out(&record.key).await;
    assert_eq!(cached(&node, &record.key).await, None);
}

#[tokio::test]
async fn an_end_of_all_or_one_of_a_users_sessions_here_is_seen_here() {
    for one in [false, true] {
        let (node, record) = deaf().await;
        let which = if one { Which::One(record.handle) } else { Which::All };
        let _ = node.cache.revoke_subject(&ada(), None, which, EndReason::Administrator, op(now())).await;
        assert_eq!(cached(&node, &record.key).await, None, "{which:?}");
    }
}

#[tokio::test]
async fn a_session_that_is_taken_here_is_seen_to_be_here() {
    let (node, record) = deaf().await;
    let reason = EndReason::Superseded;
    let taken = node.cache.take(&record.key, record.revision, reason, op(now())).await.unwrap();
    assert!(matches!(taken, Taken::Taken(_)));
    assert_eq!(cached(&node, &record.key).await, None);
}

#[tokio::test]
async fn a_renewal_here_is_seen_here() {
    let (node, record) = deaf().await;
    let next = renewed(&record);
    assert_eq!(cached(&node, &next.key).await, None);
    let replaced =
        node.cache.replace(&record.key, next.clone(), record.revision, None, None, op(now())).await;
    assert_eq!(replaced.unwrap(), Replaced::Replaced { evicted: vec![] });
    assert_eq!(cached(&node, &record.key).await, None, "the old key is dead");
    assert_eq!(cached(&node, &next.key).await, Some(next), "the new one was unknown a moment ago");
}

#[tokio::test]
async fn a_write_and_a_touch_here_are_seen_here() {
    let (node, record) = deaf().await;
    let next = rewritten(&record, |_| ());
    let _ = node.cache.update(next.clone(), record.revision, op(now())).await.unwrap();
    assert_eq!(cached(&node, &record.key).await, Some(next.clone()));
    let later = now() + Duration::from_secs(60);
    assert!(node.cache.touch(&record.key, next.idle_until, op(later)).await.unwrap());
    assert_eq!(cached(&node, &record.key).await.unwrap().last_seen, later);
}

#[tokio::test]
async fn a_login_that_ends_another_here_is_seen_here() {
    let (node, record) = deaf().await;
    let next = Sample::login(&ada(), now()).build();
    assert_eq!(cached(&node, &next.key).await, None);
    let limit = SessionLimit { max: 1.try_into().unwrap(), when_reached: WhenReached::EndLeastRecent };
    let ticket = ticket(node.cache.epoch(&ada()).await.unwrap(), now());
    let created = node.cache.create(next.clone(), Some(&ticket), Some(limit), op(now())).await.unwrap();
    assert!(matches!(created, Created::Created { evicted } if evicted.len() == 1));
    assert_eq!(cached(&node, &record.key).await, None);
    assert_eq!(cached(&node, &next.key).await, Some(next));
}

#[tokio::test]
async fn what_is_swept_here_is_seen_here() {
    let (node, record) = deaf().await;
    let swept = node.cache.sweep(10, op(record.absolute_until)).await.unwrap();
    assert_eq!(swept.ended.len(), 1);
    assert_eq!(cached(&node, &record.key).await, None);
}

#[tokio::test]
async fn a_visitor_who_pushes_another_out_here_is_seen_to_here() {
    let shared: Arc<dyn SessionStore> = Arc::new(MemoryStore::builder().max_visitors(1).build());
    let node = Node::over(&shared).await;
    node.way.lose_events(Times::UntilCleared);
    let first = Sample::visitor(ada().realm(), now()).build();
    let mut second = Sample::visitor(ada().realm(), now()).build();
    while second.key.shard() == first.key.shard() {
        second = Sample::visitor(ada().realm(), now()).build();
    }
    let _ = node.cache.create(first.clone(), None, None, op(now())).await.unwrap();
    node.warm_up(&first.key).await;
    let created = node.cache.create(second, None, None, op(now())).await.unwrap();
    assert!(matches!(created, Created::Created { evicted } if evicted.len() == 1));
    assert_eq!(cached(&node, &first.key).await, None);
}
