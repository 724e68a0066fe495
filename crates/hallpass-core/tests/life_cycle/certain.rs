use crate::support::{Jar, World};
use hallpass_core::{LoginGrant, Session};
use hallpass_testkit::Method;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

/// Polls once and drops: the client has hung up, or the handler was cancelled.
async fn abandon<F: Future>(mut future: Pin<&mut F>) {
    poll_fn(|cx| {
        let _ = future.as_mut().poll(cx);
        Poll::Ready(())
    })
    .await;
}

async fn drained(world: &World) -> bool {
    world.sessions.drain(Duration::from_secs(60)).await
}

#[tokio::test]
async fn certain_a_logout_that_was_started_is_finished_though_it_is_dropped() {
    let world = World::new();
    let jar = world.logged_in(7).await;
    let session = world.open(&jar).await;
    let gate = world.store.hold(Method::RevokeSubject);
    abandon(std::pin::pin!(session.log_out())).await;
    assert!(!world.sessions.drain(Duration::from_millis(1)).await, "it waits for the store");
    gate.open();
    assert!(drained(&world).await);
    assert_eq!(world.who(&jar).await, None);
}

#[tokio::test]
async fn certain_a_logout_in_a_handler_that_panics_is_finished() {
    let world = World::new();
    let jar = world.logged_in(7).await;
    let session = world.open(&jar).await;
    let gate = world.store.hold(Method::RevokeSubject);
    let handler = tokio::spawn(async move {
        let mut logout = std::pin::pin!(session.log_out());
        abandon(logout.as_mut()).await;
        panic!("the handler's own fault");
    });
    assert!(handler.await.unwrap_err().is_panic());
    gate.open();
    assert!(drained(&world).await);
    assert_eq!(world.who(&jar).await, None);
}

#[tokio::test]
async fn certain_a_logout_dropped_together_with_its_runtime_is_finished_on_the_managers() {
    let world = World::new();
    let jar = world.logged_in(7).await;
    let session = world.open(&jar).await;
    let gate = world.store.hold(Method::RevokeSubject);
    std::thread::spawn(move || {
        let worker = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        worker.block_on(async { abandon(std::pin::pin!(session.log_out())).await });
    })
    .join()
    .unwrap();
    assert!(
        !world.sessions.drain(Duration::from_millis(1)).await,
        "it waits for the store, without its own runtime"
    );
    gate.open();
    assert!(drained(&world).await);
    assert_eq!(world.who(&jar).await, None);
}

#[tokio::test]
async fn certain_a_logout_that_the_handler_gave_up_waiting_for_is_never_answered_as_a_success() {
    let world = World::new();
    let jar = world.logged_in(7).await;
    let session = world.open(&jar).await;
    let gate = world.store.hold(Method::RevokeSubject);
    abandon(std::pin::pin!(session.log_out())).await;
    let outcome = session.slot().commit().await;
    assert!(outcome.refusal.is_some());
    assert_eq!(outcome.set_cookies().count(), 0);
    gate.open();
    assert!(drained(&world).await);
}

/// Every store call of a commit, held and abandoned: afterwards it is done as if nobody had hung up.
#[tokio::test]
async fn certain_a_commit_that_was_started_is_finished_at_every_step() {
    type Act = fn(&Session, LoginGrant);
    let steps: [(Method, Act); 3] = [
        (Method::Create, |session, grant| session.log_in(grant).unwrap()),
        (Method::Take, |session, grant| session.log_in(grant).unwrap()),
        (Method::Update, |session, _| session.insert("cart", "two").unwrap()),
    ];
    for (method, act) in steps {
        let world = World::new();
        let mut jar = Jar::default();
        world.request(&mut jar, async |session| session.insert("cart", "one").unwrap()).await;
        let grant = world.grant(7).await;
        let session = world.open(&jar).await;
        act(&session, grant);
        let gate = world.store.hold(method);
        abandon(std::pin::pin!(session.slot().commit())).await;
        gate.open();
        assert!(drained(&world).await);
        match method {
            Method::Update => {
                assert_eq!(world.open(&jar).await.get::<String>("cart").unwrap().as_deref(), Some("two"));
            }
            _ => {
                assert_eq!(world.sessions.sessions_of(7.into()).await.unwrap().len(), 1, "{method:?}");
                assert_eq!(
                    world.open(&jar).await.handle(),
                    None,
                    "{method:?}: the visitor's session is part of it"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_logout_that_was_never_polled_does_nothing() {
    let world = World::new();
    let jar = world.logged_in(7).await;
    drop(world.open(&jar).await.log_out());
    assert!(drained(&world).await);
    assert_eq!(world.who(&jar).await.as_deref(), Some("7"));
}
