//! What the middleware does to responses, to the store and to middlewares inside it.

use crate::scene::{Customers, Office, Scene, Shop, Site, at, get};
use actix_web::dev::{Service, ServiceResponse};
use actix_web::error::ErrorImATeapot;
use actix_web::http::StatusCode;
use actix_web::{App, HttpMessage, HttpResponse, web};
use hallpass_actix::{Rejection, Session, SessionSlot, require_login};
use hallpass_core::SessionError;
use hallpass_testkit::{Method, Times};
use std::sync::{Arc, Mutex};

async fn write(session: Session) -> Result<&'static str, Rejection> {
    session.insert("seen", &true)?;
    Ok("")
}

#[actix_web::test]
async fn b63_a_route_that_never_asks_costs_no_store_access_and_works_while_the_store_is_down() {
    let scene = Scene::<Shop>::new();
    let cookie = scene.log_in("ada:1815").await;
    scene.store.reset_calls();
    scene.store.go_down();
    let app = scene.app(at("/", web::get().to(HttpResponse::NoContent))).await;
    let answer = get(&app, "/", &cookie).await;
    assert_eq!((answer.status, answer.headers.len()), (204, 0));
    assert_eq!(scene.store.total_calls(), 0);
}

#[actix_web::test]
async fn b32_the_commit_takes_place_whatever_the_status_is() {
    for status in [200, 204, 303, 304, 401, 404, 500, 503] {
        let scene = Scene::<Shop>::new();
        let handler = move |session: Session| async move {
            session.insert("seen", &true).unwrap();
            HttpResponse::new(StatusCode::from_u16(status).unwrap())
        };
        let app = scene.app(at("/", web::get().to(handler))).await;
        let answer = get(&app, "/", "").await;
        assert_eq!((answer.status, answer.cookies()), (status, 1));
        assert!(answer.headers.get("set-cookie").unwrap().is_sensitive());
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(scene.store.calls(Method::Create), 1, "{status}");
    }
}

#[actix_web::test]
async fn b66_a_commit_that_fails_is_a_503_without_a_cookie_and_without_the_handlers_answer() {
    let scene = Scene::<Shop>::new();
    scene.store.fail(Method::Create, Times::Next(1));
    let handler = async |session: Session| {
        session.insert("seen", &true).unwrap();
        HttpResponse::Ok().insert_header(("x-secret", "1")).body("welcome")
    };
    let answer = get(&scene.app(at("/", web::get().to(handler))).await, "/", "").await;
    assert_eq!((answer.status, answer.header("retry-after"), answer.cookies()), (503, "5", 0));
    assert_eq!(answer.header("x-secret"), "");
    assert_eq!(answer.body, r#"{"error":"store_unavailable"}"#);
}

#[actix_web::test]
async fn a_cookie_that_the_handler_sets_stays_beside_the_sessions() {
    let scene = Scene::<Shop>::new();
    let handler = async |session: Session| {
        session.insert("seen", &true).unwrap();
        HttpResponse::Ok()
            .insert_header(("set-cookie", "theme=dark"))
            .insert_header(("vary", "Accept"))
            .finish()
    };
    let answer = get(&scene.app(at("/", web::get().to(handler))).await, "/", "").await;
    assert_eq!(answer.all("set-cookie")[0], "theme=dark");
    assert!(answer.all("set-cookie")[1].starts_with("__Host-shop-anon="));
    assert_eq!(answer.all("vary"), ["Accept", "Cookie"]);
}

#[actix_web::test]
async fn b32_an_error_of_an_inner_middleware_carries_the_cookie_and_the_headers() {
    let (shop, office) = (Scene::<Shop>::new(), Scene::<Office>::new());
    let failing = || {
        App::new().route("/", web::get().to(write)).wrap_fn(|request, inner| {
            let response = inner.call(request);
            async move {
                response.await?;
                Err::<ServiceResponse, _>(ErrorImATeapot("broken"))
            }
        })
    };
    let alone = Site::new(failing().wrap(shop.middleware())).await;
    let inside = Site::new(failing().wrap(shop.middleware()).wrap(office.middleware())).await;
    for app in [&alone, &inside] {
        let answer = get(app, "/", "").await;
        assert_eq!((answer.status, answer.body.as_str(), answer.cookies()), (418, "broken", 1));
        assert_eq!((answer.all("vary"), answer.all("cache-control")), (vec!["Cookie"], vec!["no-store"]));
    }
    assert_eq!(shop.store.calls(Method::Create), 2);

    shop.store.fail(Method::Create, Times::Next(1));
    let answer = get(&alone, "/", "").await;
    assert_eq!((answer.status, answer.cookies()), (503, 0));
}

#[actix_web::test]
async fn a_streaming_body_is_too_late_to_change_the_session() {
    let scene = Scene::<Shop>::new();
    let kept = Arc::new(Mutex::new(None));
    let keep = Arc::clone(&kept);
    let handler = move |session: Session| {
        session.insert("seen", &true).unwrap();
        *keep.lock().unwrap() = Some(session.into_inner());
        std::future::ready("")
    };
    assert_eq!(get(&scene.app(at("/", web::get().to(handler))).await, "/", "").await.cookies(), 1);
    let late = kept.lock().unwrap().take().unwrap().insert("late", &true);
    assert!(matches!(late, Err(SessionError::Committed)), "{late:?}");
}

#[actix_web::test]
async fn a_middleware_inside_another_of_the_same_manager_passes_the_request_through() {
    let (shop, office) = (Scene::<Shop>::new(), Scene::<Office>::new());
    let app = App::new()
        .route("/", web::get().to(write))
        .wrap_fn(|request, inner| {
            let slots = request.extensions().get::<SessionSlot>().unwrap().chain().count();
            assert_eq!(slots, 2);
            inner.call(request)
        })
        .wrap(shop.middleware())
        .wrap(office.middleware())
        .wrap(shop.middleware());
    let answer = get(&Site::new(app).await, "/", "").await;
    assert!(answer.cookie().starts_with("__Host-office-anon="), "the innermost slot is the office's");
    assert_eq!(shop.store.total_calls(), 0);
}

/// actix-web's routing and app data panic where a clone of the request is kept.
#[actix_web::test]
async fn no_clone_of_the_request_is_kept_while_it_is_routed() {
    let scene = Scene::<Shop>::new();
    let cookie = scene.log_in("ada:1815").await;
    let gate = scene.store.hold(Method::Load);
    let page = web::resource("/{page}").app_data("page").to(write);
    let inner = web::scope("/{shop}").app_data(1_u8).wrap(require_login::<Customers>()).service(page);
    let deep = web::scope("/deep").app_data(1_u16).wrap(require_login::<Customers>()).service(inner);
    let routes = |config: &mut web::ServiceConfig| {
        config.service(deep);
    };
    let app = scene.app(routes).await;
    let others = async {
        gate.arrived().await;
        assert_eq!(get(&app, "/deep/a/b", "").await.status, 401);
        gate.open();
    };
    let (answer, ()) = tokio::join!(get(&app, "/deep/a/b", &cookie), others);
    assert_eq!(answer.status, 200);
}

#[actix_web::test]
async fn middleware_and_guards_fit_any_server_and_print_nothing_secret() {
    fn fits<T: Clone + Send + Sync + 'static + std::fmt::Debug>(value: &T) -> String {
        format!("{value:?}")
    }
    let middleware = Scene::<Shop>::new().middleware();
    assert_eq!(fits(&middleware), "SessionMiddleware { realm: \"__Host-shop\", .. }");
    assert!(fits(&require_login::<Customers>()).starts_with("GuardMiddleware(Guard {"));
}
