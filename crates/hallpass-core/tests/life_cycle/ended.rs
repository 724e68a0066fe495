use crate::support::{World, end, log_out};
use hallpass_core::{EndReason, Session, Which};
use hallpass_testkit::{Method, Times};
use std::time::Duration;
use tokio::task::JoinHandle;

/// Watches a session, from a task of its own.
async fn watch(world: &World, session: &Session) -> JoinHandle<EndReason> {
    let sleeping = world.clock.sleepers();
    let watching = tokio::spawn(session.ended());
    // Its own deadline, and the listener's next check of everything.
    world.clock.until_sleeping(sleeping.max(1) + 1).await;
    watching
}

#[tokio::test]
async fn immediate_a_logout_elsewhere_ends_what_is_open() {
    let world = World::new();
    let jar = world.logged_in(7).await;
    let other = world.logged_in(7).await;
    let watching = watch(&world, &world.open(&jar).await).await;
    world
        .request(&mut other.clone(), async |session| {
            let keep = session.handle().unwrap();
            assert!(end(session, Which::AllBut(keep), EndReason::LoggedOutElsewhere).await <= 1);
        })
        .await;
    assert_eq!(watching.await.unwrap(), EndReason::LoggedOutElsewhere);
}

#[tokio::test]
async fn a_renewal_does_not_end_what_is_open_and_a_logout_after_it_does() {
    let world = World::new();
    let mut jar = world.logged_in(7).await;
    let watching = watch(&world, &world.open(&jar).await).await;
    world.request(&mut jar, async |session| session.renew().unwrap()).await;
    world.clock.advance(Duration::from_secs(31));
    tokio::task::yield_now().await;
    assert!(!watching.is_finished());
    world.request(&mut jar, async |session| assert!(log_out(session).await <= 1)).await;
    assert_eq!(watching.await.unwrap(), EndReason::LoggedOut);
}

#[tokio::test]
async fn a_session_that_runs_out_ends_what_is_open_and_watching_is_no_use_of_it() {
    let world = World::new();
    let jar = world.logged_in(7).await;
    let watching = watch(&world, &world.open(&jar).await).await;
    world.clock.advance(Duration::from_secs(30 * 60));
    assert_eq!(watching.await.unwrap(), EndReason::IdleTimeout);
    assert_eq!(world.events.ends(), [EndReason::IdleTimeout]);
}

#[tokio::test]
async fn a_lost_message_delays_the_end_by_thirty_seconds_at_most() {
    let world = World::new();
    let jar = world.logged_in(7).await;
    let watching = watch(&world, &world.open(&jar).await).await;
    world.store.lose_events(Times::UntilCleared);
    world.request(&mut jar.clone(), async |session| assert!(log_out(session).await <= 1)).await;
    world.clock.advance(Duration::from_secs(30));
    assert_eq!(watching.await.unwrap(), EndReason::Unknown);
}

#[tokio::test]
async fn a_gap_in_the_feed_is_repaired_at_once() {
    let world = World::new();
    let jar = world.logged_in(7).await;
    let watching = watch(&world, &world.open(&jar).await).await;
    world.store.lose_events(Times::UntilCleared);
    world.request(&mut jar.clone(), async |session| assert!(log_out(session).await <= 1)).await;
    world.store.cut_feeds();
    assert_eq!(watching.await.unwrap(), EndReason::Unknown);
}

#[tokio::test]
async fn a_session_already_ended_is_told_at_once() {
    let world = World::new();
    let jar = world.logged_in(7).await;
    let session = world.open(&jar).await;
    world.request(&mut jar.clone(), async |other| assert!(log_out(other).await <= 1)).await;
    assert_eq!(session.ended().await, EndReason::Unknown);
    assert_eq!(world.open(&jar).await.ended().await, EndReason::LoggedOut, "no session at all");
}

#[tokio::test]
async fn no_listener_outlives_those_who_wait() {
    let world = World::new();
    let jar = world.logged_in(7).await;
    let watching = watch(&world, &world.open(&jar).await).await;
    watching.abort();
    assert!(watching.await.unwrap_err().is_cancelled());
    while world.clock.sleepers() > 0 {
        tokio::task::yield_now().await;
    }
    let again = watch(&world, &world.open(&jar).await).await;
    world.request(&mut jar.clone(), async |session| assert!(log_out(session).await <= 1)).await;
    assert_eq!(again.await.unwrap(), EndReason::LoggedOut);
}

#[tokio::test]
async fn a_store_that_is_down_ends_nothing_by_itself() {
    let world = World::new();
    let jar = world.logged_in(7).await;
    let watching = watch(&world, &world.open(&jar).await).await;
    world.store.fail(Method::Alive, Times::Next(1));
    world.clock.advance(Duration::from_secs(30));
    tokio::task::yield_now().await;
    assert!(!watching.is_finished());
    world.request(&mut jar.clone(), async |session| assert!(log_out(session).await <= 1)).await;
    assert_eq!(watching.await.unwrap(), EndReason::LoggedOut);
}
