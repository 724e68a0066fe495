//! The ready-made logout endpoint.

use crate::scene::{Customers, Scene, Shop, get, send};
use actix_web::http::Method;
use actix_web::test::TestRequest;
use actix_web::web;
use hallpass_actix::{CurrentUser, LogoutEndpoint, logout};
use hallpass_testkit::{Method as StoreMethod, Times};

fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/user", web::get().to(async |user: CurrentUser<Customers>| user.name.clone()))
        .route("/v1/logout_user", logout::<Customers>(LogoutEndpoint::new().allow_get()));
}

#[actix_web::test]
async fn b04_after_a_logout_a_saved_cookie_is_refused() {
    let scene = Scene::<Shop>::new();
    let app = scene.app(routes).await;
    for logout in [TestRequest::post().uri("/logout"), TestRequest::get().uri("/v1/logout_user")] {
        let cookie = scene.log_in("ada:1815").await;
        assert_eq!(get(&app, "/user", &cookie).await.status, 200);
        let answer = send(&app, logout, &cookie, "").await;
        assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"sessions_ended":1}"#));
        assert_eq!(answer.cookie(), "__Host-shop=");
        let replay = get(&app, "/user", &cookie).await;
        assert_eq!((replay.status, replay.cookies()), (401, 0));
    }
}

#[actix_web::test]
async fn b40_other_methods_have_no_effect_and_are_told_which_are_allowed() {
    let scene = Scene::<Shop>::new();
    let app = scene.app(routes).await;
    let cookie = scene.log_in("ada:1815").await;
    let unknown = Method::from_bytes(b"LOGOUT").unwrap();
    let all =
        [Method::HEAD, Method::OPTIONS, Method::PUT, Method::DELETE, Method::PATCH, Method::TRACE, unknown];
    for (path, methods, allow) in [
        ("/logout", [&all[..], &[Method::GET]].concat(), "POST"),
        ("/v1/logout_user", all.to_vec(), "GET, POST"),
    ] {
        for method in methods {
            let request = TestRequest::with_uri(path).method(method.clone());
            let request = request.insert_header(("x-http-method-override", "POST"));
            let answer = send(&app, request, &cookie, "").await;
            assert_eq!((answer.status, answer.header("allow")), (405, allow), "{method} {path}");
            assert_eq!(answer.cookies(), 0);
        }
    }
    assert_eq!(get(&app, "/user", &cookie).await.status, 200);
}

#[actix_web::test]
async fn b64_a_logout_that_the_store_does_not_confirm_is_a_503_and_can_be_repeated() {
    let scene = Scene::<Shop>::new();
    let app = scene.app(routes).await;
    let cookie = scene.log_in("ada:1815").await;
    scene.store.fail(StoreMethod::RevokeSubject, Times::Next(1));
    let log_out = || TestRequest::post().uri("/logout");
    let answer = send(&app, log_out(), &cookie, "").await;
    assert_eq!((answer.status, answer.cookies()), (503, 0));
    assert_eq!(send(&app, log_out(), &cookie, "").await.status, 200);
    assert_eq!(get(&app, "/user", &cookie).await.status, 401);
}
