//! New ids, and ids that are not to be trusted.

use super::common::*;
use crate::client::Request;
use crate::fixture::{PASSWORD, World};
use hallpass_core::{EndReason, EventKind, OsRandom, SessionToken, Shard};
use hallpass_testkit::Method;

/// A login gives a visitor a new id and keeps the visitor's values; the old id opens nothing and its row is gone.
pub async fn b21_a_login_renews_a_visitor(world: &World) {
    let site = world.site().await;
    let mut browser = site.browser();
    let visitor = browser.get("/session/write/cart/full").await.only_cookie(VISITOR).value;
    let response = browser.send(alice_logs_in()).await;
    let cookies = response.expect(200).cookies();
    let names: Vec<_> = cookies.iter().map(|cookie| (cookie.name.as_str(), cookie.is_removal())).collect();
    assert_eq!(names, [(LOGIN, false), (VISITOR, true)]);
    assert_ne!(browser.token(), visitor);
    assert_eq!(read(&mut browser, "cart").await, "full");
    assert_eq!(world.store.rows().await.len(), 1);

    for name in [VISITOR, LOGIN] {
        let mut thief = site.browser().with_cookie(name, &visitor);
        assert!(read(&mut thief, "cart").await.is_null());
        assert!(!thief.is_logged_in().await);
    }
    assert_eq!(world.events.ends(), [EndReason::Superseded]);
}

/// What another request of the visitor writes while the login takes the session over is not lost.
pub async fn b21_a_visitors_last_write_reaches_the_login(world: &World) {
    let site = world.site().await;
    let mut browser = site.browser();
    browser.get("/session/write/cart/full").await.expect(200);
    let gate = site.store.hold(Method::Take);
    let login = browser.start(alice_logs_in());
    gate.arrived().await;
    browser.get("/session/write/coupon/spring").await.expect(200).without_cookie();
    gate.open();
    browser.apply(login.response().await.expect(200));
    assert_eq!(read(&mut browser, "cart").await, "full");
    assert_eq!(read(&mut browser, "coupon").await, "spring");
    assert_eq!(world.store.rows().await.len(), 1);
}

/// A well-formed id that the server never issued is neither adopted nor echoed nor stored.
pub async fn b22_an_id_from_outside_is_never_adopted(world: &World) {
    let site = world.site().await;
    let token = SessionToken::random(Shard(7), &OsRandom).expect("random bytes");
    let planted = token.encode().to_string();
    let mut browser = site.browser().with_cookie(LOGIN, &planted).with_cookie(VISITOR, &planted);
    let requests = [
        Request::get("/user"),
        Request::get("/session/who"),
        Request::get("/session/renew"),
        Request::post("/session/write/cart/full"),
        Request::login("/login/in", "alice", "wrong"),
        alice_logs_in(),
    ];
    for request in requests {
        let response = browser.send(request).await;
        assert!(response.status() < 500 && !response.transcript().contains(&planted), "{response:?}");
    }
    assert_ne!(browser.token(), planted);
    assert_ne!(browser.jar().get(VISITOR), Some(planted.as_str()));
    let key = token.key(site.shop.realm());
    assert!(!world.store.keys().contains(&key));
    assert_refused(&site, &planted).await;
}

/// A login over somebody else's planted session ends that one and shows nothing of it.
pub async fn b23_a_planted_session_is_ended_by_the_login(world: &World) {
    let site = world.site().await;
    let mut attacker = site.logged_in("bob").await;
    attacker.get("/session/write/note/hello").await.expect(200);
    let planted = attacker.token();

    let mut victim = site.browser().with_cookie(LOGIN, &planted);
    victim.send(alice_logs_in()).await.expect(200);
    assert_ne!(victim.token(), planted);
    assert_eq!(victim.get("/user").await.json()["username"], "alice");
    assert!(read(&mut victim, "note").await.is_null());
    assert_refused(&site, &planted).await;
    assert_eq!(world.store.rows().await.len(), 1);
    let [ended] = world.events.of(EventKind::Ended).try_into().expect("one end");
    assert_eq!((ended.reason, ended.subject.as_deref()), (Some(EndReason::Superseded), Some("7")));
}

/// Somebody else's values are not carried over either when the handler sets one before it logs in.
pub async fn b23_values_set_before_a_login_over_a_login_are_dropped(world: &World) {
    let site = world.site().await;
    let mut browser = site.logged_in("bob").await;
    browser.get("/session/write/note/hello").await.expect(200);
    let switch = Request::login("/login/write-in/late/word", "alice", PASSWORD);
    browser.send(switch).await.expect(200);
    assert!(read(&mut browser, "note").await.is_null());
    assert!(read(&mut browser, "late").await.is_null());
}

/// Showing the password again gives a new id and a fresh time of authentication; the old id is dead.
pub async fn b24_a_reauthentication_renews_the_session(world: &World) {
    let site = world.site().await;
    let mut browser = site.logged_in("alice").await;
    browser.get("/session/write/cart/full").await.expect(200);
    let before = browser.get("/session/who").await.json();
    let old = browser.token();
    world.clock.advance(10 * MINUTE);

    let wrong = Request::login("/login/reauthenticate", "alice", "wrong");
    browser.send(wrong).await.expect_error(401, "invalid_credentials").without_cookie();
    let somebody_else = Request::login("/login/reauthenticate", "bob", PASSWORD);
    browser.send(somebody_else).await.expect_error(401, "invalid_credentials").without_cookie();
    assert!(browser.is_logged_in().await);

    let again = Request::login("/login/reauthenticate", "alice", PASSWORD);
    let new = browser.send(again).await.only_cookie(LOGIN).value;
    assert_ne!(new, old);
    assert_refused(&site, &old).await;
    let after = browser.get("/session/who").await.json();
    assert_eq!(after["handle"], before["handle"]);
    assert_eq!(after["created_at"], before["created_at"]);
    assert_eq!(after["authenticated_at"], world.now().as_millis());
    assert_eq!(after["expires_at"], (world.now() + 30 * MINUTE).as_millis());
    assert_eq!(read(&mut browser, "cart").await, "full");
    assert_eq!(world.store.rows().await.len(), 1);
    assert_eq!(world.events.of(EventKind::Reauthenticated).len(), 1);
    assert!(world.events.ends().is_empty());
}

/// A renewal that a handler asks for keeps session and deadlines, and the old id is dead.
pub async fn b24_a_renewal_keeps_the_session(world: &World) {
    let site = world.site().await;
    let mut browser = site.logged_in("alice").await;
    let old = browser.token();
    let before = world.store.records().await;
    world.clock.advance(10 * MINUTE);
    let new = browser.get("/session/renew").await.only_cookie(LOGIN).value;
    assert_ne!(new, old);
    assert_refused(&site, &old).await;
    let after = world.store.records().await;
    let [before, after] = [&before, &after].map(|records| records.first().expect("one row").clone());
    assert_eq!((after.handle, after.absolute_until), (before.handle, before.absolute_until));
    assert_eq!(after.identity, before.identity);
}

/// An id anywhere but in its cookie is nothing.
pub async fn b25_an_id_outside_of_its_cookie_is_ignored(world: &World) {
    let site = world.site().await;
    let token = site.logged_in("alice").await.token();
    site.store.reset_calls();
    let form = format!("__Host-id={token}&id={token}");
    let requests = [
        Request::get(&format!("/user?__Host-id={token}&id={token}&session={token}")),
        Request::post("/user").body("application/x-www-form-urlencoded", form.as_str()),
        Request::get(&format!("/user;__Host-id={token}")),
        Request::get("/user").header("authorization", format!("Bearer {token}")),
        Request::get("/user").header("authorization", format!("Session {token}")),
        Request::get("/user").header("__Host-id", &token),
        Request::get("/user").header("x-session-id", &token),
        Request::get("/user").header("cookie2", format!("__Host-id={token}")),
        Request::get("/user").header("set-cookie", format!("__Host-id={token}")),
        Request::get("/user").cookie(VISITOR, &token),
        Request::get("/user").cookie("id", &token),
        Request::get("/user").cookie("__host-id", &token),
        Request::get("/user").cookie("__Secure-id", &token),
    ];
    for request in requests {
        let response = site.browser().send(request.clone()).await;
        assert!([401, 404].contains(&response.status()), "{request:?} {response:?}");
        response.without_cookie();
    }
    assert_eq!(site.store.calls(Method::Load), 1, "only the visitor's cookie could have led somewhere");
}

/// The same cookie twice is one; different ones authenticate nobody, and a logout ends every one of them.
pub async fn b26_several_cookies_of_one_name(world: &World) {
    let site = world.site().await;
    let (a, b) = (site.logged_in("alice").await.token(), site.logged_in("bob").await.token());
    let twice = Request::get("/user").header("cookie", format!("__Host-id={a}; x=y; __Host-id={a}"));
    site.browser().send(twice).await.expect(200);
    let lines = Request::get("/user").cookie(LOGIN, &a).cookie(LOGIN, &a);
    site.browser().send(lines).await.expect(200);

    site.store.reset_calls();
    for (first, second) in [(&a, &b), (&b, &a), (&a, &"junk".to_owned()), (&"junk".to_owned(), &a)] {
        let both = format!("__Host-id={first}; __Host-id={second}");
        let response = site.browser().send(Request::get("/user").header("cookie", &both)).await;
        response.expect_error(401, "login_required").without_cookie();
        let lines = Request::get("/subject").cookie(LOGIN, first).cookie(LOGIN, second);
        site.browser().send(lines).await.expect_error(401, "login_required").without_cookie();
    }
    assert_eq!(site.store.total_calls(), 0);

    let both = format!("__Host-id={a}; __Host-id={b}; __Host-id=junk");
    let response = site.browser().send(Request::post("/logout").header("cookie", both)).await;
    assert_eq!(response.sessions_ended(), 2);
    response.removes(&[LOGIN]);
    for token in [a, b] {
        assert_refused(&site, &token).await;
    }
    assert_empty(world).await;
}
