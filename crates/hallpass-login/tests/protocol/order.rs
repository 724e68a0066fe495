use crate::support::{Step, World, cookie};
use hallpass_core::{EndReason, Refusal, Subject, Which};
use hallpass_login::LoginError;
use hallpass_testkit::{Method, Times};
use std::sync::Arc;
use std::time::Duration;

/// What can happen to an account while somebody logs in to it.
#[derive(Debug, Clone, Copy)]
enum Meanwhile {
    LogOutEverywhere,
    PasswordChange,
    Disable,
}

impl Meanwhile {
    /// The application first, the sessions then: the order that the library asks for.
    async fn happen(self, world: &World) {
        let reason = match self {
            Self::LogOutEverywhere => EndReason::LoggedOutElsewhere,
            Self::PasswordChange => {
                world.users.change(1, |user| (user.password, user.stamp) = ("new", 2));
                EndReason::CredentialsChanged
            }
            Self::Disable => {
                world.users.change(1, |user| user.enabled = false);
                EndReason::AccountDisabled
            }
        };
        let receipt = world.sessions.end_sessions(Subject::from(1_u32), Which::All, reason).await.unwrap();
        assert_eq!(receipt.sessions_ended, 0);
    }
}

/// In the window after the user was found a "log out everywhere" may come before the login began: it is later then,
/// and rightly succeeds. A changed password or a disabled account may not.
#[tokio::test]
async fn a_login_cannot_finish_over_what_happened_to_the_account_meanwhile() {
    for meanwhile in [Meanwhile::LogOutEverywhere, Meanwhile::PasswordChange, Meanwhile::Disable] {
        for step in [Some(Step::Found), Some(Step::Verified), None] {
            let world = Arc::new(World::new());
            let hold = step.map(|step| world.users.hold(step));
            let login = world.login("").await;
            let attempt = {
                let login = login.clone();
                tokio::spawn(async move { login.authenticate(("alice", "right")).await })
            };
            if let Some(hold) = &hold {
                hold.arrived.acquire().await.unwrap().forget();
                meanwhile.happen(&world).await;
                hold.go.add_permits(1);
            }
            let refused = match attempt.await.unwrap() {
                Err(LoginError::Superseded | LoginError::InvalidCredentials) => true,
                Err(other) => panic!("{other}"),
                Ok(ticket) => {
                    if hold.is_none() {
                        meanwhile.happen(&world).await;
                    }
                    login.log_in(ticket).unwrap();
                    login.session().slot().commit().await.refusal == Some(Refusal::LoginSuperseded)
                }
            };
            let began_later = matches!((meanwhile, step), (Meanwhile::LogOutEverywhere, Some(Step::Found)));
            assert_eq!(refused, !began_later, "{meanwhile:?} at {step:?}");
            let live = world.sessions.sessions_of(Subject::from(1_u32)).await.unwrap();
            assert_eq!(live.is_empty(), refused, "{meanwhile:?} at {step:?}");
        }
    }
}

#[tokio::test]
async fn every_failed_login_makes_the_same_calls_and_gives_the_same_error() {
    let world = World::new();
    let mut seen = Vec::new();
    for credentials in [("nobody", "right"), ("alice", "wrong"), ("eve", "right"), ("eve", "wrong")] {
        let login = world.login("").await;
        world.users.calls.lock().unwrap().clear();
        world.store.reset_calls();
        let error = login.authenticate(credentials).await.unwrap_err();
        assert!(matches!(error, LoginError::InvalidCredentials), "{credentials:?}: {error}");
        seen.push((world.users.calls.lock().unwrap().clone(), world.store.total_calls(), error.to_string()));
    }
    seen.dedup();
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!(seen[0].0, ["find", "verify"]);
}

#[tokio::test]
async fn a_ticket_is_good_for_ten_minutes_and_one_area() {
    let world = World::new();
    let login = world.login("").await;
    let ticket = login.authenticate(("alice", "right")).await.unwrap();
    world.clock.advance(Duration::from_secs(601));
    assert!(matches!(login.log_in(ticket), Err(LoginError::Superseded)));

    let other = World::new();
    let staff = hallpass_core::SessionManager::builder(other.store.clone())
        .realm(hallpass_core::Realm::new("staff").unwrap())
        .clock(other.clock.clone())
        .build()
        .unwrap();
    let staff = World { sessions: staff, ..other };
    let ticket = staff.login("").await.authenticate(("alice", "right")).await.unwrap();
    assert!(matches!(login.log_in(ticket), Err(LoginError::Superseded)));
}

#[tokio::test]
async fn a_vouched_user_is_logged_in_and_a_disabled_or_unknown_one_is_not() {
    let world = World::new();
    let login = world.login("").await;
    for nobody in [3_u32, 99] {
        let refused = login.vouch(&Subject::from(nobody)).await.unwrap_err();
        assert!(matches!(refused, LoginError::InvalidCredentials));
    }
    login.log_in(login.vouch(&Subject::from(2_u32)).await.unwrap()).unwrap();
    let cookie = cookie(&login.session().slot().commit().await);
    assert_eq!(world.who(&cookie).await, Some("bob"));
}

#[tokio::test]
async fn fail_closed_a_store_that_does_not_answer_lets_nobody_in() {
    let world = World::new();
    let login = world.login("").await;
    world.store.fail(Method::Epoch, Times::Next(1));
    assert_eq!(login.authenticate(("alice", "right")).await.unwrap_err().answer().status, 503);
}

#[tokio::test]
async fn a_login_whose_second_factor_is_due_counts_nowhere_and_ends_nobody() {
    let world = World::new();
    let full = world.logged_in("alice").await;
    let login = world.login("").await;
    login.log_in(login.authenticate(("alice", "right")).await.unwrap().pending()).unwrap();
    let half = cookie(&login.session().slot().commit().await);
    assert_eq!(world.who(&half).await, None);
    let login = world.login(&half).await;
    assert_eq!(login.session().subject(), None);
    assert!(matches!(login.log_out_everywhere().await, Err(LoginError::NotLoggedIn)));
    assert!(matches!(login.devices().await, Err(LoginError::NotLoggedIn)));
    assert_eq!(world.who(&full).await, Some("alice"));
    login.log_in(login.authenticate(("alice", "right")).await.unwrap()).unwrap();
    let whole = cookie(&login.session().slot().commit().await);
    assert_eq!((world.who(&whole).await, world.who(&half).await), (Some("alice"), None));
}
