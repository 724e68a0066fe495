//! Two areas side by side: the office beside the shop, each with its users and its cookie, by two layers around all
//! routes.

use crate::scene::{App, Customers, Office, Scene, Shop, Staff, User, boxed, get, send, with_login};
use hallpass_core::Session;
use hallpass_warp::{
    Denial, Layer, Login, LogoutEndpoint, current_user, login, logout, require_login, service, session,
    session_of,
};
use http::Request;
use std::sync::Arc;
use warp::Filter;

struct Areas {
    shop: Scene<Shop>,
    office: Scene<Office>,
    app: App,
}

fn name(user: Arc<User>) -> String {
    user.name.clone()
}

fn cookie_name(session: Session) -> String {
    session.slot().manager().cookies().login_name().to_owned()
}

async fn leave(login: Login<Customers>) -> Result<String, Denial> {
    Ok(login.log_out().await?.sessions_ended.to_string())
}

impl Areas {
    fn new() -> Self {
        let (shop, office) = (Scene::<Shop>::new(), Scene::<Office>::new());
        let rooms = warp::path!("customer").and(current_user::<Customers>()).map(name);
        let rooms = rooms
            .or(warp::path!("customer" / "logout").and(logout::<Customers>(LogoutEndpoint::new())))
            .or(warp::path!("customer" / "leave").and(login()).then(leave))
            .or(warp::path!("staff").and(current_user::<Staff>()).map(name))
            .or(warp::path!("session").and(session()).map(cookie_name))
            .or(warp::path!("session" / "customer").and(session_of::<Customers>()).map(cookie_name))
            .or(warp::path!("session" / "staff").and(session_of::<Staff>()).map(cookie_name));
        let guarded = require_login::<Customers>(warp::path::end().map(|| ""));
        let rooms = boxed(rooms.or(warp::path("guarded").and(guarded)));
        let customer = warp::path!("customer").and(current_user::<Customers>()).map(name);
        let routes = customer.or(warp::path("office").and(with_login::<Office>(rooms)));
        let app = App::new(shop.layer().layer(service(office.layer(), routes)));
        Self { shop, office, app }
    }

    async fn cookies(&self) -> (String, String) {
        (self.shop.log_in("ada:1815").await, self.office.log_in("brian:1942").await)
    }
}

#[tokio::test]
async fn each_handler_gets_the_users_and_the_session_of_the_area_it_names() {
    let areas = Areas::new();
    let (ada, brian) = areas.cookies().await;
    let both = format!("{ada}; {brian}");
    for (path, body) in [
        ("/customer", "ada"),
        ("/office/customer", "ada"),
        ("/office/staff", "brian"),
        ("/office/session", "__Host-office"),
        ("/office/session/staff", "__Host-office"),
        ("/office/session/customer", "__Host-shop"),
    ] {
        assert_eq!(get(&areas.app, path, &both).await.body, body, "{path}");
    }
}

#[tokio::test]
async fn a_route_of_one_area_asks_nothing_of_the_others_store() {
    let areas = Areas::new();
    let (ada, brian) = areas.cookies().await;
    let both = format!("{ada}; {brian}");
    areas.office.store.go_down();
    assert_eq!(get(&areas.app, "/customer", &both).await.body, "ada");
    assert_eq!(get(&areas.app, "/office/staff", &both).await.status, 503);
}

#[tokio::test]
async fn vary_says_cookie_once_however_many_sessions_were_opened() {
    let areas = Areas::new();
    let (ada, _) = areas.cookies().await;
    let one = get(&areas.app, "/office/session/customer", &ada).await;
    assert_eq!(one.headers.get_all("vary").iter().count(), 1);
    let both = get(&areas.app, "/office/session", &ada).await;
    assert_eq!(both.headers.get_all("vary").iter().collect::<Vec<_>>(), ["Cookie"]);
    assert_eq!(both.headers.get_all("cache-control").iter().collect::<Vec<_>>(), ["no-store"]);
}

#[tokio::test]
async fn b89_a_user_of_one_area_is_nobody_in_the_other() {
    let areas = Areas::new();
    let (ada, brian) = areas.cookies().await;
    assert_eq!(get(&areas.app, "/office/staff", &ada).await.status, 401);
    assert_eq!(get(&areas.app, "/office/customer", &brian).await.status, 401);
    assert_eq!(get(&areas.app, "/office/guarded", &brian).await.status, 401);
    assert_eq!(get(&areas.app, "/office/guarded", &ada).await.status, 200);
}

#[tokio::test]
async fn b78_a_token_of_one_area_is_nothing_under_the_cookie_of_the_other() {
    let areas = Areas::new();
    let (ada, brian) = areas.cookies().await;
    let planted = ada.replace("__Host-shop", "__Host-office");
    assert_eq!(get(&areas.app, "/office/staff", &planted).await.status, 401);
    let planted = brian.replace("__Host-office", "__Host-shop");
    assert_eq!(get(&areas.app, "/customer", &planted).await.status, 401);
}

#[tokio::test]
async fn a_logout_ends_the_session_of_the_area_it_names_and_removes_its_cookie() {
    let areas = Areas::new();
    for path in ["/office/customer/logout", "/office/customer/leave"] {
        let (ada, brian) = areas.cookies().await;
        let both = format!("{ada}; {brian}");
        let answer = send(&areas.app, Request::post(path), &both, "").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.cookie(), "__Host-shop=");
        assert_eq!(get(&areas.app, "/customer", &both).await.status, 401);
        assert_eq!(get(&areas.app, "/office/staff", &both).await.status, 200);
    }
}

#[tokio::test]
async fn a_login_sets_the_cookie_of_its_area_only() {
    let areas = Areas::new();
    let answer = send(&areas.app, Request::post("/office/login"), "", "brian:1942").await;
    assert!(answer.cookie().starts_with("__Host-office="));
    assert_eq!(areas.shop.store.total_calls(), 0);
}
