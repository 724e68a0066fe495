//! A demo on SQLite that is killed again and again.

use crate::client::Client;
use crate::demo::Program;
use crate::ledger::{Fact, Ledger};
use crate::load::verify;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::sleep;

const KILLS: u64 = 20;

/// How many log in and out, and how many write to one session.
const USERS: usize = 6;
const WRITERS: usize = 6;

pub(crate) async fn run(program: Program) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("demo.db");
    let store = format!("sqlite:{}", file.display());
    let ledger = Arc::new(Ledger::default());
    let mut demo = program.start(&store);
    register(demo.addr).await;
    for kill in 0..KILLS {
        let work = start(demo.addr, &ledger);
        // Now early, now late in what they do.
        sleep(Duration::from_millis(250 + 37 * (kill % 7))).await;
        demo.kill();
        work.join_all().await;
        demo = program.start(&store);
        settle(demo.addr, &ledger).await;
        verify(demo.addr, &ledger).await;
    }
    drop(demo);
    let (live, ended) = (ledger.all(Fact::Live).len(), ledger.all(Fact::Ended).len());
    println!(
        "  after {KILLS} kills {live} acknowledged logins are there, and {ended} acknowledged logouts hold"
    );
    ledger.assert_clean();
    assert!(live > USERS && ended > USERS, "there was little to lose: {live}, {ended}");
    assert_sound(&file).await;
}

async fn register(addr: SocketAddr) {
    let mut client = Client::new(addr);
    for user in 0..USERS {
        client.register(&format!("user{user}")).await;
    }
}

/// Repeats the logouts that were cut short.
async fn settle(addr: SocketAddr, ledger: &Ledger) {
    let mut client = Client::new(addr);
    for token in ledger.all(Fact::Doubtful) {
        assert_eq!(client.log_out(&token).await.unwrap().status, 200);
        ledger.note(&token, Fact::Ended);
    }
}

fn start(addr: SocketAddr, ledger: &Arc<Ledger>) -> JoinSet<()> {
    let mut work = JoinSet::new();
    for user in 0..USERS {
        work.spawn(come_and_go(addr, ledger.clone(), user));
    }
    for _ in 0..WRITERS {
        work.spawn(write(addr, ledger.clone()));
    }
    work
}

/// Until the demo is gone. Every third one that logs in stays.
async fn come_and_go(addr: SocketAddr, ledger: Arc<Ledger>, user: usize) {
    let name = format!("user{user}");
    let mut client = Client::new(addr);
    for round in user.. {
        let Ok((reply, token)) = client.log_in(&name).await else { return };
        let Some(token) = token else {
            ledger.violation(format!("a login was answered {}", reply.status));
            return;
        };
        ledger.note(&token, Fact::Live);
        if round % 3 == 0 {
            continue;
        }
        ledger.note(&token, Fact::Doubtful);
        match client.log_out(&token).await {
            Ok(reply) if reply.status == 200 => ledger.note(&token, Fact::Ended),
            Ok(reply) => ledger.violation(format!("a logout was answered {}", reply.status)),
            Err(_) => return,
        }
    }
}

/// Keeps the file busy with writes to sessions, whose fate is that of any other.
async fn write(addr: SocketAddr, ledger: Arc<Ledger>) {
    let mut client = Client::new(addr);
    while let Some(token) = ledger.all(Fact::Live).pop() {
        if client.count(&token).await.is_err() {
            return;
        }
    }
}

async fn assert_sound(file: &Path) {
    let mut database = SqliteConnectOptions::new().filename(file).connect().await.unwrap();
    let found: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut database).await.unwrap();
    database.close().await.unwrap();
    assert_eq!(found, "ok");
}
