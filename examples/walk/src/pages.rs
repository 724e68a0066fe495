//! The pages, as a browser without JavaScript uses them.

use crate::devices::BOB;
use crate::program::{ALICE, FORM, HTML, Header, Program, Reply, Server};

impl Server {
    async fn page(&self, path: &str, cookie: &str) -> Reply {
        let page = self.get(path, &[HTML, ("cookie", cookie)]).await;
        assert_eq!(page.status, 200, "{path}: {}", page.body);
        page
    }

    /// Submits a form, as a browser does.
    async fn submit(&self, path: &str, cookie: &str, body: &str) -> Reply {
        self.post(path, &[FORM, HTML, ("cookie", cookie)], body).await
    }
}

#[track_caller]
fn assert_sent_to(reply: &Reply, location: &str) {
    assert_eq!((reply.status, reply.header("location")), (303, location), "{}", reply.body);
}

/// The page is there again, with what is wrong at the form.
#[track_caller]
fn assert_told(reply: &Reply, status: u16, message: &str) {
    assert_eq!((reply.status, reply.header("content-type")), (status, "text/html; charset=utf-8"));
    assert!(reply.body.contains(r#"role="alert""#) && reply.body.contains(message), "{}", reply.body);
}

pub(crate) async fn pages_load_nothing_from_elsewhere_and_no_site_can_frame_them(demo: Program<'_>) {
    let server = demo.start();
    let cookie = server.log_in(ALICE).await;
    for path in ["/", "/login", "/register", "/account", "/reauthenticate"] {
        let page = server.page(path, &cookie).await;
        let policy = page.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}");
        assert!(!policy.contains("unsafe") && !policy.contains("http"), "{path}");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert_eq!(page.header("referrer-policy"), "same-origin");
        assert_eq!(page.header("cache-control"), "no-store");
        let inline = ["<script>", "<style", " style=", " onclick=", "javascript:", "//"];
        assert!(inline.iter().all(|inline| !page.body.contains(inline)), "the policy would block it: {path}");
    }
    for (path, content_type) in [
        ("/style.css", "text/css; charset=utf-8"),
        ("/app.js", "text/javascript; charset=utf-8"),
        ("/pageshow.js", "text/javascript; charset=utf-8"),
    ] {
        let asset = server.get(path, &[]).await;
        assert_eq!((asset.status, asset.header("content-type")), (200, content_type));
        assert_eq!((asset.header("x-content-type-options"), asset.header("vary")), ("nosniff", ""), "{path}");
    }
}

pub(crate) async fn only_users_see_the_pages_of_users(demo: Program<'_>) {
    let server = demo.start();
    for path in ["/account", "/reauthenticate"] {
        assert_sent_to(&server.get(path, &[HTML]).await, &format!("/login?next={path}"));
        assert_eq!(server.get(path, &[]).await.refusal(), (401, "login_required"));
    }
    for path in [
        "/v1/logout_others",
        "/v1/logout_everywhere",
        "/v1/reauthenticate",
        "/v1/change_password",
        "/v1/admin/logout_user",
        "/account/sessions/AAECAwQFBgcICQoLDA0ODw/log_out",
    ] {
        assert_sent_to(&server.submit(path, "", "").await, "/login");
        assert_eq!(server.post(path, &[FORM], "").await.refusal(), (401, "login_required"), "{path}");
    }
}

pub(crate) async fn the_account_page_ends_devices_by_plain_forms(demo: Program<'_>) {
    let server = demo.start();
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
    let remembered = format!("{ALICE}&remember=on");
    let login = server.post("/v1/login_user", &[FORM, ("user-agent", firefox)], &remembered).await;
    let other = login.cookie("__Host-id");
    let cookie = server.log_in(ALICE).await;
    let end = format!("/account/sessions/{}/log_out", server.handle(&other).await);

    let account = server.page("/account", &cookie).await.body;
    for shown in
        ["Firefox on Linux", "127.0.0.1", "This device", "Stays logged in", "Log out everywhere", &end]
    {
        assert!(account.contains(shown), "{shown}: {account}");
    }
    assert_sent_to(&server.submit(&end, &cookie, "").await, "/account");
    assert!(server.page("/account", &cookie).await.body.contains("The device is logged out."));
    assert!(!server.page("/account", &cookie).await.body.contains("The device"), "it is said once");
    assert_eq!(server.get("/v1/me", &[("cookie", &other)]).await.status, 401);
    assert_sent_to(&server.submit(&end, &cookie, "").await, "/account");

    let other = server.log_in(ALICE).await;
    assert_sent_to(&server.submit("/v1/logout_others", &cookie, "").await, "/account");
    assert_eq!(server.get("/v1/me", &[("cookie", &other)]).await.status, 401);
    assert_sent_to(&server.submit("/v1/logout_everywhere", &cookie, "").await, "/login");
    assert_eq!(server.get("/v1/me", &[("cookie", &cookie)]).await.status, 401);
}

pub(crate) async fn a_form_that_is_refused_says_so_in_its_place(demo: Program<'_>) {
    let server = demo.start();
    let cookie = server.log_in(ALICE).await;
    let wrong = server.submit("/v1/change_password", &cookie, "current=wrong&new=a+new+password").await;
    assert_told(&wrong, 401, "This is not your current password.");
    let short = "current=correct+horse+battery+staple&new=short";
    assert_told(&server.submit("/v1/change_password", &cookie, short).await, 422, "fewer than 8 characters");
    let unknown = server.submit("/v1/admin/logout_user", &cookie, "username=nobody").await;
    assert_told(&unknown, 404, "There is no user of this name.");
    let wrong = server.submit("/v1/reauthenticate", &cookie, "password=wrong").await;
    assert_told(&wrong, 401, "This is not your password.");
    let taken = server.submit("/v1/register_user", "", "username=bob&password=8+characters").await;
    assert_told(&taken, 409, "Somebody has this user name.");
    assert_eq!(server.get("/v1/me", &[("cookie", &cookie)]).await.status, 200);
}

pub(crate) async fn passwords_are_changed_and_confirmed_by_plain_forms(demo: Program<'_>) {
    let server = demo.start();
    let registered = server.submit("/v1/register_user", "", "username=carol&password=8+characters").await;
    assert_sent_to(&registered, "/account");
    let cookie = registered.cookie("__Host-id");
    assert!(!server.page("/account", &cookie).await.body.contains("Administration"));

    let confirmed = server.submit("/v1/reauthenticate", &cookie, "password=8+characters").await;
    assert_sent_to(&confirmed, "/account");
    let cookie = confirmed.cookie("__Host-id");
    let passwords = "current=8+characters&new=a+new+password";
    let changed = server.submit("/v1/change_password", &cookie, passwords).await;
    assert_sent_to(&changed, "/account");
    let cookie = changed.cookie("__Host-id");
    assert!(server.page("/account", &cookie).await.body.contains("Your password is changed"));
}

pub(crate) async fn an_administrator_logs_a_user_out_by_a_plain_form(demo: Program<'_>) {
    let server = demo.start();
    let (admin, bobs) = (server.log_in(ALICE).await, server.log_in(BOB).await);
    assert!(server.page("/account", &admin).await.body.contains("Administration"));
    let ended = server.submit("/v1/admin/logout_user", &admin, "username=bob").await;
    assert_sent_to(&ended, "/account");
    assert!(server.page("/account", &admin).await.body.contains("The user is logged out"));
    assert_eq!(server.get("/v1/me", &[("cookie", &bobs)]).await.status, 401);
}

pub(crate) async fn whatever_a_client_calls_itself_is_text_on_the_page(demo: Program<'_>) {
    let server = demo.start();
    let long = format!("Mozilla/5.0 {}", "x".repeat(4000));
    let hostile = ["<script>alert(1)</script>", r#"" onmouseover="alert(1)"#, "tab\there", "&amp;<b>", &long];
    for user_agent in hostile {
        let header: Header<'_> = ("user-agent", user_agent);
        server.post("/v1/login_user", &[FORM, header], ALICE).await.cookie("__Host-id");
    }
    let cookie = server.log_in(ALICE).await;
    let page = server.page("/account", &cookie).await.body;
    assert!(!page.contains("<script>") && !page.contains("<b>") && !page.contains(r#"" on"#), "{page}");
    assert!(!page.contains(&"x".repeat(257)));
    for session in server.get("/v1/sessions", &[("cookie", &cookie)]).await.json().as_array().unwrap() {
        let user_agent = session["user_agent"].as_str().unwrap_or_default();
        assert!(user_agent.len() <= 256 && !user_agent.contains(char::is_control), "{user_agent:?}");
    }
}
