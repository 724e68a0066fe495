//! One primary of three that dies.

use crate::client::{Client, Token};
use crate::demo::Program;
use crate::figures::Figures;
use hallpass_servers::{Kind, Server};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::task::{JoinSet, block_in_place};
use tokio::time::sleep;

/// One session each, spread over the cluster by their names.
const USERS: usize = 48;

/// Longer than the cluster needs to find that a node is gone, and than the demo waits for it.
const AWAY: Duration = Duration::from_secs(6);

/// More answers than a session gets in that time if each has to wait until the demo gives up on its store.
const LIVELY: usize = 4;

const RECOVERY: Duration = Duration::from_secs(10);

pub(crate) async fn run(program: Program) {
    let settings = Server::builder(Kind::RedisCluster)
        .setting("cluster-require-full-coverage", "no")
        .setting("cluster-node-timeout", "3000");
    let mut server = settings.start().unwrap();
    let demo = program.start(server.url());
    let tokens = log_in_all(demo.addr).await;
    // What everybody's sessions are judged by is asked there first.
    let victim = &mut server.nodes()[2];
    let expected = sessions_on(victim.port());
    assert!(0 < expected && expected < USERS, "the sessions are spread: {expected} of {USERS}");

    block_in_place(|| victim.kill()).unwrap();
    let seen = watch_all(demo.addr, &tokens, AWAY).await;
    let dead = seen.iter().filter(|one| one.last() == Some(503)).count();
    println!("  {dead} of {USERS} sessions were on the primary that died");
    assert_eq!(dead, expected);
    for one in &seen {
        assert!(one.replies.keys().all(|status| [200, 503].contains(status)), "no session is lost: {one:?}");
        let goes_on = !one.replies.contains_key(&503) && one.took.len() > LIVELY;
        assert!(one.last() == Some(503) || goes_on, "the others go on: {one:?}");
    }
    let others = seen.iter().filter(|one| one.last() == Some(200));
    let took: Figures = others.flat_map(|one| one.took.iter().copied()).collect();
    println!("  the others meanwhile: {took}");

    block_in_place(|| victim.restart()).unwrap();
    let returned = Instant::now();
    let mut client = Client::new(demo.addr);
    for token in &tokens {
        until_live(&mut client, token, returned).await;
    }
    println!("  all were back {:.2} s after its return", returned.elapsed().as_secs_f64());
}

async fn log_in_all(addr: SocketAddr) -> Vec<Token> {
    let mut client = Client::new(addr);
    let mut tokens = Vec::new();
    for index in 0..USERS {
        let name = format!("user{index}");
        client.register(&name).await;
        tokens.push(client.must_log_in(&name).await);
    }
    tokens
}

/// The rows of sessions on a server; every other kind of key has another letter.
fn sessions_on(port: u16) -> usize {
    let client = redis::Client::open(format!("redis://127.0.0.1:{port}")).unwrap();
    let keys: Vec<Vec<u8>> =
        redis::cmd("KEYS").arg("*}:s:*").query(&mut client.get_connection().unwrap()).unwrap();
    keys.len()
}

/// How one session was answered: how often with what, in the end with what, and how fast.
#[derive(Debug, Default)]
struct Seen {
    replies: BTreeMap<u16, usize>,
    took: Vec<Duration>,
    last: Option<u16>,
}

impl Seen {
    fn last(&self) -> Option<u16> {
        self.last
    }
}

async fn watch_all(addr: SocketAddr, tokens: &[Token], span: Duration) -> Vec<Seen> {
    let until = Instant::now() + span;
    let mut watching: JoinSet<_> = tokens.iter().cloned().map(|token| watch(addr, token, until)).collect();
    let mut seen = Vec::new();
    while let Some(one) = watching.join_next().await {
        seen.push(one.unwrap());
    }
    seen
}

async fn watch(addr: SocketAddr, token: Token, until: Instant) -> Seen {
    let (mut client, mut seen) = (Client::new(addr), Seen::default());
    while Instant::now() < until {
        let reply = client.visit(&token).await.unwrap();
        *seen.replies.entry(reply.status).or_default() += 1;
        seen.took.push(reply.took());
        seen.last = Some(reply.status);
        sleep(Duration::from_millis(50)).await;
    }
    seen
}

async fn until_live(client: &mut Client, token: &Token, since: Instant) {
    loop {
        match client.visit(token).await.unwrap().status {
            200 => return,
            status => assert_eq!(status, 503, "no session is lost"),
        }
        assert!(since.elapsed() < RECOVERY, "it takes too long to recover");
        sleep(Duration::from_millis(20)).await;
    }
}
