//! A Redis that has no memory left.

use crate::client::Client;
use crate::demo::Program;
use hallpass_servers::{Kind, Server};

const SESSIONS: usize = 10;

pub(crate) async fn run(program: Program) {
    let server = Server::start(Kind::Redis).unwrap();
    let demo = program.start(server.url());
    let mut client = Client::new(demo.addr);
    let mut tokens = Vec::new();
    for _ in 0..SESSIONS {
        tokens.push(client.must_log_in("alice").await);
    }
    set_memory(&server, "1");
    for token in &tokens {
        assert_eq!(client.log_in("alice").await.unwrap().0.status, 503);
        assert_eq!(client.count(token).await.unwrap().status, 503);
        assert_eq!(client.visit(token).await.unwrap().status, 200);
        assert_eq!(client.log_out(token).await.unwrap().status, 200, "a logout needs no memory");
        assert_eq!(client.visit(token).await.unwrap().status, 401);
    }
    set_memory(&server, "0");
    client.must_log_in("alice").await;
    for token in &tokens {
        assert_eq!(client.visit(token).await.unwrap().status, 401);
    }
    println!("  {SESSIONS} logouts on a full server held, and {SESSIONS} logins were refused with 503");
}

/// With 0 there is no limit.
fn set_memory(server: &Server, bytes: &str) {
    let mut connection = redis::Client::open(server.url()).unwrap().get_connection().unwrap();
    redis::cmd("CONFIG").arg(&["SET", "maxmemory", bytes]).exec(&mut connection).unwrap();
}
