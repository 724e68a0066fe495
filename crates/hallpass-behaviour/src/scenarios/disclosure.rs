//! What nobody may learn, and what nobody may do without end.

use super::common::*;
use crate::client::{Browser, Connection, Request, Response};
use crate::fixture::{LOGIN_PAGE, PASSWORD, Setup, Site, World};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hallpass_core::{EndReason, EventKind, OsRandom, SessionToken, Shard, ThrottlePolicy, TrustedProxies};
use hallpass_testkit::Method;
use serde_json::json;

/// Lives through everything that makes, renews and ends sessions, and returns every token that was issued.
async fn a_whole_life(site: &Site, world: &World) -> Vec<String> {
    let mut browser = site.browser();
    let mut answers = vec![browser.post("/session/write/cart/full").await];
    let again = Request::login("/login/reauthenticate", "alice", PASSWORD);
    for request in [alice_logs_in(), Request::post("/session/renew"), again, Request::get("/login/devices")] {
        world.clock.advance(2 * MINUTE);
        answers.push(browser.send(request).await);
    }
    answers.push(site.browser().send(Request::login("/login/in", "alice", "wrong")).await);
    answers.push(browser.send(change_password(PASSWORD, "another long password")).await);
    answers.push(browser.send(Request::login("/staff/login/in", "root", PASSWORD)).await);
    let thief = site.browser().with_cookie(LOGIN, "garbage").get("/user").await;
    answers.push(thief);
    site.store.go_down();
    answers.push(browser.get("/user").await);
    site.store.come_up();
    let cookies = answers.iter().flat_map(Response::all_cookies).filter(|cookie| !cookie.is_removal());
    let tokens: Vec<String> = cookies.map(|cookie| cookie.value).collect();
    for token in &tokens {
        for answer in &answers {
            assert!(!answer.text().contains(token) && !answer.values("location").concat().contains(token));
        }
    }
    tokens
}

/// No token is in the store, the log, the events or any debug print, and what is in the store is no token.
pub async fn b70_no_token_is_kept_or_told(world: &World) {
    let site = world.site().await;
    let tokens = a_whole_life(&site, world).await;
    assert!(tokens.len() >= 6, "{tokens:?}");
    let records = world.store.records().await;
    assert_eq!(records.len(), 2);
    let dumps: Vec<Vec<u8>> = records.iter().map(|record| record.encode()).collect();
    let shown = format!(
        "{records:?} {:?} {:?} {site:?} {:?}",
        world.events.all(),
        world.logs.lines(),
        world.store.keys()
    );
    for token in &tokens {
        let bytes = URL_SAFE_NO_PAD.decode(token).expect("a token");
        let (secret, start) = (&bytes[2..], &token[4..20]);
        for dump in &dumps {
            assert!(!dump.windows(secret.len()).any(|part| part == secret));
            assert!(!dump.windows(start.len()).any(|part| part == start.as_bytes()));
        }
        assert!(!shown.contains(start) && !shown.contains(&format!("{secret:?}")));
    }
    for record in &records {
        let key = URL_SAFE_NO_PAD.encode(record.key.as_bytes());
        assert_refused(&site, &key).await;
        let mut thief = site.browser().with_cookie(STAFF, &key);
        thief.get("/staff/user").await.expect_error(401, "login_required").without_cookie();
    }
    site.store.reset_calls();
    assert!(!shown.contains(PASSWORD) && !shown.contains("another long password"));
}

/// Unknown, wrong, disabled and without a password: the same answer, the same calls, one hash each.
pub async fn b71_failed_logins_look_the_same(world: &World) {
    let site = world.site().await;
    let cases = [
        ("nobody", PASSWORD),
        ("alice", "wrong"),
        ("disabled", PASSWORD),
        ("disabled", "wrong"),
        ("nopass", PASSWORD),
        ("nopass", ""),
        ("", ""),
    ];
    let mut seen = Vec::new();
    for (username, password) in cases {
        site.store.reset_calls();
        let hashes = world.customers.0.hashes();
        let response = site.browser().send(Request::login("/login/in", username, password)).await;
        response.expect_error(401, "invalid_credentials").without_cookie().is_private();
        let computed = world.customers.0.hashes() - hashes;
        seen.push((response.transcript(), computed, Method::ALL.map(|method| site.store.calls(method))));
    }
    assert_eq!(seen[0].1, 1);
    seen.dedup();
    assert_eq!(seen.len(), 1, "{seen:#?}");
    assert_eq!(kinds(world), [EventKind::LoginFailed; 7]);
    assert_eq!(world.store.keys().len(), 0);
}

/// A right password costs one hash too.
pub async fn b71_a_login_computes_one_hash(world: &World) {
    let site = world.site().await;
    let _ = site.logged_in("alice").await;
    assert_eq!(world.customers.0.hashes(), 1);
}

/// A megabyte of password is refused without a hash.
pub async fn b72_a_huge_password_is_not_hashed(world: &World) {
    let site = world.site().await;
    for username in ["alice", "nobody"] {
        let huge = Request::login("/login/in", username, &"x".repeat(1 << 20));
        let response = site.browser().send(huge).await;
        response.expect_error(401, "invalid_credentials").without_cookie();
    }
    assert_eq!(world.customers.0.hashes(), 0);
}

/// Long passwords in any script work, to their last character.
pub async fn b72_a_long_password_counts_to_its_end(world: &World) {
    let site = world.site().await;
    let mut browser = site.logged_in("alice").await;
    let mut current = PASSWORD.to_owned();
    for characters in [64, 256] {
        let start: String = "пароль密码🔑".chars().cycle().take(characters - 1).collect();
        let new = format!("{start}ß");
        browser.send(change_password(&current, &new)).await.expect(200);
        let wrong = format!("{start}ä");
        for (password, status) in [(&new, 200), (&wrong, 401), (&start, 401), (&format!("{new} "), 401)] {
            site.browser().send(Request::login("/login/in", "alice", password)).await.expect(status);
        }
        current = new;
    }
}

/// Ten thousand visits, bogus cookies and logouts leave nothing behind.
pub async fn b73_visits_make_no_rows(world: &World) {
    let site = world.site().await;
    let bogus = SessionToken::random(Shard(9), &OsRandom).expect("random bytes").encode();
    let requests = [
        (Request::get("/session/read/cart"), 200),
        (Request::get("/user").cookie(LOGIN, "garbage"), 401),
        (Request::get("/user").cookie(LOGIN, &bogus), 401),
        (Request::get("/session/renew").cookie(VISITOR, &bogus), 200),
        (Request::post("/logout").cookie(LOGIN, &bogus).cookie(VISITOR, "x"), 200),
    ];
    let (mut connection, mut lost) = (Connection::open(site.addr).await.expect("it listens"), 0);
    for round in 0..2000 {
        for (request, status) in &requests {
            let response = match connection.send(request).await {
                Ok(response) => response,
                // Between two requests a server may close a connection, as after five seconds without any.
                Err(_) => {
                    lost += 1;
                    connection = Connection::open(site.addr).await.expect("it listens");
                    connection.send(request).await.expect("it answers")
                }
            };
            assert_eq!(response.status(), *status, "{round}: {request:?}");
        }
    }
    assert!(lost < 10, "{lost} connections were lost");
    assert_eq!(world.store.keys().len(), 0);
    assert!(world.events.all().is_empty());
}

/// Ten thousand visitors who write take no more room than the store gives to visitors, and no login makes way for them.
///
/// Stores that bound nothing themselves are held to the bound of each session, and of each address: see
/// [`b73_visitors_of_one_address_take_bounded_room`].
pub async fn b73_a_flood_of_visitors_is_bounded(world: &World) {
    let site = world.site().await;
    let mut login = site.logged_in("alice").await;
    let mut connection = Connection::open(site.addr).await.expect("it listens");
    let too_much = connection.send(&Request::post("/session/fill/cart/4096")).await.expect("it answers");
    too_much.expect(413).without_cookie();
    assert_eq!(world.store.keys().len(), 1);
    let Some(bound) = world.visitor_bound() else { return };
    for _ in 0..10_000 {
        let response = connection.send(&Request::post("/session/fill/cart/64")).await.expect("it answers");
        response.expect(200);
    }
    let visitors = world.store.records().await.iter().filter(|record| record.identity.is_none()).count();
    assert!(visitors <= bound, "{visitors}");
    assert_eq!(world.events.ends().len(), 10_000 - visitors, "the end of each is told");
    assert!(login.is_logged_in().await);
}

/// Ten thousand visitors of one address who write begin as many sessions as the limit of an address allows, on every
/// store; the rest are told to wait, and write nothing.
pub async fn b73_visitors_of_one_address_take_bounded_room(world: &World) {
    let site = behind_a_proxy(world).await;
    let (most, fill) = (free_visitors(), Request::post("/session/fill/cart/4000"));
    let (fill, mut connection) = (flooding(fill), Connection::open(site.addr).await.expect("it listens"));
    for _ in 0..most {
        connection.send(&fill).await.expect("it answers").expect(200).only_cookie(VISITOR);
    }
    let written = world.store.keys().len();
    for _ in most..10_000 {
        let refused = connection.send(&fill).await.expect("it answers");
        refused.expect_error(429, "too_many_attempts").without_cookie();
        assert_eq!(refused.values("retry-after"), [VISITOR_WAIT.as_secs().to_string()]);
    }
    let visitors = world.store.records().await;
    let bytes: usize = visitors.iter().map(|record| record.data.len()).sum();
    assert_eq!(visitors.len(), world.visitor_bound().unwrap_or(most));
    assert!(bytes <= visitors.len() * 4096, "{bytes}");
    assert_eq!((written, world.store.keys().len()), (most, most));
    assert_eq!(world.events.of(EventKind::VisitorThrottled).len(), 10_000 - most);

    world.clock.advance(VISITOR_WAIT);
    connection.send(&fill).await.expect("it answers").expect(200).only_cookie(VISITOR);
    connection.send(&fill).await.expect("it answers").expect(429).without_cookie();
}

/// While an address floods, whoever has a session there goes on with it, logs in and out, and leaves a message; and others
/// begin sessions.
pub async fn b73_a_flood_of_visitors_leaves_everybody_else_alone(world: &World) {
    let site = behind_a_proxy(world).await;
    let mut login = site.browser();
    login.send(flooding(alice_logs_in())).await.expect(200);
    let write = || Request::post("/session/write/color/red");
    for _ in 1..free_visitors() {
        site.browser().send(flooding(write())).await.expect(200);
    }
    // Of those who were last here together, a store that bounds visitors may let any go.
    world.clock.advance(TICK);
    let mut visitor = site.browser();
    visitor.send(flooding(write())).await.expect(200).only_cookie(VISITOR);
    site.browser().send(flooding(write())).await.expect(429).without_cookie();

    site.browser()
        .send(write().header("x-forwarded-for", "203.0.113.10"))
        .await
        .expect(200)
        .only_cookie(VISITOR);
    site.browser().send(flooding(Request::get("/session/read/color"))).await.expect(200).without_cookie();
    for browser in [&mut visitor, &mut login] {
        browser.send(flooding(Request::post("/session/write/size/xl"))).await.expect(200).without_cookie();
        assert_eq!(read(browser, "size").await, "xl");
    }
    visitor.send(flooding(Request::login("/login/in", "bob", PASSWORD))).await.expect(200);
    assert_eq!(read(&mut visitor, "color").await, "red");
    for mut browser in [visitor, login] {
        let response = browser.send(flooding(Request::post("/login/out-then-write/flash/bye"))).await;
        assert_eq!(response.sessions_ended(), 1);
        assert_eq!(read(&mut browser, "flash").await, "bye");
        assert!(!browser.is_logged_in().await);
    }
}

/// How long the next visitor of an address has to wait once all free sessions are begun.
const VISITOR_WAIT: std::time::Duration = std::time::Duration::from_secs(5);

/// How many sessions visitors of one address may begin at once.
fn free_visitors() -> usize {
    ThrottlePolicy::default().limit_of_visitor().free.get() as usize
}

/// As sent by the proxy of a client that floods.
fn flooding(request: Request) -> Request {
    request.header("x-forwarded-for", "203.0.113.9")
}

/// A node that believes proxies on this host.
async fn behind_a_proxy(world: &World) -> Site {
    let proxies = TrustedProxies::x_forwarded_for(["127.0.0.0/8"]).expect("a network");
    world.site_with(Setup { proxies: Some(proxies), ..Setup::default() }).await
}

/// Whatever `next` says, the answer sends to this site and nowhere else.
pub async fn b76_next_never_leads_away(world: &World) {
    let site = world.site().await;
    let hostile = [
        "https://evil.example/",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        " //evil.example",
        "\u{0}//evil.example",
        "/%2f/evil.example",
        "/%5cevil.example",
        "/..//evil.example",
        "/%2e%2e//evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "http:evil.example",
        "evil.example",
        "@evil.example",
        "/\r\nSet-Cookie: __Host-id=x",
        "/%0d%0aSet-Cookie:%20x=y",
        "/a\u{2028}b//evil.example",
    ];
    for next in hostile {
        let form = json!({ "username": "alice", "password": PASSWORD, "next": next });
        let response = site.browser().send(Request::post("/login/in").json(form)).await;
        response.expect(303).only_cookie(LOGIN);
        assert_stays_here(&response, next);
    }
    let form = json!({ "username": "alice", "password": PASSWORD, "next": "/orders?page=2&q=a b#top" });
    let response = site.browser().send(Request::post("/login/in").json(form)).await;
    assert_eq!(response.expect(303).values("location"), ["/"], "a space is refused, not repaired");
    let form = json!({ "username": "alice", "password": PASSWORD, "next": "/orders?page=2#top" });
    let response = site.browser().send(Request::post("/login/in").json(form)).await;
    assert_eq!(response.expect(303).values("location"), ["/orders?page=2"]);
}

fn assert_stays_here(response: &Response, next: &str) {
    let [location] = response.values("location").try_into().expect("one target");
    assert!(location.starts_with('/') && !location.starts_with("//"), "{next:?} became {location:?}");
    assert!(
        location.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\'),
        "{next:?} became {location:?}"
    );
    assert!(
        !location.contains("evil.example") || location.starts_with("/a%"),
        "{next:?} became {location:?}"
    );
}

/// A page that sends its visitor to log in takes down where it was, and nothing that leads elsewhere.
pub async fn b76_the_way_back_from_the_login_page_is_on_this_site(world: &World) {
    let site = world.site().await;
    let page = |target: &str| Request::get(target).header("accept", "text/html");
    for (target, next) in [
        ("/user?page=2&x=%2F%2Fevil.example", "/user%3Fpage%3D2%26x%3D%252F%252Fevil.example"),
        ("/staff/user", "/staff/user"),
        ("http://evil.example/user", "/user"),
    ] {
        let response = site.browser().send(page(target)).await;
        let expected = format!("{LOGIN_PAGE}?next={next}");
        assert_eq!(response.expect(303).without_cookie().values("location"), [expected], "{target}");
    }
    let htmx = Request::get("/user")
        .headers(&[("hx-request", "true"), ("hx-current-url", "https://evil.example//x")]);
    let response = site.browser().send(htmx).await;
    assert_eq!(response.expect(401).values("hx-redirect"), [LOGIN_PAGE]);
}

/// The events of a session's life are complete, in their order, and of one session.
pub async fn b77_the_events_tell_the_whole_life(world: &World) {
    let site = world.site().await;
    let mut browser = site.browser();
    let agent = |request: Request| request.header("user-agent", "behaviour/1");
    browser.send(agent(alice_logs_in())).await.expect(200);
    let handle = browser.get("/session/who").await.json()["handle"].clone();
    world.clock.advance(2 * MINUTE);
    browser.get("/user").await.expect(200);
    world.clock.advance(TICK);
    browser.get("/session/renew").await.expect(200);
    world.clock.advance(TICK);
    browser.send(agent(Request::post("/logout"))).await.expect(200);

    use EventKind::{Ended, LoginSucceeded, Renewed, Touched};
    assert_eq!(kinds(world), [LoginSucceeded, Touched, Renewed, Ended]);
    let events = world.events.all();
    assert!(events.is_sorted_by_key(|event| event.at));
    for event in &events {
        assert_eq!(event.subject.as_deref(), Some("42"), "{event:?}");
        assert_eq!(event.handle.as_deref(), handle.as_str(), "{event:?}");
        assert_eq!((event.realm.as_str(), &event.actor), (LOGIN, &None), "{event:?}");
        assert_eq!(event.reason, (event.kind == Ended).then_some(EndReason::LoggedOut), "{event:?}");
    }
    for event in [&events[0], &events[3]] {
        assert_eq!(event.user_agent.as_deref(), Some("behaviour/1"), "{event:?}");
        assert!(event.has_address, "{event:?}");
    }
}

/// An event about other sessions says whose doing it was.
pub async fn b77_the_events_name_who_ended_the_others(world: &World) {
    let site = world.site().await;
    let others: [Browser; 2] = [site.logged_in("alice").await, site.logged_in("alice").await];
    let mut actor = site.logged_in("alice").await;
    let handle = actor.get("/session/who").await.json()["handle"].clone();
    world.events.clear();
    assert_eq!(actor.post("/login/others").await.sessions_ended(), others.len() as u64);
    let events = world.events.all();
    assert_eq!(events.len(), 2);
    for event in events {
        assert_eq!((event.kind, event.reason), (EventKind::Ended, Some(EndReason::LoggedOutElsewhere)));
        assert_eq!(event.actor.as_deref(), handle.as_str());
        assert_ne!(event.handle, event.actor);
    }
}

const TICK: std::time::Duration = std::time::Duration::from_millis(1);
