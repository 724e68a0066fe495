//! What is open on one node ends when the session is ended on another.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use hallpass_cache::CachedStore;
use hallpass_core::{EndReason, SessionManager, SharedStore, Subject, Which};
use hallpass_redis::RedisStore;
use hallpass_servers::{Kind, Server};
use hallpass_sqlx::PostgresStore;
use hallpass_trials::Figures;
use std::time::{Duration, Instant};
use support::{log_in, slot};
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// As many users with one session each, and as many sessions of one user.
const STREAMS: u32 = 200;
const OF_ONE_USER: usize = 50;

/// The caches' bound. Without the feed it would take until a watched session is checked again, up to 30 seconds.
const BOUND: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn open_streams_end_with_a_logout_on_another_node_on_postgres() {
    let server = Server::start(Kind::Postgres).unwrap();
    let nodes = [on_postgres(server.url()).await, on_postgres(server.url()).await];
    run("Postgres", &nodes.map(node)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Redis: run cargo xtask test"]
async fn open_streams_end_with_a_logout_on_another_node_on_redis() {
    let server = Server::start(Kind::Redis).unwrap();
    let nodes = [on_redis(server.url()).await, on_redis(server.url()).await];
    run("Redis", &nodes.map(node)).await;
}

async fn on_postgres(url: &str) -> SharedStore {
    let store = PostgresStore::builder().connect(url).await.unwrap();
    store.migrate().await.unwrap();
    store.into()
}

async fn on_redis(url: &str) -> SharedStore {
    RedisStore::builder().connect(url).await.unwrap().into()
}

fn node(store: SharedStore) -> SessionManager {
    SessionManager::builder(CachedStore::builder(store).build()).build().unwrap()
}

async fn run(name: &str, [here, there]: &[SessionManager; 2]) {
    let mut streams = Vec::new();
    for user in 0..STREAMS {
        let cookie = log_in(here, user).await;
        streams.push((open_stream(there, &cookie).await, cookie));
    }
    settle(streams.iter().map(|(stream, _)| stream)).await;
    let mut delays = Vec::new();
    for (stream, cookie) in streams {
        let session = slot(here, "POST", Some(&cookie)).open().await.unwrap();
        assert_eq!(session.log_out().await.unwrap().sessions_ended, 1);
        delays.push(until_ended(stream, EndReason::LoggedOut).await);
    }
    report(name, "a logout", delays);

    let mut streams = Vec::new();
    for _ in 0..OF_ONE_USER {
        streams.push(open_stream(there, &log_in(here, STREAMS).await).await);
    }
    settle(&streams).await;
    let receipt = here.end_sessions(Subject::from(STREAMS), Which::All, EndReason::Administrator).await;
    assert_eq!(receipt.unwrap().sessions_ended, OF_ONE_USER);
    let mut delays = Vec::new();
    for stream in streams {
        delays.push(until_ended(stream, EndReason::Administrator).await);
    }
    report(name, "ending all of one user", delays);
}

type Stream = JoinHandle<(Instant, EndReason)>;

/// Resolves to when it ended and why.
async fn open_stream(node: &SessionManager, cookie: &str) -> Stream {
    let session = slot(node, "GET", Some(cookie)).open().await.unwrap();
    assert!(session.subject().is_some());
    tokio::spawn(async move {
        let reason = session.ended().await;
        (Instant::now(), reason)
    })
}

/// Until all of them wait for the feed, rather than find out when they ask the store.
async fn settle(streams: impl IntoIterator<Item = &Stream>) {
    sleep(Duration::from_secs(1)).await;
    assert!(streams.into_iter().all(|stream| !stream.is_finished()), "none ends by itself");
}

/// How long after this moment it ended; nothing if it was before.
async fn until_ended(stream: Stream, reason: EndReason) -> Duration {
    let answered = Instant::now();
    let ended = tokio::time::timeout(4 * BOUND, stream).await;
    let (at, why) = ended.expect("it ends").unwrap();
    assert_eq!(why, reason);
    at.saturating_duration_since(answered)
}

fn report(name: &str, what: &str, delays: Vec<Duration>) {
    let delays = Figures::from_iter(delays);
    println!("  {name}: streams on the other node end after {what}: {delays}");
    assert!(delays.worst() < BOUND);
}
