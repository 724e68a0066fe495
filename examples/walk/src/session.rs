//! What the demo is for: login, logout and what lies between.

use crate::program::{ALICE, FORM, HTML, JSON, Program};

pub(crate) async fn the_walk_of_the_readme(demo: Program<'_>) {
    let server = demo.start();
    assert_eq!(server.get("/v1/me", &[]).await.refusal(), (401, "login_required"));

    let login = server.post("/v1/login_user", &[FORM], ALICE).await;
    assert_eq!((login.status, login.json()["user"]["username"].as_str()), (200, Some("alice")));
    let cookie = login.cookie("__Host-id");
    let me = server.get("/v1/me", &[("cookie", &cookie)]).await;
    assert_eq!((me.status, me.json()["username"].as_str()), (200, Some("alice")));

    let logout = server.get("/v1/logout_user", &[("cookie", &cookie)]).await;
    assert_eq!((logout.status, logout.body.as_str()), (200, r#"{"sessions_ended":1}"#));
    assert!(logout.header("set-cookie").starts_with("__Host-id=; "), "it must remove the cookie");
    assert_eq!(server.get("/v1/me", &[]).await.refusal(), (401, "login_required"));

    let replayed = server.get("/v1/me", &[("cookie", &cookie)]).await;
    assert_eq!(replayed.refusal(), (401, "login_required"));
    assert_eq!(replayed.header("www-authenticate"), "Session");
    assert_eq!(replayed.header("set-cookie"), "");
}

pub(crate) async fn what_me_tells_is_complete_and_no_secret(demo: Program<'_>) {
    let server = demo.start();
    let cookie = server.log_in(ALICE).await;
    let me = server.get("/v1/me", &[("cookie", &cookie)]).await;
    let session = &me.json()["session"];
    for time in ["created_at", "authenticated_at", "expires_at"] {
        let text = session[time].as_str().unwrap();
        assert!(text.len() == 24 && text.ends_with('Z') && text.as_bytes()[10] == b'T', "{time}: {text}");
    }
    assert_eq!(session["handle"].as_str().map(str::len), Some(22));
    let (_, token) = cookie.split_once('=').unwrap();
    assert!(!me.body.contains(token));
}

pub(crate) async fn a_browser_is_led_through_login_and_logout_without_javascript(demo: Program<'_>) {
    let server = demo.start();
    let sent_away = server.get("/account", &[HTML]).await;
    assert_eq!((sent_away.status, sent_away.header("location")), (303, "/login?next=/account"));
    let form = server.get("/login?next=/account", &[HTML]).await;
    assert!(form.body.contains(r#"<input name="next" type="hidden" value="/account">"#));

    let wrong = "username=%3Cb%3Ealice&password=wrong&next=/account";
    let again = server.post("/v1/login_user", &[FORM, HTML], wrong).await;
    assert_eq!((again.status, again.header("content-type")), (401, "text/html; charset=utf-8"));
    assert!(again.body.contains(r#"role="alert""#) && again.body.contains(r#"value="/account""#));
    assert!(!again.body.contains("<b>"), "what was typed must be escaped");

    let login = server.post("/v1/login_user", &[FORM, HTML], &format!("{ALICE}&next=/account")).await;
    assert_eq!((login.status, login.header("location")), (303, "/account"));
    let cookie = login.cookie("__Host-id");
    let account = server.get("/account", &[HTML, ("cookie", &cookie)]).await;
    assert!(account.body.contains("Log out</button>") && account.body.contains("alice"));
    assert!(server.get("/", &[("cookie", &cookie)]).await.body.contains("alice"));

    let logout = server.post("/v1/logout_user", &[HTML, ("cookie", &cookie)], "").await;
    assert_eq!((logout.status, logout.header("location")), (303, "/"));
    assert_eq!(server.get("/account", &[HTML, ("cookie", &cookie)]).await.status, 303);
}

pub(crate) async fn the_counter_is_kept_in_the_session_and_reading_it_makes_none(demo: Program<'_>) {
    let server = demo.start();
    let read = server.get("/v1/counter", &[]).await;
    assert_eq!((read.body.as_str(), read.header("set-cookie")), (r#"{"count":0}"#, ""));
    let visitor = server.post("/v1/counter", &[], "").await.cookie("__Host-id-anon");
    server.post("/v1/counter", &[("cookie", &visitor)], "").await;

    let login = server.post("/v1/login_user", &[FORM, ("cookie", &visitor)], ALICE).await;
    let cookie = login.cookie("__Host-id");
    assert_eq!(server.get("/v1/counter", &[("cookie", &cookie)]).await.body, r#"{"count":2}"#);
    assert_eq!(server.get("/v1/counter", &[("cookie", &visitor)]).await.body, r#"{"count":0}"#);
}

pub(crate) async fn a_slow_request_brings_no_session_back(demo: Program<'_>) {
    let server = demo.start();
    let cookie = server.log_in(ALICE).await;
    let headers = [("cookie", cookie.as_str())];
    let (slow, logout) = tokio::join!(server.get("/v1/slow?ms=300", &headers), async {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        server.post("/v1/logout_user", &headers, "").await
    });
    assert_eq!((logout.status, slow.header("set-cookie")), (200, ""));
    assert_eq!(server.get("/v1/me", &headers).await.status, 401);
}

pub(crate) async fn somebody_new_registers_and_logs_in(demo: Program<'_>) {
    let server = demo.start();
    let carol = r#"{"username":"carol","password":"8 chars!"}"#;
    let registered = server.post("/v1/register_user", &[JSON], carol).await;
    assert_eq!((registered.status, registered.body.as_str()), (201, r#"{"user":{"username":"carol"}}"#));
    let taken = server.post("/v1/register_user", &[JSON], carol).await;
    assert_eq!(taken.refusal(), (409, "username_taken"));

    let remembered = r#"{"username":"carol","password":"8 chars!","remember":true}"#;
    let login = server.post("/v1/login_user", &[JSON], remembered).await;
    assert!(login.set_cookie("__Host-id").contains("Max-Age="));
    let login = server.post("/v1/login_user", &[JSON], carol).await;
    assert!(!login.set_cookie("__Host-id").contains("Max-Age="));
}

pub(crate) async fn a_guesser_is_made_to_wait_and_hinders_nobody_who_is_logged_in(demo: Program<'_>) {
    let server = demo.start();
    let cookie = server.log_in(ALICE).await;
    let wrong = "username=alice&password=wrong";
    let mut guesses = 0;
    let refused = loop {
        let reply = server.post("/v1/login_user", &[FORM], wrong).await;
        if reply.status == 429 {
            break reply;
        }
        guesses += 1;
        assert_eq!((reply.refusal(), guesses < 20), ((401, "invalid_credentials"), true));
    };
    assert_eq!(refused.refusal(), (429, "too_many_attempts"));
    assert!(refused.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds > 0));
    // The longer it goes on, the longer is the wait: in the end longer than it takes to ask.
    let form = loop {
        let reply = server.post("/v1/login_user", &[FORM, HTML], wrong).await;
        if reply.status == 429 {
            break reply;
        }
    };
    assert!(
        form.body.contains("too many attempts") && form.body.contains(r#"value="alice""#),
        "{}",
        form.body
    );
    assert_eq!(server.get("/v1/me", &[("cookie", &cookie)]).await.status, 200);
}
