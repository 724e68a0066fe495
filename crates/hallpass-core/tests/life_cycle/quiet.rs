use crate::support::{Jar, World, log_out};
use hallpass_core::{OpenError, Refusal, StoreErrorKind};
use hallpass_testkit::{Fault, Method, Times};

#[tokio::test]
async fn quiet_a_request_that_does_not_ask_for_the_session_costs_nothing_and_works_without_the_store() {
    let world = World::new();
    let jar = world.logged_in(7).await;
    world.store.go_down();
    world.store.reset_calls();
    let outcome = world.slot(&jar).commit().await;
    assert!(!outcome.opened && outcome.refusal.is_none());
    assert_eq!((outcome.set_cookies().count(), world.store.total_calls()), (0, 0));
}

#[tokio::test]
async fn quiet_visits_garbage_and_repeated_logouts_create_nothing() {
    let world = World::new();
    world.store.reset_calls();
    let mut garbage = Jar::default();
    garbage.put("__Host-id", "garbage");
    for jar in [Jar::default(), garbage] {
        let outcome = world
            .request(&mut jar.clone(), async |session| {
                session.remove("nothing").unwrap();
                session.clear().unwrap();
                session.renew().unwrap();
            })
            .await;
        assert_eq!(outcome.set_cookies().count(), 0);
    }
    assert_eq!(world.store.total_calls(), 0);
}

#[tokio::test]
async fn a_request_that_asks_for_the_session_loads_it_once() {
    let world = World::new();
    let jar = world.logged_in(7).await;
    drop(world.open(&jar).await);
    world.store.reset_calls();
    let slot = world.slot(&jar);
    for _ in 0..3 {
        slot.open().await.unwrap();
    }
    drop(slot.commit().await);
    assert_eq!((world.store.calls(Method::Load), world.store.total_calls()), (1, 1));
}

#[tokio::test]
async fn fail_closed_a_failed_open_is_503_though_the_handler_swallow_it() {
    let world = World::new();
    let jar = world.logged_in(7).await;
    world.store.fail(Method::Load, Times::Next(1));
    let slot = world.slot(&jar);
    assert_eq!(slot.open().await.unwrap_err(), OpenError::Unavailable);
    assert_eq!(slot.commit().await.refusal, Some(Refusal::Unavailable));
}

#[tokio::test]
async fn fail_closed_an_open_that_failed_is_not_tried_again_in_the_same_request() {
    let world = World::new();
    let jar = world.logged_in(7).await;
    world.store.fail(Method::Load, Times::Next(1));
    world.store.reset_calls();
    let slot = world.slot(&jar);
    assert_eq!(slot.open().await.unwrap_err(), OpenError::Unavailable);
    assert_eq!(slot.open().await.unwrap_err(), OpenError::Unavailable);
    assert_eq!(slot.open_for_login().await.unwrap_err(), OpenError::Unavailable);
    assert_eq!(world.store.calls(Method::Load), 1);
}

#[tokio::test]
async fn fail_closed_a_record_that_does_not_decode_is_503_but_logout_and_login_work() {
    let world = World::new();
    let undecodable =
        || world.store.inject(Method::Load, Fault::Fail(StoreErrorKind::Undecodable), Times::Next(1));
    let jar = world.logged_in(7).await;
    undecodable();
    assert_eq!(world.slot(&jar).open().await.unwrap_err(), OpenError::Unavailable);

    undecodable();
    let leaving = world.slot(&jar).open_for_login().await.unwrap();
    log_out(&leaving).await;
    assert_eq!(leaving.slot().commit().await.set_cookies().count(), 1);
    assert_eq!(world.who(&jar).await, None);

    let mut jar = world.logged_in(7).await;
    let old = jar.clone();
    let grant = world.grant(8).await;
    undecodable();
    let entering = world.slot(&jar).open_for_login().await.unwrap();
    entering.log_in(grant).unwrap();
    jar.apply(&entering.slot().commit().await);
    assert_eq!((world.who(&jar).await.as_deref(), world.who(&old).await), (Some("8"), None));
}

#[tokio::test]
async fn opaque_no_token_is_shown_by_anything_that_can_be_printed() {
    let world = World::new();
    let jar = world.logged_in(7).await;
    let token = jar.value("__Host-id").unwrap();
    let session = world.open(&jar).await;
    session.renew().unwrap();
    let shown = format!(
        "{:?} {:?} {:?} {:?}",
        session,
        session.slot(),
        world.sessions,
        session.slot().commit().await
    );
    assert!(!shown.contains(&token[3..]));
}
