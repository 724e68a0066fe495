use crate::support::{Jar, World, end, log_out};
use hallpass_core::{
    AuthLevel, EndReason, EndSubjectError, LoginGrant, Refusal, Session, SessionPolicy, Which,
};
use hallpass_testkit::{Method, Times};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Barrier;

#[tokio::test]
async fn final_a_slow_request_that_loaded_before_a_logout_writes_nothing_after_it() {
    let world = World::new();
    let jar = world.logged_in(7).await;
    let slow = world.open(&jar).await;
    slow.insert("draft", "late").unwrap();
    world.request(&mut jar.clone(), async |session| assert_eq!(log_out(session).await, 1)).await;
    let outcome = slow.slot().commit().await;
    assert_eq!((outcome.refusal, outcome.set_cookies().count()), (None, 0));
    assert_eq!(world.who(&jar).await, None);
}

#[tokio::test]
async fn final_neither_a_touch_nor_a_renewal_brings_a_session_back() {
    let world = World::new();
    for renews in [false, true] {
        let jar = world.logged_in(7).await;
        world.clock.advance(Duration::from_secs(120));
        let slow = world.open(&jar).await;
        if renews {
            slow.renew().unwrap();
        }
        world.request(&mut jar.clone(), async |session| assert!(log_out(session).await <= 1)).await;
        let mut late = jar.clone();
        let outcome = slow.slot().commit().await;
        late.apply(&outcome);
        assert_eq!(outcome.set_cookies().count(), 0);
        assert_eq!((world.who(&jar).await, world.who(&late).await), (None, None), "renews: {renews}");
    }
}

#[tokio::test]
async fn final_a_logout_ends_the_session_though_another_tab_renewed_it_meanwhile() {
    let world = World::new();
    let jar = world.logged_in(7).await;
    let leaving = world.open(&jar).await;
    let mut renewed = jar.clone();
    world.request(&mut renewed, async |session| session.renew().unwrap()).await;
    assert_ne!(renewed.value("__Host-id"), jar.value("__Host-id"));
    assert_eq!(log_out(&leaving).await, 1);
    assert_eq!(world.who(&renewed).await, None);
}

#[tokio::test]
async fn honest_a_logout_that_the_store_does_not_confirm_is_503_whatever_the_handler_does() {
    let world = World::new();
    let jar = world.logged_in(7).await;
    world.store.fail(Method::RevokeSubject, Times::Next(1));
    let session = world.open(&jar).await;
    assert!(session.log_out().await.is_err());
    let outcome = session.slot().commit().await;
    assert_eq!((outcome.refusal, outcome.set_cookies().count()), (Some(Refusal::Unavailable), 0));
    let mut retry = jar.clone();
    world.request(&mut retry, async |session| assert_eq!(log_out(session).await, 1)).await;
    assert_eq!(world.who(&jar).await, None);
}

#[tokio::test]
async fn honest_a_logout_whose_answer_was_lost_is_503_and_a_retry_succeeds() {
    let world = World::new();
    let jar = world.logged_in(7).await;
    world.store.lose_answer(Method::RevokeSubject, Times::Next(1));
    let session = world.open(&jar).await;
    assert!(session.log_out().await.is_err());
    assert_eq!(session.slot().commit().await.refusal, Some(Refusal::Unavailable));
    world.request(&mut jar.clone(), async |session| assert_eq!(log_out(session).await, 0)).await;
}

#[tokio::test]
async fn a_logout_removes_the_cookies_that_were_sent_and_is_idempotent() {
    let world = World::new();
    let mut jar = world.logged_in(7).await;
    let before = jar.clone();
    let outcome = world.request(&mut jar, async |session| assert!(log_out(session).await <= 1)).await;
    let removal = "__Host-id=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
    assert_eq!(outcome.set_cookies().collect::<Vec<_>>(), [removal]);
    let count_none = async |session: &Session| assert_eq!(log_out(session).await, 0);
    let again = world.request(&mut before.clone(), count_none).await;
    assert_eq!(again.set_cookies().count(), 1, "the stale cookie is removed too");
    let without =
        world.request(&mut Jar::default(), async |session| assert!(log_out(session).await <= 1)).await;
    assert_eq!(without.set_cookies().count(), 0);
    assert_eq!(world.events.ends(), [EndReason::LoggedOut]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twenty_logouts_at_once_all_succeed_and_count_one() {
    let world = Arc::new(World::new());
    let jar = world.logged_in(7).await;
    let start = Arc::new(Barrier::new(20));
    let logouts: Vec<_> = (0..20)
        .map(|_| {
            let (world, jar, start) = (Arc::clone(&world), jar.clone(), Arc::clone(&start));
            tokio::spawn(async move {
                let session = world.open(&jar).await;
                start.wait().await;
                log_out(&session).await
            })
        })
        .collect();
    let mut ended = 0;
    for logout in logouts {
        ended += logout.await.unwrap();
    }
    assert_eq!((ended, world.events.ends().len()), (1, 1));
}

#[tokio::test]
async fn scoped_all_others_end_and_this_one_stays_though_it_is_renewed_meanwhile() {
    let world = World::new();
    let (jar, other, stranger) =
        (world.logged_in(7).await, world.logged_in(7).await, world.logged_in(8).await);
    let acting = world.open(&jar).await;
    let mut renewed = jar.clone();
    world.request(&mut renewed, async |session| session.renew().unwrap()).await;
    let keep = acting.handle().unwrap();
    let receipt = acting.end_subject(Which::AllBut(keep), EndReason::LoggedOutElsewhere).await.unwrap();
    assert_eq!(receipt.sessions_ended, 1);
    assert_eq!(world.who(&renewed).await.as_deref(), Some("7"));
    assert_eq!(world.who(&other).await, None);
    assert_eq!(world.who(&stranger).await.as_deref(), Some("8"));
}

#[tokio::test]
async fn scoped_an_actor_that_was_ended_itself_ends_nobody() {
    let world = World::new();
    let (thief, owner) = (world.logged_in(7).await, world.logged_in(7).await);
    let acting = world.open(&thief).await;
    world
        .request(&mut owner.clone(), async |session| {
            let keep = session.handle().unwrap();
            assert!(end(session, Which::AllBut(keep), EndReason::LoggedOutElsewhere).await <= 1);
        })
        .await;
    assert!(acting.end_subject(Which::All, EndReason::LoggedOutElsewhere).await.is_err());
    assert_eq!(world.who(&owner).await.as_deref(), Some("7"));
}

#[tokio::test]
async fn everybody_is_ended_at_once() {
    let world = World::new();
    let (one, two) = (world.logged_in(7).await, world.logged_in(8).await);
    assert!(world.who(&one).await.is_some());
    let late = world.grant(9).await;
    let _ = world.sessions.admin().end_everybody().await.unwrap();
    assert_eq!((world.who(&one).await, world.who(&two).await), (None, None));
    let refused = world.request(&mut Jar::default(), async |session| session.log_in(late).unwrap()).await;
    assert_eq!(refused.refusal, Some(Refusal::LoginSuperseded));
    world.clock.advance(Duration::from_secs(1));
    assert!(world.who(&world.logged_in(7).await).await.is_some());
}

#[tokio::test]
async fn what_has_run_out_is_refused_ended_with_its_reason_and_counts_nothing() {
    let world = World::with(SessionPolicy::default());
    let jar = world.logged_in(7).await;
    world.clock.advance(Duration::from_secs(30 * 60));
    let outcome = world.request(&mut jar.clone(), async |session| assert_eq!(session.subject(), None)).await;
    assert_eq!((outcome.refusal, outcome.set_cookies().count()), (None, 0));
    assert_eq!(world.events.ends(), [EndReason::IdleTimeout]);
    let jar = world.logged_in(7).await;
    world.clock.advance(Duration::from_secs(30 * 60));
    world.request(&mut jar.clone(), async |session| assert_eq!(log_out(session).await, 0)).await;
}

#[tokio::test]
async fn scoped_a_login_whose_second_factor_is_due_ends_nobody_but_itself() {
    let world = World::new();
    let full = world.logged_in(7).await;
    let pending = LoginGrant { level: AuthLevel::Pending, ..world.grant(7).await };
    let mut half = Jar::default();
    world.request(&mut half, async |session| session.log_in(pending).unwrap()).await;
    let session = world.open(&half).await;
    let refused = session.end_subject(Which::All, EndReason::LoggedOutElsewhere).await;
    assert!(matches!(refused, Err(EndSubjectError::NotLoggedIn)));
    assert_eq!(world.who(&full).await.as_deref(), Some("7"));
    assert_eq!(log_out(&session).await, 1);
    assert_eq!(world.open(&half).await.handle(), None);
}
