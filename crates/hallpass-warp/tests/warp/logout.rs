//! The ready-made logout endpoint.

use crate::scene::{App, Customers, Scene, Shop, User, boxed, get, send};
use hallpass_testkit::{Method as StoreMethod, Times};
use hallpass_warp::{LogoutEndpoint, current_user, logout};
use http::{Method, Request};
use std::sync::Arc;
use warp::Filter;

fn app(scene: &Scene<Shop>) -> App {
    let user = warp::path!("user").and(current_user::<Customers>()).map(|user: Arc<User>| user.name.clone());
    let leave = warp::path!("v1" / "logout_user");
    scene.app(boxed(user.or(leave.and(logout::<Customers>(LogoutEndpoint::new().allow_get())))))
}

#[tokio::test]
async fn b04_after_a_logout_a_saved_cookie_is_refused() {
    let scene = Scene::<Shop>::new();
    let app = app(&scene);
    for logout in [Request::post("/logout"), Request::get("/v1/logout_user")] {
        let cookie = scene.log_in("ada:1815").await;
        assert_eq!(get(&app, "/user", &cookie).await.status, 200);
        let answer = send(&app, logout, &cookie, "").await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, r#"{"sessions_ended":1}"#));
        assert_eq!(answer.cookie(), "__Host-shop=");
        let replay = get(&app, "/user", &cookie).await;
        assert_eq!((replay.status.as_u16(), replay.cookies()), (401, 0));
    }
}

#[tokio::test]
async fn b40_other_methods_have_no_effect_and_are_told_which_are_allowed() {
    let scene = Scene::<Shop>::new();
    let app = app(&scene);
    let cookie = scene.log_in("ada:1815").await;
    let all = [Method::HEAD, Method::OPTIONS, Method::PUT, Method::DELETE, Method::PATCH, Method::TRACE];
    for (path, methods, allow) in [
        ("/logout", [&all[..], &[Method::GET]].concat(), "POST"),
        ("/v1/logout_user", all.to_vec(), "GET, POST"),
    ] {
        for method in methods {
            let request = Request::builder().method(&method).uri(path);
            let answer = send(&app, request.header("x-http-method-override", "POST"), &cookie, "").await;
            assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, allow), "{method} {path}");
            assert_eq!(answer.cookies(), 0);
        }
    }
    assert_eq!(get(&app, "/user", &cookie).await.status, 200);
}

#[tokio::test]
async fn b64_a_logout_that_the_store_does_not_confirm_is_a_503_and_can_be_repeated() {
    let scene = Scene::<Shop>::new();
    let app = app(&scene);
    let cookie = scene.log_in("ada:1815").await;
    scene.store.fail(StoreMethod::RevokeSubject, Times::Next(1));
    let answer = send(&app, Request::post("/logout"), &cookie, "").await;
    assert_eq!((answer.status.as_u16(), answer.cookies()), (503, 0));
    assert_eq!(send(&app, Request::post("/logout"), &cookie, "").await.status, 200);
    assert_eq!(get(&app, "/user", &cookie).await.status, 401);
}

#[tokio::test]
async fn b37_the_host_of_a_logout_by_get_is_the_targets() {
    let scene = Scene::<Shop>::new();
    let app = app(&scene);
    let cookie = scene.log_in("ada:1815").await;
    let target = || Request::get("https://shop.example/v1/logout_user");
    let contradicted = target().header("host", "evil.example");
    assert_eq!(send(&app, contradicted, &cookie, "").await.status, 400);
    let foreign = target().header("referer", "https://evil.example/");
    assert_eq!(send(&app, foreign, &cookie, "").await.status, 403);
    assert_eq!(get(&app, "/user", &cookie).await.status, 200);
    let own = target().header("referer", "https://shop.example/page");
    assert_eq!(send(&app, own, &cookie, "").await.status, 200);
}
