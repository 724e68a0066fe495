//! The frameworks side by side: nodes of one application, over one store.

use hallpass_behaviour::adapters::{Actix, Adapter, Axum, Warp};
use hallpass_behaviour::client::{Browser, Pending, Request};
use hallpass_behaviour::fixture::{Memory, PASSWORD, Site, World};
use hallpass_core::EndReason;
use std::time::Duration;

const FRAMEWORKS: [&dyn Adapter; 3] = [&Actix, &Axum, &Warp];

const LOGIN: &str = "__Host-id";

/// One node on each framework. The first begins, the second goes on, the third looks on.
type Nodes<'a> = [&'a Site; 3];

/// Plays `scene` for every ordered pair of frameworks, each time in a world of its own.
fn on_every_pair(scene: impl AsyncFn(&World, Nodes<'_>)) {
    for first in 0..FRAMEWORKS.len() {
        for second in (0..FRAMEWORKS.len()).filter(|second| *second != first) {
            let third = FRAMEWORKS.len() - first - second;
            hallpass_behaviour::run(Axum, Memory, async |world| {
                let order = [first, second, third].map(|place| FRAMEWORKS[place]);
                println!("{:?} and then {:?}", order[0], order[1]);
                let [a, b, c] = order;
                let nodes = [world.site_on(a).await, world.site_on(b).await, world.site_on(c).await];
                scene(world, nodes.each_ref()).await;
            });
        }
    }
}

async fn read(browser: &mut Browser, name: &str) -> serde_json::Value {
    browser.get(&format!("/session/read/{name}")).await.expect(200).json()["value"].clone()
}

async fn assert_refused(nodes: Nodes<'_>, token: &str) {
    for node in nodes {
        let mut thief = node.browser().with_cookie(LOGIN, token);
        thief.get("/user").await.expect_error(401, "login_required").without_cookie().is_private();
        thief.get("/guarded").await.expect_error(401, "login_required").without_cookie();
    }
}

#[test]
fn a_session_goes_on_on_another_framework_and_ends_on_all() {
    on_every_pair(async |world, nodes| {
        let [first, second, third] = nodes;
        let browser = first.logged_in("alice").await;
        let begun = browser.token();
        browser.clone().get("/session/write/color/red").await.expect(200);

        let mut browser = browser.at(second.addr);
        assert_eq!(browser.get("/user").await.expect(200).without_cookie().json()["username"], "alice");
        assert_eq!(read(&mut browser, "color").await, "red");
        browser.post("/session/add/count").await.expect(200).without_cookie();
        let renewed = browser.post("/session/renew").await.only_cookie(LOGIN).value;
        assert_refused(nodes, &begun).await;
        for node in nodes {
            assert_eq!(read(&mut browser.clone().at(node.addr), "count").await, 1);
        }

        let response = browser.post("/logout").await;
        assert_eq!(response.sessions_ended(), 1);
        response.removes(&[LOGIN]).is_private();
        assert_refused(nodes, &renewed).await;
        let mut again = third.browser().with_cookie(LOGIN, &renewed);
        assert_eq!(again.post("/logout").await.sessions_ended(), 0);
        assert!(world.store.rows().await.is_empty());
        assert_eq!(world.events.ends(), [EndReason::LoggedOut]);
    });
}

#[test]
fn a_visitor_of_one_framework_logs_in_on_another() {
    on_every_pair(async |world, nodes| {
        let [first, second, third] = nodes;
        let mut visitor = first.browser();
        visitor.post("/session/write/cart/full").await.only_cookie("__Host-id-anon");
        let mut browser = visitor.clone().at(second.addr);
        browser.log_in("alice").await;
        assert_eq!(read(&mut browser.clone().at(third.addr), "cart").await, "full");
        assert!(read(&mut visitor, "cart").await.is_null());
        assert_eq!(world.store.rows().await.len(), 1);
    });
}

#[test]
fn a_slow_request_of_one_framework_brings_back_nothing_that_another_ended() {
    on_every_pair(async |world, nodes| {
        let [first, second, _] = nodes;
        for action in ["slow-write/slow/color/red", "slow-renew/slow", "slow-read/slow"] {
            let browser = first.logged_in("alice").await;
            world.clock.advance(Duration::from_secs(120));
            let hold = world.holds.hold("slow");
            let late = browser.start(Request::get(&format!("/session/{action}")));
            hold.arrived().await;
            assert_eq!(browser.clone().at(second.addr).post("/logout").await.sessions_ended(), 1);
            hold.release();
            late.response().await.expect(200).without_cookie().is_private();
            assert_refused(nodes, &browser.token()).await;
            assert!(world.store.rows().await.is_empty(), "{action}");
        }
    });
}

/// Waits for the end of this browser's session, and returns when everything that hears of it is listening.
async fn watch(world: &World, browser: &Browser, sleepers: usize) -> Pending {
    let pending = browser.start(Request::get("/session/ended"));
    world.clock.until_sleeping(sleepers).await;
    pending
}

#[test]
fn whoever_waits_on_one_framework_hears_at_once_of_a_logout_on_another() {
    on_every_pair(async |world, nodes| {
        let [first, second, _] = nodes;
        let browser = first.logged_in("alice").await;
        let waiting = watch(world, &browser, 2).await;
        let mut other = second.logged_in("alice").await;
        assert_eq!(other.post("/login/others").await.sessions_ended(), 1);
        let response = waiting.response().await;
        assert_eq!(response.expect(200).json()["reason"], EndReason::LoggedOutElsewhere.as_str());
        assert!(other.is_logged_in().await);
        assert_refused(nodes, &browser.token()).await;
    });
}

#[test]
fn a_login_on_one_framework_is_superseded_by_what_happens_on_another() {
    on_every_pair(async |world, nodes| {
        let [first, second, _] = nodes;
        let mut owner = second.logged_in("alice").await;
        let gate = first.store.hold(hallpass_testkit::Method::Create);
        let late = first.browser().start(Request::login("/login/in", "alice", PASSWORD));
        gate.arrived().await;
        assert_eq!(owner.post("/login/everywhere").await.sessions_ended(), 1);
        gate.open();
        late.response().await.expect_error(401, "login_superseded").without_cookie();
        assert!(world.store.rows().await.is_empty());
    });
}

macro_rules! table {
    ([] $($scenario:ident)+) => {
        const TABLE: &[&str] = &[$(stringify!($scenario)),+];
    };
}

hallpass_behaviour::for_each_scenario!(table,);

#[test]
fn every_framework_plays_the_whole_table() {
    let tests = [
        ("Actix", include_str!("actix.rs")),
        ("Axum", include_str!("axum.rs")),
        ("Warp", include_str!("warp.rs")),
    ];
    for (adapter, source) in tests {
        let code: Vec<_> =
            source.lines().filter(|line| !line.is_empty() && !line.starts_with("//!")).collect();
        let whole = [
            format!("use hallpass_behaviour::adapters::{adapter};"),
            "use hallpass_behaviour::fixture::Memory;".to_owned(),
            format!("hallpass_behaviour::behaviour_tests!({adapter}, Memory);"),
        ];
        assert_eq!(code, whole, "it plays the table, and nothing less or else");
        hallpass_behaviour::assert_whole(adapter, TABLE);
    }
}
