//! What the layer does to responses, to the store and to other layers.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cancel;
mod scene;

use hallpass_core::{SessionError, SessionManager, SessionSlot};
use hallpass_testkit::{Method, Times};
use hallpass_tower::{SessionLayer, SessionService};
use http::{Request, Response, header};
use scene::{Body, Scene, call, cookies, get, handler};
use std::convert::Infallible;
use std::sync::Arc;
use tower::{Layer, ServiceExt, service_fn};

#[tokio::test]
async fn b63_a_route_that_never_asks_costs_no_store_access_and_works_while_the_store_is_down() {
    let scene = Scene::new();
    let saved = scene.log_in().await;
    scene.store.reset_calls();
    scene.store.go_down();
    let app = scene.layer().layer(handler(async |_slot| Response::new(Body::default())));
    let response = call(&app, get(&saved)).await;
    assert_eq!(response.status(), 200);
    assert!(response.headers().is_empty());
    assert_eq!(scene.store.total_calls(), 0);
}

#[tokio::test]
async fn b32_the_commit_takes_place_whatever_the_status_is() {
    for status in [200, 204, 303, 304, 401, 404, 500, 503] {
        let scene = Scene::new();
        let app = scene.layer().layer(handler(move |slot: SessionSlot| async move {
            slot.open().await.unwrap().insert("seen", &true).unwrap();
            Response::builder().status(status).body(Body::default()).unwrap()
        }));
        let response = call(&app, get("")).await;
        assert_eq!(response.status(), status);
        assert_eq!(cookies(&response).len(), 1, "{status}");
        assert!(response.headers()[header::SET_COOKIE].is_sensitive());
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        assert_eq!(scene.store.calls(Method::Create), 1, "{status}");
    }
}

#[tokio::test]
async fn b62_an_answer_for_which_the_session_was_opened_is_not_cached() {
    let scene = Scene::new();
    let app = scene.layer().layer(handler(async |slot| {
        slot.open().await.unwrap();
        let response =
            Response::builder().header("cache-control", "public, max-age=60").header("vary", "Accept");
        response.body(Body::default()).unwrap()
    }));
    let response = call(&app, get("")).await;
    assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
    let vary: Vec<_> = response.headers().get_all(header::VARY).iter().collect();
    assert_eq!(vary, ["Accept", "Cookie"]);
    assert!(cookies(&response).is_empty(), "it was only read");
}

#[tokio::test]
async fn b66_a_commit_that_fails_is_a_503_without_a_cookie_and_without_the_handlers_answer() {
    let scene = Scene::new();
    scene.store.fail(Method::Create, Times::Next(1));
    let app = scene.layer().layer(handler(async |slot| {
        slot.open().await.unwrap().insert("seen", &true).unwrap();
        Response::builder().header("x-secret", "1").body(Body::from("welcome".to_owned())).unwrap()
    }));
    let response = call(&app, get("")).await;
    assert_eq!(response.status(), 503);
    assert!(response.headers().contains_key(header::RETRY_AFTER));
    assert!(cookies(&response).is_empty());
    assert!(!response.headers().contains_key("x-secret"));
    assert_eq!(response.body().0, r#"{"error":"store_unavailable"}"#);
}

#[tokio::test]
async fn b63_a_failed_open_is_a_503_whatever_the_handler_makes_of_it() {
    let scene = Scene::new();
    let saved = scene.log_in().await;
    scene.store.go_down();
    let app = scene.layer().layer(handler(async |slot| {
        let swallowed = slot.open().await.ok();
        assert!(swallowed.is_none());
        Response::new(Body::from("you are not logged in".to_owned()))
    }));
    let response = call(&app, get(&saved)).await;
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
}

#[tokio::test]
async fn b31_a_cookie_is_set_once_and_then_only_when_something_changes() {
    let scene = Scene::new();
    let saved = scene.log_in().await;
    assert_eq!(scene.subject(&saved).await.as_deref(), Some("42"));
    let app = scene.layer().layer(handler(async |slot| {
        slot.open().await.unwrap().insert("seen", &true).unwrap();
        Response::new(Body::default())
    }));
    assert!(cookies(&call(&app, get(&saved)).await).is_empty());
}

#[tokio::test]
async fn a_streaming_body_is_too_late_to_change_the_session() {
    let scene = Scene::new();
    let app = scene.layer().layer(handler(async |slot| {
        let session = slot.open().await.unwrap();
        session.insert("seen", &true).unwrap();
        Response::new(Body::streaming(session))
    }));
    let response = call(&app, get("")).await;
    assert_eq!(scene.store.calls(Method::Create), 1, "it is committed before the body");
    assert_eq!(cookies(&response).len(), 1);
    let late = response.into_body().1.unwrap().insert("late", &true);
    assert!(matches!(late, Err(SessionError::Committed)), "{late:?}");
}

#[tokio::test]
async fn an_error_of_the_inner_service_is_passed_on_after_the_commit() {
    let scene = Scene::new();
    let app = scene.layer().layer(service_fn(async |request: Request<()>| {
        let slot = request.extensions().get::<SessionSlot>().unwrap();
        slot.open().await.unwrap().insert("seen", &true).unwrap();
        Err::<Response<Body>, _>("broken")
    }));
    assert_eq!(app.clone().oneshot(get("")).await.unwrap_err(), "broken");
    assert_eq!(scene.store.calls(Method::Create), 1);

    scene.store.fail(Method::Create, Times::Next(1));
    assert_eq!(app.oneshot(get("")).await.unwrap().status(), 503);
}

#[tokio::test]
async fn nested_layers_chain_their_slots_and_each_sets_its_cookie() {
    let (shop, admin) = (Scene::named("shop"), Scene::named("admin"));
    let inner = handler(async |slot: SessionSlot| {
        let names: Vec<_> =
            slot.chain().map(|slot| slot.manager().cookies().login_name().to_owned()).collect();
        assert_eq!(names, ["__Host-admin", "__Host-shop"]);
        for slot in slot.chain() {
            slot.open().await.unwrap().insert("seen", &true).unwrap();
        }
        Response::builder().header("set-cookie", "theme=dark").body(Body::default()).unwrap()
    });
    let response = call(&shop.layer().layer(admin.layer().layer(inner)), get("")).await;
    let cookies = cookies(&response);
    let starts: Vec<_> = cookies.iter().map(|line| line.split('=').next().unwrap()).collect();
    assert_eq!(starts, ["theme", "__Host-admin-anon", "__Host-shop-anon"]);
    assert_eq!(response.headers().get_all(header::CACHE_CONTROL).iter().count(), 1);
    assert_eq!(response.headers().get_all(header::VARY).iter().count(), 1);
}

#[tokio::test]
async fn a_layer_inside_another_of_the_same_manager_passes_the_request_through() {
    let (shop, admin) = (Scene::named("shop"), Scene::named("admin"));
    let inner = handler(async |slot: SessionSlot| {
        assert_eq!(slot.chain().count(), 2);
        for slot in slot.chain() {
            slot.open().await.unwrap().insert("seen", &true).unwrap();
        }
        Response::new(Body::default())
    });
    let twice = shop.layer().layer(admin.layer().layer(shop.layer().layer(inner)));
    assert_eq!(cookies(&call(&twice, get("")).await).len(), 2);
    assert_eq!(shop.store.calls(Method::Create), 1);
}

#[tokio::test]
async fn the_slot_gives_out_what_its_layer_carries_by_type() {
    #[derive(Debug)]
    struct Users(&'static str);
    struct Others;
    let scene = Scene::new();
    let app =
        scene.layer().authenticator(Arc::new(Users("ours"))).layer(handler(async |slot: SessionSlot| {
            assert_eq!(slot.companion::<Users>().unwrap().0, "ours");
            assert!(slot.companion::<Others>().is_none());
            Response::new(Body::default())
        }));
    assert_eq!(call(&app, get("")).await.status(), 200);
}

#[tokio::test]
async fn b41_a_request_from_another_site_is_refused_when_the_session_is_asked_for_and_not_before() {
    let scene = Scene::new();
    let app = scene.layer().layer(handler(async |slot| match slot.open().await {
        Ok(_) => Response::new(Body::default()),
        Err(error) => hallpass_tower::answer_into_response(error.answer()),
    }));
    let foreign = || Request::post("/").header("sec-fetch-site", "cross-site").body(()).unwrap();
    let response = call(&app, foreign()).await;
    assert_eq!(response.status(), 403);
    assert!(cookies(&response).is_empty());
    let open = scene.layer().layer(handler(async |_slot| Response::new(Body::default())));
    assert_eq!(call(&open, foreign()).await.status(), 200);
    assert_eq!(scene.store.total_calls(), 0);
}

#[test]
fn layer_and_service_print_nothing_secret_and_fit_any_server() {
    fn fits<T: Clone + Send + Sync + 'static + std::fmt::Debug>(_: &T) {}
    fn future_is_send<S: tower::Service<Request<()>, Future: Send>>(_: &S) {}
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let _context = runtime.enter();
    let manager: SessionManager = Scene::new().manager;
    let layer = SessionLayer::new(manager);
    fits(&layer);
    let service: SessionService<_> = layer.layer(tower::util::service_fn(|_: Request<()>| {
        std::future::ready(Ok::<_, Infallible>(Response::new(String::new())))
    }));
    future_is_send(&service);
    assert_eq!(format!("{layer:?}"), "SessionLayer { realm: \"__Host-id\", .. }");
}
