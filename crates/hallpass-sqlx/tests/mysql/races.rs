//! Many at once.

use super::database::Database;
use hallpass_core::{
    Created, EndReason, Epoch, Freshness, Realm, SessionKey, SessionLimit, SessionStore, Subject, SubjectKey,
    Timestamp, WhenReached,
};
use hallpass_sqlx::MySqlStore;
use hallpass_testkit::{Sample, op, ticket};
use std::future::Future;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;
use tokio::sync::Barrier;
use tokio::task::JoinHandle;

fn now() -> Timestamp {
    SystemTime::now().into()
}

fn user(id: u32) -> SubjectKey {
    SubjectKey::new(Realm::new("shop").expect("a plain name"), Subject::from(id))
}

async fn log_in(store: &MySqlStore, user: &SubjectKey) -> SessionKey {
    let record = Sample::login(user, now()).build();
    let limit = SessionLimit { max: NonZeroU32::MAX, when_reached: WhenReached::EndLeastRecent };
    let ticket = ticket(Epoch::NONE, record.created);
    let created = store.create(record.clone(), Some(&ticket), Some(limit), op(now())).await.expect("a login");
    assert_eq!(created, Created::Created { evicted: vec![] });
    record.key
}

/// Runs what `task` makes of each number at the same time.
fn at_once<F>(count: u32, task: impl Fn(u32) -> F) -> Vec<JoinHandle<()>>
where
    F: Future<Output = ()> + Send + 'static,
{
    let start = Arc::new(Barrier::new(count as usize));
    let spawn = |number| {
        let (start, work) = (Arc::clone(&start), task(number));
        tokio::spawn(async move {
            start.wait().await;
            work.await;
        })
    };
    (0..count).map(spawn).collect()
}

async fn all(tasks: Vec<JoinHandle<()>>) {
    for task in tasks {
        task.await.expect("no task panics");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs MySQL or MariaDB: run cargo xtask test"]
async fn forty_times_fifteen_logins_of_new_users_all_succeed() {
    let database = Database::new().await;
    let store = Arc::new(database.store().await);
    let tasks = at_once(40, |task| {
        let store = Arc::clone(&store);
        async move {
            for login in 0..15 {
                log_in(&store, &user(task * 100 + login)).await;
            }
        }
    });
    all(tasks).await;
    for id in [0, 1714, 3914] {
        assert_eq!(store.subject(&user(id), now()).await.unwrap().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs MySQL or MariaDB: run cargo xtask test"]
async fn forty_times_fifteen_logins_of_one_user_all_succeed() {
    let database = Database::new().await;
    let store = Arc::new(database.store().await);
    let tasks = at_once(40, |_| {
        let store = Arc::clone(&store);
        async move {
            for _ in 0..15 {
                log_in(&store, &user(1)).await;
            }
        }
    });
    all(tasks).await;
    assert_eq!(store.subject(&user(1), now()).await.unwrap().len(), 600);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs MySQL or MariaDB: run cargo xtask test"]
async fn logins_succeed_in_a_flood_of_logouts_of_nothing() {
    let database = Database::new().await;
    let store = Arc::new(database.store().await);
    let over = Arc::new(AtomicBool::new(false));
    let flood: Vec<_> = (0..8)
        .map(|_| {
            let (store, over) = (Arc::clone(&store), Arc::clone(&over));
            tokio::spawn(async move {
                while !over.load(Ordering::Relaxed) {
                    let garbage = Sample::login(&user(7), now()).build().key;
                    assert!(store.revoke(&garbage, EndReason::LoggedOut, op(now())).await.unwrap().is_none());
                }
            })
        })
        .collect();
    let tasks = at_once(8, |task| {
        let store = Arc::clone(&store);
        async move {
            for login in 0..25 {
                let key = log_in(&store, &user(task * 100 + login)).await;
                assert!(store.load(&key, Freshness::Latest).await.unwrap().is_some());
            }
        }
    });
    all(tasks).await;
    over.store(true, Ordering::Relaxed);
    all(flood).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs MySQL or MariaDB: run cargo xtask test"]
async fn several_nodes_sweep_at_once_and_report_every_end_once() {
    let database = Database::new().await;
    let store = Arc::new(database.store().await);
    let realm = Realm::new("shop").unwrap();
    let long_ago = Timestamp::from_millis(1_000);
    for _ in 0..120 {
        let record = Sample::visitor(&realm, long_ago).build();
        let _ = store.create(record, None, None, op(long_ago)).await.unwrap();
    }
    let (sender, mut ended) = tokio::sync::mpsc::unbounded_channel();
    let tasks = at_once(4, |_| {
        let (store, sender) = (Arc::clone(&store), sender.clone());
        async move {
            loop {
                let swept = store.sweep(7, op(now())).await.unwrap();
                swept.ended.iter().for_each(|ended| sender.send(ended.key).unwrap());
                if !swept.more {
                    break;
                }
            }
        }
    });
    all(tasks).await;
    // One may have stopped where others held the rest: nobody does now.
    let rest = store.sweep(200, op(now())).await.unwrap();
    rest.ended.iter().for_each(|ended| sender.send(ended.key).unwrap());
    drop(sender);
    let mut keys = Vec::new();
    while let Some(key) = ended.recv().await {
        keys.push(key);
    }
    assert_eq!(keys.len(), 120);
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 120);
}
