//! Whatever is sent: a clear 4xx, no session, no cookie, and a server that goes on.

use crate::program::{ALICE, FORM, HTML, Header, JSON, Program};

type Bytes<'a> = &'a [u8];

const TEXT: Header<'_> = ("content-type", "text/plain");
const MULTIPART: Header<'_> = ("content-type", "multipart/form-data; boundary=x");

pub(crate) async fn a_body_that_is_no_login_is_refused_by_what_is_wrong_with_it(demo: Program<'_>) {
    let server = demo.start();
    let large = format!(r#"{{"username":"alice","password":"{}"}}"#, "x".repeat(16 * 1024));
    let deep = "[".repeat(10_000);
    let full = format!("{:x<1$}", "username=alice&password=wrong&more=", 16 * 1024);
    let too_full = format!("{full}x");
    let bodies: &[(&[Header<'_>], Bytes<'_>, u16, &str)] = &[
        (&[JSON], b"", 400, "malformed_body"),
        (&[JSON], b"{", 400, "malformed_body"),
        (&[JSON], br#"{"username":"alice"} {}"#, 400, "malformed_body"),
        (&[JSON], b"{\"username\":\"\xff\"}", 400, "malformed_body"),
        (&[JSON], br#"{"username":"\ud800"}"#, 400, "malformed_body"),
        (&[JSON], deep.as_bytes(), 422, "invalid_body"),
        (&[JSON], b"[]", 422, "invalid_body"),
        (&[JSON], br#"["alice","x"]"#, 422, "invalid_body"),
        (&[JSON], b"null", 422, "invalid_body"),
        (&[JSON], br#"{"username":"alice","username":"bob","password":"x"}"#, 422, "invalid_body"),
        (&[JSON], b"{}", 422, "invalid_field"),
        (&[JSON], br#"{"username":"alice"}"#, 422, "invalid_field"),
        (&[JSON], br#"{"username":"alice","password":null}"#, 422, "invalid_field"),
        (&[JSON], br#"{"username":["alice"],"password":"x"}"#, 422, "invalid_field"),
        (&[JSON], br#"{"username":1,"password":"x"}"#, 422, "invalid_field"),
        (&[JSON], br#"{"username":"alice","password":"x","remember":"on"}"#, 422, "invalid_field"),
        (&[JSON], br#"{"username":"alice","password":"x","next":7}"#, 422, "invalid_field"),
        (&[JSON], large.as_bytes(), 413, "body_too_large"),
        (&[FORM], b"", 422, "invalid_field"),
        (&[FORM], b"username=alice", 422, "invalid_field"),
        (&[FORM], b"username=alice&password=x&remember=maybe", 422, "invalid_field"),
        (&[FORM], b"username=alice&username=bob&password=x", 422, "invalid_body"),
        (&[FORM], b"username=alice&password=%ff", 400, "malformed_body"),
        (&[FORM], full.as_bytes(), 401, "invalid_credentials"),
        (&[FORM], too_full.as_bytes(), 413, "body_too_large"),
        (&[], ALICE.as_bytes(), 415, "unsupported_media_type"),
        (&[TEXT], ALICE.as_bytes(), 415, "unsupported_media_type"),
        (&[MULTIPART], ALICE.as_bytes(), 415, "unsupported_media_type"),
        (&[FORM, JSON], ALICE.as_bytes(), 415, "unsupported_media_type"),
        (&[JSON], br#"{"username":"alice","password":"wrong"}"#, 401, "invalid_credentials"),
        (&[JSON], br#"{"username":"nobody","password":"wrong"}"#, 401, "invalid_credentials"),
        (&[JSON], br#"{"username":"","password":""}"#, 401, "invalid_credentials"),
    ];
    for (headers, body, status, code) in bodies {
        let shown = String::from_utf8_lossy(&body[..body.len().min(80)]);
        for reply in [
            server.send("POST", "/v1/login_user", headers, body).await,
            server.post_chunked("/v1/login_user", headers, body).await,
        ] {
            assert_eq!(reply.refusal(), (*status, *code), "{headers:?} {shown}");
            assert_eq!(reply.header("set-cookie"), "", "{shown}");
        }
    }
    server.log_in(ALICE).await;
}

pub(crate) async fn what_cannot_be_registered_is_refused_with_the_reason(demo: Program<'_>) {
    let server = demo.start();
    let long = "x".repeat(5000);
    let name = "n".repeat(65);
    for (username, password, code) in [
        ("carol", "7 chars", "password_too_short"),
        ("carol", long.as_str(), "password_too_long"),
        ("", "8 chars!", "invalid_username"),
        ("carol smith", "8 chars!", "invalid_username"),
        ("carol\n", "8 chars!", "invalid_username"),
        ("càrol", "8 chars!", "invalid_username"),
        (name.as_str(), "8 chars!", "invalid_username"),
    ] {
        let body = serde_json::json!({ "username": username, "password": password }).to_string();
        let reply = server.post("/v1/register_user", &[JSON], &body).await;
        assert_eq!(reply.refusal(), (422, code), "{username:?}");
    }
}

pub(crate) async fn wrong_methods_and_paths_are_refused_and_say_what_is_allowed(demo: Program<'_>) {
    let server = demo.start();
    let cookie = server.log_in(ALICE).await;
    for (method, path, status, allow) in [
        ("HEAD", "/v1/public", 200, ""),
        ("DELETE", "/v1/public", 405, "GET, HEAD"),
        ("GET", "/v1/login_user", 405, "POST"),
        ("GET", "/v1/register_user", 405, "POST"),
        ("PUT", "/v1/counter", 405, "GET, HEAD, POST"),
        ("POST", "/v1/me", 405, "GET, HEAD"),
        ("POST", "/login", 405, "GET, HEAD"),
        ("HEAD", "/v1/logout_user", 405, "GET, POST"),
        ("OPTIONS", "/v1/logout_user", 405, "GET, POST"),
        ("PUT", "/v1/logout_user", 405, "GET, POST"),
        ("POST", "/v1/sessions", 405, "GET, HEAD"),
        ("GET", "/v1/sessions/AAECAwQFBgcICQoLDA0ODw", 405, "DELETE"),
        ("GET", "/v1/logout_others", 405, "POST"),
        ("GET", "/v1/logout_everywhere", 405, "POST"),
        ("GET", "/v1/reauthenticate", 405, "POST"),
        ("GET", "/v1/change_password", 405, "POST"),
        ("GET", "/v1/admin/logout_user", 405, "POST"),
        ("GET", "/account/sessions/AAECAwQFBgcICQoLDA0ODw/log_out", 405, "POST"),
        ("POST", "/v1/reauthenticate", 415, ""),
        ("POST", "/v1/change_password", 415, ""),
        ("POST", "/v1/admin/logout_user", 415, ""),
        ("POST", "/v1/events", 405, "GET, HEAD"),
        ("POST", "/v1/ws", 405, "GET, HEAD"),
        ("GET", "/nowhere", 404, ""),
        ("GET", "/v1/me/", 404, ""),
        ("GET", "/v1//me", 404, ""),
        ("GET", "/%ff%00", 404, ""),
        ("GET", "/v1/slow", 422, ""),
        ("GET", "/v1/slow?ms=", 422, ""),
        ("GET", "/v1/slow?ms=-1", 422, ""),
        ("GET", "/v1/slow?ms=soon", 422, ""),
        ("GET", "/v1/slow?ms=10001", 422, ""),
        ("GET", "/v1/slow?ms=99999999999999999999", 422, ""),
    ] {
        let reply = server.send(method, path, &[("cookie", &cookie)], "").await;
        assert_eq!((reply.status, reply.allowed().as_str()), (status, allow), "{method} {path}");
        assert_eq!(reply.header("content-type"), "application/json", "{method} {path}");
    }
    assert_eq!(server.get("/v1/me", &[("cookie", &cookie)]).await.status, 200, "still logged in");

    let visitor = server.post("/v1/me", &[], "").await;
    assert_eq!((visitor.status, visitor.allowed().as_str()), (405, "GET, HEAD"), "a login would not help");
    assert_eq!(visitor.header("vary"), "", "nobody had to be looked at");
}

pub(crate) async fn another_site_can_neither_log_in_nor_out(demo: Program<'_>) {
    let server = demo.start();
    let own = format!("http://{}", server.addr);
    let cookie = server.log_in(ALICE).await;
    let cookie = ("cookie", cookie.as_str());
    let foreign: &[Header<'_>] = &[
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ];
    for header in foreign {
        for path in [
            "/v1/login_user",
            "/v1/logout_user",
            "/v1/counter",
            "/v1/register_user",
            "/v1/logout_others",
            "/v1/logout_everywhere",
            "/v1/reauthenticate",
            "/v1/change_password",
            "/v1/admin/logout_user",
            "/account/sessions/AAECAwQFBgcICQoLDA0ODw/log_out",
        ] {
            let reply = server.post(path, &[FORM, *header, cookie], ALICE).await;
            assert_eq!(reply.refusal(), (403, "cross_origin"), "{header:?} {path}");
            assert_eq!(reply.header("set-cookie"), "", "{header:?} {path}");
        }
    }
    for site in ["cross-site", "same-site"] {
        let link = [("sec-fetch-site", site), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
        let reply = server.get("/v1/logout_user", &[&link[..], &[cookie]].concat()).await;
        assert_eq!(reply.refusal(), (403, "cross_origin"), "{site}");
    }
    let image =
        [("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")];
    assert_eq!(server.get("/v1/logout_user", &[&image[..], &[cookie]].concat()).await.status, 403);
    let prefetch = [("sec-purpose", "prefetch"), cookie];
    assert_eq!(server.get("/v1/logout_user", &prefetch).await.status, 403);

    assert_eq!(server.get("/v1/me", &[cookie]).await.status, 200, "nobody was logged out");
    assert_eq!(server.post("/v1/logout_user", &[("origin", &own), cookie], "").await.status, 200);
}

pub(crate) async fn cookies_of_every_kind_authenticate_nobody_and_break_nothing(demo: Program<'_>) {
    let server = demo.start();
    let cookie = server.log_in(ALICE).await;
    let long = format!("__Host-id={}", "a".repeat(60 * 1024));
    let too_long = format!("__Host-id={}", "a".repeat(70 * 1024));
    let many = "a=b; ".repeat(3000);
    let twice = format!("{cookie}; __Host-id={}", "A".repeat(46));
    let swapped = cookie.replace("__Host-id=", "__Host-id-anon=");
    let padded = format!("{cookie}=");
    let cookies: &[(&[Bytes<'_>], u16)] = &[
        (&[b"__Host-id="], 401),
        (&[b"__Host-id"], 401),
        (&[b"=;;; ==; ;"], 401),
        (&[b"__Host-id=\xff\xfe"], 401),
        (&[&cookie.as_bytes()[..cookie.len() - 1]], 401),
        (&[padded.as_bytes()], 401),
        (&[twice.as_bytes()], 401),
        (&[swapped.as_bytes()], 401),
        (&[long.as_bytes()], 401),
        (&[too_long.as_bytes()], 431),
        (&[many.as_bytes()], 431),
        (&[b"theme=dark", cookie.as_bytes()], 200),
    ];
    for (lines, status) in cookies {
        let shown = String::from_utf8_lossy(&lines[0][..lines[0].len().min(60)]);
        let reply = server.get_with_cookies("/v1/me", lines).await;
        assert_eq!((reply.status, reply.header("set-cookie")), (*status, ""), "{shown}");
        assert_eq!(server.get_with_cookies("/v1/public", lines).await.status, 200, "{shown}");
    }
}

pub(crate) async fn no_next_leads_away_from_this_site(demo: Program<'_>) {
    let server = demo.start();
    for (next, location) in [
        ("/", "/"),
        ("/v1/me?a=b", "/v1/me?a=b"),
        ("", "/account"),
        ("//evil.example", "/account"),
        ("/%5Cevil.example", "/account"),
        ("https://evil.example/", "/account"),
        ("javascript:alert(1)", "/account"),
        ("/%0d%0aset-cookie:%20a=b", "/account"),
        ("/%09/evil.example", "/account"),
    ] {
        // As an attacker's link would have it: the form field decodes to these very characters.
        let raw = next.replace('%', "%25");
        for value in [next, raw.as_str()] {
            let body = format!("{ALICE}&next={}", value.replace('?', "%3f").replace('=', "%3d"));
            let reply = server.post("/v1/login_user", &[FORM, HTML], &body).await;
            assert_eq!((reply.status, reply.header("location")), (303, location), "{value:?}");
        }
    }
    let form = server.get("/login?next=https://evil.example/", &[HTML]).await;
    assert!(!form.body.contains("evil"));
}
