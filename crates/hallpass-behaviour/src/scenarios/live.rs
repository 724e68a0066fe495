//! What is open when its session ends.

use super::common::*;
use crate::client::{Browser, Connection, Events, Request, Socket};
use crate::fixture::{PASSWORD, Setup, Site, World};
use hallpass_core::{EndReason, EventKind, OriginPolicy, Subject, Which};
use hallpass_testkit::{Method, Times};
use std::time::Duration;

/// How the server closes a socket whose session has ended: policy violation, RFC 6455 §7.4.1.
const POLICY: u16 = 1008;

const EVIL: (&str, &str) = ("origin", "https://evil.example");

/// A socket and an event stream of one session.
struct Open {
    socket: Socket,
    events: Events,
}

impl Open {
    async fn of(browser: &Browser) -> Self {
        Self { socket: browser.socket("echo").await, events: browser.events().await }
    }

    /// Waits until both have ended, and insists that both have said why.
    async fn ended(self, reason: EndReason) {
        assert_eq!(self.socket.closed().await, (POLICY, reason.to_string()));
        assert_eq!(self.events.reason().await, reason.as_str());
    }

    /// Insists that both are still open.
    async fn goes_on(&mut self) {
        self.socket.echo("still here").await;
        let more = tokio::time::timeout(Duration::from_millis(50), self.events.next()).await;
        assert!(more.is_err(), "{more:?}");
    }
}

/// Waits until everything that is open on `sites` nodes waits for the feed: `open` watchers, and a listener on each node.
async fn settled(world: &World, open: usize, sites: usize) {
    world.clock.until_sleeping(open + sites).await;
}

/// Waits until no watcher is left, no listener and no handler.
async fn nothing_is_left(world: &World) {
    let mut running = world.sockets.subscribe();
    running.wait_for(|running| *running == 0).await.expect("the world keeps its sender");
    while world.clock.sleepers() > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn assert_no_way_back(site: &Site, token: &str) {
    for request in [Request::handshake("/socket/echo"), Request::get("/user")] {
        let mut thief = site.browser().with_cookie(LOGIN, token);
        thief.send(request).await.expect_error(401, "login_required").without_cookie().is_private();
    }
}

/// A logout closes the sockets of its session, with the reason, and no others; nobody comes back with the old cookie.
pub async fn b57_a_logout_closes_the_sockets_of_its_session(world: &World) {
    let site = world.site().await;
    let (mut browser, other) = (site.logged_in("alice").await, site.logged_in("alice").await);
    let token = browser.token();
    let sockets = [browser.socket("echo").await, browser.socket("echo").await];
    let mut bystander = other.socket("echo").await;
    settled(world, 3, 1).await;
    assert_eq!(log_out(&mut browser).await, 1);
    for socket in sockets {
        assert_eq!(socket.closed().await, (POLICY, "logged_out".to_owned()));
    }
    assert_no_way_back(&site, &token).await;
    bystander.echo("still here").await;
    drop(bystander);
    nothing_is_left(world).await;
}

/// So does a logout on another node.
pub async fn b57_a_logout_on_another_node_closes_the_sockets(world: &World) {
    let (here, there) = (world.site().await, world.site().await);
    let mut browser = here.logged_in("alice").await;
    let open = Open::of(&browser.clone().at(there.addr)).await;
    settled(world, 2, 1).await;
    let token = browser.token();
    assert_eq!(log_out(&mut browser).await, 1);
    open.ended(EndReason::LoggedOut).await;
    for site in [&here, &there] {
        assert_no_way_back(site, &token).await;
    }
    nothing_is_left(world).await;
}

/// The socket is closed while its handler waits for something else, and the handler does not outlive it.
pub async fn b57_a_busy_handler_keeps_no_socket_open(world: &World) {
    let site = world.site().await;
    let mut browser = site.logged_in("alice").await;
    let socket = browser.socket("busy").await;
    settled(world, 1, 1).await;
    assert_eq!(log_out(&mut browser).await, 1);
    assert_eq!(socket.closed().await, (POLICY, "logged_out".to_owned()));
    nothing_is_left(world).await;
}

/// A client that does not read learns nothing of the end, and loses its connection and the handler that fills it.
pub async fn b57_a_client_that_does_not_read_is_dropped(world: &World) {
    let site = world.site().await;
    let mut browser = site.logged_in("alice").await;
    let socket = browser.socket("flood").await;
    settled(world, 1, 1).await;
    assert_eq!(log_out(&mut browser).await, 1);
    nothing_is_left(world).await;
    socket.drain().await;
}

/// A renewal ends nothing, and a logout after it does.
pub async fn b57_a_renewal_keeps_the_sockets_open(world: &World) {
    let site = world.site().await;
    let mut browser = site.logged_in("alice").await;
    let mut open = Open::of(&browser).await;
    settled(world, 2, 1).await;
    browser.post("/session/renew").await.expect(200);
    open.goes_on().await;
    assert_eq!(log_out(&mut browser).await, 1);
    open.ended(EndReason::LoggedOut).await;
}

/// Each way to end the other sessions, or all, closes what they have open, and nothing of those that stay.
pub async fn b58_what_ends_the_other_sessions_closes_their_sockets(world: &World) {
    let site = world.site().await;
    let ends = [
        (Request::post("/login/others"), EndReason::LoggedOutElsewhere),
        (change_password(PASSWORD, "another horse battery"), EndReason::CredentialsChanged),
    ];
    let mut actor = site.logged_in("alice").await;
    for (request, reason) in ends {
        let mut stays = Open::of(&actor).await;
        let goes = Open::of(&site.logged_in("alice").await).await;
        let mut stranger = Open::of(&site.logged_in("bob").await).await;
        settled(world, 6, 1).await;
        assert_eq!(actor.send(request).await.sessions_ended(), 1);
        goes.ended(reason).await;
        stays.goes_on().await;
        stranger.goes_on().await;
        drop((stays, stranger));
        nothing_is_left(world).await;
    }
}

/// An account that is disabled has nothing open any more.
pub async fn b58_disabling_an_account_closes_its_sockets(world: &World) {
    let site = world.site().await;
    let (first, second) = (site.logged_in("alice").await, site.logged_in("alice").await);
    let open = [Open::of(&first).await, Open::of(&second).await];
    let mut stranger = Open::of(&site.logged_in("bob").await).await;
    settled(world, 6, 1).await;
    disable_alice(world, &site).await;
    for open in open {
        open.ended(EndReason::AccountDisabled).await;
    }
    stranger.goes_on().await;
}

/// Event streams end with their session, whoever ends it and wherever, and say why.
pub async fn b59_event_streams_end_with_their_session(world: &World) {
    let (site, other) = (world.site().await, world.site().await);
    let (mut a, b, c) =
        (site.logged_in("alice").await, site.logged_in("alice").await, site.logged_in("alice").await);
    let streams = [a.events().await, b.clone().at(other.addr).events().await, c.events().await];
    let stranger = site.logged_in("bob").await.events().await;
    settled(world, 4, 2).await;
    let ended = b.clone().post("/logout").await.sessions_ended();
    assert_eq!(ended, 1);
    let handle = c.clone().get("/session/who").await.json()["handle"].as_str().expect("a handle").to_owned();
    assert_eq!(a.post(&format!("/login/device/{handle}")).await.sessions_ended(), 1);
    let which = Which::All;
    let ending = other.shop.end_sessions(Subject::from(ALICE), which, EndReason::Administrator);
    assert_eq!(ending.await.expect("the store confirms").sessions_ended, 1);
    let [a, b, c] = streams;
    assert_eq!(a.reason().await, "administrator");
    assert_eq!(b.reason().await, "logged_out");
    assert_eq!(c.reason().await, "logged_out_elsewhere");
    drop(stranger);
    nothing_is_left(world).await;
}

/// A client that goes leaves nothing behind.
pub async fn b59_a_client_that_hangs_up_leaves_nothing(world: &World) {
    let site = world.site().await;
    let browser = site.logged_in("alice").await;
    let open = Open::of(&browser).await;
    settled(world, 2, 1).await;
    drop(open);
    nothing_is_left(world).await;
    assert!(browser.clone().is_logged_in().await);
}

/// `HEAD` on an event stream gets the head and opens nothing: the connection goes on, and nobody waits for the session's
/// end.
pub async fn b59_the_head_of_an_event_stream_opens_none(world: &World) {
    let site = world.site().await;
    let token = site.logged_in("alice").await.token();
    let mut connection = Connection::open(site.addr).await.expect("it listens");
    for _ in 0..2 {
        let head = Request::new("HEAD", "/session/live").cookie(LOGIN, &token);
        let response = connection.send(&head).await.expect("the head");
        response.expect(200).without_cookie().is_private();
        assert_eq!(response.text(), "");
        let next = connection.send(&Request::get("/user").cookie(LOGIN, &token)).await;
        next.expect("the connection is still open").expect(200);
        nothing_is_left(world).await;
    }
}

/// Another site opens no socket with the user's cookie: nothing is loaded, and nothing runs.
pub async fn b60_a_handshake_from_another_site_is_refused(world: &World) {
    let site = world.site().await;
    let mut browser = site.logged_in("alice").await;
    let own = format!("http://{}", site.addr);
    let refused: [&[(&str, &str)]; 6] = [
        &[EVIL],
        &[("origin", "null")],
        &[("origin", own.as_str()), EVIL],
        &[("origin", own.as_str()), ("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none")],
    ];
    for headers in refused {
        site.store.reset_calls();
        let response = browser.send(Request::handshake("/socket/echo").headers(headers)).await;
        response.expect_error(403, "cross_origin").without_cookie();
        assert_eq!(site.store.total_calls(), 0, "{headers:?}");
    }
    assert_eq!(world.events.of(EventKind::CrossOriginRefused).len(), refused.len());
    assert_eq!(*world.sockets.borrow(), 0);
    browser.socket_from(&own).await.echo("our own page").await;
}

/// Who is not logged in gets no socket; on a strict site, nor does who says nothing.
pub async fn b60_a_handshake_needs_a_login(world: &World) {
    let site = world.site().await;
    for target in ["/socket/echo", "/bare/socket/echo", "/unlayered/socket/echo"] {
        let response = site.browser().send(Request::handshake(target)).await;
        let status = if target == "/socket/echo" { 401 } else { 500 };
        response.expect(status).without_cookie();
    }
    let origin = OriginPolicy::builder().strict(true).build().expect("a strict policy");
    let strict = world.site_with(Setup { origin, ..Setup::default() }).await;
    let browser = site.logged_in("alice").await.at(strict.addr);
    let response = browser.clone().send(Request::handshake("/socket/echo")).await;
    response.expect_error(403, "cross_origin").without_cookie();
    browser.socket_from(&format!("http://{}", strict.addr)).await.echo("our own page").await;
}

/// What is open counts as no use of the session: it ends with it, at the idle limit.
pub async fn b61_what_is_open_ends_at_the_idle_limit(world: &World) {
    let site = world.site().await;
    let open = Open::of(&site.logged_in("alice").await).await;
    settled(world, 2, 1).await;
    world.clock.advance(30 * MINUTE);
    open.ended(EndReason::IdleTimeout).await;
    assert_eq!(world.events.ends(), [EndReason::IdleTimeout]);
    nothing_is_left(world).await;
}

/// Used or not, it ends at the absolute limit.
pub async fn b61_what_is_open_ends_at_the_absolute_limit(world: &World) {
    let site = world.site().await;
    let mut browser = site.logged_in("alice").await;
    let mut open = Open::of(&browser).await;
    for _ in 0..35 {
        settled(world, 2, 1).await;
        browser.get("/user").await.expect(200);
        world.clock.advance(20 * MINUTE);
    }
    assert!(browser.is_logged_in().await);
    open.goes_on().await;
    settled(world, 2, 1).await;
    world.clock.advance(HOUR);
    open.ended(EndReason::AbsoluteTimeout).await;
}

/// A message that is lost delays the end by half a minute at most.
pub async fn b83_a_lost_message_delays_the_end_by_half_a_minute(world: &World) {
    let (here, there) = (world.site().await, world.site().await);
    let mut browser = here.logged_in("alice").await;
    let open = Open::of(&browser.clone().at(there.addr)).await;
    let mut bystander = Open::of(&there.logged_in("bob").await).await;
    settled(world, 4, 1).await;
    there.store.lose_events(Times::UntilCleared);
    assert_eq!(log_out(&mut browser).await, 1);
    let checks = there.store.calls(Method::Alive);
    world.clock.advance(Duration::from_secs(30));
    open.ended(EndReason::Unknown).await;
    assert!(there.store.calls(Method::Alive) > checks, "it was asked for");
    bystander.goes_on().await;
}

/// A gap in the feed is repaired at once, without waiting.
pub async fn b83_a_gap_in_the_feed_is_repaired_at_once(world: &World) {
    let site = world.site().await;
    let mut browser = site.logged_in("alice").await;
    let open = Open::of(&browser).await;
    settled(world, 2, 1).await;
    site.store.lose_events(Times::UntilCleared);
    assert_eq!(log_out(&mut browser).await, 1);
    site.store.cut_feeds();
    open.ended(EndReason::Unknown).await;
}
