//! Clients that are no browsers, and who stands between.

use super::common::*;
use crate::client::{Browser, INVALID_TOKEN, Request, Response};
use crate::fixture::{PASSWORD, Setup, Site, World};
use hallpass_core::{EndReason, TrustedProxies};
use hallpass_testkit::Method;
use serde_json::json;

type Headers<'a> = &'a [(&'a str, &'a str)];

/// What a browser says of a request that another site made it send.
const CROSS_SITE: Headers<'static> =
    &[("origin", "https://evil.example"), ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")];

async fn bearer_site(world: &World) -> Site {
    world.site_with(Setup { bearer: true, ..Setup::default() }).await
}

/// A client that sends its token itself.
#[derive(Clone)]
struct Client<'a> {
    site: &'a Site,
    token: String,
}

impl<'a> Client<'a> {
    async fn log_in(site: &'a Site) -> Self {
        let mut client = Self { site, token: String::new() };
        let response = site.browser().send(Request::login("/login/in-for-bearer", "alice", PASSWORD)).await;
        client.take(&response);
        client
    }

    async fn send(&self, request: Request) -> Response {
        let response = self.site.browser().send(bearing(request, &self.token)).await;
        response.without_cookie();
        response
    }

    async fn is_logged_in(&self) -> bool {
        let response = self.send(Request::get("/user")).await;
        if response.status() != 200 {
            assert_invalid(&response);
        }
        response.status() == 200
    }

    /// Takes the token that an answer hands over.
    fn take(&mut self, response: &Response) {
        response.expect(200).without_cookie().is_private();
        assert!(varies_by_authorization(response), "{response:?}");
        self.token = response.json()["token"].as_str().expect("a token").to_owned();
    }
}

fn bearing(request: Request, token: &str) -> Request {
    request.header("authorization", format!("Bearer {token}"))
}

fn varies_by_authorization(response: &Response) -> bool {
    response
        .values("vary")
        .join(",")
        .to_ascii_lowercase()
        .split(',')
        .any(|field| field.trim() == "authorization")
}

/// Refused because the token opens nothing.
#[track_caller]
fn assert_invalid(response: &Response) {
    response.expect_error(401, "login_required").without_cookie().is_private();
    assert_eq!(response.values("www-authenticate"), ["Session", INVALID_TOKEN], "{response:?}");
    assert!(varies_by_authorization(response), "{response:?}");
}

/// A token comes in the answer to a login that asks for one, lets in by its header, and is dead after a logout. No cookie
/// is ever set, and nobody is sent to a login page.
pub async fn b80_a_bearer_token_lets_in_until_the_logout(world: &World) {
    let site = bearer_site(world).await;
    for logout in [Request::post("/logout"), Request::get("/logout"), Request::post("/login/out")] {
        let client = Client::log_in(&site).await;
        for target in ["/user", "/subject", "/guarded"] {
            let response = client.send(Request::get(target)).await;
            assert!(varies_by_authorization(response.expect(200).is_private()), "{response:?}");
        }
        client.send(Request::post("/session/write/color/red")).await.expect(200);
        let response = client.send(Request::get("/session/read/color")).await;
        assert_eq!(response.expect(200).json()["value"], "red");
        assert_eq!(client.send(logout.header("accept", "text/html")).await.sessions_ended(), 1);
        for target in ["/user", "/subject", "/guarded"] {
            assert_invalid(&client.send(Request::get(target).header("accept", "text/html")).await);
        }
        assert_eq!(client.send(Request::post("/logout")).await.sessions_ended(), 0);
    }
    assert_empty(world).await;
    assert_eq!(world.events.ends(), [EndReason::LoggedOut; 3]);
    let response = site.browser().get("/user").await;
    assert_eq!(response.expect(401).values("www-authenticate"), ["Session", "Bearer"]);
}

/// A bad token beside a good cookie: the cookie is not looked at, neither to let in nor to log out.
pub async fn b80_a_bad_bearer_beside_a_good_cookie_is_refused(world: &World) {
    let site = bearer_site(world).await;
    let mut browser = site.logged_in("alice").await;
    let dead = Client::log_in(&site).await;
    assert_eq!(dead.send(Request::post("/logout")).await.sessions_ended(), 1);
    let cookie = browser.token();
    for bad in [dead.token.as_str(), "", "x", cookie.as_str()] {
        for target in ["/user", "/subject", "/guarded"] {
            assert_invalid(&browser.send(bearing(Request::get(target), bad)).await);
        }
        let response = browser.send(bearing(Request::post("/logout"), bad)).await;
        assert_eq!(response.without_cookie().sessions_ended(), 0);
    }
    let basic = Request::get("/user").header("authorization", "Basic YTpi");
    browser.send(basic).await.expect(200);
    assert!(browser.is_logged_in().await);
}

/// A cookie's token as bearer and the reverse: 401, and the row is neither touched nor ended.
pub async fn b80_a_token_of_one_transport_is_nothing_in_the_other(world: &World) {
    let site = bearer_site(world).await;
    let (mut browser, client) = (site.logged_in("alice").await, Client::log_in(&site).await);
    let as_cookie = || site.browser().with_cookie(LOGIN, &client.token);
    let as_bearer = Client { token: browser.token(), ..client.clone() };
    world.clock.advance(2 * MINUTE);
    let rows = world.store.records().await;
    site.store.reset_calls();
    for target in ["/user", "/subject", "/guarded"] {
        as_cookie().get(target).await.expect_error(401, "login_required").without_cookie();
        assert_invalid(&as_bearer.send(Request::get(target)).await);
    }
    for method in Method::ALL {
        assert!(method == Method::Load || site.store.calls(method) == 0, "{method:?}");
    }
    assert_eq!(as_cookie().post("/logout").await.sessions_ended(), 0);
    assert_eq!(as_bearer.send(Request::post("/logout")).await.sessions_ended(), 0);
    assert_eq!(world.store.records().await, rows);
    assert!(browser.is_logged_in().await && client.is_logged_in().await);
}

/// Two tokens, or one beside another scheme: nobody is let in, and a logout ends each.
pub async fn b80_of_several_authorizations_none_lets_in(world: &World) {
    let site = bearer_site(world).await;
    let (one, other) = (Client::log_in(&site).await, Client::log_in(&site).await);
    let lines = [format!("Bearer {}", other.token), format!("bearer {}", one.token), "Basic YTpi".to_owned()];
    for line in &lines {
        assert_invalid(&one.send(Request::get("/user").header("authorization", line)).await);
    }
    let logout = Request::post("/logout").header("authorization", &lines[0]);
    assert_eq!(one.send(logout).await.sessions_ended(), 2);
    assert!(!one.is_logged_in().await && !other.is_logged_in().await);
}

/// Whatever gives a bearer session a new id hands the client its new token; the old one is dead, and what could not hand
/// one over changes nothing and says so.
pub async fn b80_a_new_bearer_token_comes_in_the_answer(world: &World) {
    let site = bearer_site(world).await;
    let mut client = Client::log_in(&site).await;
    let other = Client::log_in(&site).await;
    let form = || json!({ "username": "alice", "password": PASSWORD, "new": "another good passphrase" });
    for target in ["/login/in", "/login/reauthenticate"] {
        client.send(Request::login(target, "alice", PASSWORD)).await.expect_error(400, "cookie_required");
    }
    client.send(Request::post("/session/renew")).await.expect(400);
    for target in [
        "/session/renew-for-bearer",
        "/login/reauthenticate-for-bearer",
        "/login/in-for-bearer",
        "/login/change-password-with-token",
    ] {
        assert!(client.is_logged_in().await, "{target}");
        let old = client.clone();
        client.take(&old.send(Request::post(target).json(form())).await);
        assert!(!old.is_logged_in().await && client.is_logged_in().await, "{target}");
    }
    assert!(!other.is_logged_in().await);
    assert_eq!(world.store.logins(site.shop.realm()).await.len(), 1);
}

/// All of the user's sessions are ended while a login is under way: the answer with its token is replaced.
pub async fn b80_a_superseded_bearer_login_hands_over_no_token(world: &World) {
    let site = bearer_site(world).await;
    let mut owner = site.logged_in("alice").await;
    let gate = site.store.hold(Method::Create);
    let late = site.browser().start(Request::login("/login/in-for-bearer", "alice", PASSWORD));
    gate.arrived().await;
    assert_eq!(owner.post("/login/everywhere").await.sessions_ended(), 1);
    gate.open();
    let response = late.response().await;
    response.expect_error(401, "login_superseded").without_cookie();
    assert_eq!(response.values("www-authenticate"), ["Session", "Bearer"]);
    assert!(response.json()["token"].is_null());
    assert_empty(world).await;
}

/// No page can make a browser send the header unasked, so that no origin check is made; without it there is one.
pub async fn b80_a_bearer_token_needs_no_origin(world: &World) {
    let site = bearer_site(world).await;
    let client = Client::log_in(&site).await;
    let handshake = Request::get("/user").headers(CROSS_SITE).header("upgrade", "websocket");
    for request in [Request::post("/user").headers(CROSS_SITE), handshake] {
        client.send(request.clone()).await.expect(200);
        site.logged_in("alice").await.send(request).await.expect_error(403, "cross_origin").without_cookie();
    }
    let logout = Request::get("/logout").headers(CROSS_SITE).header("sec-purpose", "prefetch");
    assert_eq!(client.send(logout).await.sessions_ended(), 1);
    let login = Request::login("/login/in-for-bearer", "alice", PASSWORD).headers(CROSS_SITE);
    site.browser().send(login).await.expect_error(403, "cross_origin").without_cookie();
}

/// Without a session there is nothing to keep a visitor's value in, and no cookie is set for one.
pub async fn b80_a_bearer_client_never_becomes_a_visitor(world: &World) {
    let site = bearer_site(world).await;
    let nobody = Client { site: &site, token: "x".to_owned() };
    nobody.send(Request::post("/session/write/cart/full")).await.expect(400);
    assert_empty(world).await;
    site.browser().post("/session/write/cart/full").await.expect(200).only_cookie(VISITOR);
}

/// A login for a bearer client in a browser leaves what its cookies open as it is, and takes nothing of it.
pub async fn b80_a_bearer_login_leaves_the_browsers_session_alone(world: &World) {
    let site = bearer_site(world).await;
    let mut browser = site.logged_in("alice").await;
    browser.post("/session/write/color/red").await.expect(200);
    let mut client = Client { site: &site, token: String::new() };
    client.take(&browser.send(Request::login("/login/in-for-bearer", "alice", PASSWORD)).await);
    let response = client.send(Request::get("/session/read/color")).await;
    assert!(response.expect(200).json()["value"].is_null());
    assert_eq!(read(&mut browser, "color").await, "red");
    assert_eq!(log_out(&mut browser).await, 1);
    assert!(client.is_logged_in().await);
    assert_eq!(client.send(Request::post("/login/everywhere")).await.sessions_ended(), 1);
    assert!(!client.is_logged_in().await);
}

/// Where bearer tokens are not taken the header is nothing, and none is given out.
pub async fn b80_without_bearer_tokens_the_header_is_nothing(world: &World) {
    let site = world.site().await;
    let mut browser = site.logged_in("alice").await;
    let response = browser.send(bearing(Request::get("/user"), "x")).await;
    assert!(!varies_by_authorization(response.expect(200).is_private()));
    let cross_site = bearing(Request::post("/user").headers(CROSS_SITE), "x");
    browser.send(cross_site).await.expect_error(403, "cross_origin");
    let login = Request::login("/login/in-for-bearer", "alice", PASSWORD);
    site.browser().send(login).await.expect_error(500, "internal_error").without_cookie();
    assert_eq!(world.store.logins(site.shop.realm()).await.len(), 1);
}

/// The address of `alice`'s one device, after a login with these header lines.
async fn address(site: &Site, headers: Headers<'_>) -> String {
    let mut browser: Browser = site.browser();
    browser.send(alice_logs_in().headers(headers)).await.expect(200);
    let devices = browser.post("/login/devices").await.expect(200).json();
    let address = devices[0]["address"].as_str().expect("an address").to_owned();
    log_out(&mut browser).await;
    address
}

/// Who claims to come from elsewhere is not believed, unless it is a trusted proxy that says so of its client: then its own
/// entry counts, and nothing that the client wrote before.
pub async fn b74_a_forwarded_address_is_believed_from_trusted_proxies_only(world: &World) {
    let claims: Headers<'_> = &[
        ("x-forwarded-for", "203.0.113.9"),
        ("x-forwarded-for", "203.0.113.10, 192.0.2.7:4711"),
        ("forwarded", "for=203.0.113.9, for=\"[2001:db8::7]:80\""),
        ("x-real-ip", "203.0.113.9"),
    ];
    let of = async |proxies: Option<TrustedProxies>, headers: Headers<'_>| {
        address(&world.site_with(Setup { proxies, ..Setup::default() }).await, headers).await
    };
    let far = TrustedProxies::x_forwarded_for(["10.0.0.0/8"]).expect("a network");
    let near = TrustedProxies::x_forwarded_for(["127.0.0.0/8"]).expect("a network");
    let standard = TrustedProxies::forwarded(["127.0.0.1"]).expect("a network");
    assert_eq!(of(None, claims).await, "127.0.0.1");
    assert_eq!(of(Some(far), claims).await, "127.0.0.1");
    assert_eq!(of(Some(near.clone()), claims).await, "192.0.2.7");
    assert_eq!(of(Some(standard), claims).await, "2001:db8::7");
    let unknown: Headers<'_> = &[("x-forwarded-for", "203.0.113.9, unknown")];
    assert_eq!(of(Some(near), unknown).await, "127.0.0.1");
}
