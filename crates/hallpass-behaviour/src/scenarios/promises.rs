//! The promises of the library, each with the scenarios that hold it to them.
//!
//! A scenario that is named here runs in a world of its own, as in its own test.

use super::common::*;
use super::*;
use crate::client::{Pending, Request};
use crate::fixture::{Site, World};
use hallpass_core::{EndReason, EventKind, Subject, Which};
use hallpass_testkit::Times;
use std::time::Duration;

macro_rules! promise {
    ($(#[$doc:meta])* $name:ident: $($scenario:ident),+ $(,)?) => {
        $(#[$doc])*
        pub async fn $name(world: &World) {
            $($scenario(&world.another().await).await;)+
        }
    };
}

promise! {
    /// **Final.** After a logout was answered, nothing brings the session back.
    p01_final: b04_a_saved_cookie_is_dead_after_logout, b09_slow_write_cannot_resurrect,
        b10_slow_touch_cannot_resurrect, b11_slow_renewal_cannot_resurrect, b11_a_logout_follows_a_renewal,
        b12_slow_request_on_another_node_cannot_resurrect, b14_a_late_answer_leaves_no_session_in_the_jar,
        b44_a_clock_that_goes_back_revives_nothing
}

promise! {
    /// **Honest.** A logout that the store did not confirm is no success.
    p02_honest: b64_a_logout_that_fails_says_so, b65_a_logout_whose_answer_is_lost_can_be_repeated
}

promise! {
    /// **Certain.** A revocation that was started is finished, whatever becomes of the request.
    p03_certain: b20_hang_up_before_the_store_revokes, b20_hang_up_before_the_store_answers,
        b20_hang_up_between_two_revocations, b20_hang_up_after_the_revocation, b20_hang_up_during_the_commit,
        b68_a_handler_that_fails_after_logging_out_has_logged_out, b88_a_graceful_stop_answers_the_logout,
        b88_a_sudden_stop_finishes_the_logout, b88_a_drain_waits_for_the_logout
}

promise! {
    /// **Scoped.** Each way to end sessions ends what it names, counts it, and tells of each with the reason.
    p05_scoped: p05_each_scope_ends_what_it_names, b16_parallel_logouts_count_one_session,
        b17_logout_beside_log_out_others, b17_two_devices_log_each_other_out, b17_who_has_been_ended_ends_nobody
}

promise! {
    /// **Fresh.** Every login has a new id, and nobody inherits anything from somebody else.
    p06_fresh: b06_every_login_has_an_id_of_its_own, b08_a_second_login_takes_the_place_of_the_first,
        b21_a_login_renews_a_visitor, b22_an_id_from_outside_is_never_adopted,
        b23_a_planted_session_is_ended_by_the_login, b24_a_reauthentication_renews_the_session,
        b18_login_superseded_before_it_was_created, b18_login_over_a_login_is_superseded
}

promise! {
    /// **No lost updates.** Requests that change one session at once all win.
    p07_no_lost_updates: b19_parallel_writers_lose_nothing, b21_a_visitors_last_write_reaches_the_login
}

promise! {
    /// **Opaque at rest.** What is stored, told or logged opens nothing.
    p08_opaque_at_rest: b70_no_token_is_kept_or_told
}

promise! {
    /// **Unforged.** Another site logs nobody in or out, and its attempt changes nothing.
    p09_unforged: b34_a_cross_site_post_does_not_log_out, b35_a_same_site_post_does_not_log_out,
        b36_the_origin_decides_where_fetch_metadata_is_absent, b37_a_cross_site_link_does_not_log_out,
        b38_embedded_content_does_not_log_out, b41_a_cross_site_login_is_refused
}

promise! {
    /// **Quiet.** What does not ask for a session costs nothing, and visits leave nothing behind.
    p10_quiet: b01_a_visitor_is_refused, b07_a_logout_without_a_session_succeeds,
        b31_a_cookie_is_sent_only_when_it_changed, b62_only_what_depends_on_a_session_is_kept_from_caches,
        b73_visits_make_no_rows
}

promise! {
    /// **Fail closed.** A store that is away, and bytes that do not decode, are a 503 and nothing weaker.
    p11_fail_closed: b63_a_store_that_is_down_is_a_503, b63_a_store_that_never_answers_is_a_503,
        b66_a_login_that_fails_sets_nothing, b69_a_damaged_record_fails_closed, b69_a_damaged_visitor_fails_closed
}

/// Waits for the end of this browser's session, and returns when everything that hears of it is listening.
async fn watch(world: &World, browser: &crate::client::Browser, sleepers: usize) -> Pending {
    let pending = browser.start(Request::get("/session/ended"));
    world.clock.until_sleeping(sleepers).await;
    pending
}

async fn reason_of(pending: Pending) -> String {
    let response = pending.response().await;
    response.expect(200).without_cookie();
    response.json()["reason"].as_str().expect("a reason").to_owned()
}

/// **Immediate.** Whoever watches a session, on any node, hears of its end at once and with the reason; a renewal is no
/// end, and other sessions' ends are not its own.
pub async fn p04_immediate(world: &World) {
    let (here, there) = (world.site().await, world.site().await);
    let (mut a, mut b) = (here.logged_in("alice").await, here.logged_in("alice").await);
    // The watcher sleeps until the deadline, and the one listener of the node until it looks again.
    let on_a = watch(world, &a.clone().at(there.addr), 2).await;
    let on_b = watch(world, &b.clone().at(there.addr), 3).await;
    let on_a_here = watch(world, &a, 5).await;
    a.get("/session/renew").await.only_cookie(LOGIN);
    assert_eq!(log_out(&mut a).await, 1);
    for pending in [on_a, on_a_here] {
        assert_eq!(reason_of(pending).await, EndReason::LoggedOut.as_str());
    }
    let mut c = here.logged_in("alice").await;
    assert_eq!(c.post("/login/others").await.sessions_ended(), 1);
    assert_eq!(reason_of(on_b).await, EndReason::LoggedOutElsewhere.as_str());
    assert!(!b.is_logged_in().await && c.is_logged_in().await);
}

/// An end whose message was lost is noticed within 30 seconds, and a deadline when it strikes.
pub async fn p04_immediate_though_a_message_is_lost(world: &World) {
    let site = world.site().await;
    let mut browser = site.logged_in("alice").await;
    let pending = watch(world, &browser, 2).await;
    site.store.lose_events(Times::Next(1));
    assert_eq!(log_out(&mut browser).await, 1);
    world.clock.advance(Duration::from_secs(30));
    assert_eq!(reason_of(pending).await, EndReason::Unknown.as_str());

    let browser = site.logged_in("bob").await;
    let pending = watch(world, &browser, 2).await;
    world.clock.advance(30 * MINUTE);
    assert_eq!(reason_of(pending).await, EndReason::IdleTimeout.as_str());
    assert_empty(world).await;
}

/// This device, one device, the others, all of them, and one user by an administrator.
pub async fn p05_each_scope_ends_what_it_names(world: &World) {
    let site = world.site().await;
    let mut bystander = site.logged_in("bob").await;
    let mut a = site.logged_in("alice").await;
    let (mut b, mut c) = (site.logged_in("alice").await, site.logged_in("alice").await);
    assert_eq!(log_out(&mut b).await, 1);
    assert!(a.is_logged_in().await && c.is_logged_in().await);
    expect_ends(world, &[EndReason::LoggedOut]);

    b.log_in("alice").await;
    let handle = b.get("/session/who").await.json()["handle"].clone();
    let end_b = format!("/login/device/{}", handle.as_str().expect("a handle"));
    assert_eq!(bystander.post(&end_b).await.sessions_ended(), 0, "somebody else's handle names nothing");
    assert!(b.is_logged_in().await);
    assert_eq!(a.post(&end_b).await.without_cookie().sessions_ended(), 1);
    assert!(!b.is_logged_in().await && c.is_logged_in().await);
    expect_ends(world, &[EndReason::LoggedOutElsewhere]);

    assert_eq!(a.post("/login/others").await.without_cookie().sessions_ended(), 1);
    assert!(a.is_logged_in().await && !c.is_logged_in().await);
    expect_ends(world, &[EndReason::LoggedOutElsewhere]);

    b.log_in("alice").await;
    let response = a.post("/login/everywhere").await;
    assert_eq!(response.removes(&[LOGIN]).sessions_ended(), 2);
    assert!(!a.is_logged_in().await && !b.is_logged_in().await);
    expect_ends(world, &[EndReason::LoggedOutElsewhere; 2]);
    by_an_administrator(world, &site).await;
    assert!(bystander.is_logged_in().await);
}

async fn by_an_administrator(world: &World, site: &Site) {
    let devices = [site.logged_in("alice").await, site.logged_in("alice").await];
    let ending = site.shop.end_sessions(Subject::from(ALICE), Which::All, EndReason::Administrator);
    assert_eq!(ending.await.expect("the store confirms").sessions_ended, 2);
    for device in devices {
        assert_refused(site, &device.token()).await;
    }
    expect_ends(world, &[EndReason::Administrator; 2]);
}

/// The ends since the last look.
fn expect_ends(world: &World, reasons: &[EndReason]) {
    assert_eq!(world.events.ends(), reasons);
    assert!(world.events.of(EventKind::Ended).iter().all(|event| event.subject.as_deref() == Some("42")));
    world.events.clear();
}
