//! What guards let through.

use crate::log::Log;
use crate::scene::{Customers, Office, Role, Scene, Shop, Site, Staff, get, send};
use actix_web::dev::HttpServiceFactory;
use actix_web::test::TestRequest;
use actix_web::{App, web};
use hallpass_actix::{CurrentUser, Guard, guard, require, require_login, require_role};
use hallpass_testkit::Method;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

fn service(service: impl HttpServiceFactory + 'static) -> impl FnOnce(&mut web::ServiceConfig) {
    move |config| {
        config.service(service);
    }
}

#[actix_web::test]
async fn only_who_is_logged_in_gets_past_and_the_handler_does_not_run_for_others() {
    let scene = Scene::<Shop>::new();
    let runs = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&runs);
    let handler = move || std::future::ready(counter.fetch_add(1, Ordering::SeqCst).to_string());
    let orders = web::scope("/orders").wrap(require_login::<Customers>()).route("", web::get().to(handler));
    let routes = |config: &mut web::ServiceConfig| {
        config.service(orders).route("/", web::get().to(async || "welcome"));
    };
    let app = scene.app(routes).await;

    let answer = get(&app, "/orders", "").await;
    assert_eq!((answer.status, answer.header("cache-control")), (401, "no-store"));
    assert_eq!(get(&app, "/orders/nowhere", "").await.status, 401);
    assert_eq!(get(&app, "/", "").await.status, 200);
    assert_eq!(get(&app, "/nowhere", "").await.status, 404);
    assert_eq!(runs.load(Ordering::SeqCst), 0);
    let cookie = scene.log_in("ada:1815").await;
    assert_eq!(get(&app, "/orders", &cookie).await.body, "0");
    assert_eq!(get(&app, "/orders/nowhere", &cookie).await.status, 404);
}

#[actix_web::test]
async fn a_user_without_the_role_or_whom_the_predicate_refuses_gets_a_403() {
    let scene = Scene::<Shop>::new();
    let role = web::resource("/role").wrap(require_role::<Customers>(Role::Admin)).to(async || "");
    let predicate = require::<Customers>(|user| user.name == "ada");
    let predicate = web::resource("/predicate").wrap(predicate).to(async || "");
    let app = scene.app(|config| service(predicate)(config.service(role))).await;
    let (ada, brian) = (scene.log_in("ada:1815").await, scene.log_in("brian:1942").await);
    for path in ["/role", "/predicate"] {
        assert_eq!(get(&app, path, "").await.status, 401, "{path}");
        assert_eq!(get(&app, path, &ada).await.status, 200, "{path}");
        let answer = get(&app, path, &brian).await;
        assert_eq!((answer.status, answer.body.as_str()), (403, r#"{"error":"forbidden"}"#), "{path}");
    }
}

#[actix_web::test]
async fn a_login_that_is_too_old_for_a_guard_has_to_be_renewed() {
    let scene = Scene::<Office>::new();
    let recently = Guard::<Staff>::login().recent(Duration::from_secs(600));
    let office = web::scope("/office").wrap(guard(recently)).route("", web::get().to(async || ""));
    let app = scene.app(service(office)).await;
    let cookie = scene.log_in("ada:1815").await;
    scene.clock.advance(Duration::from_secs(600));
    assert_eq!(get(&app, "/office", &cookie).await.status, 200);
    scene.clock.advance(Duration::from_secs(1));
    let answer = get(&app, "/office", &cookie).await;
    assert_eq!((answer.status, answer.body.as_str()), (401, r#"{"error":"reauthentication_required"}"#));
    let browser = TestRequest::with_uri("/office").insert_header(("accept", "text/html"));
    let browser = send(&app, browser, &cookie, "").await;
    assert_eq!((browser.status, browser.header("location")), (303, "/office/login?next=/office"));
}

#[actix_web::test]
async fn a_guard_keeps_its_user_for_the_handler() {
    let scene = Scene::<Shop>::new();
    let handler = async |user: CurrentUser<Customers>| user.name.clone();
    let app = scene.app(service(web::resource("/").wrap(require_login::<Customers>()).to(handler))).await;
    let cookie = scene.log_in("ada:1815").await;
    scene.users.fetched.store(0, Ordering::SeqCst);
    scene.store.reset_calls();
    assert_eq!(get(&app, "/", &cookie).await.body, "ada");
    assert_eq!(scene.users.fetched.load(Ordering::SeqCst), 1);
    assert_eq!(scene.store.calls(Method::Load), 1);
}

#[actix_web::test]
async fn b63_a_guard_answers_503_while_the_store_or_the_users_are_down() {
    let scene = Scene::<Shop>::new();
    let app = scene.app(service(web::resource("/").wrap(require_login::<Customers>()).to(async || ""))).await;
    let cookie = scene.log_in("ada:1815").await;
    scene.users.down.store(true, Ordering::SeqCst);
    assert_eq!(get(&app, "/", &cookie).await.status, 503);
    scene.users.down.store(false, Ordering::SeqCst);
    assert_eq!(get(&app, "/", &cookie).await.status, 200);
    scene.store.go_down();
    assert_eq!(get(&app, "/", &cookie).await.status, 503);
}

#[actix_web::test]
async fn b89_a_guard_outside_the_middleware_is_a_500_and_the_log_says_so() {
    let log = Log::new();
    let scene = Scene::<Shop>::new();
    let page = || web::get().to(async || "");
    let outside = App::new().route("/", page()).wrap(scene.middleware()).wrap(require_login::<Customers>());
    let outside = Site::new(outside).await;
    let cookie = scene.log_in("ada:1815").await;
    assert_eq!(get(&outside, "/", &cookie).await.status, 500);
    assert!(log.take().iter().any(|line| line.contains("no session layer is around")));

    let app = scene.app(service(web::scope("").wrap(require_login::<Staff>()).route("/", page()))).await;
    assert_eq!(get(&app, "/", &cookie).await.status, 500);
    assert!(log.take().iter().any(|line| line.contains("Office") && line.contains("__Host-shop")));
}
