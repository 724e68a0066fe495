//! What becomes of a request that is dropped.

use crate::scene::{App, Customers, Scene, Shop, User, boxed, get};
use hallpass_testkit::{Gate, Method};
use hallpass_warp::{Denial, Login, current_user, login};
use http::Request;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tower::ServiceExt;
use warp::Filter;

pub(crate) const LONG: Duration = Duration::from_secs(60);

fn app(scene: &Scene<Shop>) -> App {
    let leave = async |login: Login<Customers>| {
        let receipt = login.log_out().await?;
        login.session().insert("flash", "see you")?;
        Ok::<_, Denial>(receipt.sessions_ended.to_string())
    };
    let user = warp::path!("user").and(current_user::<Customers>()).map(|user: Arc<User>| user.name.clone());
    scene.app(boxed(warp::path!("leave").and(login()).then(leave).or(user)))
}

/// Sends a logout, drops it as soon as it waits at the gate, then opens the gate and lets the work finish.
async fn hang_up_at(scene: &Scene<Shop>, gate: &Gate, cookie: &str) {
    let request = Request::post("/leave").header("cookie", cookie).body(String::new()).unwrap();
    {
        let mut response = pin!(app(scene).oneshot(request));
        let waits = poll_fn(|cx| Poll::Ready(response.as_mut().poll(cx).is_pending())).await;
        assert!(waits, "it must wait at the gate");
        gate.arrived().await;
    }
    assert_eq!(scene.sessions.drain(Duration::ZERO).await, scene.store.calls(Method::RevokeSubject) == 0);
    gate.open();
    assert!(scene.sessions.drain(LONG).await);
}

#[tokio::test]
async fn b20_a_logout_that_was_started_is_finished_though_the_client_hangs_up() {
    let held: [fn(&Scene<Shop>) -> Gate; 3] = [
        |scene| scene.store.hold(Method::RevokeSubject),
        |scene| scene.store.hold_answer(Method::RevokeSubject),
        |scene| scene.store.hold(Method::Create),
    ];
    for hold in held {
        let scene = Scene::<Shop>::new();
        let cookie = scene.log_in("ada:1815").await;
        let gate = hold(&scene);
        hang_up_at(&scene, &gate, &cookie).await;
        scene.store.clear();
        assert_eq!(get(&app(&scene), "/user", &cookie).await.status, 401);
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_before_the_logout_was_started_stays_logged_in() {
    let scene = Scene::<Shop>::new();
    let cookie = scene.log_in("ada:1815").await;
    let gate = scene.store.hold(Method::Load);
    hang_up_at(&scene, &gate, &cookie).await;
    scene.store.clear();
    assert_eq!(get(&app(&scene), "/user", &cookie).await.body, "ada");
}
