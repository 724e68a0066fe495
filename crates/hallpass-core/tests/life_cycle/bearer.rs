//! Tokens in `Authorization: Bearer`: the same sessions, by another way.

use crate::support::{Jar, World, log_out};
use hallpass_core::{
    BearerToken, EndReason, LoginGrant, OpenError, Refusal, RequestHead, SessionError, SessionManager,
    SessionSlot, Transport, Which,
};
use hallpass_testkit::Method;
use std::future::{Future, poll_fn};
use std::net::IpAddr;
use std::pin::pin;
use std::task::Poll;

const LOGIN: &str = "__Host-id";

/// A cross-site POST with these header lines.
#[derive(Default)]
struct Post(Vec<(&'static str, String)>);

impl Post {
    fn cookie(mut self, name: &str, value: &str) -> Self {
        self.0.push(("cookie", format!("{name}={value}")));
        self
    }

    fn bearer(mut self, token: &str) -> Self {
        self.0.push(("authorization", format!("Bearer {token}")));
        self
    }
}

impl RequestHead for Post {
    fn method(&self) -> &str {
        "POST"
    }

    fn authority(&self) -> Option<&str> {
        None
    }

    fn path_and_query(&self) -> &str {
        "/"
    }

    fn peer(&self) -> Option<IpAddr> {
        None
    }

    fn for_each_value(&self, name: &str, visit: &mut dyn FnMut(&[u8])) {
        self.0.iter().filter(|(known, _)| *known == name).for_each(|(_, value)| visit(value.as_bytes()));
    }
}

fn cross_site() -> Post {
    Post(vec![("sec-fetch-site", "cross-site".to_owned())])
}

/// A world whose manager takes bearer tokens.
fn world() -> World {
    let world = World::new();
    let sessions = SessionManager::builder(world.store.clone())
        .bearer(true)
        .clock(world.clock.clone())
        .events(world.events.clone())
        .sweep_every(None)
        .build()
        .unwrap();
    World { sessions, ..world }
}

fn slot(world: &World, head: &Post) -> SessionSlot {
    SessionSlot::new(&world.sessions.clone().into(), head, None)
}

/// Who is logged in by this head.
async fn who(world: &World, head: &Post) -> Option<String> {
    Some(slot(world, head).open().await.unwrap().subject()?.to_string())
}

async fn who_bears(world: &World, token: &str) -> Option<String> {
    who(world, &cross_site().bearer(token)).await
}

/// Logs in for a bearer client, by this request.
async fn log_in(world: &World, head: &Post, grant: LoginGrant) -> BearerToken {
    let session = slot(world, head).open().await.unwrap();
    let token = session.log_in_for_bearer(grant).unwrap();
    let outcome = session.slot().commit().await;
    assert_eq!((outcome.refusal, outcome.set_cookies().count()), (None, 0));
    token
}

async fn logged_in(world: &World) -> BearerToken {
    log_in(world, &Post::default(), world.grant(7).await).await
}

/// Refused for what the request's token is good for, with nothing but look-ups.
fn assert_untouched(world: &World) {
    for method in Method::ALL {
        assert!(matches!(method, Method::Load) || world.store.calls(method) == 0, "{method:?}");
    }
}

#[tokio::test]
async fn a_bearer_token_opens_its_session_from_anywhere_and_a_logout_ends_it() {
    let world = world();
    let token = logged_in(&world).await;
    assert_eq!(who_bears(&world, token.expose()).await.as_deref(), Some("7"));
    let session = slot(&world, &cross_site().bearer(token.expose())).open().await.unwrap();
    assert_eq!(session.transport(), Transport::Bearer);
    assert_eq!(log_out(&session).await, 1);
    let outcome = session.slot().commit().await;
    assert_eq!((outcome.refusal, outcome.set_cookies().count()), (None, 0));
    assert_eq!(who_bears(&world, token.expose()).await, None);
    assert_eq!(world.events.ends(), [EndReason::LoggedOut]);
}

#[tokio::test]
async fn a_token_of_one_transport_is_nothing_by_the_other_and_its_row_is_left_alone() {
    let world = world();
    let bearer = logged_in(&world).await;
    let cookie = world.logged_in(7).await.value(LOGIN).unwrap().to_owned();
    world.store.reset_calls();
    for crossed in [Post::default().cookie(LOGIN, bearer.expose()), Post::default().bearer(&cookie)] {
        let session = slot(&world, &crossed).open().await.unwrap();
        assert_eq!((session.subject(), session.handle()), (None, None));
        let _ = session.slot().commit().await;
    }
    assert_untouched(&world);
    for crossed in [Post::default().cookie(LOGIN, bearer.expose()), Post::default().bearer(&cookie)] {
        assert_eq!(log_out(&slot(&world, &crossed).open().await.unwrap()).await, 0);
    }
    assert_eq!(who_bears(&world, bearer.expose()).await.as_deref(), Some("7"));
    assert_eq!(who(&world, &Post::default().cookie(LOGIN, &cookie)).await.as_deref(), Some("7"));
    assert_eq!(world.events.ends(), []);
}

#[tokio::test]
async fn a_bad_bearer_never_falls_back_to_a_cookie() {
    let world = world();
    let cookie = world.logged_in(7).await.value(LOGIN).unwrap().to_owned();
    let dead = logged_in(&world).await;
    let _ = log_out(&slot(&world, &Post::default().bearer(dead.expose())).open().await.unwrap()).await;
    for bad in [dead.expose(), "", "x", &cookie] {
        let head = Post::default().cookie(LOGIN, &cookie).bearer(bad);
        assert_eq!(who(&world, &head).await, None, "{bad:?}");
        let session = slot(&world, &head).open().await.unwrap();
        assert_eq!(log_out(&session).await, 0);
        assert_eq!(session.slot().commit().await.set_cookies().count(), 0);
    }
    let basic = Post(vec![("authorization", "Basic YTpi".to_owned())]).cookie(LOGIN, &cookie);
    assert_eq!(who(&world, &basic).await.as_deref(), Some("7"));
}

#[tokio::test]
async fn of_two_bearer_tokens_none_counts_and_a_logout_ends_both() {
    let world = world();
    let tokens = [logged_in(&world).await, logged_in(&world).await];
    let both = Post::default().bearer(tokens[0].expose()).bearer(tokens[1].expose());
    assert_eq!(who(&world, &both).await, None);
    assert_eq!(log_out(&slot(&world, &both).open().await.unwrap()).await, 2);
    for token in &tokens {
        assert_eq!(who_bears(&world, token.expose()).await, None);
    }
}

#[tokio::test]
async fn without_the_option_the_header_is_not_looked_at_and_no_token_is_given_out() {
    let world = World::new();
    let cookie = world.logged_in(7).await.value(LOGIN).unwrap().to_owned();
    let head = Post::default().cookie(LOGIN, &cookie).bearer("x");
    assert_eq!(who(&world, &head).await.as_deref(), Some("7"));
    assert!(matches!(slot(&world, &cross_site().bearer("x")).open().await, Err(OpenError::CrossOrigin)));
    let session = slot(&world, &head).open().await.unwrap();
    let refused = session.log_in_for_bearer(world.grant(7).await);
    assert!(matches!(refused, Err(SessionError::BearerOff)));
    assert_eq!(refused.unwrap_err().answer().status, 500);
    let outcome = session.slot().commit().await;
    assert_eq!((outcome.challenge(), outcome.vary()), (None, &["Cookie"][..]));
}

#[tokio::test]
async fn a_renewal_hands_over_the_new_token_and_the_old_one_is_dead() {
    let world = world();
    let old = logged_in(&world).await;
    let session = slot(&world, &Post::default().bearer(old.expose())).open().await.unwrap();
    let handle = session.handle();
    session.insert("color", "red").unwrap();
    assert!(matches!(session.renew(), Err(SessionError::CookieRequired)));
    let new = session.renew_for_bearer().unwrap().unwrap();
    assert_eq!(who_bears(&world, new.expose()).await, None, "not before the commit");
    let outcome = session.slot().commit().await;
    assert_eq!((outcome.refusal, outcome.set_cookies().count()), (None, 0));
    assert_eq!(who_bears(&world, old.expose()).await, None);
    let session = slot(&world, &Post::default().bearer(new.expose())).open().await.unwrap();
    assert_eq!((session.handle(), session.get::<String>("color").unwrap().as_deref()), (handle, Some("red")));
    let visitor = slot(&world, &Post::default()).open().await.unwrap();
    assert!(visitor.renew_for_bearer().unwrap().is_none());
}

#[tokio::test]
async fn of_two_renewals_at_once_the_second_gets_no_token_that_opens_nothing() {
    let world = world();
    let old = logged_in(&world).await;
    let open = async || slot(&world, &Post::default().bearer(old.expose())).open().await.unwrap();
    let (first, second) = (open().await, open().await);
    let [won, lost] = [&first, &second].map(|session| session.renew_for_bearer().unwrap().unwrap());
    assert_eq!(first.slot().commit().await.refusal, None);
    let outcome = second.slot().commit().await;
    assert_eq!(outcome.refusal, Some(Refusal::LoginRequired));
    assert_eq!(outcome.challenge(), Some("Bearer error=\"invalid_token\""));
    assert_eq!(who_bears(&world, won.expose()).await.as_deref(), Some("7"));
    assert_eq!(who_bears(&world, lost.expose()).await, None);
}

#[tokio::test]
async fn a_login_on_a_bearer_session_keeps_it_for_its_user_and_ends_another_users() {
    let world = world();
    let old = logged_in(&world).await;
    let head = Post::default().bearer(old.expose());
    let handle = slot(&world, &head).open().await.unwrap().handle();
    let again = log_in(&world, &head, world.grant(7).await).await;
    let session = slot(&world, &Post::default().bearer(again.expose())).open().await.unwrap();
    assert_eq!(session.handle(), handle);
    assert_eq!(who_bears(&world, old.expose()).await, None);

    let other = log_in(&world, &Post::default().bearer(again.expose()), world.grant(8).await).await;
    assert_eq!(who_bears(&world, again.expose()).await, None);
    assert_eq!(who_bears(&world, other.expose()).await.as_deref(), Some("8"));
    assert_eq!(world.events.ends(), [EndReason::Superseded]);
}

#[tokio::test]
async fn the_token_of_a_login_that_is_refused_opens_nothing() {
    let world = world();
    let session = slot(&world, &Post::default()).open().await.unwrap();
    let token = session.log_in_for_bearer(world.grant(7).await).unwrap();
    let ending = world.sessions.end_sessions(7_u32.into(), Which::All, EndReason::Administrator);
    let _ = ending.await.unwrap();
    assert_eq!(session.slot().commit().await.refusal, Some(Refusal::LoginSuperseded));
    assert_eq!(who_bears(&world, token.expose()).await, None);

    let session = slot(&world, &Post::default()).open().await.unwrap();
    let token = session.log_in_for_bearer(world.grant(7).await).unwrap();
    assert_eq!(log_out(&session).await, 0);
    let _ = session.slot().commit().await;
    assert_eq!(who_bears(&world, token.expose()).await, None, "logged out before it began");
}

#[tokio::test]
async fn a_bearer_login_in_a_browser_stands_apart_from_what_its_cookies_open() {
    let world = world();
    let mut jar = world.logged_in(7).await;
    world.request(&mut jar, async |session| session.insert("cart", "full").unwrap()).await;
    let mut visitor = Jar::default();
    world.request(&mut visitor, async |session| session.insert("cart", "full").unwrap()).await;
    for jar in [&jar, &visitor] {
        let session = world.open(jar).await;
        session.insert("dropped", &true).unwrap();
        let token = session.log_in_for_bearer(world.grant(7).await).unwrap();
        session.insert("device", "cli").unwrap();
        let outcome = session.slot().commit().await;
        assert_eq!((outcome.refusal, outcome.set_cookies().count()), (None, 0));

        let apart = slot(&world, &Post::default().bearer(token.expose())).open().await.unwrap();
        let values = ["cart", "dropped", "device"].map(|name| apart.contains(name));
        assert_eq!(values, [false, false, true]);
        let before = world.open(jar).await;
        let values = ["cart", "dropped", "device"].map(|name| before.contains(name));
        assert_eq!(values, [true, false, false]);
        assert_ne!(apart.handle(), before.handle());
    }
    assert_eq!(world.events.ends(), []);
}

#[tokio::test]
async fn a_login_by_cookie_after_one_for_bearer_takes_its_place_and_keeps_the_sessions_values() {
    let world = world();
    let mut jar = world.logged_in(7).await;
    world.request(&mut jar, async |session| session.insert("cart", "full").unwrap()).await;
    let session = world.open(&jar).await;
    let token = session.log_in_for_bearer(world.grant(7).await).unwrap();
    session.insert("device", "cli").unwrap();
    session.log_in(world.grant(7).await).unwrap();
    let outcome = session.slot().commit().await;
    jar.apply(&outcome);
    assert_eq!(who_bears(&world, token.expose()).await, None);
    let session = world.open(&jar).await;
    assert_eq!(["cart", "device"].map(|name| session.contains(name)), [true, false]);
}

#[tokio::test]
async fn beside_a_bearer_token_nothing_is_begun_that_needs_a_cookie() {
    let world = world();
    for head in [Post::default().bearer("x"), Post::default().bearer(logged_in(&world).await.expose())] {
        let session = slot(&world, &head).open().await.unwrap();
        let refused = session.log_in(world.grant(7).await).unwrap_err();
        assert!(matches!(refused, SessionError::CookieRequired));
        assert_eq!(refused.answer().status, 400);
    }
    world.store.reset_calls();
    let session = slot(&world, &Post::default().bearer("x")).open().await.unwrap();
    session.remove("cart").unwrap();
    let refused = session.insert("cart", "full").unwrap_err();
    assert!(matches!(refused, SessionError::NoSession));
    assert_eq!(refused.answer().status, 401);
    let outcome = session.slot().commit().await;
    assert_eq!((outcome.refusal, outcome.set_cookies().count()), (None, 0));
    assert_eq!(world.store.total_calls(), 0);

    let token = logged_in(&world).await;
    let session = slot(&world, &Post::default().bearer(token.expose())).open().await.unwrap();
    assert_eq!(log_out(&session).await, 1);
    assert!(matches!(session.insert("flash", "bye"), Err(SessionError::NoSession)));
}

#[tokio::test]
async fn the_answer_says_what_it_varies_by_and_whether_the_token_was_good() {
    let world = world();
    let token = logged_in(&world).await;
    let (good, bad) = (Post::default().bearer(token.expose()), Post::default().bearer("x"));
    let invalid = "Bearer error=\"invalid_token\"";
    for (head, challenge) in [(&Post::default(), "Bearer"), (&good, "Bearer"), (&bad, invalid)] {
        let slot = slot(&world, head);
        assert_eq!(slot.commit().await.vary(), &[""; 0], "nothing was opened");
        let slot = self::slot(&world, head);
        let _ = slot.open().await.unwrap();
        let outcome = slot.commit().await;
        assert_eq!(
            (outcome.vary(), outcome.challenge()),
            (&["Cookie", "Authorization"][..], Some(challenge))
        );
    }
    let slot = slot(&world, &good);
    let _ = slot.open().await.unwrap();
    slot.mark_stale();
    assert_eq!(slot.commit().await.challenge(), Some(invalid));
}

#[tokio::test]
async fn the_end_of_a_bearer_session_is_heard() {
    let world = world();
    let token = logged_in(&world).await;
    let head = Post::default().bearer(token.expose());
    let watching = slot(&world, &head).open().await.unwrap();
    assert!(watching.is_still_live().await.unwrap());
    let mut ended = pin!(watching.ended());
    let early = poll_fn(|cx| Poll::Ready(ended.as_mut().poll(cx))).await;
    assert!(early.is_pending(), "it is live");
    assert_eq!(log_out(&slot(&world, &head).open().await.unwrap()).await, 1);
    // Why is told by the feed, to whom it reaches in time.
    assert!(matches!(ended.await, EndReason::LoggedOut | EndReason::Unknown));
    assert!(!watching.is_still_live().await.unwrap());
}
