//! The requests.

use crate::tape::Tape;
use hallpass_behaviour::client::{Browser, Request};
use hallpass_behaviour::fixture::{PASSWORD, Site, World};
use hallpass_testkit::{Method, Times};
use serde_json::json;
use std::time::Duration;

const NAVIGATION: [(&str, &str); 4] = [
    ("accept", "text/html,*/*;q=0.8"),
    ("sec-fetch-site", "same-origin"),
    ("sec-fetch-mode", "navigate"),
    ("sec-fetch-dest", "document"),
];
const HTMX: [(&str, &str); 2] =
    [("hx-request", "true"), ("hx-current-url", "http://shop.example/cart?page=2")];

/// What asks for a recent login.
const RECENT: [&str; 2] = ["/recent", "/maybe/recent"];

fn page(target: &str) -> Request {
    Request::get(target).headers(&NAVIGATION)
}

fn log_in() -> Request {
    Request::login("/login/in", "alice", PASSWORD)
}

/// Plays everything on a new site.
pub(crate) async fn play(world: &World) -> Tape {
    let (site, mut tape) = (world.site().await, Tape::default());
    nobody(&mut tape, &site).await;
    visitor_logs_in(&mut tape, world, &site).await;
    answers_of_all_kinds(&mut tape, &site).await;
    other_sites(&mut tape, &site).await;
    hostile_cookies(&mut tape, &site).await;
    areas(&mut tape, &site).await;
    wired_up_wrongly(&mut tape, &site).await;
    logouts(&mut tape, &site).await;
    store_that_fails(&mut tape, &site).await;
    end_of_time(&mut tape, world, &site).await;
    tape
}

/// Programs, browsers and htmx without a login.
async fn nobody(tape: &mut Tape, site: &Site) {
    let mut browser = site.browser();
    for target in
        ["/public", "/user", "/subject", "/guarded", "/maybe/user", "/maybe/subject", "/maybe/session"]
            .into_iter()
            .chain(RECENT)
    {
        tape.send(&mut browser, Request::get(target)).await;
        tape.send(&mut browser, page(target)).await;
        tape.send(&mut browser, Request::get(target).headers(&HTMX)).await;
        tape.send(&mut browser, Request::new("HEAD", target)).await;
    }
    for target in ["/user?page=2&x=%2F%2Fevil.example", "/staff/user?a=b%20c", "/guarded?"] {
        tape.send(&mut browser, page(target)).await;
    }
    tape.send(&mut browser, Request::get("/session/who")).await;
    tape.send(&mut browser, Request::get("/session/no/such/action")).await;
    tape.send(&mut browser, Request::get("/nowhere")).await;
    tape.send(&mut browser, Request::get("/staff/nowhere")).await;
    tape.send(&mut browser, Request::get("/userx")).await;
}

/// A visitor's values, failed logins, the login, and what a session can do.
async fn visitor_logs_in(tape: &mut Tape, world: &World, site: &Site) {
    let mut browser = site.browser();
    tape.send(&mut browser, Request::post("/session/write/cart/full")).await;
    tape.send(&mut browser, Request::get("/session/read/cart")).await;
    for (username, password) in [("alice", "wrong"), ("nobody", PASSWORD), ("disabled", PASSWORD)] {
        tape.send(&mut browser, Request::login("/login/in", username, password)).await;
    }
    tape.send(&mut browser, Request::login("/login/in", "alice", &"x".repeat(1 << 20))).await;
    tape.send(&mut browser, log_in().header("user-agent", "transcript/1")).await;
    world.clock.advance(Duration::from_secs(1));
    let remembered = json!({ "username": "alice", "password": PASSWORD, "remember": true, "next": "/a?b#c" });
    tape.send(&mut site.browser(), Request::post("/login/in").json(remembered)).await;
    for target in
        ["/user", "/subject", "/guarded", "/maybe/session", "/session/who", "/login/devices", "/login/who"]
    {
        tape.send(&mut browser, Request::get(target)).await;
    }
    for target in ["/session/add/count", "/session/add/count", "/session/renew", "/session/fill/big/8192"] {
        tape.send(&mut browser, Request::post(target)).await;
    }
    tape.send(&mut browser, Request::get("/session/read/count")).await;
    tape.send(&mut browser, Request::login("/login/reauthenticate", "alice", "wrong")).await;
    tape.send(&mut browser, Request::login("/login/reauthenticate", "alice", PASSWORD)).await;
    tape.send(&mut browser, Request::post("/login/others")).await;
    let change = json!({ "username": "alice", "password": PASSWORD, "new": PASSWORD });
    tape.send(&mut browser, Request::post("/login/change-password").json(change)).await;
    tape.send(&mut browser, Request::post("/login/everywhere")).await;
}

/// Each way in which a handler ends, with a change before it.
async fn answers_of_all_kinds(tape: &mut Tape, site: &Site) {
    for kind in ["ok", "cacheable", "redirect", "not-modified", "bad-request", "fail"] {
        let mut browser = site.browser();
        tape.send(&mut browser, Request::get(&format!("/session/write-then/{kind}"))).await;
        tape.send(&mut browser, Request::get(&format!("/session/read-then/{kind}"))).await;
        tape.send(&mut browser, Request::login(&format!("/login/in-then/{kind}"), "alice", PASSWORD)).await;
        tape.send(&mut browser, Request::post(&format!("/login/out-then/{kind}"))).await;
    }
    let mut browser = site.browser();
    tape.send_for_status(&mut browser, Request::get("/session/read-then/error")).await;
    tape.send_for_status(&mut browser, Request::login("/login/in-then/error", "alice", PASSWORD)).await;
    tape.send(&mut browser, Request::get("/user")).await;
    tape.send_for_status(&mut browser, Request::post("/login/out-then/error")).await;
    tape.send(&mut browser, Request::post("/session/fill/big/4096")).await;
    tape.send(&mut browser, Request::get("/session/stream/now")).await;
    tape.send(&mut browser, Request::post("/login/out-then-write/flash/bye")).await;
}

/// Requests that other sites send, and methods that do not log out.
async fn other_sites(tape: &mut Tape, site: &Site) {
    let mut browser = tape.logged_in(site, "alice").await;
    let foreign: [&[(&str, &str)]; 5] = [
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "none")],
    ];
    for headers in foreign {
        for request in
            [Request::post("/logout"), log_in(), Request::post("/session/add/count"), Request::post("/user")]
        {
            tape.send(&mut browser, request.headers(headers)).await;
        }
    }
    for header in
        [("sec-purpose", "prefetch"), ("sec-fetch-dest", "image"), ("referer", "https://evil.example/")]
    {
        let request = Request::get("/logout").headers(&NAVIGATION[..3]).headers(&[header]);
        tape.send(&mut browser, request).await;
    }
    let cross_site = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")];
    tape.send(&mut browser, Request::get("/logout").headers(&cross_site)).await;
    for method in ["HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "LOGOUT", "GET"] {
        for target in
            ["/logout", "/post-logout"].into_iter().filter(|target| (method, *target) != ("GET", "/logout"))
        {
            tape.send(&mut browser, Request::new(method, target)).await;
        }
    }
    let hosts = [("host", "a.example"), ("host", "b.example")];
    tape.send_raw_for_status(&browser, Request::post("/logout").headers(&hosts)).await;
    for method in ["POST", "GET"] {
        let absolute = Request::new(method, "http://a.example/logout").header("host", "b.example");
        tape.send_raw(&browser, absolute).await;
    }
    tape.send(&mut browser, Request::get("/user")).await;
}

/// Cookies as bytes.
async fn hostile_cookies(tape: &mut Tape, site: &Site) {
    let (token, other) =
        (tape.logged_in(site, "alice").await.token(), tape.logged_in(site, "bob").await.token());
    let lines: [Vec<u8>; 9] = [
        b"__Host-id=garbage".to_vec(),
        b"__Host-id=\xff\xfe\x80".to_vec(),
        b"__Host-id".to_vec(),
        b"=; =;;;; ;=__Host-id;".to_vec(),
        format!("__Host-id={}", "A".repeat(60 * 1024)).into(),
        format!("a={}", "A".repeat(70 * 1024)).into(),
        "a=b; ".repeat(5000).into(),
        format!("__Host-id={token}; x=y; __Host-id={token}").into(),
        format!("__Host-id={token}; __Host-id={other}").into(),
    ];
    for line in lines {
        for request in
            [Request::get("/user"), page("/guarded"), Request::get("/maybe/user"), Request::get("/public")]
        {
            tape.send_raw(&site.browser(), request.header("cookie", &line)).await;
        }
    }
    let split = Request::get("/user").cookie("a", "b").cookie("__Host-id", &token).cookie("c", "d");
    tape.send_raw(&site.browser(), split).await;
    for value in ["garbage", "", &"A".repeat(60 * 1024)] {
        tape.send_raw(&site.browser(), Request::post("/logout").cookie("__Host-id", value)).await;
    }
    tape.send_raw(&site.browser(), Request::post("/logout").cookie("a", &"b; ".repeat(9000))).await;
    let both = Request::post("/logout").cookie("__Host-id", &token).cookie("__Host-id", &other);
    tape.send_raw(&site.browser(), both).await;
}

/// The area inside of the other.
async fn areas(tape: &mut Tape, site: &Site) {
    let mut browser = site.browser();
    let targets = ["/user", "/staff/user", "/staff/customer", "/staff/both", "/staff/session/who"];
    tape.send(&mut browser, page("/staff/user")).await;
    tape.send(&mut browser, Request::login("/staff/login/in", "alice", PASSWORD)).await;
    tape.send(&mut browser, Request::login("/staff/login/in", "root", PASSWORD)).await;
    for target in targets {
        tape.send(&mut browser, Request::get(target)).await;
    }
    tape.send(&mut browser, log_in()).await;
    for target in targets {
        tape.send(&mut browser, Request::get(target)).await;
    }
    tape.send(&mut browser, Request::post("/staff/session/write/note/x")).await;
    tape.send(&mut browser, Request::get("/session/read/note")).await;
    tape.send(&mut browser, Request::new("PUT", "/staff/logout")).await;
    tape.send(&mut browser, Request::post("/staff/logout")).await;
    tape.send(&mut browser, Request::get("/staff/both")).await;
    tape.send(&mut browser, Request::post("/login/out")).await;
}

/// No layer, no authenticator, and the wrong order.
async fn wired_up_wrongly(tape: &mut Tape, site: &Site) {
    let routes = [
        "user",
        "subject",
        "recent",
        "guarded",
        "maybe/user",
        "maybe/subject",
        "maybe/recent",
        "maybe/session",
    ];
    let routes = routes.into_iter().chain(["login/who", "logout"]);
    let mut browser = tape.logged_in(site, "alice").await;
    for area in ["unlayered", "bare"] {
        for route in routes.clone() {
            tape.send(&mut browser, Request::post(&format!("/{area}/{route}"))).await;
            tape.send(&mut browser, page(&format!("/{area}/{route}"))).await;
        }
    }
    tape.send(&mut browser, Request::get("/bare/session/who")).await;
    tape.send(&mut browser, Request::get("/unlayered/session/who")).await;
    tape.send(&mut browser, Request::get("/misordered")).await;
}

/// Every way out, each from a login of its own, and once more without.
async fn logouts(tape: &mut Tape, site: &Site) {
    let ways = [
        Request::post("/logout"),
        Request::post("/post-logout"),
        Request::get("/logout"),
        page("/logout"),
        Request::post("/logout").headers(&NAVIGATION),
        Request::post("/logout").headers(&HTMX),
        Request::post("/login/out"),
        Request::login("/login/out-then-in", "bob", PASSWORD),
        Request::login("/login/in-then-out", "bob", PASSWORD),
    ];
    for request in ways {
        let mut browser = tape.logged_in(site, "alice").await;
        let stolen = browser.clone();
        tape.send(&mut browser, request.clone()).await;
        tape.send(&mut browser, request).await;
        tape.send(&mut browser, Request::get("/user")).await;
        tape.send(&mut stolen.clone(), Request::get("/user")).await;
        tape.send(&mut stolen.clone(), page("/user")).await;
        tape.send(&mut stolen.clone(), Request::post("/logout")).await;
    }
}

/// A store that is away, and one whose answers are lost.
async fn store_that_fails(tape: &mut Tape, site: &Site) {
    let mut browser = tape.logged_in(site, "alice").await;
    site.store.go_down();
    for target in
        ["/user", "/guarded", "/maybe/user", "/maybe/session", "/session/who", "/staff/customer", "/public"]
            .into_iter()
            .chain(RECENT)
    {
        tape.send(&mut browser, Request::get(target)).await;
        tape.send(&mut browser, page(target)).await;
    }
    for request in [log_in(), Request::post("/logout"), Request::post("/session/add/count"), page("/logout")]
    {
        tape.send(&mut browser, request).await;
    }
    site.store.come_up();
    let failing = [
        (Method::Update, Request::post("/session/write-then/redirect")),
        (Method::Replace, Request::post("/session/renew")),
        (Method::RevokeSubject, Request::post("/login/everywhere")),
    ];
    for (method, request) in failing {
        site.store.fail(method, Times::Next(1));
        tape.send(&mut browser, request).await;
        tape.send(&mut browser, Request::get("/user")).await;
    }
    site.store.lose_answer(Method::RevokeSubject, Times::Next(1));
    tape.send(&mut browser, Request::post("/logout")).await;
    tape.send(&mut browser, Request::get("/user")).await;
    tape.send(&mut browser, Request::post("/logout")).await;
}

/// A session that has run out.
async fn end_of_time(tape: &mut Tape, world: &World, site: &Site) {
    let (mut browser, mut other): (Browser, Browser) =
        (tape.logged_in(site, "alice").await, tape.logged_in(site, "bob").await);
    for target in RECENT {
        tape.send(&mut browser, Request::get(target)).await;
    }
    world.clock.advance(Duration::from_secs(10 * 60 + 1));
    tape.send(&mut browser, Request::get("/session/who")).await;
    for target in RECENT {
        tape.send(&mut browser, Request::get(target)).await;
        tape.send(&mut browser, page(target)).await;
        tape.send(&mut browser, Request::get(target).headers(&HTMX)).await;
    }
    world.clock.advance(Duration::from_secs(30 * 60));
    for request in
        [Request::get("/user"), page("/guarded"), Request::get("/maybe/user"), Request::post("/logout")]
    {
        tape.send(&mut browser, request).await;
    }
    tape.send(&mut other, Request::post("/session/write/cart/full")).await;
}
