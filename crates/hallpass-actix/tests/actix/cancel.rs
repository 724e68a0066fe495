//! What becomes of a request whose client has gone away.

use crate::scene::{Answering, Scene, Shop, with_cookie};
use actix_web::test::TestRequest;
use actix_web::{HttpResponse, web};
use hallpass_actix::Session;
use hallpass_testkit::{Gate, Method};
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(60);

async fn log_out_after_a_note(session: Session) -> &'static str {
    assert_eq!(session.log_out().await.unwrap().sessions_ended, 1);
    session.insert("flash", "see you").unwrap();
    ""
}

async fn panic_after_logout(session: Session) -> HttpResponse {
    assert_eq!(session.log_out().await.unwrap().sessions_ended, 1);
    panic!("the handler's own fault");
}

fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/note", web::get().to(log_out_after_a_note))
        .route("/panic", web::get().to(panic_after_logout));
}

async fn call(scene: &Scene<Shop>, path: &str, cookie: &str) -> Answering {
    scene.app(routes).await.call(with_cookie(TestRequest::with_uri(path), cookie))
}

/// Sends the request, drops it as soon as it waits at the gate, then opens the gate and lets the work finish.
async fn hang_up_at(scene: &Scene<Shop>, gate: &Gate, cookie: &str) {
    let mut response = call(scene, "/note", cookie).await;
    let waits = poll_fn(|cx| Poll::Ready(response.as_mut().poll(cx).is_pending())).await;
    assert!(waits, "it must wait at the gate");
    gate.arrived().await;
    drop(response);
    let is_idle = scene.sessions.drain(Duration::ZERO).await;
    assert_eq!(is_idle, scene.store.calls(Method::RevokeSubject) == 0);
    gate.open();
    assert!(scene.sessions.drain(LONG).await);
}

#[actix_web::test]
async fn b20_a_logout_that_was_started_is_finished_though_the_client_hangs_up() {
    let holds: [fn(&Scene<Shop>) -> Gate; 3] = [
        |scene| scene.store.hold(Method::RevokeSubject),
        |scene| scene.store.hold_answer(Method::RevokeSubject),
        |scene| scene.store.hold(Method::Create),
    ];
    for (index, hold) in holds.into_iter().enumerate() {
        let scene = Scene::<Shop>::new();
        let cookie = scene.log_in("ada:1815").await;
        let gate = hold(&scene);
        hang_up_at(&scene, &gate, &cookie).await;
        scene.store.clear();
        assert!(!scene.knows(&cookie).await, "{index}");
    }
}

#[actix_web::test]
async fn a_client_that_hangs_up_before_the_logout_was_started_stays_logged_in() {
    let scene = Scene::<Shop>::new();
    let cookie = scene.log_in("ada:1815").await;
    let gate = scene.store.hold(Method::Load);
    hang_up_at(&scene, &gate, &cookie).await;
    scene.store.clear();
    assert!(scene.knows(&cookie).await);
}

#[actix_web::test]
async fn a_commit_that_was_started_is_finished_though_the_client_hangs_up() {
    let scene = Scene::<Shop>::new();
    let cookie = scene.log_in("ada:1815").await;
    let gate = scene.store.hold(Method::Create);
    scene.store.reset_calls();
    hang_up_at(&scene, &gate, &cookie).await;
    assert_eq!(scene.store.calls(Method::Create), 1);
}

#[actix_web::test]
async fn b68_a_logout_holds_though_the_handler_panics_after_it() {
    let scene = Scene::<Shop>::new();
    let cookie = scene.log_in("ada:1815").await;
    let mut response = call(&scene, "/panic", &cookie).await;
    let panicked = poll_fn(|cx| {
        let polled = catch_unwind(AssertUnwindSafe(|| response.as_mut().poll(cx)));
        Poll::Ready(polled.is_err())
    });
    assert!(panicked.await);
    assert!(!scene.knows(&cookie).await);
    assert_eq!(scene.store.calls(Method::RevokeSubject), 1);
}
