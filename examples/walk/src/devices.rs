//! A user's devices, and every way to be logged out.

use crate::program::{ALICE, FORM, Header, JSON, Program, Reply, Server};

pub(crate) const BOB: &str = "username=bob&password=correct+horse+battery+staple";

const PASSWORD: &str = "correct horse battery staple";

impl Server {
    async fn is_logged_in(&self, cookie: &str) -> bool {
        let me = self.get("/v1/me", &[("cookie", cookie)]).await;
        assert!(me.status == 200 || me.refusal() == (401, "login_required"), "{}", me.body);
        me.status == 200
    }

    pub(crate) async fn handle(&self, cookie: &str) -> String {
        let me = self.get("/v1/me", &[("cookie", cookie)]).await;
        me.json()["session"]["handle"].as_str().unwrap().to_owned()
    }

    async fn act(&self, path: &str, cookie: &str) -> Reply {
        self.post(path, &[("cookie", cookie)], "").await
    }

    async fn send_json(&self, path: &str, cookie: &str, body: serde_json::Value) -> Reply {
        self.post(path, &[JSON, ("cookie", cookie)], &body.to_string()).await
    }

    async fn end(&self, handle: &str, headers: &[Header<'_>]) -> Reply {
        self.send("DELETE", &format!("/v1/sessions/{handle}"), headers, "").await
    }
}

pub(crate) async fn a_user_sees_every_device_and_no_secret(demo: Program<'_>) {
    let server = demo.start();
    let mut cookies = Vec::new();
    for user_agent in ["one/1", "two/2", "three/3"] {
        let login = server.post("/v1/login_user", &[FORM, ("user-agent", user_agent)], ALICE).await;
        cookies.push(login.cookie("__Host-id"));
    }
    server.log_in(BOB).await;

    let list = server.get("/v1/sessions", &[("cookie", &cookies[1])]).await;
    let list_json = list.json();
    let sessions = list_json.as_array().unwrap();
    let mut user_agents: Vec<_> = sessions.iter().map(|session| session["user_agent"].as_str()).collect();
    user_agents.sort_unstable();
    assert_eq!((list.status, user_agents), (200, vec![Some("one/1"), Some("three/3"), Some("two/2")]));
    for session in sessions {
        assert_eq!(session["current"], session["user_agent"] == "two/2");
        assert_eq!(session["ip"], "127.0.0.1");
        assert_eq!(session["handle"].as_str().map(str::len), Some(22));
        for time in ["created_at", "last_seen_at", "expires_at"] {
            assert_eq!(session[time].as_str().map(str::len), Some(24), "{time}");
        }
        assert_eq!(session.as_object().map(serde_json::Map::len), Some(7));
    }
    for cookie in cookies {
        let (_, token) = cookie.split_once('=').unwrap();
        assert!(!list.body.contains(token));
    }
    let visitor = server.get("/v1/sessions", &[]).await;
    assert_eq!((visitor.refusal(), visitor.header("www-authenticate")), ((401, "login_required"), "Session"));
}

pub(crate) async fn one_device_is_ended_by_its_handle_and_no_other_users(demo: Program<'_>) {
    let server = demo.start();
    let (a, b, bobs) = (server.log_in(ALICE).await, server.log_in(ALICE).await, server.log_in(BOB).await);
    let handle = server.handle(&b).await;

    assert_eq!(server.end(&handle, &[("cookie", &bobs)]).await.refusal(), (404, "not_found"));
    assert_eq!(server.end(&handle, &[]).await.refusal(), (401, "login_required"));
    let foreign = [("cookie", a.as_str()), ("sec-fetch-site", "cross-site")];
    assert_eq!(server.end(&handle, &foreign).await.refusal(), (403, "cross_origin"));
    assert!(server.is_logged_in(&b).await);

    let ended = server.end(&handle, &[("cookie", &a)]).await;
    assert_eq!((ended.status, ended.body.as_str()), (200, r#"{"sessions_ended":1}"#));
    assert!(!server.is_logged_in(&b).await);
    assert_eq!(server.end(&handle, &[("cookie", &a)]).await.refusal(), (404, "not_found"));

    let long = "A".repeat(3000);
    for malformed in ["x", "AAECAwQFBgcICQoLDA0ODx", "%ff", "%00", "..%2f..", "", &long] {
        let reply = server.end(malformed, &[("cookie", &a)]).await;
        assert_eq!(reply.refusal(), (404, "not_found"), "{malformed}");
        let form = format!("/account/sessions/{malformed}/log_out");
        assert_eq!(server.act(&form, &a).await.refusal(), (404, "not_found"), "{malformed}");
    }
    assert!(server.is_logged_in(&a).await && server.is_logged_in(&bobs).await);
}

pub(crate) async fn the_other_devices_are_logged_out_at_once_and_this_one_stays(demo: Program<'_>) {
    let server = demo.start();
    let (a, b, c) = (server.log_in(ALICE).await, server.log_in(ALICE).await, server.log_in(ALICE).await);
    let bobs = server.log_in(BOB).await;
    let reply = server.act("/v1/logout_others", &a).await;
    assert_eq!((reply.status, reply.body.as_str()), (200, r#"{"sessions_ended":2}"#));
    assert!(!server.is_logged_in(&b).await && !server.is_logged_in(&c).await);
    assert!(server.is_logged_in(&a).await && server.is_logged_in(&bobs).await);
    assert_eq!(server.act("/v1/logout_others", &b).await.refusal(), (401, "login_required"));
    assert!(server.is_logged_in(&a).await, "who is logged out ends nobody");
}

pub(crate) async fn everywhere_means_this_device_too(demo: Program<'_>) {
    let server = demo.start();
    let (a, b, bobs) = (server.log_in(ALICE).await, server.log_in(ALICE).await, server.log_in(BOB).await);
    let reply = server.act("/v1/logout_everywhere", &a).await;
    assert_eq!((reply.status, reply.body.as_str()), (200, r#"{"sessions_ended":2}"#));
    assert!(reply.header("set-cookie").starts_with("__Host-id=; "), "it must remove the cookie");
    assert!(!server.is_logged_in(&a).await && !server.is_logged_in(&b).await);
    assert!(server.is_logged_in(&bobs).await);
}

pub(crate) async fn a_new_password_ends_the_other_devices_and_renews_this_one(demo: Program<'_>) {
    let server = demo.start();
    let (a, b) = (server.log_in(BOB).await, server.log_in(BOB).await);
    let change = |current: &str, new: &str| serde_json::json!({ "current": current, "new": new });
    for (body, refusal) in [
        (change("wrong", "a new password"), (401, "invalid_credentials")),
        (change(PASSWORD, "7 chars"), (422, "password_too_short")),
        (change(PASSWORD, &"x".repeat(5000)), (422, "password_too_long")),
        (serde_json::json!({ "current": PASSWORD }), (422, "invalid_field")),
    ] {
        let reply = server.send_json("/v1/change_password", &a, body).await;
        assert_eq!((reply.refusal(), reply.header("set-cookie")), (refusal, ""));
    }
    assert!(server.is_logged_in(&a).await && server.is_logged_in(&b).await, "nothing has changed");

    let changed = server.send_json("/v1/change_password", &a, change(PASSWORD, "a new password")).await;
    assert_eq!((changed.status, changed.body.as_str()), (200, r#"{"sessions_ended":1}"#));
    let renewed = changed.cookie("__Host-id");
    assert!(!server.is_logged_in(&b).await && !server.is_logged_in(&a).await);
    assert!(server.is_logged_in(&renewed).await);
    assert_eq!(server.post("/v1/login_user", &[FORM], BOB).await.refusal(), (401, "invalid_credentials"));
    server.log_in("username=bob&password=a+new+password").await;
}

pub(crate) async fn giving_the_password_again_renews_the_session(demo: Program<'_>) {
    let server = demo.start();
    let cookie = server.log_in(ALICE).await;
    let handle = server.handle(&cookie).await;
    let password = |password: &str| serde_json::json!({ "password": password });
    let wrong = server.send_json("/v1/reauthenticate", &cookie, password("wrong")).await;
    assert_eq!((wrong.refusal(), wrong.header("set-cookie")), ((401, "invalid_credentials"), ""));
    assert!(server.is_logged_in(&cookie).await);

    let right = server.send_json("/v1/reauthenticate", &cookie, password(PASSWORD)).await;
    assert_eq!((right.status, right.body.as_str()), (200, r#"{"user":{"username":"alice"}}"#));
    let renewed = right.cookie("__Host-id");
    assert!(!server.is_logged_in(&cookie).await && server.is_logged_in(&renewed).await);
    assert_eq!(server.handle(&renewed).await, handle);
}

pub(crate) async fn a_session_that_guesses_its_users_password_is_ended(demo: Program<'_>) {
    let server = demo.start();
    let (stolen, own) = (server.log_in(BOB).await, server.log_in(BOB).await);
    let mut guesses = 0;
    while server.is_logged_in(&stolen).await {
        guesses += 1;
        let body = serde_json::json!({ "current": "wrong", "new": "a new password" });
        let reply = server.send_json("/v1/change_password", &stolen, body).await;
        assert!(matches!(reply.status, 401 | 429) && guesses <= 10, "{} {}", reply.status, reply.body);
    }
    assert_eq!(server.act("/v1/logout_others", &stolen).await.refusal(), (401, "login_required"));
    assert!(server.is_logged_in(&own).await);
}

pub(crate) async fn an_administrator_logs_a_user_out_and_nobody_else_does(demo: Program<'_>) {
    let server = demo.start();
    let (admin, b, other) = (server.log_in(ALICE).await, server.log_in(BOB).await, server.log_in(BOB).await);
    let path = "/v1/admin/logout_user";
    assert_eq!(server.post(path, &[FORM], "username=bob").await.refusal(), (401, "login_required"));
    for (cookie, body, refusal) in [
        (&b, "username=alice", (403, "forbidden")),
        (&b, "username=nobody", (403, "forbidden")),
        (&admin, "username=nobody", (404, "no_such_user")),
        (&admin, "", (422, "invalid_field")),
    ] {
        let reply = server.post(path, &[FORM, ("cookie", cookie)], body).await;
        assert_eq!(reply.refusal(), refusal, "{body}");
    }
    let ended = server.post(path, &[FORM, ("cookie", &admin)], "username=bob").await;
    assert_eq!((ended.status, ended.body.as_str()), (200, r#"{"sessions_ended":2}"#));
    assert!(!server.is_logged_in(&b).await && !server.is_logged_in(&other).await);
    assert!(server.is_logged_in(&admin).await);
}
