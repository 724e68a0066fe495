//! Two areas side by side: the office beside the shop, each with its users and its cookie.

use crate::scene::{Customers, Office, Scene, Shop, Staff, get, send};
use axum::Router;
use axum::http::Request;
use axum::routing::{get as on_get, post};
use hallpass_axum::{CurrentUser, Login, LogoutEndpoint, Rejection, Session, logout, require_login};

struct Areas {
    shop: Scene<Shop>,
    office: Scene<Office>,
    app: Router,
}

impl Areas {
    fn new() -> Self {
        let (shop, office) = (Scene::<Shop>::new(), Scene::<Office>::new());
        let customer = on_get(async |user: CurrentUser<Customers>| user.name.clone());
        let staff = on_get(async |user: CurrentUser<Staff>| user.name.clone());
        let leave_the_shop = async |login: Login<Customers>| {
            let receipt = login.log_out().await?;
            Ok::<_, Rejection>(receipt.sessions_ended.to_string())
        };
        let rooms = Router::new()
            .route("/customer", customer.clone())
            .route("/customer/logout", logout::<Customers, _>(LogoutEndpoint::new()))
            .route("/customer/leave", post(leave_the_shop))
            .route("/staff", staff)
            .route("/guarded", on_get(async || ()).route_layer(require_login::<Customers>()))
            .route(
                "/session",
                on_get(async |it: Session| it.slot().manager().cookies().login_name().to_owned()),
            );
        let app = Router::new().route("/customer", customer).nest("/office", office.app(rooms));
        let app = app.layer(shop.layer());
        Self { shop, office, app }
    }

    async fn cookies(&self) -> (String, String) {
        (self.shop.log_in("ada:1815").await, self.office.log_in("brian:1942").await)
    }
}

#[tokio::test]
async fn each_handler_gets_the_users_of_the_area_it_names() {
    let areas = Areas::new();
    let (ada, brian) = areas.cookies().await;
    let both = format!("{ada}; {brian}");
    for (path, name) in [("/customer", "ada"), ("/office/customer", "ada"), ("/office/staff", "brian")] {
        assert_eq!(get(&areas.app, path, &both).await.body, name, "{path}");
    }
    assert_eq!(get(&areas.app, "/office/session", &both).await.body, "__Host-office");
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
