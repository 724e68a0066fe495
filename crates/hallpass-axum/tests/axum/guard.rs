//! What guards let through.

use crate::log::Log;
use crate::scene::{Customers, Office, Role, Scene, Shop, Staff, get, send};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::get as on_get;
use hallpass_axum::{CurrentUser, Guard, guard, require, require_login, require_role};
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tower::{Layer, Service, ServiceExt};

#[tokio::test]
async fn only_who_is_logged_in_gets_past_and_the_handler_does_not_run_for_others() {
    let scene = Scene::<Shop>::new();
    let runs = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&runs);
    let handler = async move || counter.fetch_add(1, Ordering::SeqCst).to_string();
    let router = Router::new()
        .route("/orders", on_get(handler))
        .route_layer(require_login::<Customers>())
        .route("/", on_get(async || "welcome"));
    let app = scene.app(router);

    let answer = get(&app, "/orders", "").await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (401, "no-store"));
    assert_eq!(get(&app, "/", "").await.status, 200);
    assert_eq!(get(&app, "/nowhere", "").await.status, 404);
    assert_eq!(runs.load(Ordering::SeqCst), 0);
    let cookie = scene.log_in("ada:1815").await;
    assert_eq!(get(&app, "/orders", &cookie).await.body, "0");
}

#[tokio::test]
async fn a_user_without_the_role_or_whom_the_predicate_refuses_gets_a_403() {
    let scene = Scene::<Shop>::new();
    let router = Router::new()
        .route("/role", on_get(async || ()).route_layer(require_role::<Customers>(Role::Admin)))
        .route(
            "/predicate",
            on_get(async || ()).route_layer(require::<Customers>(|user| user.name == "ada")),
        );
    let app = scene.app(router);
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
    let app = scene.app(Router::new().route("/office", on_get(async || ())).route_layer(guard(recently)));
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
    let handler = on_get(async |user: CurrentUser<Customers>| user.name.clone());
    let app = scene.app(Router::new().route("/", handler).route_layer(require_login::<Customers>()));
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
    let app =
        scene.app(Router::new().route("/", on_get(async || ())).route_layer(require_login::<Customers>()));
    let cookie = scene.log_in("ada:1815").await;
    scene.users.down.store(true, Ordering::SeqCst);
    assert_eq!(get(&app, "/", &cookie).await.status, 503);
    scene.users.down.store(false, Ordering::SeqCst);
    assert_eq!(get(&app, "/", &cookie).await.status, 200);
    scene.store.go_down();
    assert_eq!(get(&app, "/", &cookie).await.status, 503);
}

#[tokio::test]
async fn b89_a_guard_outside_the_layer_is_a_500_and_the_log_says_so() {
    let log = Log::new();
    let scene = Scene::<Shop>::new();
    let app = scene.app(Router::new().route("/", on_get(async || ()))).layer(require_login::<Customers>());
    let cookie = scene.log_in("ada:1815").await;
    assert_eq!(get(&app, "/", &cookie).await.status, 500);
    assert!(log.take().iter().any(|line| line.contains("no session layer is around")));

    let app = scene.app(Router::new().route("/", on_get(async || ())).route_layer(require_login::<Staff>()));
    assert_eq!(get(&app, "/", &cookie).await.status, 500);
    assert!(log.take().iter().any(|line| line.contains("Office") && line.contains("__Host-shop")));
}

/// A service whose clones are not ready, as tower allows.
struct OnceReady(Arc<AtomicBool>);

impl Clone for OnceReady {
    fn clone(&self) -> Self {
        Self(Arc::default())
    }
}

impl Service<Request> for OnceReady {
    type Response = Response;
    type Error = Infallible;
    type Future = Ready<Result<Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.store(true, Ordering::SeqCst);
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request) -> Self::Future {
        assert!(self.0.swap(false, Ordering::SeqCst), "it must be polled to readiness first");
        ready(Ok(Response::new(Body::empty())))
    }
}

#[tokio::test]
async fn the_service_that_was_polled_to_readiness_is_the_one_that_is_called() {
    let scene = Scene::<Shop>::new();
    let cookie = scene.log_in("ada:1815").await;
    let guarded = require_login::<Customers>().layer(OnceReady(Arc::default()));
    let mut app = scene.layer().layer(guarded);
    for _ in 0..2 {
        let request = Request::get("/").header("cookie", &cookie).body(Body::empty()).unwrap();
        assert_eq!(app.ready().await.unwrap().call(request).await.unwrap().status(), 200);
    }
}
