//! What is left after a crash, on each of the stores.

use crate::process::assert_refused;
use crate::program::{ALICE, FORM, Program, Server};

async fn assert_me(server: &Server, cookie: &str, status: u16) {
    assert_eq!(server.get("/v1/me", &[("cookie", cookie)]).await.status, status, "{cookie}");
}

/// The address of a real server.
fn address(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set: run cargo xtask test"))
}

pub(crate) async fn users_and_sessions_survive_a_crash_and_a_logout_stays(demo: Program<'_>) {
    users_and_sessions_survive(|| demo.start()).await;
    assert!(demo.folder.join("hallpass-demo.db").is_file());
    let other = demo.start_with("sqlite:other.db");
    assert_eq!(other.post("/v1/login_user", &[FORM], "username=carol&password=8+chars!").await.status, 401);
}

pub(crate) async fn the_same_holds_on_postgres(demo: Program<'_>) {
    let address = address("HALLPASS_TEST_POSTGRES");
    users_and_sessions_survive(|| demo.start_with(&address)).await;
}

pub(crate) async fn the_same_holds_on_mysql(demo: Program<'_>) {
    let address = address("HALLPASS_TEST_MYSQL");
    users_and_sessions_survive(|| demo.start_with(&address)).await;
}

/// Dropping a server kills it, as `kill -9` does.
async fn users_and_sessions_survive(start: impl Fn() -> Server) {
    let server = start();
    // Of nobody else on a server that others use at the same time.
    let carol = format!("username=carol-{}&password=8+chars!", server.id());
    assert_eq!(server.post("/v1/register_user", &[FORM], &carol).await.status, 201);
    let (carols, alices) = (server.log_in(&carol).await, server.log_in(ALICE).await);
    server.post("/v1/counter", &[("cookie", &carols)], "").await;
    assert_eq!(server.post("/v1/logout_user", &[("cookie", &alices)], "").await.status, 200);
    drop(server);

    let server = start();
    assert_me(&server, &carols, 200).await;
    assert_me(&server, &alices, 401).await;
    assert_eq!(server.get("/v1/counter", &[("cookie", &carols)]).await.body, r#"{"count":1}"#);
    assert_eq!(server.post("/v1/register_user", &[FORM], &carol).await.refusal(), (409, "username_taken"));
    let again = server.log_in(&carol).await;
    assert_eq!(server.post("/v1/logout_user", &[("cookie", &carols)], "").await.status, 200);
    drop(server);

    let server = start();
    assert_me(&server, &carols, 401).await;
    assert_me(&server, &again, 200).await;
}

pub(crate) async fn in_memory_nothing_is_left(demo: Program<'_>) {
    let server = demo.start_with("memory");
    let carol = "username=carol&password=8+chars!";
    assert_eq!(server.post("/v1/register_user", &[FORM], carol).await.status, 201);
    let cookie = server.log_in(carol).await;
    assert_me(&server, &cookie, 200).await;
    drop(server);

    let server = demo.start_with("memory");
    assert_me(&server, &cookie, 401).await;
    assert_eq!(server.post("/v1/login_user", &[FORM], carol).await.status, 401);
    assert_eq!(std::fs::read_dir(demo.folder).unwrap().count(), 0);
}

pub(crate) async fn on_redis_sessions_survive_a_crash_and_a_logout_stays(demo: Program<'_>) {
    sessions_survive(demo, &address("HALLPASS_TEST_REDIS")).await;
}

pub(crate) async fn the_same_holds_on_a_redis_cluster(demo: Program<'_>) {
    sessions_survive(demo, &address("HALLPASS_TEST_REDIS_CLUSTER")).await;
}

/// Users are in memory then: who has registered is forgotten, and is nobody else afterwards.
async fn sessions_survive(demo: Program<'_>, address: &str) {
    let server = demo.start_with(address);
    let (carol, dave) = ("username=carol&password=8+chars!", "username=dave&password=8+chars!");
    assert_eq!(server.post("/v1/register_user", &[FORM], carol).await.status, 201);
    let carols = server.log_in(carol).await;
    let (kept, ended) = (server.log_in(ALICE).await, server.log_in(ALICE).await);
    assert_eq!(server.post("/v1/logout_user", &[("cookie", &ended)], "").await.status, 200);
    drop(server);

    let server = demo.start_with(address);
    assert_eq!(server.post("/v1/register_user", &[FORM], dave).await.status, 201);
    assert_me(&server, &kept, 200).await;
    assert_me(&server, &ended, 401).await;
    assert_me(&server, &carols, 401).await;
}

pub(crate) async fn on_redis_a_guesser_is_counted_by_all_nodes_together(demo: Program<'_>) {
    let address = address("HALLPASS_TEST_REDIS");
    let (one, other) = (demo.start_with(&address), demo.start_with(&address));
    // A name that nobody else on the server guesses at.
    let wrong = format!("username=nobody-{}&password=wrong", one.id());
    let allowed = guesses_until_refused(&one, &wrong).await;
    // A slow machine may be allowed one more meanwhile; a node that counts alone allows as many again.
    let allowed_there = guesses_until_refused(&other, &wrong).await;
    assert!(allowed_there < allowed, "{allowed_there} after {allowed}");
    let elsewhere = format!("username=nobody-{}&password=wrong", other.id());
    assert_eq!(
        other.post("/v1/login_user", &[FORM], &elsewhere).await.refusal(),
        (401, "invalid_credentials")
    );
}

async fn guesses_until_refused(server: &Server, wrong: &str) -> usize {
    for guesses in 0..20 {
        let reply = server.post("/v1/login_user", &[FORM], wrong).await;
        if reply.status == 429 {
            assert_eq!(reply.refusal(), (429, "too_many_attempts"));
            return guesses;
        }
        assert_eq!(reply.refusal(), (401, "invalid_credentials"));
    }
    panic!("nothing is refused");
}

pub(crate) async fn an_address_that_is_none_is_one_line_and_status_2(demo: Program<'_>) {
    for (address, reason) in [
        ("disk", "and not disk"),
        ("memory:here", "and not memory:…"),
        ("", "and not "),
        ("postgres://demo:hunter2@[x/demo", "postgres://"),
        ("mysql://demo:hunter2@127.0.0.1", "mysql://"),
        ("redis://:hunter2@127.0.0.1:x", "the URL of the Redis server"),
        ("redis-cluster://:hunter2@127.0.0.1:1/5", "no databases"),
    ] {
        assert_no_start(demo, address, 2, reason);
    }
    assert_eq!(std::fs::read_dir(demo.folder).unwrap().count(), 0);
}

pub(crate) async fn a_store_that_is_not_there_is_one_line_and_status_1(demo: Program<'_>) {
    std::fs::write(demo.folder.join("text.db"), "this is no database, but long enough to be one ".repeat(99))
        .unwrap();
    for (address, reason) in [
        ("sqlite:no/such/folder.db", "unable to open"),
        ("sqlite:.", "unable to open"),
        ("sqlite:text.db", "not a database"),
        ("postgres://demo:hunter2@127.0.0.1:1/demo", "refused"),
        ("mysql://demo:hunter2@127.0.0.1:1/demo", "refused"),
        ("redis://:hunter2@127.0.0.1:1", "refused"),
        ("redis-cluster://:hunter2@127.0.0.1:1", "refused"),
    ] {
        assert_no_start(demo, address, 1, reason);
    }
}

pub(crate) async fn a_wrong_password_is_one_line_and_status_1(demo: Program<'_>) {
    for (variable, reason) in [
        ("HALLPASS_TEST_POSTGRES", "password authentication failed"),
        ("HALLPASS_TEST_MYSQL", "Access denied"),
    ] {
        let address = address(variable);
        let (scheme, rest) = address.split_once("://").unwrap();
        let (_, host) = rest.split_once('@').unwrap();
        assert_no_start(demo, &format!("{scheme}://hallpass:hunter2@{host}"), 1, reason);
    }
}

#[track_caller]
fn assert_no_start(demo: Program<'_>, address: &str, status: i32, reason: &str) {
    let said = assert_refused(demo, &["--addr", "127.0.0.1:0", "--store", address], status, reason);
    assert!(said.starts_with("error: --store") && !said.contains("hunter2"), "{said}");
}
