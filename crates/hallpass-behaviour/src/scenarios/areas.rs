//! Two areas side by side, several changes in one request, and applications that are wired up wrongly.

use super::common::*;
use crate::client::Request;
use crate::fixture::{PASSWORD, World};
use hallpass_core::{EndReason, EventKind};
use hallpass_testkit::Method;
use tracing::Level;

fn root_logs_in() -> Request {
    Request::login("/staff/login/in", "root", PASSWORD)
}

/// Customer 42 and member of staff 42 are two people, with two cookies, in one store.
pub async fn b78_two_areas_share_a_store_and_nothing_else(world: &World) {
    let site = world.site().await;
    let mut browser = site.logged_in("alice").await;
    browser.get("/staff/user").await.expect_error(401, "login_required").without_cookie();
    browser.get("/staff/customer").await.expect(200).without_cookie();
    let response = browser.send(root_logs_in()).await;
    response.expect(200).is_private().only_cookie(STAFF);

    assert_eq!(browser.get("/user").await.expect(200).json()["username"], "alice");
    assert_eq!(browser.get("/staff/user").await.expect(200).is_private().json()["username"], "root");
    assert_eq!(browser.get("/staff/customer").await.expect(200).is_private().json()["username"], "alice");
    browser.get("/session/write/note/customer").await.expect(200);
    browser.get("/staff/session/write/note/staff").await.expect(200);
    assert_eq!(read(&mut browser, "note").await, "customer");
    assert_eq!(browser.get("/staff/session/read/note").await.json()["value"], "staff");

    let response = browser.post("/staff/logout").await;
    assert_eq!(response.sessions_ended(), 1);
    response.removes(&[STAFF]).is_private();
    assert!(browser.is_logged_in().await);
    browser.get("/staff/user").await.expect_error(401, "login_required");
}

/// A token of one area is nothing under the other's name: no row is read as its own, touched or ended.
pub async fn b78_a_token_of_one_area_opens_nothing_in_the_other(world: &World) {
    let site = world.site().await;
    let customer = site.logged_in("alice").await;
    let mut staff = site.browser();
    let staff_token = staff.send(root_logs_in()).await.only_cookie(STAFF).value;
    let rows = world.store.records().await;
    world.clock.advance(2 * MINUTE);
    site.store.reset_calls();

    for _ in 0..2 {
        let mut crossed =
            site.browser().with_cookie(STAFF, &customer.token()).with_cookie(LOGIN, &staff_token);
        for target in ["/user", "/subject", "/staff/user", "/staff/customer"] {
            crossed.get(target).await.expect_error(401, "login_required").without_cookie();
        }
    }
    for method in Method::ALL {
        assert!(method == Method::Load || site.store.calls(method) == 0, "{method:?}");
    }
    let mut crossed = site.browser().with_cookie(STAFF, &customer.token()).with_cookie(LOGIN, &staff_token);
    assert_eq!(crossed.post("/logout").await.sessions_ended(), 0);
    assert_eq!(crossed.post("/staff/logout").await.sessions_ended(), 0);
    assert_eq!(world.store.records().await, rows);
}

/// Logging out everywhere in one area leaves the other's sessions, though the subject is spelt the same.
pub async fn b78_everywhere_in_one_area_leaves_the_other(world: &World) {
    let site = world.site().await;
    let (mut browser, another) = (site.logged_in("alice").await, site.logged_in("alice").await);
    browser.send(root_logs_in()).await.expect(200);
    let response = browser.post("/login/everywhere").await;
    assert_eq!(response.sessions_ended(), 2);
    response.removes(&[LOGIN]);
    assert_refused(&site, &another.token()).await;
    browser.get("/staff/user").await.expect(200);

    browser.log_in("alice").await;
    assert_eq!(browser.post("/staff/login/everywhere").await.sessions_ended(), 1);
    assert!(browser.is_logged_in().await);
    assert_eq!(world.store.rows().await.len(), 1);
}

/// A message set after the logout, in the same request, is a new visitor's; the login is gone.
pub async fn b87_a_logout_then_a_message(world: &World) {
    let site = world.site().await;
    let mut browser = site.logged_in("alice").await;
    browser.get("/session/write/secret/mine").await.expect(200);
    let token = browser.token();
    let response = browser.post("/login/out-then-write/flash/bye").await;
    assert_eq!(response.sessions_ended(), 1);
    let cookies = response.is_private().cookies();
    let names: Vec<_> = cookies.iter().map(|cookie| (cookie.name.as_str(), cookie.is_removal())).collect();
    assert_eq!(names, [(LOGIN, true), (VISITOR, false)]);
    assert!(!browser.is_logged_in().await);
    assert_eq!(read(&mut browser, "flash").await, "bye");
    assert!(read(&mut browser, "secret").await.is_null());
    assert_refused(&site, &token).await;
    assert_eq!(world.store.rows().await.len(), 1);
}

/// A logout and then a login in one request switch the user: a new id, and none of the old one's values.
pub async fn b87_a_logout_then_a_login(world: &World) {
    let site = world.site().await;
    for name in ["bob", "alice"] {
        let mut browser = site.logged_in("alice").await;
        browser.get("/session/write/secret/mine").await.expect(200);
        let token = browser.token();
        let response = browser.send(Request::login("/login/out-then-in", name, PASSWORD)).await;
        assert_ne!(response.expect(200).is_private().only_cookie(LOGIN).value, token);
        assert_eq!(browser.get("/user").await.expect(200).json()["username"], name);
        assert!(read(&mut browser, "secret").await.is_null());
        assert_refused(&site, &token).await;
        assert_eq!(world.store.rows().await.len(), 1);
        assert_eq!(log_out(&mut browser).await, 1);
    }
    assert_eq!(world.events.ends(), [EndReason::LoggedOut; 4]);
}

/// A login and then a logout in one request leave nobody logged in: nothing is created, and what there was is ended.
pub async fn b87_a_login_then_a_logout(world: &World) {
    let site = world.site().await;
    let mut browser = site.browser();
    let both = || Request::login("/login/in-then-out", "alice", PASSWORD);
    let response = browser.send(both()).await;
    assert_eq!(response.sessions_ended(), 0);
    response.without_cookie();
    assert_eq!(world.store.keys().len(), 0);

    let mut browser = site.logged_in("bob").await;
    let token = browser.token();
    let response = browser.send(both()).await;
    assert_eq!(response.sessions_ended(), 1);
    response.removes(&[LOGIN]);
    assert_refused(&site, &token).await;
    assert_empty(world).await;
    assert_eq!(world.events.of(EventKind::LoginSucceeded).len(), 1, "only the one before");
}

/// Routes outside of every layer answer 500 and the log says what is missing, for everybody alike.
pub async fn b89_a_forgotten_layer_is_a_500(world: &World) {
    let site = world.site().await;
    let mut browser = site.logged_in("alice").await;
    let targets = [
        "/unlayered/user",
        "/unlayered/subject",
        "/unlayered/recent",
        "/unlayered/guarded",
        "/unlayered/maybe/user",
        "/unlayered/maybe/subject",
        "/unlayered/maybe/session",
        "/unlayered/session/who",
        "/unlayered/login/who",
        "/unlayered/logout",
        "/misordered",
    ];
    for target in targets {
        for browser in [&mut browser, &mut site.browser()] {
            browser.post(target).await.expect_error(500, "internal_error").without_cookie();
        }
    }
    assert!(world.logs.tell(Level::ERROR, &["no session layer is around it", "SessionLayer"]));
    assert!(browser.is_logged_in().await);
}

/// Where the layer carries no authenticator, whatever needs one answers 500, and the log names its type and the cookie.
pub async fn b89_a_forgotten_authenticator_is_a_500(world: &World) {
    let site = world.site().await;
    let mut browser = site.logged_in("alice").await;
    browser.get("/bare/session/who").await.expect(200).is_private();
    let targets = [
        "/bare/user",
        "/bare/subject",
        "/bare/recent",
        "/bare/guarded",
        "/bare/maybe/user",
        "/bare/maybe/subject",
        "/bare/login/who",
        "/bare/logout",
    ];
    for target in targets {
        browser.post(target).await.expect_error(500, "internal_error").without_cookie();
    }
    assert!(world.logs.tell(Level::ERROR, &["Customers", "__Host-id", ".authenticator("]));
    assert!(browser.is_logged_in().await, "a logout that is wired up wrongly has not logged out");
    assert_eq!(log_out(&mut browser).await, 1);
}
