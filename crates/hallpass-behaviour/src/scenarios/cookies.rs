//! What goes out in `Set-Cookie`, and what comes in as `Cookie`.

use super::common::*;
use crate::client::{Request, Wire};
use crate::fixture::{PASSWORD, Setup, Site, World};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hallpass_core::SessionPolicy;
use serde_json::json;

/// The login cookie has every protection a browser offers, ends with the browser, and says nothing to who reads it.
pub async fn b27_the_login_cookie_is_protected_and_opaque(world: &World) {
    let site = world.site().await;
    let response = site.browser().send(alice_logs_in()).await;
    let cookie = response.expect(200).only_cookie(LOGIN);
    let line = format!("__Host-id={}; Path=/; Secure; HttpOnly; SameSite=Lax", cookie.value);
    assert_eq!(response.values("set-cookie")[0], line);
    assert!(response.device_cookie().is_some() && response.all_cookies().len() == 2);
    let bytes = URL_SAFE_NO_PAD.decode(&cookie.value).expect("the cookie's own alphabet");
    assert_eq!(bytes.len(), 34);
    let record = world.store.records().await.pop().expect("one row");
    let says = |secret: &[u8]| bytes.windows(secret.len()).any(|part| part == secret);
    assert!(!says(record.handle.as_bytes()) && !says(&record.key.as_bytes()[2..]) && !says(b"alice"));
}

/// The removal names the same cookie with the same attributes, empty and long past.
pub async fn b28_the_removal_matches_the_cookie(world: &World) {
    let site = world.site().await;
    let mut browser = site.logged_in("alice").await;
    let response = browser.post("/logout").await;
    let end = "Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
    let line = format!("__Host-id=; Path=/; Secure; HttpOnly; SameSite=Lax; {end}");
    assert_eq!(response.expect(200).values("set-cookie"), [line]);

    let mut visitor = site.browser();
    visitor.get("/session/write/cart/full").await.expect(200);
    let response = visitor.post("/logout").await;
    let line = format!("__Host-id-anon=; Path=/; Secure; HttpOnly; SameSite=Lax; {end}");
    assert_eq!(response.expect(200).values("set-cookie"), [line]);
}

/// Only a remembered login's cookie outlives the browser, for what is left of its absolute limit and 400 days at most.
pub async fn b29_max_age_is_what_is_left_of_a_remembered_login(world: &World) {
    let site = world.site().await;
    let remember = || {
        let form = json!({ "username": "alice", "password": PASSWORD, "remember": true });
        Request::post("/login/in").json(form)
    };
    let days = |days: u64| Some(days * DAY.as_secs());
    let mut browser = site.browser();
    assert_eq!(browser.send(remember()).await.only_cookie(LOGIN).max_age(), days(30));
    world.clock.advance(10 * DAY);
    browser.get("/user").await.expect(200).without_cookie();
    assert_eq!(browser.get("/session/renew").await.only_cookie(LOGIN).max_age(), days(20));
    let again = Request::login("/login/reauthenticate", "alice", PASSWORD);
    assert_eq!(browser.send(again).await.only_cookie(LOGIN).max_age(), days(30));

    let mut passing = site.logged_in("alice").await;
    assert_eq!(passing.get("/session/renew").await.only_cookie(LOGIN).max_age(), None);
    let mut visitor = site.browser();
    assert_eq!(visitor.get("/session/write/cart/full").await.only_cookie(VISITOR).max_age(), None);

    let policy = SessionPolicy::default().remembered(100 * DAY, 1000 * DAY);
    let eternal = world.site_with(Setup { policy, ..Setup::default() }).await;
    assert_eq!(eternal.browser().send(remember()).await.only_cookie(LOGIN).max_age(), days(400));
}

/// Cookies that no browser sends are refused or seen as none: never an error of the server, and the store is not asked.
pub async fn b30_hostile_cookies_are_refused_without_the_store(world: &World) {
    let site = world.site().await;
    let token = site.logged_in("alice").await.token();
    site.store.reset_calls();
    let absent: Vec<Vec<u8>> = vec![
        format!("__Host-id={}", "A".repeat(8 * 1024)).into(),
        format!("__Host-id={}", "A".repeat(60 * 1024)).into(),
        format!("__Host-id={}", &token[..45]).into(),
        format!("__Host-id={token}A").into(),
        format!("__Host-id={token}=").into(),
        format!("__Host-id=\"{token}\"").into(),
        format!("__Host-id=%{token}").into(),
        [b"__Host-id=".as_slice(), &[0xff, 0xfe, 0x80].repeat(20)].concat(),
        [b"__Host-id=\xc3\x28".as_slice(), &token.as_bytes()[2..]].concat(),
        b"__Host-id".to_vec(),
        b"__Host-id=".to_vec(),
        b"=; =;;;; ;=__Host-id;".to_vec(),
        ";".repeat(900).into(),
    ];
    for line in &absent {
        for request in [Request::get("/user"), Request::get("/subject")] {
            let response = raw(&site, request.header("cookie", line)).await;
            response.expect_error(401, "login_required").without_cookie();
        }
        assert_eq!(raw(&site, Request::post("/logout").header("cookie", line)).await.sessions_ended(), 0);
    }
    let too_long = [
        "a=b; ".repeat(5000),
        format!("a={}", "A".repeat(70 * 1024)),
        format!("__Host-id={token}; {}", "a=b; ".repeat(2000)),
    ];
    for line in &too_long {
        for request in [Request::get("/user"), Request::post("/logout"), alice_logs_in()] {
            let response = raw(&site, request.header("cookie", line)).await;
            response.expect_error(431, "cookies_too_long").without_cookie();
        }
    }
    assert_eq!(site.store.total_calls(), 0);
    assert_refused_by_the_server(&site, &token).await;
    assert_eq!(site.store.total_calls(), 0);
    assert!(site.browser().with_cookie(LOGIN, &token).is_logged_in().await);
}

/// Bytes that HTTP itself forbids, and more header lines than a server takes.
async fn assert_refused_by_the_server(site: &Site, token: &str) {
    let with_nul =
        [b"__Host-id=".as_slice(), &token.as_bytes()[..20], b"\0", &token.as_bytes()[20..]].concat();
    for target in ["/user", "/logout"] {
        let response = raw(site, Request::post(target).header("cookie", &with_nul)).await;
        assert!((400..500).contains(&response.status()), "{response:?}");
        response.without_cookie();
        let many = (0..5000).fold(Request::post(target), |request, n| request.cookie(&format!("c{n}"), "x"));
        let response = raw(site, many).await;
        assert!((400..500).contains(&response.status()), "{response:?}");
        response.without_cookie();
    }
}

async fn raw(site: &Site, request: Request) -> crate::client::Response {
    site.browser().wire(request).await.response().await
}

/// A cookie is sent when something about it changed, and never besides.
pub async fn b31_a_cookie_is_sent_only_when_it_changed(world: &World) {
    let site = world.site().await;
    let mut visitor = site.browser();
    visitor.get("/session/read/cart").await.expect(200).without_cookie();
    visitor.get("/session/clear").await.expect(200).without_cookie();
    visitor.get("/session/remove/cart").await.expect(200).without_cookie();
    visitor.get("/session/renew").await.expect(200).without_cookie();
    assert_empty(world).await;
    visitor.get("/session/write/cart/full").await.only_cookie(VISITOR);
    visitor.get("/session/write/cart/fuller").await.expect(200).without_cookie();

    let mut browser = site.logged_in("alice").await;
    for target in ["/user", "/session/read/cart", "/session/write/cart/full", "/session/clear", "/login/who"]
    {
        browser.get(target).await.expect(200).without_cookie();
        world.clock.advance(2 * MINUTE);
    }
    browser.send(Request::login("/login/in", "alice", "wrong")).await.expect(401).without_cookie();
    browser.post("/login/others").await.expect(200).without_cookie();
    browser.get("/public").await.expect(200).without_cookie();
    assert!(browser.is_logged_in().await);
}

/// However a handler answers, the cookie and what keeps caches away go out with it.
pub async fn b32_cookies_survive_every_answer(world: &World) {
    let site = world.site().await;
    let kinds = [
        ("ok", 200),
        ("cacheable", 200),
        ("redirect", 303),
        ("not-modified", 304),
        ("bad-request", 400),
        ("fail", 500),
        ("error", 500),
    ];
    for (kind, status) in kinds {
        let mut browser = site.browser();
        let response = browser.get(&format!("/session/write-then/{kind}")).await;
        response.expect(status).is_private().only_cookie(VISITOR);
        assert_eq!(read(&mut browser, "exit").await, kind);

        let login = Request::login(&format!("/login/in-then/{kind}"), "alice", PASSWORD);
        browser.send(login).await.expect(status).is_private();
        assert!(browser.is_logged_in().await, "{kind}");
        let response = browser.get(&format!("/session/read-then/{kind}")).await;
        response.expect(status).is_private().without_cookie();
        let response = browser.post(&format!("/login/out-then/{kind}")).await;
        response.expect(status).is_private().removes(&[LOGIN]);
    }
    assert_empty(world).await;
}

/// A body that is still being sent: the head has the cookie, and what is set after it is refused and not kept.
pub async fn b32_a_streamed_answer_has_its_cookie(world: &World) {
    let site = world.site().await;
    for name in [VISITOR, LOGIN] {
        let mut browser = site.browser();
        if name == LOGIN {
            browser.log_in("alice").await;
        }
        let hold = world.holds.hold("body");
        let streamed = browser.start(Request::get("/session/stream/body"));
        hold.arrived().await;
        hold.release();
        let response = streamed.response().await;
        response.expect(200).is_private();
        assert_eq!(response.cookies().len(), usize::from(name == VISITOR));
        browser.apply(&response);
        assert_eq!(response.text(), "before: Ok(())\nlate: Err(Committed)\n");
        assert_eq!(read(&mut browser, "before").await, true);
        assert!(read(&mut browser, "late").await.is_null());
    }
}

/// A `Cookie` header that was split over several lines, as HTTP/2 allows, is read whole.
pub async fn b33_a_split_cookie_header_is_read_whole(world: &World) {
    let site = world.site().await;
    let token = site.logged_in("alice").await.token();
    for place in 0..3 {
        let lines = (0..3)
            .map(|line| if line == place { format!("__Host-id={token}") } else { format!("c{line}=x; d=y") });
        let request = lines.fold(Request::get("/user"), |request, line| request.header("cookie", line));
        raw(&site, request).await.expect(200);
    }
    let lower = format!(
        "GET /user HTTP/1.1\r\nHost: x\r\nCOOKIE: a=b\r\ncookie:__Host-id={token}\r\nConnection: close\r\n\r\n"
    );
    Wire::send(site.addr, lower.as_bytes()).await.response().await.expect(200);
}
