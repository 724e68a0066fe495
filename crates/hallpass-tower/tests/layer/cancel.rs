//! What becomes of a request whose client has gone away.

use crate::scene::{Body, Scene, get, handler};
use hallpass_core::SessionSlot;
use hallpass_testkit::{Gate, Method};
use http::Response;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use tower::{Layer, ServiceExt};

const LONG: Duration = Duration::from_secs(60);

async fn log_out_after_a_note(slot: SessionSlot) -> Response<Body> {
    let session = slot.open().await.unwrap();
    assert_eq!(session.log_out().await.unwrap().sessions_ended, 1);
    session.insert("flash", "see you").unwrap();
    Response::new(Body::default())
}

/// Sends the request, drops it as soon as it waits at the gate, then opens the gate and lets the work finish.
async fn hang_up_at(scene: &Scene, gate: &Gate, saved: &str) {
    let app = scene.layer().layer(handler(log_out_after_a_note));
    {
        let mut response = pin!(app.oneshot(get(saved)));
        let first = poll_fn(|cx| Poll::Ready(response.as_mut().poll(cx).is_pending())).await;
        assert!(first, "it must wait at the gate");
        gate.arrived().await;
    }
    assert_eq!(scene.manager.drain(Duration::ZERO).await, scene.store.calls(Method::RevokeSubject) == 0);
    gate.open();
    assert!(scene.manager.drain(LONG).await);
}

#[tokio::test]
async fn b20_a_logout_that_was_started_is_finished_though_the_client_hangs_up() {
    for hold in [Scene::hold_revocation, Scene::hold_revocations_answer, Scene::hold_commit] {
        let scene = Scene::new();
        let saved = scene.log_in().await;
        let gate = hold(&scene);
        hang_up_at(&scene, &gate, &saved).await;
        scene.store.clear();
        assert_eq!(scene.subject(&saved).await, None);
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_before_the_logout_was_started_stays_logged_in() {
    let scene = Scene::new();
    let saved = scene.log_in().await;
    let gate = scene.store.hold(Method::Load);
    hang_up_at(&scene, &gate, &saved).await;
    scene.store.clear();
    assert_eq!(scene.subject(&saved).await.as_deref(), Some("42"));
}

#[tokio::test]
async fn a_commit_that_was_started_is_finished_though_the_client_hangs_up() {
    let scene = Scene::new();
    let saved = scene.log_in().await;
    let gate = scene.hold_commit();
    scene.store.reset_calls();
    hang_up_at(&scene, &gate, &saved).await;
    assert_eq!(scene.store.calls(Method::Create), 1);
}

#[tokio::test]
async fn b68_a_logout_holds_though_the_handler_panics_after_it() {
    let scene = Scene::new();
    let saved = scene.log_in().await;
    let app = scene.layer().layer(handler(async |slot: SessionSlot| -> Response<Body> {
        assert_eq!(slot.open().await.unwrap().log_out().await.unwrap().sessions_ended, 1);
        panic!("the handler's own fault");
    }));
    let mut response = pin!(app.oneshot(get(&saved)));
    let panicked = poll_fn(|cx| {
        let polled = catch_unwind(AssertUnwindSafe(|| response.as_mut().poll(cx)));
        Poll::Ready(polled.is_err())
    });
    assert!(panicked.await);
    assert_eq!(scene.subject(&saved).await, None);
    assert_eq!(scene.store.calls(Method::RevokeSubject), 1);
}

impl Scene {
    fn hold_revocation(&self) -> Gate {
        self.store.hold(Method::RevokeSubject)
    }

    fn hold_revocations_answer(&self) -> Gate {
        self.store.hold_answer(Method::RevokeSubject)
    }

    fn hold_commit(&self) -> Gate {
        self.store.hold(Method::Create)
    }
}
