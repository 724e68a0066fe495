use crate::support::{World, cookie};
use hallpass_login::{Keep, LoginError, require_recent};
use std::sync::Arc;
use std::time::Duration;

/// Alice's browser opens the reset link that Bob was sent.
#[tokio::test]
async fn changed_credentials_of_another_user_end_that_users_sessions_or_fail() {
    let world = World::new();
    let (alice, alice2, bob) =
        (world.logged_in("alice").await, world.logged_in("alice").await, world.logged_in("bob").await);
    let login = world.login(&alice).await;
    world.users.change(2, |user| (user.password, user.stamp) = ("new", 2));
    let ticket = login.vouch(&2_u32.into()).await.unwrap();
    let user = Arc::clone(ticket.user());
    login.log_in(ticket).unwrap();
    let changed = login.credentials_changed(user, Keep::Current).await;
    let bobs = world.sessions.sessions_of(2.into()).await.unwrap().len();
    assert_eq!(world.who(&alice2).await, Some("alice"), "alice changed nothing");
    assert!(changed.is_err() || bobs == 0, "answered {changed:?}, and bob's old session is there");
    let _ = bob;
}

#[tokio::test]
async fn log_out_others_after_another_users_login_does_not_end_the_first_users() {
    let world = World::new();
    let (alice, alice2) = (world.logged_in("alice").await, world.logged_in("alice").await);
    let login = world.login(&alice).await;
    login.log_in(login.authenticate(("bob", "right")).await.unwrap()).unwrap();
    let ended = login.log_out_others().await;
    assert_eq!(world.who(&alice2).await, Some("alice"), "{ended:?}");
}

#[tokio::test]
async fn devices_can_be_listed_after_a_change_of_credentials() {
    let world = World::new();
    let alice = world.logged_in("alice").await;
    let login = world.login(&alice).await;
    assert!(login.user().await.unwrap().is_some());
    world.users.change(1, |user| (user.password, user.stamp) = ("new", 2));
    let changed = login.vouch(&1_u32.into()).await.unwrap();
    let _ = login.credentials_changed(Arc::clone(changed.user()), Keep::Current).await.unwrap();
    assert!(login.user().await.unwrap().is_some(), "nobody is logged in after the change");
    assert_eq!(login.devices().await.map(|d| d.len()).map_err(|e: LoginError| e.to_string()), Ok(1));
    let _ = cookie(&login.session().slot().commit().await);
}

#[tokio::test]
async fn recent_counts_from_the_check_not_from_the_commit() {
    let world = World::new();
    let alice = world.logged_in("alice").await;
    let login = world.login(&alice).await;
    let confirmed = login.confirm(("alice", "right")).await.unwrap();
    world.clock.advance(Duration::from_secs(9 * 60));
    login.log_in(confirmed).unwrap();
    let new = cookie(&login.session().slot().commit().await);
    assert!(require_recent(&world.slot(&new), Duration::from_secs(60)).await.is_err());
}

#[tokio::test]
async fn an_actor_whose_session_was_ended_meanwhile_confirms_nothing() {
    let world = World::new();
    let (alice, thief) = (world.logged_in("alice").await, world.logged_in("alice").await);
    let stolen = world.login(&thief).await;
    assert!(world.login(&alice).await.log_out_others().await.is_ok());
    assert!(matches!(stolen.confirm(("alice", "right")).await, Err(LoginError::NotLoggedIn)));
    assert!(matches!(stolen.devices().await, Err(LoginError::NotLoggedIn)));
    let slot = stolen.session().slot();
    assert!(require_recent(slot, Duration::from_secs(60)).await.is_err(), "a recent login that is over");
    assert_eq!(world.who(&alice).await, Some("alice"));
}

#[tokio::test]
async fn a_session_renewed_in_another_tab_meanwhile_is_still_live() {
    let world = World::new();
    let alice = world.logged_in("alice").await;
    let (one_tab, other_tab) = (world.login(&alice).await, world.login(&alice).await);
    other_tab.session().renew().unwrap();
    let _ = cookie(&other_tab.session().slot().commit().await);
    assert!(one_tab.confirm(("alice", "right")).await.is_ok());
}
