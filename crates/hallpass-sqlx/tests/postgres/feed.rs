//! The feed through cuts, late commits and a line that goes silent.

use super::proxy::Proxy;
use super::server::{self, Schema};
use super::shared_damage::{later, login};
use hallpass_core::{EndReason, Ended, FeedEvent, SessionFeed, SessionKey, SessionStore};
use hallpass_sqlx::PostgresStore;
use sqlx::{AssertSqlSafe, Executor, Row};
use std::time::Duration;

async fn named_store(schema: &Schema, url: &str) -> PostgresStore {
    let url = format!("{url}?application_name={}", schema.name());
    let store = PostgresStore::builder().schema(schema.name()).connect(&url).await.unwrap();
    store.migrate().await.unwrap();
    store
}

/// Ends the connection that listens for this store.
async fn cut(schema: &Schema) {
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE application_name = $1 AND query LIKE 'LISTEN%'";
    let cut = sqlx::query(sql).bind(schema.name()).fetch_all(&mut server::connection().await).await.unwrap();
    assert_eq!(cut.len(), 1, "connections that listen");
}

/// Listens until all of these have ended; whether there was a gap.
async fn hears(feed: &mut Box<dyn SessionFeed>, mut keys: Vec<SessionKey>) -> bool {
    let mut gap = false;
    let listen = async {
        while !keys.is_empty() {
            match feed.next().await {
                FeedEvent::Gap => gap = true,
                FeedEvent::Ended(Ended { key, .. }) => keys.retain(|other| *other != key),
                _ => {}
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), listen).await.expect("every end is told of");
    gap
}

async fn log_out(store: &PostgresStore, key: SessionKey) {
    store.revoke(&key, EndReason::LoggedOut, later()).await.unwrap().expect("a session to end");
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn a_lost_connection_is_a_gap_and_loses_no_end() {
    let schema = Schema::new();
    let store = named_store(&schema, &server::url()).await;
    let mut feed = store.feed().await.unwrap();
    let mut keys = Vec::new();
    for _ in 0..20 {
        keys.push(login(&store).await.key);
    }
    for (n, key) in keys.iter().enumerate() {
        if n == 10 {
            cut(&schema).await;
        }
        log_out(&store, *key).await;
    }
    assert!(hears(&mut feed, keys).await, "nobody was told of the gap");
    let after = login(&store).await.key;
    log_out(&store, after).await;
    assert!(!hears(&mut feed, vec![after]).await, "it goes on without a gap");
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn an_end_that_commits_late_is_not_passed_over() {
    let schema = Schema::new();
    let store = named_store(&schema, &server::url()).await;
    let mut feed = store.feed().await.unwrap();
    let [late, early] = [login(&store).await.key, login(&store).await.key];
    // It has its number and its transaction before the other, and tells nobody itself.
    let mut other = server::connection().await;
    let hex: String = late.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let note = format!(
        "BEGIN; INSERT INTO {}.hallpass_event (events) VALUES ('E {hex} - logged_out -')",
        schema.name()
    );
    other.execute(AssertSqlSafe(note)).await.unwrap();
    log_out(&store, early).await;
    hears(&mut feed, vec![early]).await;
    // Long enough for a heartbeat: what it vouches for must not include the transaction that is still under way.
    let beats = tokio::time::timeout(Duration::from_secs(5), feed.next()).await;
    assert!(beats.is_err(), "{beats:?}");
    cut(&schema).await;
    assert_eq!(feed.next().await, FeedEvent::Gap);
    other.execute("COMMIT").await.unwrap();
    hears(&mut feed, vec![late]).await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn a_line_that_goes_silent_is_noticed() {
    let schema = Schema::new();
    let proxy = Proxy::start(&server::url()).await;
    let store = named_store(&schema, proxy.url()).await;
    let mut feed = store.feed().await.unwrap();
    let [before, meanwhile] = [login(&store).await.key, login(&store).await.key];
    log_out(&store, before).await;
    assert!(!hears(&mut feed, vec![before]).await);
    // The connection stays open, and nothing comes through it any more.
    proxy.silence_listeners();
    log_out(&store, meanwhile).await;
    assert!(hears(&mut feed, vec![meanwhile]).await, "nobody was told of the gap");
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn two_nodes_hear_of_each_other() {
    let schema = Schema::new();
    let (here, there) = (server::store(&schema).await, server::store(&schema).await);
    let mut feed = here.feed().await.unwrap();
    let key = login(&here).await.key;
    log_out(&there, key).await;
    assert!(!hears(&mut feed, vec![key]).await);
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn nobody_listens_when_nobody_subscribes() {
    let schema = Schema::new();
    let store = named_store(&schema, &server::url()).await;
    let mut watcher = server::connection().await;
    let ask = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND query LIKE 'LISTEN%'";
    let mut listeners = async || {
        let row = sqlx::query(ask).bind(schema.name()).fetch_one(&mut watcher).await.unwrap();
        row.get::<i64, _>(0)
    };
    assert_eq!(listeners().await, 0);
    let feeds = [store.feed().await.unwrap(), store.feed().await.unwrap()];
    assert_eq!(listeners().await, 1, "one connection for all subscribers");
    drop(feeds);
    for _ in 0..1000 {
        if listeners().await == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the connection is still open");
}
