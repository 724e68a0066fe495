//! What guards let through.

use crate::log::Log;
use crate::scene::{Customers, Office, Role, Scene, Shop, Staff, User, boxed, get, send};
use hallpass_warp::{
    Guard, answer_denial, current_user, guard, require, require_login, require_role, service,
};
use http::Request;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use warp::Filter;

#[tokio::test]
async fn only_who_is_logged_in_gets_past_and_the_handler_does_not_run_for_others() {
    let scene = Scene::<Shop>::new();
    let runs = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&runs);
    let orders = warp::path::end().map(move || counter.fetch_add(1, Ordering::SeqCst).to_string());
    let orders = warp::path("orders").and(require_login::<Customers>(orders));
    let home = warp::path::end().map(|| "welcome");
    let app = scene.app(boxed(orders.or(home)));

    let answer = get(&app, "/orders", "").await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (401, "no-store"));
    assert_eq!(get(&app, "/", "").await.status, 200);
    assert_eq!(get(&app, "/nowhere", "").await.status, 404);
    assert_eq!(runs.load(Ordering::SeqCst), 0);
    let cookie = scene.log_in("ada:1815").await;
    assert_eq!(get(&app, "/orders", &cookie).await.body, "0");
    assert_eq!(get(&app, "/orders/nowhere", &cookie).await.status, 404);
}

#[tokio::test]
async fn a_guard_answers_by_itself_before_a_route_that_takes_any_path() {
    let scene = Scene::<Shop>::new();
    let orders = require_login::<Customers>(warp::path::end().map(|| "your orders"));
    let routes = warp::path("orders").and(orders).or(warp::get().map(|| "welcome"));
    let app = scene.app(boxed(routes));
    assert_eq!(get(&app, "/orders", "").await.status, 401);
    let cookie = scene.log_in("ada:1815").await;
    assert_eq!(get(&app, "/orders", &cookie).await.body, "your orders");
    assert_eq!(get(&app, "/orders/nowhere", &cookie).await.body, "welcome");
}

#[tokio::test]
async fn a_user_without_the_role_or_whom_the_predicate_refuses_gets_a_403() {
    let scene = Scene::<Shop>::new();
    let page = warp::path::end().map(|| "");
    let by_role = warp::path("role").and(require_role::<Customers>(Role::Admin, page));
    let predicate = require::<Customers>(|user| user.name == "ada", page);
    let app = scene.app(boxed(by_role.or(warp::path("predicate").and(predicate))));
    let (ada, brian) = (scene.log_in("ada:1815").await, scene.log_in("brian:1942").await);
    for path in ["/role", "/predicate"] {
        assert_eq!(get(&app, path, "").await.status, 401, "{path}");
        assert_eq!(get(&app, path, &ada).await.status, 200, "{path}");
        let answer = get(&app, path, &brian).await;
        assert_eq!(
            (answer.status.as_u16(), answer.body.as_str()),
            (403, r#"{"error":"forbidden"}"#),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_login_that_is_too_old_for_a_guard_has_to_be_renewed() {
    let scene = Scene::<Office>::new();
    let recently = Guard::<Staff>::login().recent(Duration::from_secs(600));
    let app = scene.app(boxed(warp::path("office").and(guard(recently, warp::path::end().map(|| "")))));
    let cookie = scene.log_in("ada:1815").await;
    scene.clock.advance(Duration::from_secs(600));
    assert_eq!(get(&app, "/office", &cookie).await.status, 200);
    scene.clock.advance(Duration::from_secs(1));
    let answer = get(&app, "/office", &cookie).await;
    assert_eq!(
        (answer.status.as_u16(), answer.body.as_str()),
        (401, r#"{"error":"reauthentication_required"}"#)
    );
    let browser = send(&app, Request::get("/office").header("accept", "text/html"), &cookie, "").await;
    assert_eq!((browser.status.as_u16(), browser.header("location")), (303, "/office/login?next=/office"));
}

#[tokio::test]
async fn a_guard_keeps_its_user_for_the_handler() {
    let scene = Scene::<Shop>::new();
    let name = warp::path::end().and(current_user::<Customers>()).map(|user: Arc<User>| user.name.clone());
    let app = scene.app(boxed(require_login::<Customers>(name)));
    let cookie = scene.log_in("ada:1815").await;
    scene.users.fetched.store(0, Ordering::SeqCst);
    scene.store.reset_calls();
    assert_eq!(get(&app, "/", &cookie).await.body, "ada");
    assert_eq!(scene.users.fetched.load(Ordering::SeqCst), 1);
    assert_eq!(scene.store.calls(hallpass_testkit::Method::Load), 1);
}

#[tokio::test]
async fn b63_a_guard_answers_503_while_the_store_or_the_users_are_down() {
    let scene = Scene::<Shop>::new();
    let app = scene.app(boxed(require_login::<Customers>(warp::path::end().map(|| ""))));
    let cookie = scene.log_in("ada:1815").await;
    scene.users.down.store(true, Ordering::SeqCst);
    assert_eq!(get(&app, "/", &cookie).await.status, 503);
    scene.users.down.store(false, Ordering::SeqCst);
    assert_eq!(get(&app, "/", &cookie).await.status, 200);
    scene.store.go_down();
    assert_eq!(get(&app, "/", &cookie).await.status, 503);
}

#[tokio::test]
async fn b89_a_guard_without_its_layer_is_a_500_and_the_log_says_so() {
    let log = Log::new();
    let guarded = require_login::<Staff>(warp::path::end().map(|| ""));
    let bare = guarded.clone().recover(answer_denial);
    assert_eq!(warp::test::request().path("/").reply(&bare).await.status(), 500);
    assert!(log.take().iter().any(|line| line.contains("no session layer is around")));

    let scene = Scene::<Shop>::new();
    let app = crate::scene::App::new(service(scene.layer(), guarded));
    assert_eq!(get(&app, "/", "").await.status, 500);
    assert!(log.take().iter().any(|line| line.contains("Office") && line.contains("__Host-shop")));
}
