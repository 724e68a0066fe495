//! Clients that hang up, handlers that fail, and servers that stop, in the middle of a logout.

use super::common::*;
use crate::client::{Browser, Request};
use crate::fixture::{Site, World};
use hallpass_core::{EndReason, EventKind};
use hallpass_testkit::{Gate, Method};
use std::time::Duration;

/// Longer than anything that is drained here takes.
const DEADLINE: Duration = Duration::from_secs(60);

/// Hangs up while `gate` holds the request, and lets the store go on.
async fn hang_up_at(gate: &Gate, browser: &Browser, target: &str) {
    let wire = browser.wire(Request::post(target)).await;
    gate.arrived().await;
    wire.hang_up().await;
    gate.open();
}

/// Waits until the abandoned logout is finished, and insists that it was.
async fn assert_finished(world: &World, site: &Site, token: &str) {
    world.events.until(EventKind::Ended, 1).await;
    assert!(site.shop.drain(DEADLINE).await);
    assert_refused(site, token).await;
    assert!(world.store.logins(site.shop.realm()).await.is_empty());
    assert_eq!(world.events.of(EventKind::Ended).len(), 1);
}

const LOGOUTS: [&str; 3] = ["/logout", "/login/out", "/login/everywhere"];

/// A client that hangs up before the revocation was started has done nothing.
pub async fn b20_hang_up_before_the_revocation_changes_nothing(world: &World) {
    for target in LOGOUTS {
        let world = world.another().await;
        let site = world.site().await;
        let mut browser = site.logged_in("alice").await;
        hang_up_at(&site.store.hold(Method::Load), &browser, target).await;
        assert!(site.shop.drain(DEADLINE).await);
        assert!(browser.is_logged_in().await, "{target}");
        assert_eq!(site.store.calls(Method::RevokeSubject), 0, "{target}");
    }
}

/// A client that hangs up while the store has not begun to revoke is logged out all the same.
pub async fn b20_hang_up_before_the_store_revokes(world: &World) {
    for target in LOGOUTS {
        let world = world.another().await;
        let site = world.site().await;
        let browser = site.logged_in("alice").await;
        hang_up_at(&site.store.hold(Method::RevokeSubject), &browser, target).await;
        assert_finished(&world, &site, &browser.token()).await;
    }
}

/// A client that hangs up while the store's answer is under way is logged out, and the events are complete.
pub async fn b20_hang_up_before_the_store_answers(world: &World) {
    for target in LOGOUTS {
        let world = world.another().await;
        let site = world.site().await;
        let browser = site.logged_in("alice").await;
        hang_up_at(&site.store.hold_answer(Method::RevokeSubject), &browser, target).await;
        assert_finished(&world, &site, &browser.token()).await;
    }
}

/// Of several sessions that one logout ends, those that were still to come when the client hung up are ended too.
pub async fn b20_hang_up_between_two_revocations(world: &World) {
    let site = world.site().await;
    let (a, b) = (site.logged_in("alice").await, site.logged_in("bob").await);
    let both = Request::post("/logout").cookie(LOGIN, &a.token()).cookie(LOGIN, &b.token());
    let gate = site.store.hold(Method::Revoke);
    let wire = site.browser().wire(both).await;
    gate.arrived().await;
    wire.hang_up().await;
    gate.open();
    world.events.until(EventKind::Ended, 2).await;
    assert!(site.shop.drain(DEADLINE).await);
    assert_refused(&site, &a.token()).await;
    assert_refused(&site, &b.token()).await;
    assert_empty(world).await;
}

/// A handler that goes on after the logout, and is dropped there, has logged out.
pub async fn b20_hang_up_after_the_revocation(world: &World) {
    let site = world.site().await;
    let browser = site.logged_in("alice").await;
    let hold = world.holds.hold("after");
    let wire = browser.wire(Request::post("/login/out-then-hold/after")).await;
    hold.arrived().await;
    wire.hang_up().await;
    hold.release();
    assert_finished(world, &site, &browser.token()).await;
}

/// A client that hangs up during the commit that follows a logout is logged out, and the commit is finished.
pub async fn b20_hang_up_during_the_commit(world: &World) {
    let site = world.site().await;
    let browser = site.logged_in("alice").await;
    hang_up_at(&site.store.hold(Method::Create), &browser, "/login/out-then-write/flash/bye").await;
    world.events.until(EventKind::VisitorCreated, 1).await;
    assert_finished(world, &site, &browser.token()).await;
}

/// Whatever a handler does after it has logged out, the session is dead: an error status, an error, a panic.
pub async fn b68_a_handler_that_fails_after_logging_out_has_logged_out(world: &World) {
    for (kind, status) in [("fail", 500), ("error", 500), ("bad-request", 400), ("redirect", 303)] {
        let mut browser = world_of_one(world).await;
        let response = browser.0.post(&format!("/login/out-then/{kind}")).await;
        response.expect(status).removes(&[LOGIN]).is_private();
        assert_refused(&browser.1, &browser.2).await;
    }
    let (browser, site, token) = world_of_one(world).await;
    let broken = browser.start(Request::post("/login/out-then/panic")).outcome().await;
    assert!(broken.is_err() || broken.is_ok_and(|response| response.status() == 500));
    assert_refused(&site, &token).await;
    assert_empty(world).await;
    assert_eq!(world.events.ends(), [EndReason::LoggedOut; 5]);
}

async fn world_of_one(world: &World) -> (Browser, Site, String) {
    let site = world.site().await;
    let browser = site.logged_in("alice").await;
    let token = browser.token();
    (browser, site, token)
}

/// A server that is stopped gracefully during a logout answers it first.
pub async fn b88_a_graceful_stop_answers_the_logout(world: &World) {
    let (here, there) = (world.site().await, world.site().await);
    let browser = here.logged_in("alice").await;
    let gate = here.store.hold(Method::RevokeSubject);
    let logout = browser.start(Request::post("/logout"));
    gate.arrived().await;
    let (_, response) = tokio::join!(here.stop(), async {
        gate.open();
        logout.response().await
    });
    assert_eq!(response.sessions_ended(), 1);
    assert!(here.shop.drain(DEADLINE).await);
    assert_refused(&there, &browser.token()).await;
    assert_empty(world).await;
}

/// A server that is stopped at once during a logout answers nothing, and the logout is finished by the drain.
pub async fn b88_a_sudden_stop_finishes_the_logout(world: &World) {
    for target in LOGOUTS {
        let world = world.another().await;
        let (here, there) = (world.site().await, world.site().await);
        let browser = here.logged_in("alice").await;
        let gate = here.store.hold(Method::RevokeSubject);
        let logout = browser.start(Request::post(target));
        gate.arrived().await;
        here.kill().await;
        assert!(logout.outcome().await.is_err(), "{target}");
        gate.open();
        world.events.until(EventKind::Ended, 1).await;
        assert!(here.shop.drain(DEADLINE).await);
        assert_refused(&there, &browser.token()).await;
        assert_empty(&world).await;
    }
}

/// A drain waits for what is unfinished, and says so when its deadline comes first.
pub async fn b88_a_drain_waits_for_the_logout(world: &World) {
    let (here, there) = (world.site().await, world.site().await);
    let browser = here.logged_in("alice").await;
    let gate = here.store.hold(Method::RevokeSubject);
    let wire = browser.wire(Request::post("/logout")).await;
    gate.arrived().await;
    wire.hang_up().await;
    // The server lets go of the request right after it closes the connection.
    while here.shop.drain(Duration::from_millis(1)).await {
        tokio::task::yield_now().await;
    }
    let draining = tokio::spawn({
        let shop = here.shop.clone();
        async move { shop.drain(DEADLINE).await }
    });
    gate.open();
    assert!(draining.await.expect("it ends"));
    assert_refused(&there, &browser.token()).await;
}
