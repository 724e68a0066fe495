//! Deadlines, and clocks that jump.

use super::common::*;
use crate::client::{Browser, Request};
use crate::fixture::{PASSWORD, Setup, Site, World};
use hallpass_core::{Clock as _, EndReason, EventKind, OsRandom, SessionToken, Shard};
use hallpass_testkit::Method;
use serde_json::json;
use std::time::Duration;

const TICK: Duration = Duration::from_millis(1);
const IDLE: Duration = Duration::from_secs(30 * 60);
const ABSOLUTE: Duration = Duration::from_secs(12 * 60 * 60);

/// A moment before its idle limit a session is used and extended; at the limit it has ended, with the reason.
pub async fn b42_a_session_ends_at_its_idle_limit(world: &World) {
    let site = world.site().await;
    let mut browser = site.logged_in("alice").await;
    for _ in 0..2 {
        world.clock.advance(IDLE - TICK);
        browser.get("/user").await.expect(200).without_cookie();
        assert_eq!(world.store.records().await[0].idle_until, world.now() + IDLE);
    }
    let token = browser.token();
    world.events.clear();
    world.clock.advance(IDLE);
    browser.get("/user").await.expect_error(401, "login_required").without_cookie().is_private();
    assert_eq!(world.events.ends(), [EndReason::IdleTimeout]);
    assert_empty(world).await;
    assert_refused(&site, &token).await;
    assert_eq!(world.events.of(EventKind::Ended).len(), 1, "its end is told once");
}

/// Visitors' sessions end the same way, and a new value begins a new one.
pub async fn b42_a_visitor_ends_at_its_idle_limit(world: &World) {
    let site = world.site().await;
    let mut browser = site.browser();
    let first = browser.get("/session/write/cart/full").await.only_cookie(VISITOR).value;
    world.clock.advance(IDLE - TICK);
    assert_eq!(read(&mut browser, "cart").await, "full");
    world.clock.advance(IDLE);
    let response = browser.get("/session/read/cart").await;
    assert!(response.expect(200).without_cookie().json()["value"].is_null());
    assert_eq!(world.events.ends(), [EndReason::IdleTimeout]);
    assert_empty(world).await;
    let second = browser.get("/session/write/cart/new").await.only_cookie(VISITOR).value;
    assert_ne!(second, first);
}

/// Expired, logged out, ended elsewhere and never issued look the same from outside, byte for byte.
pub async fn b42_every_dead_session_looks_the_same(world: &World) {
    let site = world.site().await;
    let expired = site.logged_in("alice").await.token();
    world.clock.advance(IDLE);
    let (mut out, elsewhere) = (site.logged_in("alice").await, site.logged_in("alice").await);
    let logged_out = out.token();
    out.post("/login/others").await.expect(200);
    log_out(&mut out).await;
    let unknown = SessionToken::random(Shard(1), &OsRandom).expect("random bytes").encode();
    for target in ["/user", "/subject", "/guarded", "/session/who", "/maybe/user"] {
        let mut seen = Vec::new();
        for token in [&expired, &logged_out, &elsewhere.token(), &*unknown] {
            let mut browser = site.browser().with_cookie(LOGIN, token);
            seen.push(browser.get(target).await.transcript());
        }
        seen.dedup();
        assert_eq!(seen.len(), 1, "{target}: {seen:#?}");
    }
}

/// However much it is used, a session ends at its absolute limit.
pub async fn b43_a_session_ends_at_its_absolute_limit(world: &World) {
    let site = world.site().await;
    let mut browser = site.logged_in("alice").await;
    let started = world.now();
    while world.now() + 20 * MINUTE < started + ABSOLUTE {
        world.clock.advance(20 * MINUTE);
        browser.get("/user").await.expect(200);
        browser.get("/session/renew").await.expect(200);
        let record = &world.store.records().await[0];
        assert_eq!(record.absolute_until, started + ABSOLUTE);
        assert!(record.idle_until <= record.absolute_until);
    }
    world.clock.advance((started + ABSOLUTE).since(world.now()) - TICK);
    assert!(browser.is_logged_in().await);
    world.clock.advance(TICK);
    browser.get("/user").await.expect_error(401, "login_required").without_cookie();
    assert_eq!(world.events.ends(), [EndReason::AbsoluteTimeout]);
    assert_empty(world).await;
}

/// Remembered logins have limits of their own.
pub async fn b43_a_remembered_login_has_its_own_limits(world: &World) {
    let site = world.site().await;
    let mut browser = site.browser();
    let form = json!({ "username": "alice", "password": PASSWORD, "remember": true });
    browser.send(Request::post("/login/in").json(form)).await.expect(200);
    world.clock.advance(14 * DAY - TICK);
    assert!(browser.is_logged_in().await);
    world.clock.advance(14 * DAY - TICK);
    assert!(browser.is_logged_in().await);
    world.clock.advance(2 * DAY + 2 * TICK);
    assert!(!browser.is_logged_in().await);
    assert_eq!(world.events.ends(), [EndReason::AbsoluteTimeout]);
}

/// A clock that jumps back an hour and forward ten years breaks nothing and extends nothing past the absolute limit.
pub async fn b44_a_jumping_clock_extends_nothing(world: &World) {
    let site = world.site().await;
    let mut browser = site.logged_in("alice").await;
    let started = world.clock.now();
    let limits = limits(world).await;
    world.clock.set(started - HOUR);
    for target in ["/user", "/session/write/cart/full", "/session/renew", "/session/who"] {
        browser.get(target).await.expect(200);
        assert_eq!(self::limits(world).await, limits, "{target}");
    }
    let mut another = site.logged_in("bob").await;
    assert!(another.is_logged_in().await);
    world.clock.set(started + IDLE);
    assert!(!browser.is_logged_in().await);
    world.clock.set(started + 3650 * DAY);
    for browser in [&mut browser, &mut another] {
        assert!(!browser.is_logged_in().await);
        browser.get("/session/write/cart/full").await.expect(200);
        browser.log_in("alice").await;
        assert!(browser.is_logged_in().await);
    }
}

async fn limits(world: &World) -> (u64, u64) {
    let record = world.store.records().await[0].clone();
    (record.idle_until.as_millis(), record.absolute_until.as_millis())
}

/// Going back in time does not wake a session that has already been seen to be over.
pub async fn b44_a_clock_that_goes_back_revives_nothing(world: &World) {
    let site = world.site().await;
    let mut browser = site.logged_in("alice").await;
    let started = world.clock.now();
    world.clock.advance(IDLE);
    assert!(!browser.is_logged_in().await);
    world.clock.set(started);
    assert!(!browser.is_logged_in().await);
    assert_empty(world).await;
}

/// Logging out of a session that has run out succeeds and removes its row.
pub async fn b45_an_expired_session_can_be_logged_out(world: &World) {
    let site = world.site().await;
    for (spans, reason) in [(IDLE, EndReason::IdleTimeout), (ABSOLUTE, EndReason::AbsoluteTimeout)] {
        world.events.clear();
        let mut browser = site.logged_in("alice").await;
        world.clock.advance(spans);
        let response = browser.post("/logout").await;
        assert_eq!(response.sessions_ended(), 0, "it was over before");
        response.removes(&[LOGIN]);
        assert_empty(world).await;
        assert_eq!(world.events.ends(), [reason]);
    }
}

/// What has run out is refused whether or not it is swept, and a sweep takes nothing that lives.
pub async fn b46_a_sweep_takes_only_what_has_run_out(world: &World) {
    let site = world.site().await;
    let mut expired = swarm(&site, "alice", 5).await;
    world.clock.advance(IDLE);
    let mut live = swarm(&site, "bob", 5).await;
    assert_eq!(world.store.rows().await.len(), 20);
    assert!(!expired[0].is_logged_in().await, "refused without a sweep");
    world.events.clear();

    let mut swept = 0;
    loop {
        let (removed, more) = site.shop.sweep(3).await.expect("the store sweeps");
        assert!(removed <= 3);
        swept += removed;
        if !more {
            break;
        }
    }
    assert_eq!(swept, 9, "one was removed when it was refused");
    assert_eq!(world.events.ends(), [EndReason::IdleTimeout; 9]);
    assert_eq!(world.store.rows().await.len(), 10);
    for browser in &mut live {
        assert!(browser.is_logged_in().await || read(browser, "cart").await == "full");
    }
}

/// A sweep runs on its own where it is set up to.
pub async fn b46_a_site_sweeps_on_its_own(world: &World) {
    let site = world.site_with(Setup { sweep_every: Some(MINUTE), ..Setup::default() }).await;
    let _ = swarm(&site, "alice", 3).await;
    // One sleeper for each of the two areas.
    world.clock.until_sleeping(2).await;
    world.clock.advance(IDLE);
    world.events.until(EventKind::Ended, 6).await;
    assert_empty(world).await;
    assert!(site.store.calls(Method::Sweep) >= 1);
}

/// This many logins of one user and as many visitors.
async fn swarm(site: &Site, name: &str, count: usize) -> Vec<Browser> {
    let mut swarm = Vec::new();
    for _ in 0..count {
        swarm.push(site.logged_in(name).await);
        let mut visitor = site.browser();
        visitor.get("/session/write/cart/full").await.expect(200);
        swarm.push(visitor);
    }
    swarm
}
