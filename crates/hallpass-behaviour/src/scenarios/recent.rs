//! Routes for those who gave their password a short while ago.

use super::common::*;
use crate::client::{Browser, Request};
use crate::fixture::{LOGIN_PAGE, PASSWORD, REAUTHENTICATION_PAGE, RECENTLY, World};
use hallpass_testkit::Method;
use serde_json::json;
use std::time::Duration;

const TICK: Duration = Duration::from_millis(1);

/// Insists that the login of this browser is let in as a recent one, and that nothing is sent with the answer.
async fn assert_recent(browser: &mut Browser) {
    let response = browser.get("/recent").await;
    assert_eq!(response.expect(200).without_cookie().is_private().json()["username"], "alice");
    assert_eq!(browser.get("/maybe/recent").await.expect(200).json()["found"], true);
}

/// Insists that the login of this browser is good, but not as a recent one.
async fn assert_older(browser: &mut Browser) {
    let response = browser.get("/recent").await;
    response.expect_error(401, "reauthentication_required").without_cookie().is_private();
    assert_eq!(browser.get("/maybe/recent").await.expect(200).without_cookie().json()["found"], false);
    assert!(browser.is_logged_in().await);
}

/// A login is recent until its span is over, and again when the password has been given once more, under a new id.
pub async fn b24_a_login_is_recent_for_its_span_and_after_a_reauthentication(world: &World) {
    let site = world.site().await;
    let mut browser = site.logged_in("alice").await;
    assert_recent(&mut browser).await;
    world.clock.advance(Duration::from_secs(RECENTLY));
    assert_recent(&mut browser).await;
    world.clock.advance(TICK);
    assert_older(&mut browser).await;
    browser.get("/session/renew").await.only_cookie(LOGIN);
    assert_older(&mut browser).await;
    let wrong = Request::login("/login/reauthenticate", "alice", "wrong");
    browser.send(wrong).await.expect_error(401, "invalid_credentials").without_cookie();
    assert_older(&mut browser).await;

    let old = browser.token();
    let again = Request::login("/login/reauthenticate", "alice", PASSWORD);
    assert_ne!(browser.send(again).await.only_cookie(LOGIN).value, old);
    assert_recent(&mut browser).await;
    let mut thief = site.browser().with_cookie(LOGIN, &old);
    thief.get("/recent").await.expect_error(401, "login_required").without_cookie();
}

/// A remembered login lets its user in for days, but as a recent one only until the span is over.
pub async fn b24_a_remembered_login_is_not_recent_for_longer(world: &World) {
    let site = world.site().await;
    let remembered = json!({ "username": "alice", "password": PASSWORD, "remember": true });
    let mut browser = site.browser();
    browser.send(Request::post("/login/in").json(remembered)).await.expect(200).only_cookie(LOGIN);
    assert_recent(&mut browser).await;
    world.clock.advance(3 * DAY);
    assert_older(&mut browser).await;
    browser.send(Request::login("/login/reauthenticate", "alice", PASSWORD)).await.only_cookie(LOGIN);
    assert_recent(&mut browser).await;
}

/// Browsers and htmx are sent where the password is given once more, and back; who is not logged in has to log in.
pub async fn b24_people_are_sent_to_give_their_password_again(world: &World) {
    let site = world.site().await;
    let page = || Request::get("/recent?tab=2").header("accept", "text/html");
    let htmx = || {
        let shown = ("hx-current-url", "http://shop.example/settings");
        Request::post("/recent").headers(&[("hx-request", "true"), shown])
    };
    let mut browser = site.logged_in("alice").await;
    world.clock.advance(Duration::from_secs(RECENTLY) + TICK);
    let response = browser.send(page()).await;
    let back = "next=/recent%3Ftab%3D2";
    assert_eq!(
        response.expect(303).without_cookie().is_private().values("location"),
        [format!("{REAUTHENTICATION_PAGE}?{back}")]
    );
    let response = browser.send(htmx()).await;
    response.expect_error(401, "reauthentication_required").without_cookie();
    assert_eq!(response.values("hx-redirect"), [format!("{REAUTHENTICATION_PAGE}?next=/settings")]);

    let response = site.browser().send(page()).await;
    assert_eq!(response.expect(303).without_cookie().values("location"), [format!("{LOGIN_PAGE}?{back}")]);
}

/// The store is asked once more: a login that another node ends after it was loaded opens nothing.
pub async fn b24_a_recent_login_that_ends_meanwhile_opens_nothing(world: &World) {
    let (site, other) = (world.site().await, world.site().await);
    let browser = site.logged_in("alice").await;
    let gate = site.store.hold(Method::Load);
    let late = browser.start(Request::post("/recent"));
    gate.arrived().await;
    gate.release_one();
    gate.arrivals(2).await;
    assert_eq!(log_out(&mut browser.clone().at(other.addr)).await, 1);
    gate.open();
    late.response().await.expect_error(401, "login_required").without_cookie().is_private();
}
