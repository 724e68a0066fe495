//! Many routes for one request: what rejections make of a denial.

use crate::log::Log;
use crate::scene::{App, Customers, Role, Scene, Shop, User, boxed, get, send};
use hallpass_core::{EventKind, Session};
use hallpass_testkit::Method;
use hallpass_warp::{
    Denial, Guard, Layer, admit, answer_denial, current_user, optional_current_user, session,
};
use http::{Request, StatusCode};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use warp::{Filter, Rejection, Reply};

fn account() -> impl Filter<Extract = (String,), Error = Rejection> + Clone {
    warp::path!("account").and(current_user::<Customers>()).map(|user: Arc<User>| user.name.clone())
}

#[tokio::test]
async fn a_session_is_opened_once_however_many_routes_are_tried() {
    let scene = Scene::<Shop>::new();
    let never = warp::path!("account")
        .and(session())
        .and(optional_current_user::<Customers>())
        .and(warp::header::exact("x-never", "1"))
        .map(|_, _| "");
    let app = scene.app(boxed(never.clone().or(never).or(account())));
    let cookie = scene.log_in("ada:1815").await;
    scene.store.reset_calls();
    scene.users.fetched.store(0, Ordering::SeqCst);
    assert_eq!(get(&app, "/account", &cookie).await.body, "ada");
    assert_eq!(scene.store.calls(Method::Load), 1);
    assert_eq!(scene.users.fetched.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_store_that_is_down_is_asked_once_and_a_refused_origin_is_told_once() {
    let scene = Scene::<Shop>::new();
    let page = || warp::path!("page").and(session()).map(|_: Session| "");
    let app = scene.app(boxed(page().or(page()).or(page())));
    let cookie = scene.log_in("ada:1815").await;
    scene.store.reset_calls();
    scene.store.go_down();
    assert_eq!(get(&app, "/page", &cookie).await.status, 503);
    assert_eq!(scene.store.calls(Method::Load), 1);

    let foreign = Request::post("/page").header("sec-fetch-site", "cross-site");
    assert_eq!(send(&app, foreign, &cookie, "").await.status, 403);
    assert_eq!(scene.events.count(EventKind::CrossOriginRefused), 1);
}

#[tokio::test]
async fn a_denial_wins_over_routes_that_do_not_fit_whatever_their_order() {
    let scene = Scene::<Shop>::new();
    let posts = warp::path!("account").and(warp::post()).map(|| "");
    let other = warp::path!("other").map(|| "");
    for routes in [boxed(posts.or(account()).or(other)), boxed(account().or(other).or(posts))] {
        let app = scene.app(routes);
        assert_eq!(get(&app, "/account", "").await.status, 401);
        assert_eq!(get(&app, "/nowhere", "").await.status, 404);
    }
}

#[tokio::test]
async fn a_route_that_takes_any_path_is_reached_by_who_is_denied_unless_the_route_answers() {
    let scene = Scene::<Shop>::new();
    let everything = warp::get().map(|| "welcome");
    let app = scene.app(boxed(account().or(everything)));
    assert_eq!(get(&app, "/account", "").await.body, "welcome");
    let app = scene.app(boxed(account().recover(answer_denial).or(everything)));
    assert_eq!(get(&app, "/account", "").await.status, 401);
    assert_eq!(get(&app, "/nowhere", "").await.body, "welcome");
}

#[tokio::test]
async fn b63_a_failure_that_another_route_covers_up_is_a_503_all_the_same() {
    let scene = Scene::<Shop>::new();
    let app = scene.app(boxed(account().or(warp::get().map(|| "welcome"))));
    let cookie = scene.log_in("ada:1815").await;
    assert_eq!(get(&app, "/account", &cookie).await.body, "ada");

    scene.users.down.store(true, Ordering::SeqCst);
    assert_eq!(get(&app, "/account", &cookie).await.status, 503, "the users could not be asked");
    scene.users.down.store(false, Ordering::SeqCst);
    scene.store.go_down();
    assert_eq!(get(&app, "/account", &cookie).await.status, 503, "the store could not be asked");
}

#[tokio::test]
async fn without_a_recover_a_denial_is_a_500_that_shows_nothing_of_it() {
    let log = Log::new();
    let scene = Scene::<Shop>::new();
    let app = App::new(scene.layer().layer(warp::service(account())));
    let answer = get(&app, "/account?secret", "").await;
    assert_eq!(answer.status, 500);
    assert_eq!(answer.body, "Unhandled rejection: Denial { status: 401, .. }");
    assert!(!log.take().concat().contains("secret"));
}

#[tokio::test]
async fn a_recover_of_the_applications_own_finds_the_denial() {
    async fn handle(rejection: Rejection) -> Result<Box<dyn Reply>, Infallible> {
        Ok(match rejection.find::<Denial>() {
            Some(denial) => Box::new(denial.clone()),
            None => Box::new(StatusCode::IM_A_TEAPOT),
        })
    }
    let scene = Scene::<Shop>::new();
    let app = App::new(scene.layer().layer(warp::service(account().recover(handle))));
    let answer = get(&app, "/account", "").await;
    assert_eq!((answer.status.as_u16(), answer.header("www-authenticate")), (401, "Session"));
    assert_eq!(get(&app, "/nowhere", "").await.status, 418);
}

#[tokio::test]
async fn a_guard_for_one_route_leaves_the_parameters_of_its_path() {
    let scene = Scene::<Shop>::new();
    let order = warp::path!("orders" / u64).and(admit(Guard::<Customers>::role(Role::Clerk)));
    let app = scene.app(boxed(order.map(|number: u64| format!("order {number}"))));
    assert_eq!(get(&app, "/orders/7", "").await.status, 401);
    assert_eq!(get(&app, "/orders/7", &scene.log_in("ada:1815").await).await.status, 403);
    assert_eq!(get(&app, "/orders/7", &scene.log_in("brian:1942").await).await.body, "order 7");
    assert_eq!(get(&app, "/orders/none", "").await.status, 404);
}
