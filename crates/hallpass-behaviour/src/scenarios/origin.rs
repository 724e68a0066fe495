//! Other sites.

use super::common::*;
use crate::client::{Browser, Request, Response};
use crate::fixture::{PASSWORD, Setup, Site, World};
use hallpass_core::{EventKind, OriginPolicy};

type Headers<'a> = &'a [(&'a str, &'a str)];

const TRUSTED: &str = "https://app.example";

/// Logouts by POST: the two ready endpoints and the handler's own.
const POSTS: [&str; 3] = ["/logout", "/post-logout", "/login/out"];

/// Sends a logout that must be refused without any effect.
async fn assert_no_effect(site: &Site, browser: &mut Browser, request: Request, status: u16) -> Response {
    let jar = browser.jar().clone();
    site.store.reset_calls();
    let response = browser.send(request.clone()).await;
    response.expect(status).without_cookie();
    assert_eq!(response.values("cache-control"), ["no-store"], "{request:?}");
    assert_eq!(site.store.total_calls(), 0, "{request:?}");
    assert_eq!(browser.jar(), &jar);
    assert!(browser.is_logged_in().await, "{request:?}");
    response
}

async fn assert_cross_origin(site: &Site, browser: &mut Browser, request: Request) {
    assert_no_effect(site, browser, request, 403).await.expect_error(403, "cross_origin");
}

/// Another site's form logs nobody out.
pub async fn b34_a_cross_site_post_does_not_log_out(world: &World) {
    let site = world.site().await;
    let mut browser = site.logged_in("alice").await;
    for target in POSTS {
        let request = Request::post(target).headers(&[("sec-fetch-site", "cross-site")]);
        assert_cross_origin(&site, &mut browser, request).await;
    }
    assert_eq!(world.events.of(EventKind::CrossOriginRefused).len(), POSTS.len());
}

/// Nor does a neighbouring subdomain's, nor anything that claims to be neither.
pub async fn b35_a_same_site_post_does_not_log_out(world: &World) {
    let site = world.site().await;
    let mut browser = site.logged_in("alice").await;
    for claimed in ["same-site", "Same-Origin", "", "same-origin, none", "anything"] {
        for target in POSTS {
            let request = Request::post(target).headers(&[("sec-fetch-site", claimed)]);
            assert_cross_origin(&site, &mut browser, request).await;
        }
    }
    let twice = [("sec-fetch-site", "same-origin"), ("sec-fetch-site", "same-origin")];
    assert_cross_origin(&site, &mut browser, Request::post("/logout").headers(&twice)).await;
}

/// A POST with these headers logs out, or is refused without any effect.
async fn assert_post(site: &Site, headers: Headers<'_>, allowed: bool) {
    for target in POSTS {
        let mut browser = site.logged_in("alice").await;
        let request = Request::post(target).headers(headers);
        if allowed {
            assert_eq!(browser.send(request).await.sessions_ended(), 1, "{headers:?}");
        } else {
            assert_cross_origin(site, &mut browser, request).await;
        }
    }
}

/// Browsers without Fetch Metadata are judged by `Origin`; whoever sends neither is let through unless that is forbidden.
pub async fn b36_the_origin_decides_where_fetch_metadata_is_absent(world: &World) {
    let origin = OriginPolicy::builder().trusted_origin(TRUSTED).build().expect("an origin");
    let site = world.site_with(Setup { origin, ..Setup::default() }).await;
    let own = format!("http://{}", site.addr);
    assert_post(&site, &[("origin", "https://evil.example")], false).await;
    assert_post(&site, &[("origin", "null")], false).await;
    assert_post(&site, &[("origin", "")], false).await;
    assert_post(&site, &[("origin", "http://127.0.0.1:1")], false).await;
    assert_post(&site, &[("origin", &own), ("origin", &own)], false).await;
    assert_post(&site, &[("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")], false).await;
    assert_post(&site, &[("origin", &own), ("sec-fetch-site", "cross-site")], false).await;
    assert_post(&site, &[("origin", &own)], true).await;
    assert_post(&site, &[("origin", TRUSTED)], true).await;
    assert_post(&site, &[("origin", TRUSTED), ("sec-fetch-site", "cross-site")], true).await;
    assert_post(&site, &[("origin", "null"), ("sec-fetch-site", "same-origin")], true).await;
    assert_post(&site, &[("sec-fetch-site", "none")], true).await;
    assert_post(&site, &[], true).await;
}

/// Where clients must say where they come from, one that does not is refused.
pub async fn b36_a_strict_site_refuses_who_says_nothing(world: &World) {
    let origin = OriginPolicy::builder().strict(true).build().expect("nothing to refuse");
    let strict = world.site_with(Setup { origin, ..Setup::default() }).await;
    let own = format!("http://{}", strict.addr);
    let login = |headers: Headers<'_>| alice_logs_in().headers(headers);
    strict.browser().send(login(&[])).await.expect_error(403, "cross_origin").without_cookie();
    assert_empty(world).await;
    for headers in [[("origin", own.as_str())], [("sec-fetch-site", "same-origin")]] {
        let mut browser = strict.browser();
        browser.send(login(&headers)).await.expect(200);
        assert_cross_origin(&strict, &mut browser, Request::post("/logout")).await;
        assert_eq!(browser.send(Request::post("/logout").headers(&headers)).await.sessions_ended(), 1);
    }
}

/// A request that names two hosts is refused as such.
pub async fn b36_two_hosts_are_a_bad_request(world: &World) {
    let site = world.site().await;
    let mut browser = site.logged_in("alice").await;
    let two = Request::post("/logout").headers(&[("host", "a.example"), ("host", "b.example")]);
    let response = browser.wire(two).await.response().await;
    response.expect(400).without_cookie();
    for method in ["POST", "GET"] {
        let absolute = Request::new(method, "http://a.example/logout").header("host", "b.example");
        let response = browser.wire(absolute).await.response().await;
        response.expect_error(400, "bad_authority").without_cookie();
    }
    assert!(browser.is_logged_in().await);
}

/// A link on another site does not log out, though the browser sends the cookie along.
pub async fn b37_a_cross_site_link_does_not_log_out(world: &World) {
    let site = world.site().await;
    let mut browser = site.logged_in("alice").await;
    for site_header in ["cross-site", "same-site"] {
        let headers =
            [("sec-fetch-site", site_header), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
        assert_cross_origin(&site, &mut browser, Request::get("/logout").headers(&headers)).await;
    }
    for headers in [[("referer", "https://evil.example/page")], [("origin", "https://evil.example")]] {
        assert_cross_origin(&site, &mut browser, Request::get("/logout").headers(&headers)).await;
    }
}

/// Images, scripts and frames do not log out, whoever put them on the page.
pub async fn b38_embedded_content_does_not_log_out(world: &World) {
    let site = world.site().await;
    let mut browser = site.logged_in("alice").await;
    for from in ["cross-site", "same-site", "same-origin", "none"] {
        for (mode, dest) in
            [("no-cors", "image"), ("no-cors", "script"), ("navigate", "iframe"), ("no-cors", "empty")]
        {
            let headers = [("sec-fetch-site", from), ("sec-fetch-mode", mode), ("sec-fetch-dest", dest)];
            assert_cross_origin(&site, &mut browser, Request::get("/logout").headers(&headers)).await;
        }
    }
}

/// What a browser fetches ahead of its user does not log out.
pub async fn b39_a_prefetch_does_not_log_out(world: &World) {
    let site = world.site().await;
    let mut browser = site.logged_in("alice").await;
    let own =
        [("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
    let ahead = [
        ("sec-purpose", "prefetch"),
        ("sec-purpose", "prefetch;prerender"),
        ("purpose", "prefetch"),
        ("x-moz", "prefetch"),
    ];
    for header in ahead {
        let request = Request::get("/logout").headers(&own).headers(&[header]);
        assert_cross_origin(&site, &mut browser, request).await;
    }
}

/// Other methods do not log out and are told which do; headers and fields that pretend another method change nothing.
pub async fn b40_other_methods_do_not_log_out(world: &World) {
    let site = world.site().await;
    let mut browser = site.logged_in("alice").await;
    let others = ["HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "LOGOUT"];
    for (target, allow, methods) in [
        ("/logout", "GET, POST", others.to_vec()),
        ("/post-logout", "POST", [&others[..], &["GET"]].concat()),
    ] {
        for method in methods {
            let response = assert_no_effect(&site, &mut browser, Request::new(method, target), 405).await;
            assert_eq!(response.values("allow"), [allow], "{method} {target}");
        }
        let cross_site = Request::new("DELETE", target).header("sec-fetch-site", "cross-site");
        assert_cross_origin(&site, &mut browser, cross_site).await;
    }
    for name in ["x-http-method-override", "x-http-method", "x-method-override"] {
        let request = Request::get("/post-logout?_method=POST").header(name, "POST");
        let _ = assert_no_effect(&site, &mut browser, request, 405).await;
        let request = Request::new("PUT", "/logout?_method=POST").header(name, "POST");
        let _ = assert_no_effect(&site, &mut browser, request, 405).await;
    }
}

/// Another site cannot log its visitor in, however its request is dressed.
pub async fn b41_a_cross_site_login_is_refused(world: &World) {
    let site = world.site().await;
    let json = format!(r#"{{"username":"alice","password":"{PASSWORD}"}}"#);
    let form = format!("username=alice&password={}", PASSWORD.replace(' ', "+"));
    let bodies =
        [("application/json", &json), ("text/plain", &json), ("application/x-www-form-urlencoded", &form)];
    let origins: [Headers<'_>; 4] = [
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
    ];
    for (content_type, body) in bodies {
        for headers in origins {
            let request = Request::post("/login/in").headers(headers).body(content_type, body.as_str());
            site.browser().send(request).await.expect_error(403, "cross_origin").without_cookie();
        }
        let request = Request::post("/login/in").body(content_type, body.as_str());
        site.browser().send(request).await.only_cookie(LOGIN);
    }
    assert_eq!(world.store.keys().len(), bodies.len(), "only the honest ones made a row");
    assert_eq!(world.customers.0.hashes(), bodies.len() as u64);
}
