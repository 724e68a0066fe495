use crate::support::{Jar, World, log_out};
use hallpass_core::{EventKind, Refusal, SessionError, SessionPolicy};
use hallpass_testkit::{Method, Times};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Barrier;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_lost_updates_a_hundred_concurrent_writers_of_one_counter_all_count() {
    let world = Arc::new(World::new());
    let jar = world.logged_in(7).await;
    let start = Arc::new(Barrier::new(100));
    let writers: Vec<_> = (0..100)
        .map(|_| {
            let (world, mut jar, start) = (Arc::clone(&world), jar.clone(), Arc::clone(&start));
            tokio::spawn(async move {
                let outcome = world.request(&mut jar, async |session| {
                    session.update("count", |count: Option<u32>| count.unwrap_or(0) + 1).unwrap();
                    start.wait().await;
                });
                assert_eq!(outcome.await.refusal, None);
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(world.open(&jar).await.get::<u32>("count").unwrap(), Some(100));
}

#[tokio::test]
async fn no_lost_updates_requests_that_change_different_values_both_win() {
    let world = World::new();
    let mut jar = world.logged_in(7).await;
    world.request(&mut jar, async |session| session.insert("old", "x").unwrap()).await;
    let (one, two, three) = (world.open(&jar).await, world.open(&jar).await, world.open(&jar).await);
    one.insert("a", "1").unwrap();
    two.insert("b", "2").unwrap();
    three.remove("old").unwrap();
    for session in [one, two, three] {
        assert_eq!(session.slot().commit().await.refusal, None);
    }
    let session = world.open(&jar).await;
    assert_eq!(["a", "b", "old"].map(|name| session.contains(name)), [true, true, false]);
}

#[tokio::test]
async fn no_lost_updates_a_renewal_keeps_what_another_request_wrote_meanwhile() {
    let world = World::new();
    let mut jar = world.logged_in(7).await;
    let renewing = world.open(&jar).await;
    renewing.renew().unwrap();
    renewing.insert("a", "1").unwrap();
    world.request(&mut jar.clone(), async |session| session.insert("b", "2").unwrap()).await;
    jar.apply(&renewing.slot().commit().await);
    let session = world.open(&jar).await;
    assert!(session.contains("a") && session.contains("b"));
}

#[tokio::test]
async fn a_renewal_keeps_handle_data_and_the_absolute_limit() {
    let world = World::new();
    let mut jar = world.logged_in(7).await;
    let old = jar.clone();
    let before = world.open(&jar).await.handle();
    world.clock.advance(Duration::from_secs(60));
    world.request(&mut jar, async |session| session.renew().unwrap()).await;
    assert_eq!(world.open(&jar).await.handle(), before);
    assert_eq!(world.who(&old).await, None);
    for _ in 0..36 {
        world.clock.advance(Duration::from_secs(20 * 60));
        world.request(&mut jar, async |_| {}).await;
    }
    assert_eq!(world.who(&jar).await, None, "twelve hours after the login, however much it was used");
}

#[tokio::test]
async fn the_first_use_of_a_login_is_noted_then_at_most_one_a_minute_and_failing_to_is_no_failure() {
    let world = World::new();
    let jar = world.logged_in(7).await;
    world.store.reset_calls();
    for (seconds, touches) in [(1, 1), (1, 1), (58, 1), (1, 2), (59, 2), (1, 3)] {
        world.clock.advance(Duration::from_secs(seconds));
        world.request(&mut jar.clone(), async |_| {}).await;
        assert_eq!(world.store.calls(Method::Touch), touches);
    }
    world.clock.advance(Duration::from_secs(60));
    world.store.fail(Method::Touch, Times::Next(1));
    assert_eq!(world.request(&mut jar.clone(), async |_| {}).await.refusal, None);
}

#[tokio::test]
async fn a_session_too_large_is_a_clear_error_and_loses_nothing() {
    let world = World::with(SessionPolicy::default().max_data(200).max_visitor_data(100));
    let mut jar = Jar::default();
    world
        .request(&mut jar, async |session| {
            session.insert("kept", "x").unwrap();
            let error = session.insert("big", &"x".repeat(100)).unwrap_err();
            assert!(matches!(error, SessionError::TooLarge { limit: 100 }), "{error}");
        })
        .await;
    assert!(world.open(&jar).await.contains("kept"));
    world.log_in(&mut jar, 7).await;
    world.request(&mut jar, async |session| session.insert("big", &"x".repeat(100)).unwrap()).await;
    assert!(world.open(&jar).await.contains("big"));
}

#[tokio::test]
async fn changes_after_the_commit_are_errors_and_a_logout_after_it_still_works() {
    let world = World::new();
    let mut jar = Jar::default();
    let grant = world.grant(7).await;
    let session = world.open(&jar).await;
    session.log_in(grant).unwrap();
    jar.apply(&session.slot().commit().await);
    assert!(matches!(session.insert("late", "x"), Err(SessionError::Committed)));
    assert!(matches!(session.renew(), Err(SessionError::Committed)));
    assert_eq!(log_out(&session).await, 1, "the login that this request created");
    assert_eq!(world.who(&jar).await, None);

    let reading = world.open(&world.logged_in(7).await).await;
    drop(reading.slot().commit().await);
    assert!(matches!(reading.insert("late", "x"), Err(SessionError::Committed)));
}

#[tokio::test]
async fn a_closure_that_uses_the_session_does_not_hang() {
    let world = World::new();
    let jar = world.logged_in(7).await;
    let session = world.open(&jar).await;
    session.insert("step", &2).unwrap();
    let inner = session.clone();
    let count = session.update("count", move |old: Option<i32>| {
        old.unwrap_or(0) + inner.get::<i32>("step").unwrap().unwrap()
    });
    assert_eq!(count.unwrap(), 2);
}

#[tokio::test]
async fn a_value_of_another_type_is_an_error_and_stays() {
    let world = World::new();
    let mut jar = world.logged_in(7).await;
    world.request(&mut jar, async |session| session.insert("n", "text").unwrap()).await;
    let session = world.open(&jar).await;
    assert!(matches!(session.get::<u32>("n"), Err(SessionError::Decode { .. })));
    assert_eq!(session.get::<String>("n").unwrap().as_deref(), Some("text"));
    assert!(matches!(session.insert("", &1), Err(SessionError::Name)));
}

#[tokio::test]
async fn a_write_that_the_store_does_not_confirm_is_503() {
    let world = World::new();
    let jar = world.logged_in(7).await;
    world.store.fail(Method::Update, Times::Next(1));
    let outcome = world.request(&mut jar.clone(), async |session| session.insert("a", "1").unwrap()).await;
    assert_eq!((outcome.refusal, outcome.set_cookies().count()), (Some(Refusal::Unavailable), 0));
}

#[tokio::test]
async fn events_tell_the_whole_life_of_a_session_in_order() {
    let world = World::new();
    let mut jar = Jar::default();
    world.request(&mut jar, async |session| session.insert("cart", "hat").unwrap()).await;
    world.log_in(&mut jar, 7).await;
    world.clock.advance(Duration::from_secs(60));
    world.request(&mut jar, async |_| {}).await;
    world.request(&mut jar, async |session| session.renew().unwrap()).await;
    world.log_in(&mut jar, 7).await;
    world.request(&mut jar, async |session| assert!(log_out(session).await <= 1)).await;
    use EventKind::*;
    assert_eq!(
        world.events.kinds(),
        [VisitorCreated, Ended, LoginSucceeded, Touched, Renewed, Reauthenticated, Ended]
    );
}
