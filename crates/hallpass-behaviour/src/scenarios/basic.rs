use super::common::*;
use crate::client::Request;
use crate::fixture::{LOGIN_PAGE, World};
use hallpass_core::{EndReason, EventKind, OsRandom, SessionToken, Shard};
use std::collections::BTreeSet;

/// Headers of a browser that follows a link of the same site.
const NAVIGATION: [(&str, &str); 4] = [
    ("accept", "text/html,*/*;q=0.8"),
    ("sec-fetch-site", "same-origin"),
    ("sec-fetch-mode", "navigate"),
    ("sec-fetch-dest", "document"),
];

/// Nobody is let in without a login, whichever way a route asks for one, and the attempt sets nothing.
pub async fn b01_a_visitor_is_refused(world: &World) {
    let site = world.site().await;
    for target in ["/user", "/subject", "/recent", "/guarded"] {
        let mut browser = site.browser();
        browser.get(target).await.expect_error(401, "login_required").without_cookie().is_private();
        let response = browser.send(Request::get(target).headers(&NAVIGATION)).await;
        response.expect(303).without_cookie().is_private();
        assert_eq!(response.values("location"), [format!("{LOGIN_PAGE}?next={target}")]);
    }
    for target in ["/maybe/user", "/maybe/subject", "/maybe/recent", "/maybe/session"] {
        let response = site.browser().get(target).await;
        assert_eq!(response.expect(200).without_cookie().json()["found"], false, "{target}");
    }
    assert_eq!(site.store.total_calls(), 0, "without a token there is nothing to ask for");
}

/// The right password sets the login cookie and nothing else, and with it every protected route lets in.
pub async fn b02_a_login_sets_one_cookie_and_lets_in(world: &World) {
    let site = world.site().await;
    let mut browser = site.browser();
    let response = browser.send(alice_logs_in()).await;
    response.expect(200).is_private();
    let cookie = response.only_cookie(LOGIN);
    assert_eq!(browser.token(), cookie.value);
    for target in ["/user", "/subject", "/recent", "/guarded"] {
        browser.get(target).await.expect(200).without_cookie().is_private();
    }
    assert_eq!(browser.get("/user").await.json()["username"], "alice");
    assert_eq!(browser.get("/subject").await.json()["subject"], ALICE.to_string());
    for target in ["/maybe/user", "/maybe/subject", "/maybe/recent", "/maybe/session"] {
        assert_eq!(browser.get(target).await.expect(200).json()["found"], true, "{target}");
    }
    assert_eq!(world.store.logins(site.shop.realm()).await.len(), 1);
    assert_eq!(kinds(world), [EventKind::LoginSucceeded]);
}

/// A logout says that it ended one session, removes the cookie, and then nothing lets in.
pub async fn b03_a_logout_removes_the_cookie_and_locks_out(world: &World) {
    let site = world.site().await;
    for target in ["/logout", "/post-logout", "/login/out"] {
        let mut browser = site.logged_in("alice").await;
        let response = browser.post(target).await;
        assert_eq!(response.sessions_ended(), 1, "{target}");
        response.removes(&[LOGIN]).is_private();
        assert!(browser.jar().holds_no_session() && !browser.is_logged_in().await, "{target}");
        assert_empty(world).await;
    }
    let mut browser = site.logged_in("alice").await;
    let response = browser.send(Request::post("/logout").headers(&NAVIGATION)).await;
    response.expect(303).removes(&[LOGIN]).is_private();
    assert_eq!(response.values("location"), ["/"]);
    assert_eq!(world.events.ends(), [EndReason::LoggedOut; 4]);
}

/// A cookie that was saved before the logout opens nothing after it, and the answer does not touch it.
pub async fn b04_a_saved_cookie_is_dead_after_logout(world: &World) {
    let site = world.site().await;
    let mut browser = site.logged_in("alice").await;
    let saved = browser.token();
    assert_eq!(log_out(&mut browser).await, 1);
    assert_refused(&site, &saved).await;
    assert_empty(world).await;
}

/// Where a link may log out, the user's own click on it does.
pub async fn b05_a_link_of_the_same_site_logs_out(world: &World) {
    let site = world.site().await;
    let mut browser = site.logged_in("alice").await;
    let saved = browser.token();
    let response = browser.send(Request::get("/logout").headers(&NAVIGATION)).await;
    response.expect(303).removes(&[LOGIN]).is_private();
    assert_refused(&site, &saved).await;

    let mut browser = site.logged_in("alice").await;
    let script = [("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")];
    assert_eq!(browser.send(Request::get("/logout").headers(&script)).await.sessions_ended(), 1);
    assert_empty(world).await;
}

/// Every login is a new one: no id comes twice.
pub async fn b06_every_login_has_an_id_of_its_own(world: &World) {
    let site = world.site().await;
    let mut browser = site.browser();
    let mut tokens = BTreeSet::new();
    for round in 1..=5 {
        browser.log_in("alice").await;
        assert!(browser.is_logged_in().await);
        tokens.insert(browser.token());
        assert_eq!(tokens.len(), round);
        assert_eq!(log_out(&mut browser).await, 1);
    }
    for token in &tokens {
        assert_refused(&site, token).await;
    }
}

/// Logging out without a session succeeds just the same, makes no row, and clears away whatever cookie was there.
pub async fn b07_a_logout_without_a_session_succeeds(world: &World) {
    let site = world.site().await;
    let response = site.browser().post("/logout").await;
    assert_eq!(response.sessions_ended(), 0);
    response.without_cookie().is_private();

    let unknown = SessionToken::random(Shard(7), &OsRandom).expect("random bytes").encode();
    let mut expired = site.logged_in("alice").await;
    world.clock.advance(HOUR);
    let written = world.store.keys();
    for value in ["garbage", "", &unknown, &expired.token()] {
        let mut browser = site.browser().with_cookie(LOGIN, value);
        let response = browser.post("/logout").await;
        assert_eq!(response.sessions_ended(), 0, "{value}");
        response.removes(&[LOGIN]).is_private();
    }
    assert_eq!(log_out(&mut expired).await, 0);
    assert_eq!(world.store.keys(), written, "nothing was created");
    assert_empty(world).await;
    assert_eq!(world.events.ends(), [EndReason::IdleTimeout]);
}

/// Two logins in one browser leave one session: the first id is dead at once, and the logout ends the second.
pub async fn b08_a_second_login_takes_the_place_of_the_first(world: &World) {
    let site = world.site().await;
    for second in ["alice", "bob"] {
        let mut browser = site.logged_in("alice").await;
        let first = browser.token();
        browser.log_in(second).await;
        assert_ne!(browser.token(), first);
        assert_refused(&site, &first).await;
        assert_eq!(browser.get("/user").await.expect(200).json()["username"], second);
        assert_eq!(world.store.rows().await.len(), 1);

        let last = browser.token();
        assert_eq!(log_out(&mut browser).await, 1);
        assert_refused(&site, &first).await;
        assert_refused(&site, &last).await;
        assert_empty(world).await;
    }
}
