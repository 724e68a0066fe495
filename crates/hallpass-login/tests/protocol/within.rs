use crate::support::{Users, World, cookie, get};
use hallpass_core::{Refusal, SessionHandle, SessionLimit, WhenReached};
use hallpass_login::{ClearSiteData, Denied, Keep, LoginError, LogoutEndpoint, require_recent};
use hallpass_testkit::{Head, Method, Times};
use std::sync::Arc;
use std::time::Duration;

#[tokio::test]
async fn a_changed_password_ends_the_others_at_once_and_renews_this_one() {
    let world = World::new();
    let (a, b, c) =
        (world.logged_in("alice").await, world.logged_in("alice").await, world.logged_in("alice").await);
    let login = world.login(&a).await;
    drop(login.confirm(("alice", "right")).await.unwrap());
    world.users.change(1, |user| (user.password, user.stamp) = ("new", 2));
    let changed = login.vouch(&1_u32.into()).await.unwrap();
    let receipt = login.credentials_changed(Arc::clone(changed.user()), Keep::Current).await.unwrap();
    assert_eq!(receipt.sessions_ended, 2);
    assert_eq!((world.who(&b).await, world.who(&c).await), (None, None), "before the answer is given");
    let renewed = cookie(&login.session().slot().commit().await);
    assert_eq!((world.who(&renewed).await, world.who(&a).await), (Some("alice"), None));
}

#[tokio::test]
async fn a_changed_password_that_is_not_confirmed_still_refuses_the_old_sessions() {
    let world = World::new();
    let (a, b) = (world.logged_in("alice").await, world.logged_in("alice").await);
    let login = world.login(&a).await;
    world.users.change(1, |user| user.stamp = 2);
    let changed = login.vouch(&1_u32.into()).await.unwrap();
    world.store.fail(Method::RevokeSubject, Times::Next(1));
    let error = login.credentials_changed(Arc::clone(changed.user()), Keep::Current).await.unwrap_err();
    assert_eq!(error.answer().status, 503);
    assert!(login.session().slot().commit().await.refusal.is_some());
    assert_eq!((world.who(&a).await, world.who(&b).await), (None, None), "the stamp refuses them");
}

#[tokio::test]
async fn a_session_with_an_old_stamp_ends_nobodys() {
    let world = World::new();
    let old = world.logged_in("alice").await;
    world.users.change(1, |user| user.stamp = 2);
    let new = world.logged_in("alice").await;
    let login = world.login(&old).await;
    assert!(matches!(login.log_out_others().await, Err(LoginError::NotLoggedIn)));
    assert!(matches!(login.log_out_everywhere().await, Err(LoginError::NotLoggedIn)));
    assert_eq!(world.who(&new).await, Some("alice"));
}

#[tokio::test]
async fn a_disabled_account_is_refused_at_its_next_request() {
    let world = World::new();
    let cookie = world.logged_in("bob").await;
    world.users.change(2, |user| user.enabled = false);
    assert_eq!(world.who(&cookie).await, None);
}

#[tokio::test]
async fn fresh_a_reauthentication_gives_a_new_id_and_a_fresh_time() {
    let world = World::new();
    let old = world.logged_in("alice").await;
    world.clock.advance(Duration::from_secs(600));
    let minute = Duration::from_secs(60);
    assert_eq!(require_recent(&world.slot(&old), minute).await, Err(Denied::NotRecent));
    assert_eq!(require_recent(&world.slot(""), minute).await, Err(Denied::NotLoggedIn));

    let login = world.login(&old).await;
    assert!(matches!(login.reauthenticate(("alice", "wrong")).await, Err(LoginError::InvalidCredentials)));
    assert!(matches!(login.reauthenticate(("bob", "right")).await, Err(LoginError::InvalidCredentials)));
    login.reauthenticate(("alice", "right")).await.unwrap();
    let new = cookie(&login.session().slot().commit().await);
    assert_eq!((world.who(&old).await, world.who(&new).await), (None, Some("alice")));
    assert_eq!(require_recent(&world.slot(&new), minute).await, Ok(()));
}

#[tokio::test]
async fn scoped_devices_are_listed_and_ended_by_their_handles_only_by_their_owner() {
    let world = World::new();
    let (a, b, bob) =
        (world.logged_in("alice").await, world.logged_in("alice").await, world.logged_in("bob").await);
    let login = world.login(&a).await;
    let devices = login.devices().await.unwrap();
    assert_eq!(devices.len(), 2);
    assert_eq!(devices.iter().filter(|device| device.is_current()).count(), 1);
    let other = devices.iter().find(|device| !device.is_current()).unwrap().handle();

    let stranger = world.login(&bob).await;
    assert_eq!(stranger.log_out_device(other).await.unwrap().sessions_ended, 0);
    assert_eq!(world.who(&b).await, Some("alice"));
    assert_eq!(login.log_out_device(SessionHandle::from_bytes([0; 16])).await.unwrap().sessions_ended, 0);
    assert_eq!(login.log_out_device(other).await.unwrap().sessions_ended, 1);
    assert_eq!((world.who(&a).await, world.who(&b).await), (Some("alice"), None));
}

#[tokio::test]
async fn the_user_is_asked_for_once_a_request() {
    let world = World::new();
    let cookie = world.logged_in("alice").await;
    world.users.calls.lock().unwrap().clear();
    let slot = world.slot(&cookie);
    for _ in 0..3 {
        assert!(hallpass_login::current_user(&slot, &*world.users).await.unwrap().is_some());
    }
    assert_eq!(*world.users.calls.lock().unwrap(), ["user"]);
}

#[tokio::test]
async fn a_user_who_logs_in_within_a_request_is_not_taken_for_the_one_before() {
    let world = World::new();
    let cookie = world.logged_in("alice").await;
    let login = world.login(&cookie).await;
    assert_eq!(login.user().await.unwrap().unwrap().name, "alice");
    login.log_in(login.authenticate(("bob", "right")).await.unwrap()).unwrap();
    assert_eq!(login.user().await.unwrap().unwrap().name, "bob");
}

#[tokio::test]
async fn a_user_has_as_many_sessions_as_this_user_may() {
    let world = World::new();
    let limit = SessionLimit { max: 1.try_into().unwrap(), when_reached: WhenReached::Refuse };
    world.users.change(1, |user| user.limit = Some(limit));
    let (first, bob) = (world.logged_in("alice").await, world.logged_in("bob").await);
    assert_eq!(world.who(&first).await, Some("alice"));
    let login = world.login("").await;
    login.log_in(login.authenticate(("alice", "right")).await.unwrap()).unwrap();
    assert_eq!(login.session().slot().commit().await.refusal, Some(Refusal::SessionLimit));

    let limit = SessionLimit { when_reached: WhenReached::EndLeastRecent, ..limit };
    world.users.change(1, |user| user.limit = Some(limit));
    let second = world.logged_in("alice").await;
    assert_eq!((world.who(&first).await, world.who(&second).await), (None, Some("alice")));
    world.logged_in("bob").await;
    assert_eq!(world.who(&bob).await, Some("bob"), "the others may have as many as the policy says");
}

#[tokio::test]
async fn a_reauthentication_is_not_one_login_too_many() {
    let world = World::new();
    let first = world.logged_in("alice").await;
    let second = world.logged_in("alice").await;
    let limit = SessionLimit { max: 1.try_into().unwrap(), when_reached: WhenReached::Refuse };
    world.users.change(1, |user| user.limit = Some(limit));
    let login = world.login(&second).await;
    login.reauthenticate(("alice", "right")).await.unwrap();
    let renewed = cookie(&login.session().slot().commit().await);
    assert_eq!((world.who(&first).await, world.who(&renewed).await), (Some("alice"), Some("alice")));
}

#[tokio::test]
async fn a_browser_is_asked_to_forget_more_only_where_that_is_set_and_after_a_logout() {
    let world = World::new();
    let asked = async |endpoint: &LogoutEndpoint| {
        let cookie = world.logged_in("alice").await;
        let answer = endpoint.answer(&world.slot(&cookie), &get(&cookie)).await;
        let told = answer.headers.iter().find(|(name, _)| *name == "clear-site-data");
        (answer.status, told.map(|(_, value)| value.to_string()))
    };
    let plain = LogoutEndpoint::new().allow_get();
    assert_eq!(asked(&plain).await, (200, None));
    let endpoint = plain.clone().clear_site_data(ClearSiteData::new().storage().cache());
    assert_eq!(asked(&endpoint).await, (200, Some(r#""cache", "storage""#.into())));
    world.store.fail(Method::RevokeSubject, Times::Next(1));
    assert_eq!(asked(&endpoint).await, (503, None));
}

#[tokio::test]
async fn a_browser_is_sent_to_the_page_for_what_it_lacks() {
    let world = World::new();
    let slot = world.slot(&world.logged_in("alice").await);
    let navigation = Head::new("GET").path("/office").line("accept", "text/html");
    let sent = |denied: Denied| {
        let answer = denied.answer_for::<Users>(Some(&slot), &navigation);
        let location = answer.headers.into_iter().find(|(name, _)| *name == "location");
        location.map(|(_, path)| path.into_owned())
    };
    assert_eq!(sent(Denied::NotLoggedIn).as_deref(), Some("/login?next=/office"));
    assert_eq!(sent(Denied::NotRecent).as_deref(), Some("/confirm?next=/office"));
    assert_eq!(sent(Denied::Forbidden), None);
}
