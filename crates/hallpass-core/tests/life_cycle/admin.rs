//! What administrators do to other people's sessions, and what an application hears of it.

use crate::support::{Jar, World, log_out};
use hallpass_core::{
    EndReason, EndSubjectError, Event, EventChannel, EventHook, EventKind, Heard, MemoryStore, OwnedEvent,
    SessionManager,
};
use hallpass_testkit::{FakeClock, Method};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A world whose events are kept whole.
fn world_with(events: &Arc<Mutex<Vec<OwnedEvent>>>) -> World {
    let mut world = World::new();
    let kept = Arc::clone(events);
    let hook = EventHook::new(move |event: &Event<'_>| kept.lock().unwrap().push(event.into()));
    let builder = SessionManager::builder(world.store.clone()).clock(world.clock.clone());
    world.sessions = builder.events(hook).sweep_every(None).build().unwrap();
    world
}

#[tokio::test]
async fn an_administrator_ends_a_users_sessions_and_the_events_name_actor_and_reason() {
    let events = Arc::default();
    let world = world_with(&events);
    let (admin, alice, bob) = (world.logged_in(1).await, world.logged_in(7).await, world.logged_in(8).await);
    let session = world.open(&admin).await;
    let receipt = world.sessions.admin().on_behalf_of(&session).end_all(7.into()).await.unwrap();
    assert_eq!(receipt.sessions_ended, 1);
    assert_eq!((world.who(&alice).await, world.who(&bob).await), (None, Some("8".into())));
    let events = events.lock().unwrap();
    let ended: Vec<_> = events.iter().filter(|event| event.kind == EventKind::Ended).collect();
    assert_eq!(ended.len(), 1);
    assert_eq!((ended[0].reason, ended[0].actor), (Some(EndReason::Administrator), session.handle()));
}

#[tokio::test]
async fn one_session_is_ended_by_its_handle_and_only_of_the_named_user() {
    let world = World::new();
    let (first, second) = (world.logged_in(7).await, world.logged_in(7).await);
    let handle = world.open(&first).await.handle().unwrap();
    let admin = world.sessions.admin().because(EndReason::AccountDisabled);
    assert_eq!(admin.end(8.into(), handle).await.unwrap().sessions_ended, 0);
    assert_eq!(admin.end(7.into(), handle).await.unwrap().sessions_ended, 1);
    assert_eq!((world.who(&first).await, world.who(&second).await), (None, Some("7".into())));
    assert_eq!(world.events.ends(), [EndReason::AccountDisabled]);
    assert_eq!(admin.sessions_of(7.into()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_administrator_who_was_logged_out_meanwhile_ends_nobody() {
    let world = World::new();
    let (admin, alice) = (world.logged_in(1).await, world.logged_in(7).await);
    let session = world.open(&admin).await;
    let acting = world.sessions.admin().on_behalf_of(&session);
    log_out(&world.open(&admin).await).await;
    let refused = acting.end_all(7.into()).await;
    assert!(matches!(refused, Err(EndSubjectError::ActorGone)), "{refused:?}");
    let visitor = world.open(&Jar::default()).await;
    let refused = world.sessions.admin().on_behalf_of(&visitor).end_all(7.into()).await;
    assert!(matches!(refused, Err(EndSubjectError::NotLoggedIn)), "{refused:?}");
    assert_eq!(world.who(&alice).await, Some("7".into()));
}

#[tokio::test]
async fn a_hook_that_panics_undoes_no_logout() {
    let mut world = World::new();
    let hook = EventHook::new(|_: &Event<'_>| panic!("a hook's own fault"));
    let builder = SessionManager::builder(world.store.clone()).clock(world.clock.clone());
    world.sessions = builder.events((hook, world.events.clone())).sweep_every(None).build().unwrap();
    let jar = world.logged_in(7).await;
    assert_eq!(log_out(&world.open(&jar).await).await, 1);
    assert_eq!(world.who(&jar).await, None);
    assert_eq!(world.events.ends(), [EndReason::LoggedOut]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hook_that_blocks_delays_no_end() {
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let hook = EventHook::new(move |event: &Event<'_>| {
        if event.kind == EventKind::Ended {
            let _ = wait.lock().unwrap().recv();
        }
    });
    let mut world = World::new();
    let builder = SessionManager::builder(world.store.clone()).clock(world.clock.clone());
    world.sessions = builder.events(hook).sweep_every(None).build().unwrap();
    let jar = world.logged_in(7).await;
    let session = world.open(&jar).await;
    let leaving = tokio::spawn(async move { log_out(&session).await });
    let ended = async {
        while world.who(&jar).await.is_some() {
            tokio::task::yield_now().await;
        }
    };
    let ended = tokio::time::timeout(Duration::from_secs(60), ended).await;
    assert!(ended.is_ok(), "the session lives for as long as the hook blocks");
    assert!(!leaving.is_finished());
    drop(go);
    assert_eq!(leaving.await.unwrap(), 1);
}

#[tokio::test]
async fn nobody_waits_for_a_stream_that_is_not_read() {
    let channel = EventChannel::new(1);
    let mut stream = channel.subscribe();
    let builder = SessionManager::builder(MemoryStore::new()).clock(FakeClock::new());
    let sessions = builder.events(channel).sweep_every(None).build().unwrap();
    let world = World { sessions, ..World::new() };
    for user in 0..100 {
        let jar = world.logged_in(user).await;
        log_out(&world.open(&jar).await).await;
    }
    assert!(matches!(stream.next().await, Some(Heard::Missed(_))));
    match stream.next().await {
        Some(Heard::Event(event)) => assert_eq!(event.reason, Some(EndReason::LoggedOut)),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn everybodys_logins_are_removed_in_steps_and_each_is_told_of_with_the_actor() {
    let events = Arc::default();
    let world = world_with(&events);
    let admin = world.logged_in(1).await;
    let mut users = Vec::new();
    for user in 0..2500 {
        users.push(world.logged_in(10 + user).await);
    }
    let session = world.open(&admin).await;
    events.lock().unwrap().clear();
    let mut logins = world.sessions.admin().on_behalf_of(&session).end_everybody().await.unwrap();
    assert_eq!(world.who(&users[2000]).await, None, "before any row is removed");
    assert_eq!(world.who(&admin).await, None);
    let mut steps = 1;
    while logins.remove_some().await.unwrap() {
        steps += 1;
    }
    assert!(steps > 2, "{steps}");
    assert!(!logins.remove_some().await.unwrap(), "it is done");
    let events = events.lock().unwrap();
    let ended = events.iter().filter(|event| event.kind == EventKind::Ended);
    let by_actor = ended.filter(|event| event.actor == session.handle()).count();
    assert_eq!((logins.removed(), by_actor), (2501, 2501));
    let all = events.iter().find(|event| event.kind == EventKind::EndedForAll).unwrap();
    assert_eq!(all.actor, session.handle());
}

#[tokio::test]
async fn a_step_that_nobody_waits_for_is_finished_and_told_of() {
    let world = World::new();
    world.logged_in(7).await;
    let mut logins = world.sessions.admin().end_everybody().await.unwrap();
    let gate = world.store.hold(Method::Purge);
    let step = tokio::time::timeout(Duration::ZERO, logins.remove_some()).await;
    assert!(step.is_err(), "the store has not answered");
    gate.open();
    assert!(world.sessions.drain(Duration::from_secs(60)).await);
    assert_eq!(world.events.ends(), [EndReason::EndedForAll]);
    while logins.remove_some().await.unwrap() {}
    assert_eq!(logins.removed(), 0);
}

#[tokio::test]
async fn an_administrator_who_was_logged_out_meanwhile_does_not_end_everybody() {
    let world = World::new();
    let (admin, alice) = (world.logged_in(1).await, world.logged_in(7).await);
    let acting = world.sessions.admin().on_behalf_of(&world.open(&admin).await);
    log_out(&world.open(&admin).await).await;
    let refused = acting.end_everybody().await;
    assert!(matches!(refused, Err(EndSubjectError::ActorGone)), "{refused:?}");
    assert_eq!(world.who(&alice).await.as_deref(), Some("7"));
}
