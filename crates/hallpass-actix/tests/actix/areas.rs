//! Two areas side by side: the office beside the shop, each with its users and its cookie.

use crate::scene::{Customers, Office, Scene, Shop, Site, Staff, get, send};
use actix_web::test::TestRequest;
use actix_web::{App, web};
use hallpass_actix::{CurrentUser, Login, LogoutEndpoint, Rejection, Session, logout, require_login};

struct Areas {
    shop: Scene<Shop>,
    office: Scene<Office>,
    app: Site,
}

async fn customer(user: CurrentUser<Customers>) -> String {
    user.name.clone()
}

async fn staff(user: CurrentUser<Staff>) -> String {
    user.name.clone()
}

async fn leave_the_shop(login: Login<Customers>) -> Result<String, Rejection> {
    let receipt = login.log_out().await?;
    Ok(receipt.sessions_ended.to_string())
}

async fn cookie_name(session: Session) -> String {
    session.slot().manager().cookies().login_name().to_owned()
}

async fn write_to_both(shop: Login<Customers>, office: Login<Staff>) -> Result<&'static str, Rejection> {
    shop.session().insert("seen", &true)?;
    office.session().insert("seen", &true)?;
    Ok("")
}

fn rooms(config: &mut web::ServiceConfig) {
    let guarded = web::resource("/guarded").wrap(require_login::<Customers>()).to(async || "");
    config
        .route("/customer", web::get().to(customer))
        .route("/customer/logout", logout::<Customers>(LogoutEndpoint::new()))
        .route("/customer/leave", web::post().to(leave_the_shop))
        .route("/staff", web::get().to(staff))
        .route("/session", web::get().to(cookie_name))
        .route("/write", web::get().to(write_to_both))
        .service(guarded);
}

impl Areas {
    async fn new() -> Self {
        let (shop, office) = (Scene::<Shop>::new(), Scene::<Office>::new());
        let inner = web::scope("/office").wrap(office.middleware());
        let inner = inner.configure(rooms).configure(Scene::<Office>::doors);
        let app =
            App::new().wrap(shop.middleware()).route("/customer", web::get().to(customer)).service(inner);
        let app = Site::new(app).await;
        Self { shop, office, app }
    }

    async fn cookies(&self) -> (String, String) {
        (self.shop.log_in("ada:1815").await, self.office.log_in("brian:1942").await)
    }
}

#[actix_web::test]
async fn each_handler_gets_the_users_of_the_area_it_names() {
    let areas = Areas::new().await;
    let (ada, brian) = areas.cookies().await;
    let both = format!("{ada}; {brian}");
    for (path, name) in [("/customer", "ada"), ("/office/customer", "ada"), ("/office/staff", "brian")] {
        assert_eq!(get(&areas.app, path, &both).await.body, name, "{path}");
    }
    assert_eq!(get(&areas.app, "/office/session", &both).await.body, "__Host-office");
}

#[actix_web::test]
async fn b89_a_user_of_one_area_is_nobody_in_the_other() {
    let areas = Areas::new().await;
    let (ada, brian) = areas.cookies().await;
    assert_eq!(get(&areas.app, "/office/staff", &ada).await.status, 401);
    assert_eq!(get(&areas.app, "/office/customer", &brian).await.status, 401);
    assert_eq!(get(&areas.app, "/office/guarded", &brian).await.status, 401);
    assert_eq!(get(&areas.app, "/office/guarded", &ada).await.status, 200);
}

#[actix_web::test]
async fn b78_a_token_of_one_area_is_nothing_under_the_cookie_of_the_other() {
    let areas = Areas::new().await;
    let (ada, brian) = areas.cookies().await;
    let planted = ada.replace("__Host-shop", "__Host-office");
    assert_eq!(get(&areas.app, "/office/staff", &planted).await.status, 401);
    let planted = brian.replace("__Host-office", "__Host-shop");
    assert_eq!(get(&areas.app, "/customer", &planted).await.status, 401);
}

#[actix_web::test]
async fn a_logout_ends_the_session_of_the_area_it_names_and_removes_its_cookie() {
    let areas = Areas::new().await;
    for path in ["/office/customer/logout", "/office/customer/leave"] {
        let (ada, brian) = areas.cookies().await;
        let both = format!("{ada}; {brian}");
        let answer = send(&areas.app, TestRequest::post().uri(path), &both, "").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.cookie(), "__Host-shop=");
        assert_eq!(get(&areas.app, "/customer", &both).await.status, 401);
        assert_eq!(get(&areas.app, "/office/staff", &both).await.status, 200);
    }
}

#[actix_web::test]
async fn a_login_sets_the_cookie_of_its_area_only() {
    let areas = Areas::new().await;
    let answer = send(&areas.app, TestRequest::post().uri("/office/login"), "", "brian:1942").await;
    assert!(answer.cookie().starts_with("__Host-office="));
    assert_eq!(areas.shop.store.total_calls(), 0);
}

#[actix_web::test]
async fn b62_each_area_sets_its_cookie_and_the_headers_for_caches_stand_once() {
    let areas = Areas::new().await;
    let answer = get(&areas.app, "/office/write", "").await;
    let lines = answer.all("set-cookie");
    let names: Vec<_> = lines.iter().map(|line| line.split('=').next().unwrap()).collect();
    assert_eq!(names, ["__Host-office-anon", "__Host-shop-anon"]);
    assert_eq!((answer.all("vary"), answer.all("cache-control")), (vec!["Cookie"], vec!["no-store"]));
}
