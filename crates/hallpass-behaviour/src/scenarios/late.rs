//! Requests that were slower than a logout or a login.

use super::common::*;
use crate::client::{Browser, Pending, Request};
use crate::fixture::{Hold, Site, World};
use hallpass_testkit::Method;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A request that has loaded the session and changed it, and waits.
async fn slow(world: &World, browser: &Browser, action: &str) -> (Hold, Pending) {
    let hold = world.holds.hold("slow");
    let pending = browser.start(Request::get(&format!("/session/{action}")));
    hold.arrived().await;
    (hold, pending)
}

/// Lets the slow request go and insists that it neither revives the session nor sends a cookie.
async fn assert_late_answer_changes_nothing(
    world: &World,
    site: &Site,
    hold: Hold,
    pending: Pending,
    saved: &str,
) {
    hold.release();
    pending.response().await.expect(200).without_cookie().is_private();
    assert_empty(world).await;
    assert_refused(site, saved).await;
}

async fn log_out_meanwhile(world: &World, action: &str, method: Method) {
    let site = world.site().await;
    let mut browser = site.logged_in("alice").await;
    let saved = browser.token();
    world.clock.advance(2 * MINUTE);
    let (hold, pending) = slow(world, &browser, action).await;
    assert_eq!(log_out(&mut browser).await, 1);
    assert_eq!(site.store.calls(method), 0, "the write comes after the logout");
    assert_late_answer_changes_nothing(world, &site, hold, pending, &saved).await;
    assert_eq!(site.store.calls(method), 1, "the write was tried and refused");
}

/// The same with the write already on its way to the store.
async fn log_out_during_the_write(world: &World, target: &str, method: Method) {
    let site = world.site().await;
    let mut browser = site.logged_in("alice").await;
    let saved = browser.token();
    world.clock.advance(2 * MINUTE);
    let gate = site.store.hold(method);
    let pending = browser.start(Request::get(target));
    gate.arrived().await;
    assert_eq!(log_out(&mut browser).await, 1);
    gate.open();
    pending.response().await.expect(200).without_cookie();
    assert_empty(world).await;
    assert_refused(&site, &saved).await;
}

/// A slow request that changed the session's values writes nothing back after the logout.
pub async fn b09_slow_write_cannot_resurrect(world: &World) {
    log_out_meanwhile(world, "slow-write/slow/color/red", Method::Update).await;
    log_out_during_the_write(&world.another().await, "/session/write/color/red", Method::Update).await;
}

/// Nor does a slow request whose use of the session is noted.
pub async fn b10_slow_touch_cannot_resurrect(world: &World) {
    log_out_meanwhile(world, "slow-read/slow", Method::Touch).await;
    log_out_during_the_write(&world.another().await, "/session/who", Method::Touch).await;
}

/// Nor does a slow renewal: neither the old nor a new id opens anything.
pub async fn b11_slow_renewal_cannot_resurrect(world: &World) {
    log_out_meanwhile(world, "slow-renew/slow", Method::Replace).await;
    log_out_during_the_write(&world.another().await, "/session/renew", Method::Replace).await;
}

/// It is the same when the slow request runs on another node.
pub async fn b12_slow_request_on_another_node_cannot_resurrect(world: &World) {
    for action in ["slow-write/slow/color/red", "slow-read/slow", "slow-renew/slow"] {
        let world = world.another().await;
        let (here, there) = (world.site().await, world.site().await);
        let mut browser = here.logged_in("alice").await;
        let saved = browser.token();
        world.clock.advance(2 * MINUTE);
        let (hold, pending) = slow(&world, &browser.clone().at(there.addr), action).await;
        assert_eq!(log_out(&mut browser).await, 1);
        assert_late_answer_changes_nothing(&world, &there, hold, pending, &saved).await;
    }
}

/// A renewal in another tab does not save a session from a logout that was loaded before it.
pub async fn b11_a_logout_follows_a_renewal(world: &World) {
    let site = world.site().await;
    let mut browser = site.logged_in("alice").await;
    let old = browser.token();
    let gate = site.store.hold(Method::RevokeSubject);
    let logout = browser.start(Request::post("/logout"));
    gate.arrived().await;
    browser.get("/session/renew").await.expect(200);
    let new = browser.token();
    assert_ne!(new, old);
    gate.open();
    assert_eq!(logout.response().await.sessions_ended(), 1);
    assert_refused(&site, &old).await;
    assert_refused(&site, &new).await;
    assert_empty(world).await;
}

/// Under a storm of reads on one node, a logout on another is final at once: these nodes keep no copies.
pub async fn b13_a_storm_of_reads_ends_with_the_logout(world: &World) {
    let (here, there) = (world.site().await, world.site().await);
    let mut browser = here.logged_in("alice").await;
    let ended = Arc::new(AtomicBool::new(false));
    let storm: Vec<_> = (0..4)
        .map(|_| tokio::spawn(read_until_refused(browser.clone().at(there.addr), Arc::clone(&ended))))
        .collect();
    let reading = world.holds.hold("reading");
    let witness = browser.clone().at(there.addr).start(Request::get("/session/slow-read/reading"));
    reading.arrived().await;
    assert_eq!(log_out(&mut browser).await, 1);
    ended.store(true, Ordering::SeqCst);
    for reader in storm {
        reader.await.expect("nobody was let in again");
    }
    reading.release();
    witness.response().await.expect(200).without_cookie();
    assert_empty(world).await;
}

/// Reads until the session has ended, and then a while longer: whoever asks after that is refused.
async fn read_until_refused(mut browser: Browser, ended: Arc<AtomicBool>) {
    let mut refused = 0;
    while refused < 50 {
        let begun_after = ended.load(Ordering::SeqCst);
        let let_in = browser.is_logged_in().await;
        assert!(!(begun_after && let_in), "let in after the logout was answered");
        refused += usize::from(begun_after);
    }
}

/// A jar that obeys the logout's answer first and the late one then holds nothing that opens anything.
pub async fn b14_a_late_answer_leaves_no_session_in_the_jar(world: &World) {
    for action in ["slow-write/slow/color/red", "slow-read/slow", "slow-renew/slow"] {
        let world = world.another().await;
        let site = world.site().await;
        let mut browser = site.logged_in("alice").await;
        world.clock.advance(2 * MINUTE);
        let (hold, pending) = slow(&world, &browser, action).await;
        assert_eq!(log_out(&mut browser).await, 1);
        hold.release();
        let late = pending.response().await;
        browser.apply(&late);
        assert!(browser.jar().holds_no_session(), "{action}");
        assert!(!browser.is_logged_in().await, "{action}");
    }
}

/// A visitor's slow request that writes, answered after the login of the same browser, does not log it out.
pub async fn b15_a_visitors_late_answer_does_not_log_out(world: &World) {
    for has_cookie in [false, true] {
        for action in ["slow-write/slow/color/red", "slow-renew/slow"] {
            let world = world.another().await;
            let site = world.site().await;
            let mut browser = site.browser();
            if has_cookie {
                browser.get("/session/write/cart/full").await.only_cookie(VISITOR);
            }
            let (hold, pending) = slow(&world, &browser, action).await;
            browser.log_in("alice").await;
            let token = browser.token();
            hold.release();
            let late = pending.response().await;
            late.expect(200);
            assert!(late.cookies().iter().all(|cookie| cookie.name == VISITOR), "{action}");
            browser.apply(&late);
            assert_eq!(browser.token(), token, "{action}");
            assert!(browser.is_logged_in().await, "{action}");
        }
    }
}

/// A late answer of before a re-authentication in another tab neither removes nor overwrites the new cookie.
pub async fn b81_a_late_answer_does_not_undo_a_reauthentication(world: &World) {
    for action in ["slow-write/slow/color/red", "slow-read/slow", "slow-renew/slow"] {
        let world = world.another().await;
        let site = world.site().await;
        let mut browser = site.logged_in("alice").await;
        world.clock.advance(2 * MINUTE);
        let (hold, pending) = slow(&world, &browser, action).await;
        let again = Request::login("/login/reauthenticate", "alice", crate::fixture::PASSWORD);
        let fresh = browser.send(again).await.only_cookie(LOGIN).value;
        hold.release();
        let late = pending.response().await;
        browser.apply(late.expect(200).without_cookie());
        assert_eq!(browser.token(), fresh, "{action}");
        assert!(browser.is_logged_in().await, "{action}");
        assert_eq!(world.store.rows().await.len(), 1, "{action}");
    }
}
