//! Stores that fail, and answers that caches must not keep.

use super::common::*;
use crate::client::{Browser, Request, Response};
use crate::fixture::{PASSWORD, Setup, Site, World};
use hallpass_core::{EndReason, EventKind, SessionPolicy, StoreErrorKind, WhenReached};
use hallpass_testkit::{Fault, Method, Times};
use serde_json::json;
use std::num::NonZeroU32;
use std::time::Duration;
use tracing::Level;

/// Every way to ask for a session, a user or a login.
const OPENING: [&str; 8] = [
    "/user",
    "/subject",
    "/guarded",
    "/maybe/user",
    "/maybe/subject",
    "/maybe/session",
    "/session/who",
    "/login/who",
];

fn assert_unavailable(response: &Response) {
    response.expect_error(503, "store_unavailable").without_cookie();
    assert_eq!(response.values("retry-after"), ["5"]);
}

/// Answers for which a session was opened are kept by no cache; what never asked for one stays as its handler left it.
pub async fn b62_only_what_depends_on_a_session_is_kept_from_caches(world: &World) {
    let site = world.site().await;
    let mut visitor = site.browser();
    for target in OPENING {
        visitor.get(target).await.is_private();
    }
    let mut browser = visitor;
    browser.send(alice_logs_in()).await.expect(200).is_private();
    for target in OPENING {
        browser.get(target).await.expect(200).is_private();
    }
    let merged = browser.get("/session/read-then/cacheable").await;
    merged.is_private();
    assert!(merged.values("vary").join(",").contains("Accept-Encoding"), "what the handler said still holds");
    site.store.reset_calls();
    let public = browser.get("/public").await;
    public.expect(200).without_cookie();
    assert_eq!(public.values("cache-control"), ["public, max-age=60"]);
    assert_eq!(public.values("vary"), ["Accept-Encoding"]);
    assert_eq!(site.store.total_calls(), 0);
    browser.post("/logout").await.expect(200).is_private();
}

/// However many layers a request opened, each header for caches is there once, with what the handler said of `Vary`.
pub async fn b62_the_headers_for_caches_stand_once_however_many_layers(world: &World) {
    let site = world.site().await;
    let mut browser = site.logged_in("alice").await;
    for status in [401, 200] {
        let response = browser.get("/staff/both").await;
        response.expect(status).without_cookie().is_private();
        let merged = response.values("vary").join(",").contains("Accept-Encoding");
        assert_eq!(merged, status == 200, "{response:?}");
        browser.send(Request::login("/staff/login/in", "root", PASSWORD)).await.expect(200).is_private();
    }
    assert_eq!(browser.get("/staff/both").await.json(), json!({ "staff": "root", "customer": "alice" }));
    site.store.go_down();
    assert_unavailable(&browser.get("/staff/both").await);
}

/// With the store down a cookie opens nothing and is not called wrong either; what needs no session goes on.
pub async fn b63_a_store_that_is_down_is_a_503(world: &World) {
    let site = world.site().await;
    let mut browser = site.logged_in("alice").await;
    let mut visitor = site.browser();
    visitor.get("/session/write/cart/full").await.expect(200);
    site.store.go_down();
    for target in OPENING {
        assert_unavailable(&browser.get(target).await);
        assert_unavailable(&visitor.get(target).await);
    }
    for target in ["/session/add/count", "/session/renew", "/session/write-then/fail", "/session/clear"] {
        assert_unavailable(&browser.post(target).await);
    }
    assert_unavailable(&browser.send(alice_logs_in()).await);
    assert_unavailable(&site.browser().send(alice_logs_in()).await);
    site.store.reset_calls();
    browser.get("/public").await.expect(200).without_cookie();
    site.browser().get("/user").await.expect_error(401, "login_required");
    site.browser().with_cookie(LOGIN, "garbage").get("/user").await.expect_error(401, "login_required");
    assert_eq!(site.store.total_calls(), 0);

    site.store.come_up();
    assert!(browser.is_logged_in().await);
    assert_eq!(read(&mut visitor, "cart").await, "full");
    assert!(world.events.ends().is_empty());
}

/// A store that never answers is down after the time limit.
pub async fn b63_a_store_that_never_answers_is_a_503(world: &World) {
    let setup = Setup { store_timeout: Duration::from_millis(20), ..Setup::default() };
    let (site, healthy) = (world.site_with(setup).await, world.site().await);
    let mut browser = healthy.logged_in("alice").await.at(site.addr);
    let _never_opened =
        [Method::Load, Method::RevokeSubject, Method::Epoch].map(|method| site.store.hold(method));
    assert_unavailable(&browser.get("/user").await);
    assert_unavailable(&browser.post("/logout").await);
    assert_unavailable(&site.browser().send(alice_logs_in()).await);
    browser.get("/public").await.expect(200);
    assert!(browser.at(healthy.addr).is_logged_in().await);
}

/// A browser that navigates reads a page in the place of the JSON, with the same headers, and programs go on reading that.
pub async fn b63_people_read_a_page_while_the_store_is_down(world: &World) {
    let site = world.site().await;
    let mut browser = site.logged_in("alice").await;
    site.store.go_down();
    let get = Request::get;
    for request in [
        get("/user"),
        get("/subject"),
        get("/guarded"),
        get("/maybe/user"),
        get("/login/who"),
        Request::post("/logout"),
    ] {
        assert_unavailable(&browser.send(request.clone()).await);
        let page = browser.send(request.header("accept", "text/html,*/*;q=0.8")).await;
        page.expect(503).without_cookie();
        assert!(page.text().starts_with("<!doctype html>"), "{page:?}");
        assert_eq!(page.values("content-type"), ["text/html; charset=utf-8"]);
        assert_eq!((page.values("retry-after"), page.values("cache-control")), (vec!["5"], vec!["no-store"]));
    }
    site.store.come_up();
    assert!(browser.is_logged_in().await);
}

/// So does one who is refused only when the answer is on its way: programs and htmx read JSON, and nothing is left of what
/// the handler has answered.
pub async fn b63_people_read_a_page_when_the_commit_is_refused(world: &World) {
    let policy = SessionPolicy::default().limit(NonZeroU32::MIN, WhenReached::Refuse);
    let site = world.site_with(Setup { policy, ..Setup::default() }).await;
    let mut browser = site.logged_in("alice").await;
    assert!(browser.is_logged_in().await, "a login that is never used would give way to the next");
    let away = [
        (Request::get("/session/write/cart/full"), Method::Update),
        (Request::post("/session/write-then/redirect"), Method::Update),
        (Request::post("/session/renew"), Method::Replace),
        (Request::post("/login/out"), Method::RevokeSubject),
        (Request::post("/login/out-then/ok"), Method::RevokeSubject),
    ];
    for (request, method) in away {
        site.store.fail(method, Times::UntilCleared);
        assert_refused_alike(&browser, request, (503, "store_unavailable")).await;
        site.store.clear();
    }
    assert_refused_alike(&site.browser(), alice_logs_in(), (409, "session_limit")).await;
    assert!(browser.is_logged_in().await);
}

/// Sends it as a program, as htmx and as a browser: the refusals differ in the body and what describes it.
async fn assert_refused_alike(browser: &Browser, request: Request, (status, code): (u16, &str)) {
    let page = request.clone().header("accept", "text/html,*/*;q=0.8");
    let htmx = page.clone().header("hx-request", "true");
    let script = page.clone().header("sec-fetch-mode", "cors").header("sec-fetch-site", "same-origin");
    let page = browser.clone().send(page).await;
    page.expect(status).without_cookie();
    assert!(page.text().starts_with("<!doctype html>"), "{page:?}");
    assert_eq!(page.values("content-type"), ["text/html; charset=utf-8"]);
    assert_eq!(page.values("x-content-type-options"), ["nosniff"]);
    for request in [request, htmx, script] {
        let json = browser.clone().send(request).await;
        json.expect_error(status, code).without_cookie();
        for name in ["cache-control", "retry-after", "www-authenticate", "location", "vary"] {
            assert_eq!(page.values(name), json.values(name), "{name}");
        }
    }
}

/// A logout that the store did not carry out is no success, and the next one is.
pub async fn b64_a_logout_that_fails_says_so(world: &World) {
    let site = world.site().await;
    for target in ["/logout", "/post-logout", "/login/out", "/login/out-then/ok", "/login/everywhere"] {
        world.events.clear();
        let mut browser = site.logged_in("alice").await;
        for kind in [StoreErrorKind::Unavailable, StoreErrorKind::Timeout] {
            site.store.inject(Method::RevokeSubject, Fault::Fail(kind), Times::Next(1));
            assert_unavailable(&browser.post(target).await);
            assert!(browser.is_logged_in().await, "{target}");
        }
        assert!(world.events.ends().is_empty());
        assert_eq!(log_out(&mut browser).await, 1);
        assert_empty(world).await;
        assert_eq!(world.events.ends(), [EndReason::LoggedOut]);
    }
}

/// A logout that was carried out and whose confirmation was lost is no success either; the retry logs out for sure.
pub async fn b65_a_logout_whose_answer_is_lost_can_be_repeated(world: &World) {
    let site = world.site().await;
    for target in ["/logout", "/login/out", "/login/everywhere"] {
        let mut browser = site.logged_in("alice").await;
        let token = browser.token();
        site.store.lose_answer(Method::RevokeSubject, Times::Next(1));
        assert_unavailable(&browser.post(target).await);
        let response = browser.post("/logout").await;
        assert!(response.sessions_ended() <= 1);
        response.removes(&[LOGIN]);
        assert_refused(&site, &token).await;
        assert_empty(world).await;
    }
}

/// A login that could not be created sets no cookie and leaves nothing; nor does a visitor's session.
pub async fn b66_a_login_that_fails_sets_nothing(world: &World) {
    let site = world.site().await;
    for method in [Method::Epoch, Method::Create] {
        let mut browser = site.browser();
        site.store.fail(method, Times::Next(1));
        assert_unavailable(&browser.send(alice_logs_in()).await);
        assert!(browser.jar().holds_no_session());
        assert_empty(world).await;
    }
    site.store.fail(Method::Create, Times::Next(1));
    assert_unavailable(&site.browser().post("/session/write/cart/full").await);
    assert_empty(world).await;

    let mut browser = site.logged_in("alice").await;
    site.store.fail(Method::Replace, Times::Next(1));
    assert_unavailable(&browser.send(alice_logs_in()).await);
    assert!(browser.is_logged_in().await, "the old session is untouched");
    assert_eq!(world.events.of(EventKind::LoginSucceeded).len(), 1);
}

/// A login that fails after the visitor's session was to be taken over leaves the visitor as it was.
pub async fn b66_a_failed_login_keeps_the_visitor(world: &World) {
    let site = world.site().await;
    let mut browser = site.browser();
    browser.get("/session/write/cart/full").await.expect(200);
    for method in [Method::Create, Method::Take] {
        site.store.fail(method, Times::Next(1));
        assert_unavailable(&browser.send(alice_logs_in()).await);
        assert_eq!(read(&mut browser, "cart").await, "full");
        assert!(world.store.logins(site.shop.realm()).await.is_empty(), "{method:?}");
    }
    browser.log_in("alice").await;
    assert_eq!(read(&mut browser, "cart").await, "full");
}

/// A use that could not be noted is served all the same, and the log warns of it.
pub async fn b67_a_touch_that_fails_is_only_logged(world: &World) {
    let site = world.site().await;
    let mut browser = site.logged_in("alice").await;
    world.clock.advance(2 * MINUTE);
    site.store.fail(Method::Touch, Times::Next(1));
    browser.get("/user").await.expect(200).without_cookie();
    assert_eq!(site.store.calls(Method::Touch), 1);
    assert!(world.logs.tell(Level::WARN, &["the use of a session was not noted", "told to fail"]));
    assert!(world.events.of(EventKind::Touched).is_empty());
    assert!(browser.is_logged_in().await);
    assert_eq!(world.events.of(EventKind::Touched).len(), 1, "the next use is noted");
}

/// A record that does not decode is never read as anything less, and can be logged out of and logged in over.
pub async fn b69_a_damaged_record_fails_closed(world: &World) {
    let damage = |site: &Site| {
        site.store.inject(Method::Load, Fault::Fail(StoreErrorKind::Undecodable), Times::UntilCleared);
    };
    let site = world.site().await;
    let mut browser = site.logged_in("alice").await;
    let token = browser.token();
    damage(&site);
    for target in OPENING.into_iter().filter(|target| *target != "/login/who") {
        assert_unavailable(&browser.get(target).await);
    }
    assert_unavailable(&browser.post("/session/write/cart/full").await);
    let who = browser.get("/login/who").await;
    assert!(who.status() == 503 || who.json()["username"].is_null(), "{who:?}");
    browser.post("/logout").await.expect(200).removes(&[LOGIN]);
    site.store.clear();
    assert_refused(&site, &token).await;
    assert_empty(world).await;
    assert!(world.logs.tell(Level::ERROR, &["a session does not decode"]));

    let mut browser = site.logged_in("alice").await;
    let old = browser.token();
    damage(&site);
    browser.send(alice_logs_in()).await.expect(200);
    site.store.clear();
    assert!(browser.is_logged_in().await);
    assert_refused(&site, &old).await;
    assert_eq!(world.store.rows().await.len(), 1);
}

/// A visitor's damaged record is no reason to lose it silently either.
pub async fn b69_a_damaged_visitor_fails_closed(world: &World) {
    let site = world.site().await;
    let mut browser = site.browser();
    browser.get("/session/write/cart/full").await.expect(200);
    let undecodable = || Fault::Fail(StoreErrorKind::Undecodable);
    site.store.inject(Method::Load, undecodable(), Times::Next(3));
    for target in ["/session/read/cart", "/user", "/session/add/count"] {
        assert_unavailable(&browser.get(target).await);
    }
    assert_eq!(read(&mut browser, "cart").await, "full");
    site.store.inject(Method::Load, undecodable(), Times::Next(1));
    browser.send(alice_logs_in()).await.expect(200);
    assert!(browser.jar().get(VISITOR).is_none() && browser.is_logged_in().await);
    assert_eq!(world.store.rows().await.len(), 1);
}

/// Nothing is sent to the store twice by the library itself: a change whose confirmation was lost is applied once.
pub async fn b86_a_change_whose_answer_is_lost_is_applied_once(world: &World) {
    let site = world.site().await;
    let mut browser = site.logged_in("alice").await;
    browser.get("/session/add/count").await.expect(200);
    site.store.reset_calls();
    site.store.lose_answer(Method::Update, Times::Next(1));
    assert_unavailable(&browser.get("/session/add/count").await);
    assert_eq!(site.store.calls(Method::Update), 1);
    assert_eq!(read(&mut browser, "count").await, 2);

    site.store.reset_calls();
    site.store.lose_answer(Method::RevokeSubject, Times::Next(1));
    assert_unavailable(&browser.post("/logout").await);
    assert_eq!(site.store.calls(Method::RevokeSubject), 1);
    assert_eq!(log_out(&mut browser).await, 0);
    assert_empty(world).await;
}

/// A store that is full takes no login and every logout.
pub async fn b79_a_full_store_takes_no_login_and_every_logout(world: &World) {
    let site = world.site().await;
    let [mut one, mut two, mut three] =
        [site.logged_in("alice").await, site.logged_in("alice").await, site.logged_in("alice").await];
    for method in [Method::Create, Method::Replace, Method::Update, Method::Touch] {
        site.store.fail(method, Times::UntilCleared);
    }
    assert_unavailable(&site.browser().send(alice_logs_in()).await);
    assert_unavailable(&one.post("/session/write/cart/full").await);
    assert!(one.is_logged_in().await, "what is there goes on");
    assert_eq!(log_out(&mut one).await, 1);
    assert_eq!(two.post("/login/everywhere").await.sessions_ended(), 2);
    assert!(!three.is_logged_in().await);
    assert_empty(world).await;
}
