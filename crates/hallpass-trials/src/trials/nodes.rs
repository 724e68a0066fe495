//! Two demos over one store.

use super::{MAX_STALENESS, SLACK};
use crate::client::{Client, Token};
use crate::demo::Program;
use crate::figures::Figures;
use hallpass_servers::{Kind, Server};
use std::time::{Duration, Instant};
use tokio::time::sleep;

const ROUNDS: usize = 200;

/// How often all tokens are tried again in the end, with a second in between.
const REPLAYS: usize = 3;

pub(crate) async fn on_postgres(program: Program) {
    run(program, Kind::Postgres).await;
}

pub(crate) async fn on_redis(program: Program) {
    run(program, Kind::Redis).await;
}

async fn run(program: Program, kind: Kind) {
    let server = Server::start(kind).unwrap();
    let demos = [program.start(server.url()), program.start(server.url())];
    let mut nodes = demos.each_ref().map(|demo| Client::new(demo.addr));
    let (mut delays, mut tokens) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let [here, there] = &mut nodes;
        // Each of them is now the one, now the other.
        let (here, there) = if round % 2 == 0 { (here, there) } else { (there, here) };
        let token = here.must_log_in("alice").await;
        for _ in 0..3 {
            assert_eq!(
                there.visit(&token).await.unwrap().status,
                200,
                "a login here is one there, and warm then"
            );
        }
        assert_eq!(here.log_out(&token).await.unwrap().status, 200);
        delays.push(until_refused(there, &token).await);
        assert_eq!(here.visit(&token).await.unwrap().status, 401);
        tokens.push(token);
    }
    let delays = Figures::from_iter(delays);
    println!("  {kind:?}: a logout is refused by the other node after: {delays}");
    assert!(delays.worst() < MAX_STALENESS + SLACK);
    assert!(delays.median() < Duration::from_secs(1), "the other node hears of it, rather than forgets");
    for _ in 0..REPLAYS {
        sleep(Duration::from_secs(1)).await;
        for node in &mut nodes {
            all_are_refused(node, &tokens).await;
        }
    }
}

/// How long a node goes on after the logout was answered, and that it does not come back to it.
async fn until_refused(node: &mut Client, token: &Token) -> Duration {
    let began = Instant::now();
    let delay = loop {
        let reply = node.visit(token).await.unwrap();
        match reply.status {
            200 => assert!(began.elapsed() < 4 * MAX_STALENESS, "it is never refused"),
            status => {
                assert_eq!(status, 401);
                break reply.ended - began;
            }
        }
    };
    for _ in 0..3 {
        assert_eq!(node.visit(token).await.unwrap().status, 401, "refused once is refused for good");
    }
    delay
}

async fn all_are_refused(node: &mut Client, tokens: &[Token]) {
    for token in tokens {
        assert_eq!(node.visit(token).await.unwrap().status, 401);
    }
}
