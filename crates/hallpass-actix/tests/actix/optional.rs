//! actix-web's own `Option` and `Result`, which hide an extractor's error from everybody but the handler.

use crate::log::Log;
use crate::scene::{Customers, Office, Scene, Shop, Site, Staff, get, send};
use actix_web::test::TestRequest;
use actix_web::{App, web};
use hallpass_actix::{CurrentSubject, CurrentUser, Login, RecentLogin, Rejection, Session};
use std::sync::atomic::Ordering;
use std::time::Duration;

fn yes_or_no(found: bool) -> String {
    found.to_string()
}

fn routes(config: &mut web::ServiceConfig) {
    config
        .route(
            "/option/user",
            web::route().to(async |it: Option<CurrentUser<Customers>>| yes_or_no(it.is_some())),
        )
        .route(
            "/option/subject",
            web::route().to(async |it: Option<CurrentSubject<Customers>>| yes_or_no(it.is_some())),
        )
        .route(
            "/option/recent",
            web::route().to(async |it: Option<RecentLogin<Customers, 60>>| yes_or_no(it.is_some())),
        )
        .route("/option/login", web::route().to(async |it: Option<Login<Customers>>| yes_or_no(it.is_some())))
        .route("/option/session", web::route().to(async |it: Option<Session>| yes_or_no(it.is_some())))
        .route(
            "/result/user",
            web::route().to(async |it: Result<CurrentUser<Customers>, Rejection>| yes_or_no(it.is_ok())),
        );
}

const PATHS: [&str; 6] =
    ["/option/user", "/option/subject", "/option/recent", "/option/login", "/option/session", "/result/user"];

#[actix_web::test]
async fn an_option_is_none_while_nobody_is_logged_in_and_the_handler_answers() {
    let scene = Scene::<Shop>::new();
    let app = scene.app(routes).await;
    let cookie = scene.log_in("ada:1815").await;
    for path in PATHS {
        assert_eq!(get(&app, path, &cookie).await.body, "true", "{path}");
        let needs_login = !path.contains("session") && !path.contains("login");
        let answer = get(&app, path, "").await;
        assert_eq!((answer.status, answer.body), (200, (!needs_login).to_string()), "{path}");
    }
    scene.clock.advance(Duration::from_secs(61));
    let answer = get(&app, "/option/recent", &cookie).await;
    assert_eq!((answer.status, answer.body), (200, "false".to_owned()), "a login that is older");
}

#[actix_web::test]
async fn b63_an_error_that_is_swallowed_is_a_503_all_the_same() {
    let scene = Scene::<Shop>::new();
    let app = scene.app(routes).await;
    let cookie = scene.log_in("ada:1815").await;
    scene.users.down.store(true, Ordering::SeqCst);
    for path in ["/option/user", "/option/recent", "/result/user"] {
        assert_eq!(get(&app, path, &cookie).await.status, 503, "{path}: the users could not be asked");
    }
    scene.users.down.store(false, Ordering::SeqCst);
    scene.store.go_down();
    for path in PATHS {
        let answer = get(&app, path, &cookie).await;
        assert_eq!(
            (answer.status, answer.header("retry-after")),
            (503, "5"),
            "{path}: the store could not be asked"
        );
    }
}

#[actix_web::test]
async fn b34_another_sites_request_is_a_403_though_the_refusal_is_swallowed() {
    let scene = Scene::<Shop>::new();
    let app = scene.app(routes).await;
    let cookie = scene.log_in("ada:1815").await;
    scene.store.reset_calls();
    for path in PATHS {
        let foreign = TestRequest::post().uri(path).insert_header(("sec-fetch-site", "cross-site"));
        let answer = send(&app, foreign, &cookie, "").await;
        assert_eq!((answer.status, answer.body.as_str()), (403, r#"{"error":"cross_origin"}"#), "{path}");
    }
    assert_eq!(scene.store.total_calls(), 0);
}

#[actix_web::test]
async fn b89_a_forgotten_authenticator_is_a_500_though_the_error_is_swallowed() {
    let _log = Log::new();
    let scene = Scene::<Shop>::new();
    let app = Site::new(App::new().wrap(scene.bare_middleware()).configure(routes)).await;
    for path in PATHS.into_iter().filter(|path| !path.contains("session")) {
        let answer = get(&app, path, "").await;
        assert_eq!((answer.status, answer.body.as_str()), (500, r#"{"error":"internal_error"}"#), "{path}");
    }
}

#[actix_web::test]
async fn b89_without_the_middleware_an_option_is_none_and_the_log_tells() {
    let log = Log::new();
    let app = Site::new(App::new().configure(routes)).await;
    for path in PATHS {
        assert_eq!(get(&app, path, "shop=x").await.body, "false", "{path}");
        assert!(log.take().iter().any(|line| line.contains("SessionMiddleware::new")), "{path}");
    }
}

#[actix_web::test]
async fn b63_what_the_inner_area_swallows_is_a_503_and_leaves_the_outer_one_alone() {
    let (shop, office) = (Scene::<Shop>::new(), Scene::<Office>::new());
    let both = async |session: Login<Customers>, staff: Option<CurrentUser<Staff>>| {
        session.session().insert("seen", &staff.is_some()).unwrap();
        ""
    };
    let inner = web::scope("").wrap(office.middleware()).route("/", web::get().to(both));
    let app = Site::new(App::new().wrap(shop.middleware()).service(inner)).await;
    let brian = office.log_in("brian:1942").await;
    office.store.go_down();
    let answer = get(&app, "/", &brian).await;
    assert_eq!(answer.status, 503);
    assert!(
        answer.cookie().starts_with("__Host-shop-anon="),
        "the outer session was written and is not lost"
    );
}
