//! What many scenarios do.

use crate::client::{Browser, Request, Response};
use crate::fixture::{PASSWORD, Site, World};
use hallpass_core::{EndReason, EventKind, Subject};
use serde_json::{Value, json};
use std::time::Duration;

pub(super) const LOGIN: &str = "__Host-id";
pub(super) const VISITOR: &str = "__Host-id-anon";
pub(super) const STAFF: &str = "__Host-staff";

pub(super) const MINUTE: Duration = Duration::from_secs(60);
pub(super) const HOUR: Duration = Duration::from_secs(60 * 60);
pub(super) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The number of `alice`, and of `root` among the staff.
pub(super) const ALICE: u64 = 42;

/// A login of `alice` with the right password.
pub(super) fn alice_logs_in() -> Request {
    Request::login("/login/in", "alice", PASSWORD)
}

/// A change of `alice`'s password to `new`.
pub(super) fn change_password(current: &str, new: &str) -> Request {
    let form = json!({ "username": "alice", "password": current, "new": new });
    Request::post("/login/change-password").json(form)
}

/// What the session of this browser holds under `name`.
pub(super) async fn read(browser: &mut Browser, name: &str) -> Value {
    browser.get(&format!("/session/read/{name}")).await.expect(200).json()["value"].clone()
}

/// Sends a saved login cookie from a browser that has nothing else, and insists that it opens nothing and changes
/// nothing there.
pub(super) async fn assert_refused(site: &Site, token: &str) {
    let mut thief = site.browser().with_cookie(LOGIN, token);
    thief.get("/user").await.expect_error(401, "login_required").without_cookie().is_private();
    thief.get("/subject").await.expect_error(401, "login_required").without_cookie();
    assert_eq!(thief.token(), token);
}

/// Insists that the store holds no row at all.
pub(super) async fn assert_empty(world: &World) {
    let rows = world.store.rows().await;
    assert!(rows.is_empty(), "{rows:#?}");
}

/// Logs out at the ready endpoint and returns how many sessions that ended.
pub(super) async fn log_out(browser: &mut Browser) -> u64 {
    browser.post("/logout").await.sessions_ended()
}

/// Disables `alice` as an administrator's page would: first the account, then the sessions.
pub(super) async fn disable_alice(world: &World, site: &Site) {
    world.customers.0.disable("alice");
    let ending =
        site.shop.end_sessions(Subject::from(ALICE), hallpass_core::Which::All, EndReason::AccountDisabled);
    let _ = ending.await.expect("the store confirms");
}

/// The kinds of all events so far.
pub(super) fn kinds(world: &World) -> Vec<EventKind> {
    world.events.all().iter().map(|seen| seen.kind).collect()
}

/// The status of the protected route for this answer's browser: for tables of cases.
pub(super) fn statuses(responses: &[Response]) -> Vec<u16> {
    responses.iter().map(Response::status).collect()
}
