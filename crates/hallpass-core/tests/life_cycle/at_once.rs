use crate::support::{Events, Jar, World, log_out};
use hallpass_core::{EndReason, Refusal, SessionManager, Which};
use hallpass_testkit::{Method, Times};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

fn another_node(world: &World) -> SessionManager {
    SessionManager::builder(world.store.clone())
        .clock(world.clock.clone())
        .events(Events::default())
        .sweep_every(None)
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_logout_beside_a_commit_under_way_leaves_no_login() {
    let world = World::new();
    let mut jar = Jar::default();
    let session = world.open(&jar).await;
    session.log_in(world.grant(7).await).unwrap();
    let gate = world.store.hold(Method::Create);
    let slot = session.slot().clone();
    let commit = tokio::spawn(async move { slot.commit().await });
    gate.arrived().await;
    assert_eq!(log_out(&session).await, 0);
    gate.open();
    let outcome = commit.await.unwrap();
    jar.apply(&outcome);
    assert_eq!(
        world.sessions.sessions_of(7.into()).await.unwrap().len(),
        0,
        "a login came to be after its logout"
    );
    assert_eq!(world.who(&jar).await, None);
}

#[tokio::test]
async fn reauthentication_in_flight_is_not_recreated_after_the_logout_of_the_same_request() {
    let world = World::new();
    let mut jar = world.logged_in(7).await;
    let session = world.open(&jar).await;
    session.log_in(world.grant(7).await).unwrap();
    let gate = world.store.hold(Method::Replace);
    let slot = session.slot().clone();
    let commit = tokio::spawn(async move { slot.commit().await });
    gate.arrived().await;
    assert_eq!(log_out(&session).await, 1);
    gate.open();
    let outcome = commit.await.unwrap();
    jar.apply(&outcome);
    assert_eq!(world.who(&jar).await, None, "logged in again after log_out answered Ok");
}

#[tokio::test]
async fn a_visitors_renewal_in_flight_does_not_survive_the_logout() {
    let world = World::new();
    let mut jar = Jar::default();
    world.request(&mut jar, async |s| s.insert("cart", "x").unwrap()).await;
    let session = world.open(&jar).await;
    session.renew().unwrap();
    let gate = world.store.hold(Method::Replace);
    let slot = session.slot().clone();
    let commit = tokio::spawn(async move { slot.commit().await });
    gate.arrived().await;
    // The renewal is carried out, and its answer is on the way.
    gate.open();
    let outcome = commit.await.unwrap();
    assert!(log_out(&session).await <= 1);
    jar.apply(&outcome);
    assert!(world.open(&jar).await.handle().is_none());
}

#[tokio::test]
async fn a_change_under_way_does_not_carry_data_past_a_logout() {
    let world = World::new();
    let mut jar = world.logged_in(7).await;
    world.request(&mut jar, async |s| s.insert("secret", "of seven").unwrap()).await;
    let session = world.open(&jar).await;
    let (in_compute, computing) = std::sync::mpsc::channel();
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let other = session.clone();
    let thread = std::thread::spawn(move || {
        let _ = other.update("n", move |old: Option<u32>| {
            let _ = in_compute.send(());
            let _ = wait.recv_timeout(Duration::from_secs(5));
            old.unwrap_or(0) + 1
        });
    });
    computing.recv().unwrap();
    assert_eq!(log_out(&session).await, 1);
    go.send(()).unwrap();
    drop(go);
    thread.join().unwrap();
    assert_eq!(session.get::<String>("secret").unwrap(), None, "data of the ended session");
    let outcome = session.slot().commit().await;
    jar.apply(&outcome);
    assert_eq!(world.open(&jar).await.get::<String>("secret").unwrap(), None);
}

#[tokio::test]
async fn a_change_under_way_does_not_carry_data_to_another_user() {
    let world = World::new();
    let mut jar = world.logged_in(7).await;
    world.request(&mut jar, async |s| s.insert("secret", "of seven").unwrap()).await;
    let grant = world.grant(8).await;
    let session = world.open(&jar).await;
    let inner = session.clone();
    let mut grant = Some(grant);
    session
        .update("n", move |old: Option<u32>| {
            if let Some(grant) = grant.take() {
                inner.log_in(grant).unwrap();
            }
            old.unwrap_or(0) + 1
        })
        .unwrap();
    let outcome = session.slot().commit().await;
    jar.apply(&outcome);
    assert_eq!(world.who(&jar).await.as_deref(), Some("8"));
    assert_eq!(world.open(&jar).await.get::<String>("secret").unwrap(), None, "8 reads what 7 kept");
}

#[tokio::test]
async fn a_login_whose_credentials_were_checked_before_everybody_was_ended_is_ended() {
    let world = World::new();
    let grant = world.grant(7).await;
    let node = another_node(&world);
    let gate = world.store.hold(Method::RaiseNotBefore);
    let ending = tokio::spawn({
        let node = node.clone();
        async move { node.admin().end_everybody().await }
    });
    gate.arrived().await;
    // The raise takes 10 ms to reach the store; the login commits meanwhile.
    world.clock.advance(Duration::from_millis(10));
    let mut jar = Jar::default();
    world.request(&mut jar, async |s| s.log_in(grant).unwrap()).await;
    gate.open();
    let _ = ending.await.unwrap().unwrap();
    world.clock.advance(Duration::from_secs(6));
    assert_eq!(world.who(&jar).await, None, "its credentials were checked before everybody was ended");
}

#[tokio::test]
async fn authenticated_at_is_when_the_credentials_were_checked() {
    let world = World::new();
    let grant = world.grant(7).await;
    let checked = world.clock.timestamp();
    world.clock.advance(Duration::from_secs(9 * 60));
    let mut jar = Jar::default();
    world.request(&mut jar, async |s| s.log_in(grant).unwrap()).await;
    assert_eq!(world.open(&jar).await.authenticated_at(), Some(checked.into()));
}

#[tokio::test]
async fn ended_for_all_reaches_a_watcher_though_its_message_was_lost() {
    let world = World::new();
    let jar = world.logged_in(7).await;
    let session = world.open(&jar).await;
    let watching = tokio::spawn(session.ended());
    world.clock.until_sleeping(2).await;
    world.store.lose_events(Times::UntilCleared);
    let _ = another_node(&world).admin().end_everybody().await.unwrap();
    for _ in 0..4 {
        world.clock.advance(Duration::from_secs(30));
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
    }
    assert!(watching.is_finished(), "two minutes later the socket is still open");
}

#[tokio::test]
async fn ended_for_all_elsewhere_a_moment_ago_a_session_that_is_asked_for_is_over() {
    let world = World::new();
    let (jar, mut visitor) = (world.logged_in(7).await, Jar::default());
    world.request(&mut visitor, async |s| s.insert("cart", "hat").unwrap()).await;
    let session = world.open(&jar).await;
    world.clock.advance(Duration::from_millis(1));
    let _ = another_node(&world).admin().end_everybody().await.unwrap();
    assert!(!session.is_still_live().await.unwrap());
    assert!(world.open(&visitor).await.is_still_live().await.unwrap(), "not a login");
}

#[tokio::test]
async fn a_logout_of_a_session_ended_for_all_ends_none() {
    let world = World::new();
    let jar = world.logged_in(7).await;
    let _ = world.sessions.admin().end_everybody().await.unwrap();
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(log_out(&world.open(&jar).await).await, 0);
    assert_eq!(world.events.ends(), [EndReason::EndedForAll]);
}

#[tokio::test]
async fn fresh_another_users_login_ends_the_old_session_though_it_was_renewed_meanwhile() {
    let world = World::new();
    let mut tab = world.logged_in(7).await;
    let session = world.open(&tab).await;
    world.request(&mut tab, async |s| s.renew().unwrap()).await;
    session.log_in(world.grant(8).await).unwrap();
    let outcome = session.slot().commit().await;
    assert_eq!(outcome.refusal, None);
    assert_eq!(world.who(&tab).await, None, "7 is still logged in in this browser's other tab");
}

#[tokio::test]
async fn log_out_everywhere_with_a_visitor_cookie_ends_the_visitor_too() {
    let world = World::new();
    let mut jar = Jar::default();
    world.request(&mut jar, async |s| s.insert("cart", "x").unwrap()).await;
    let visitor = jar.clone();
    let login = world.logged_in(7).await;
    jar.put("__Host-id", login.value("__Host-id").unwrap());
    let session = world.open(&jar).await;
    let _ = session.end_subject(Which::All, EndReason::LoggedOutElsewhere).await.unwrap();
    let outcome = session.slot().commit().await;
    assert_eq!(outcome.set_cookies().count(), 2, "both cookies are removed");
    assert!(world.open(&visitor).await.handle().is_none(), "and one of them still opens a session");
}

#[tokio::test]
async fn a_confirmed_logout_is_not_undone_by_an_end_that_comes_too_late() {
    let world = World::new();
    let jar = world.logged_in(7).await;
    let session = world.open(&jar).await;
    let gate = world.store.hold(Method::RevokeSubject);
    let everywhere = tokio::spawn(session.end_subject(Which::All, EndReason::LoggedOutElsewhere));
    gate.arrived().await;
    world.store.clear();
    assert_eq!(log_out(&session).await, 1);
    gate.open();
    assert!(everywhere.await.unwrap().is_err());
    assert!(session.handle().is_none(), "a logged out session is shown again");
    let outcome = session.slot().commit().await;
    assert_eq!(outcome.set_cookies().count(), 1, "the logout's own answer removes the cookie");
}

#[tokio::test]
async fn writers_at_the_same_time_do_not_exceed_the_limit_together() {
    let world = World::new();
    let mut jar = Jar::default();
    world.request(&mut jar, async |s| s.insert("a", "x").unwrap()).await;
    let value = "x".repeat(3000);
    let mut sessions = Vec::new();
    for n in 0..10 {
        let session = world.open(&jar).await;
        session.insert(&format!("k{n}"), &value).unwrap();
        sessions.push(session);
    }
    for session in sessions {
        let _ = session.slot().commit().await;
    }
    let session = world.open(&jar).await;
    let kept = (0..10).filter(|n| session.contains(&format!("k{n}"))).count();
    assert!(kept <= 1, "{kept} values of 3000 bytes where 4096 are allowed");
}

#[tokio::test]
async fn a_visitors_renewal_does_not_end_what_is_open() {
    let world = World::new();
    let mut jar = Jar::default();
    world.request(&mut jar, async |s| s.insert("cart", "x").unwrap()).await;
    let session = world.open(&jar).await;
    session.renew().unwrap();
    let ended = session.ended();
    jar.apply(&session.slot().commit().await);
    let watching = tokio::spawn(ended);
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!watching.is_finished(), "{:?}", watching.await);
}

#[tokio::test]
async fn a_login_made_in_this_request_can_be_watched() {
    let world = World::new();
    let session = world.open(&Jar::default()).await;
    session.log_in(world.grant(7).await).unwrap();
    let ended = session.ended();
    let _ = session.slot().commit().await;
    let watching = tokio::spawn(ended);
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!watching.is_finished(), "{:?}", watching.await);
}

#[test]
fn a_computation_that_changes_the_session_comes_to_an_end() {
    let runs = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&runs);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let world = World::new();
            let session = world.open(&Jar::default()).await;
            let inner = session.clone();
            let _ = session.update("n", move |old: Option<u32>| {
                // Stops the test, not the loop.
                if seen.fetch_add(1, Ordering::SeqCst) > 1000 {
                    std::thread::park();
                }
                inner.insert("log", "n was changed").unwrap();
                old.unwrap_or(0) + 1
            });
        });
    });
    std::thread::sleep(Duration::from_secs(2));
    assert!(runs.load(Ordering::SeqCst) < 1000, "it runs again and again");
}

#[tokio::test]
async fn honest_an_end_that_the_handler_gave_up_waiting_for_is_never_answered_as_a_success() {
    let world = World::new();
    let jar = world.logged_in(7).await;
    let session = world.open(&jar).await;
    let gate = world.store.hold(Method::RevokeSubject);
    let others = session.end_subject(Which::AllBut(session.handle().unwrap()), EndReason::LoggedOutElsewhere);
    assert!(tokio::time::timeout(Duration::from_millis(5), others).await.is_err());
    let outcome = session.slot().commit().await;
    gate.open();
    assert!(outcome.refusal.is_some());
}

#[tokio::test]
async fn a_login_that_the_store_could_not_keep_is_not_told_as_superseded() {
    let world = World::new();
    let grant = world.grant(7).await;
    world.store.fail(Method::Create, Times::Next(1));
    let answered = world.request(&mut Jar::default(), async |s| s.log_in(grant).unwrap()).await;
    assert_eq!(answered.refusal, Some(Refusal::Unavailable));
    assert!(!world.events.failures().contains(&Some(EndReason::Superseded)), "{:?}", world.events.failures());
}

#[tokio::test]
async fn a_sweep_without_a_pause_is_given_one() {
    let store = hallpass_testkit::FaultyStore::new(hallpass_core::MemoryStore::new());
    let clock = hallpass_testkit::FakeClock::new();
    let interval = Some(Duration::ZERO);
    let _sessions =
        SessionManager::builder(store.clone()).clock(clock.clone()).sweep_every(interval).build().unwrap();
    clock.until_sleeping(1).await;
    clock.advance(Duration::from_millis(999));
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    assert_eq!(store.calls(Method::Sweep), 0);
}
