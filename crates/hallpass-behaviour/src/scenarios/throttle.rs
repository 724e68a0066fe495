//! How often somebody may be wrong.

use super::common::*;
use crate::client::{Browser, Request};
use crate::fixture::{PASSWORD, World};
use hallpass_core::{EndReason, EventKind};
use std::time::Duration;

/// How many passwords in a row may be wrong before one has to wait, and how long then, in seconds.
const FREE: usize = 5;
const WAIT: u64 = 2;

const DEVICE: &str = "__Host-id-device";

fn guess(username: &str) -> Request {
    Request::login("/login/in", username, "wrong")
}

/// Guesses until one has to wait, each time from another place, if the request is believed.
async fn guess_until_throttled(browser: &Browser, username: &str) {
    for n in 0..FREE {
        let spoofed = guess(username)
            .header("x-forwarded-for", format!("198.51.100.{n}"))
            .header("forwarded", format!("for=203.0.113.{n}"));
        browser.clone().send(spoofed).await.expect_error(401, "invalid_credentials").without_cookie();
    }
    browser.clone().send(guess(username)).await.expect_error(429, "too_many_attempts");
}

/// Beyond the limit an account is refused, wherever guesses claim to come from and whether it exists or not. Who is logged
/// in stays so and can log out, and others log in.
pub async fn b74_an_account_is_throttled_wherever_guesses_come_from(world: &World) {
    let site = world.site().await;
    let (mut first, mut second) = (site.logged_in("alice").await, site.logged_in("alice").await);
    let mut seen = Vec::new();
    for username in ["alice", "nobody", "disabled"] {
        guess_until_throttled(&site.browser(), username).await;
        let hashes = world.customers.0.hashes();
        let response = site.browser().send(Request::login("/login/in", username, PASSWORD)).await;
        response.expect(429).without_cookie().is_private();
        assert_eq!(response.values("retry-after"), [WAIT.to_string()]);
        assert_eq!(world.customers.0.hashes(), hashes, "the password was not looked at");
        seen.push(response.transcript());
    }
    seen.dedup();
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!(world.events.of(EventKind::LoginThrottled).len(), 6);

    assert!(first.is_logged_in().await);
    first.post("/session/renew").await.expect(200).only_cookie(LOGIN);
    assert_eq!(log_out(&mut first).await, 1);
    assert_eq!(second.post("/login/everywhere").await.sessions_ended(), 1);
    assert!(site.logged_in("bob").await.is_logged_in().await);
}

/// Who comes back when told is let in, and the wait grows with every guess before that.
pub async fn b74_the_wait_is_as_long_as_told_and_grows(world: &World) {
    let site = world.site().await;
    guess_until_throttled(&site.browser(), "alice").await;
    for wait in [WAIT, 2 * WAIT, 4 * WAIT] {
        world.clock.advance(Duration::from_secs(wait) - Duration::from_millis(1));
        let early = site.browser().send(alice_logs_in()).await;
        assert_eq!(early.expect(429).values("retry-after"), ["1"]);
        world.clock.advance(Duration::from_millis(1));
        site.browser().send(guess("alice")).await.expect_error(401, "invalid_credentials");
    }
    world.clock.advance(Duration::from_secs(8 * WAIT));
    site.browser().send(alice_logs_in()).await.expect(200).only_cookie(LOGIN);
    guess_until_throttled(&site.browser(), "alice").await;
}

/// Nobody who guesses elsewhere keeps the owner out of a browser in which he has logged in before. The cookie that says so is
/// as protected as the login's, is sent once, opens nothing and is good for nobody else.
pub async fn b74_a_known_browser_is_let_in_while_others_guess(world: &World) {
    let site = world.site().await;
    let mut owner = site.browser();
    let response = owner.send(alice_logs_in()).await;
    let device = response.expect(200).device_cookie().expect("the browser is known from now on");
    assert_eq!(device.name, DEVICE);
    log_out(&mut owner).await;
    assert_eq!(owner.jar().get(DEVICE), Some(device.value.as_str()), "a logout leaves it");
    assert!(!owner.is_logged_in().await);

    for username in ["alice", "bob"] {
        guess_until_throttled(&site.browser(), username).await;
    }
    site.browser().send(alice_logs_in()).await.expect(429).without_cookie();
    let bob = Request::login("/login/in", "bob", PASSWORD);
    owner.clone().send(bob).await.expect(429).without_cookie();
    let response = owner.send(alice_logs_in()).await;
    response.expect(200).only_cookie(LOGIN);
    assert_eq!(response.device_cookie(), None, "it holds");
    guess_until_throttled(&owner, "alice").await;
}

/// Within a session the password may be wrong ten times in a row; then that session is over, and no other.
pub async fn b74_a_session_that_keeps_guessing_is_ended(world: &World) {
    let site = world.site().await;
    let (mut stolen, mut own) = (site.logged_in("alice").await, site.logged_in("alice").await);
    guess_until_throttled(&site.browser(), "alice").await;
    let again = |password: &str| Request::login("/login/reauthenticate", "alice", password);
    own.send(again(PASSWORD)).await.expect(200).only_cookie(LOGIN);
    for _ in 1..10 {
        stolen.send(again("wrong")).await.expect_error(401, "invalid_credentials").without_cookie();
    }
    let response = stolen.send(again("wrong")).await;
    response.expect_error(401, "login_required").removes(&[LOGIN]);
    assert_eq!(world.events.ends(), [EndReason::TooManyAttempts]);
    assert!(!stolen.is_logged_in().await && own.is_logged_in().await);
}

/// Two hundred logins at once: what needs none is served all the while, and each is answered with what it is.
pub async fn b75_a_flood_of_logins_leaves_the_rest_alone(world: &World) {
    let site = world.site().await;
    let mut browser = site.logged_in("bob").await;
    let logins: Vec<_> = (0..200)
        .map(|n| match n % 2 {
            0 => site.browser().start(alice_logs_in()),
            _ => site.browser().start(guess(&format!("nobody-{n}"))),
        })
        .collect();
    for _ in 0..50 {
        site.browser().get("/public").await.expect(200);
        browser.get("/user").await.expect(200);
    }
    let mut statuses = Vec::new();
    for login in logins {
        statuses.push(login.response().await.status());
    }
    assert!(statuses.iter().all(|status| [200, 401, 429, 503].contains(status)), "{statuses:?}");
    assert!(statuses.contains(&200), "{statuses:?}");
}

/// Two hundred guesses at once, on two nodes: as many hashes as the limit allows, and not one more.
pub async fn b85_guesses_at_once_are_hashed_as_often_as_the_limit_allows(world: &World) {
    let nodes = [world.site().await, world.site().await];
    let guesses: Vec<_> = (0..200).map(|n| nodes[n % 2].browser().start(guess("alice"))).collect();
    let mut wrong = 0;
    for guess in guesses {
        let response = guess.response().await;
        match response.status() {
            401 => wrong += 1,
            _ => assert_eq!(response.expect_error(429, "too_many_attempts").values("retry-after"), ["2"]),
        }
    }
    assert_eq!((wrong, world.customers.0.hashes()), (FREE, FREE as u64));
}
