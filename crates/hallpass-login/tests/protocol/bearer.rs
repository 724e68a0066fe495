//! Logins of clients that keep their token themselves.

use crate::support::{User, Users, World};
use hallpass_core::{Area, SessionError, SessionManager, SessionSlot};
use hallpass_login::{Keep, Login, LoginError, LogoutEndpoint, current_user};
use hallpass_testkit::Head;
use std::sync::Arc;

fn bearing(token: &str) -> Head {
    bearing_by("POST", token)
}

fn bearing_by(method: &'static str, token: &str) -> Head {
    let head = Head::new(method).line("authorization", format!("Bearer {token}"));
    head.line("sec-fetch-site", "cross-site").line("accept", "text/html")
}

fn world() -> World {
    let world = World::new();
    let sessions = SessionManager::builder(world.store.clone()).bearer(true).clock(world.clock.clone());
    World { sessions: sessions.sweep_every(None).build().unwrap(), ..world }
}

fn slot(world: &World, head: &Head) -> SessionSlot {
    let users: Arc<Users> = Arc::clone(&world.users);
    SessionSlot::new(&Area::from(world.sessions.clone()).carrying(users), head, None)
}

async fn login(world: &World, head: &Head) -> Login<Users> {
    Login::open(Some(&slot(world, head)), head).await.unwrap()
}

async fn commit(login: &Login<Users>) {
    let outcome = login.session().slot().commit().await;
    assert_eq!((outcome.refusal, outcome.set_cookies().count()), (None, 0));
}

async fn logged_in(world: &World) -> String {
    let login = login(world, &Head::new("POST")).await;
    let ticket = login.authenticate(("alice", "right")).await.unwrap();
    let token = login.log_in_for_bearer(ticket).unwrap();
    commit(&login).await;
    token.expose().to_owned()
}

/// Who is logged in with this token, stamp and all.
async fn who(world: &World, token: &str) -> Option<&'static str> {
    let user = current_user(&slot(world, &bearing(token)), &*world.users).await.unwrap();
    user.map(|user| user.name)
}

fn changed(world: &World) -> Arc<User> {
    world.users.change(1, |user| user.stamp = 2);
    Arc::new(User { id: 1, name: "alice", password: "right", stamp: 2, enabled: true, limit: None })
}

fn needs_cookie<T>(outcome: &Result<T, LoginError>) -> bool {
    match outcome {
        Err(error @ LoginError::Session(SessionError::CookieRequired)) => error.answer().status == 400,
        _ => false,
    }
}

#[tokio::test]
async fn a_reauthentication_hands_over_the_new_token() {
    let world = world();
    let token = logged_in(&world).await;
    let login = login(&world, &bearing(&token)).await;
    world.users.calls.lock().unwrap().clear();
    assert!(needs_cookie(&login.reauthenticate(("alice", "right")).await));
    assert_eq!(*world.users.calls.lock().unwrap(), [""; 0], "nothing is checked in vain");
    let ticket = login.confirm(("alice", "right")).await.unwrap();
    let again = login.log_in_for_bearer(ticket).unwrap();
    commit(&login).await;
    assert_eq!(who(&world, &token).await, None);
    assert_eq!(who(&world, again.expose()).await, Some("alice"));
}

#[tokio::test]
async fn a_change_of_credentials_hands_over_the_new_token_and_ends_the_others() {
    let world = world();
    let (token, other) = (logged_in(&world).await, logged_in(&world).await);
    let login = login(&world, &bearing(&token)).await;
    let (receipt, new) = login.credentials_changed_with_token(changed(&world), Keep::Current).await.unwrap();
    commit(&login).await;
    assert_eq!(receipt.sessions_ended, 1);
    assert_eq!(who(&world, new.unwrap().expose()).await, Some("alice"));
    for dead in [token, other] {
        assert_eq!(who(&world, &dead).await, None);
    }
}

#[tokio::test]
async fn where_no_token_can_be_handed_over_the_others_are_ended_and_the_handler_is_told() {
    let world = world();
    let (token, other) = (logged_in(&world).await, logged_in(&world).await);
    let bearer = login(&world, &bearing(&token)).await;
    assert!(needs_cookie(&bearer.credentials_changed(changed(&world), Keep::Current).await));
    commit(&bearer).await;
    assert_eq!(who(&world, &other).await, None);
    let one = login(&world, &bearing(&other)).await;
    assert_eq!(one.session().handle(), None, "it is gone");
    assert_eq!(who(&world, &token).await, None, "its stamp is old");
}

#[tokio::test]
async fn with_cookies_the_same_call_renews_the_cookie() {
    let world = world();
    let cookie = world.logged_in("alice").await;
    let login = world.login(&cookie).await;
    let (_, token) = login.credentials_changed_with_token(changed(&world), Keep::Current).await.unwrap();
    assert!(token.is_none());
    let renewed = crate::support::cookie(&login.session().slot().commit().await);
    assert_eq!(world.who(&renewed).await, Some("alice"));
    let nothing = world.login(&renewed).await;
    let (_, token) = nothing.credentials_changed_with_token(changed(&world), Keep::Nothing).await.unwrap();
    assert!(token.is_none());
}

#[tokio::test]
async fn the_logout_endpoint_takes_a_bearer_token_by_every_method_it_allows() {
    let world = world();
    for (method, endpoint, status) in [
        ("POST", LogoutEndpoint::new(), 200),
        ("GET", LogoutEndpoint::new().allow_get(), 200),
        ("GET", LogoutEndpoint::new(), 405),
        ("HEAD", LogoutEndpoint::new().allow_get(), 405),
        ("DELETE", LogoutEndpoint::new().allow_get(), 405),
    ] {
        let token = logged_in(&world).await;
        let head = bearing_by(method, &token);
        let slot = slot(&world, &head);
        let answer = endpoint.answer(&slot, &head).await;
        assert_eq!(answer.status, status, "{method}");
        let _ = slot.commit().await;
        assert_eq!(who(&world, &token).await.is_none(), status == 200, "{method}");
        assert!(status == 405 || answer.body == r#"{"sessions_ended":1}"#, "{answer:?}");
    }
}
