//! What extractors give, and what they answer when they cannot.

use crate::log::Log;
use crate::scene::{Customers, Office, Scene, Shop, Site, Staff, at, get, send};
use actix_web::test::TestRequest;
use actix_web::{App, web};
use hallpass_actix::{
    CurrentSubject, CurrentUser, Login, LogoutEndpoint, Maybe, RecentLogin, Rejection, Session, logout,
};
use std::sync::atomic::Ordering;

fn is_some<T>(Maybe(found): Maybe<T>) -> String {
    found.is_some().to_string()
}

type Recent = RecentLogin<Customers, 60>;

/// A route for each extractor, and one for each that may find nothing.
fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/session", web::get().to(async |it: Session| is_some(Maybe(it.subject()))))
        .route(
            "/login-of",
            web::get().to(async |it: Login<Customers>| is_some(Maybe(it.session().subject()))),
        )
        .route("/user", web::get().to(async |user: CurrentUser<Customers>| user.name.clone()))
        .route(
            "/subject",
            web::get().to(async |subject: CurrentSubject<Customers>| subject.as_str().to_owned()),
        )
        .route("/recent", web::get().to(async |user: Recent| user.name.clone()))
        .route("/maybe/session", web::get().to(async |it: Maybe<Session>| is_some(it)))
        .route("/maybe/login-of", web::get().to(async |it: Maybe<Login<Customers>>| is_some(it)))
        .route("/maybe/user", web::get().to(async |it: Maybe<CurrentUser<Customers>>| is_some(it)))
        .route("/maybe/subject", web::get().to(async |it: Maybe<CurrentSubject<Customers>>| is_some(it)))
        .route("/maybe/recent", web::get().to(async |it: Maybe<Recent>| is_some(it)));
}

fn with_logout(config: &mut web::ServiceConfig) {
    config.configure(routes).route("/logout", logout::<Customers>(LogoutEndpoint::new()));
}

const NAMES: [&str; 5] = ["session", "login-of", "user", "subject", "recent"];

fn paths() -> impl Iterator<Item = String> {
    NAMES.into_iter().flat_map(|name| [format!("/{name}"), format!("/maybe/{name}")])
}

async fn bodies(app: &Site, cookie: &str) -> Vec<(u16, String)> {
    let mut bodies = Vec::new();
    for path in paths() {
        let answer = get(app, &path, cookie).await;
        bodies.push((answer.status, answer.body));
    }
    bodies
}

#[actix_web::test]
async fn every_extractor_gives_the_login_and_as_a_maybe_says_that_there_is_none() {
    let scene = Scene::<Shop>::new();
    let app = scene.app(routes).await;
    let cookie = scene.log_in("ada:1815").await;
    let ok = |body: &str| (200, body.to_owned());
    let everything = ["true", "true", "true", "true", "ada", "true", "1", "true", "ada", "true"].map(ok);
    assert_eq!(bodies(&app, &cookie).await, everything);

    let (no, login_required) = (ok("false"), (401, r#"{"error":"login_required"}"#.to_owned()));
    let (open, needs_login) = ([no.clone(), no.clone()], [login_required, no]);
    assert_eq!(bodies(&app, "").await, [&open[..], &open, &needs_login, &needs_login, &needs_login].concat());
}

#[actix_web::test]
async fn b89_a_forgotten_middleware_is_a_500_and_the_log_says_so() {
    let log = Log::new();
    let app = Site::new(App::new().configure(with_logout)).await;
    for path in paths().chain(["/logout".to_owned()]) {
        let answer = get(&app, &path, "shop=x").await;
        assert_eq!((answer.status, answer.body.as_str()), (500, r#"{"error":"internal_error"}"#), "{path}");
        let lines = log.take();
        assert!(lines.len() == 1 && lines[0].contains("SessionMiddleware::new"), "{path}: {lines:?}");
    }
}

#[actix_web::test]
async fn b89_a_forgotten_authenticator_is_a_500_and_the_log_names_its_type_and_the_cookie() {
    let log = Log::new();
    let scene = Scene::<Shop>::new();
    let app = Site::new(App::new().wrap(scene.bare_middleware()).configure(with_logout)).await;
    for path in paths().chain(["/logout".to_owned()]).filter(|path| !path.contains("session")) {
        assert_eq!(get(&app, &path, "").await.status, 500, "{path}");
        let lines = log.take();
        let names = ["Directory", "Shop", "__Host-shop", ".authenticator("];
        assert!(lines.len() == 1 && names.iter().all(|name| lines[0].contains(name)), "{path}: {lines:?}");
    }
    assert_eq!(get(&app, "/session", "").await.status, 200);
}

#[actix_web::test]
async fn b63_a_store_that_is_down_is_a_503_for_every_extractor() {
    let scene = Scene::<Shop>::new();
    let app = scene.app(routes).await;
    let cookie = scene.log_in("ada:1815").await;
    scene.store.go_down();
    for path in paths() {
        let answer = get(&app, &path, &cookie).await;
        assert_eq!(answer.status, 503, "{path}");
        assert_eq!((answer.header("retry-after"), answer.cookies()), ("5", 0), "{path}");
    }
}

#[actix_web::test]
async fn b01_a_program_that_is_not_logged_in_gets_a_401_that_no_cache_keeps() {
    let scene = Scene::<Office>::new();
    let app = scene.app(at("/", web::get().to(async |_: CurrentUser<Staff>| ""))).await;
    let answer = get(&app, "/", "").await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.header("www-authenticate"), "Session");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!((answer.all("cache-control"), answer.all("vary")), (vec!["no-store"], vec!["Cookie"]));
    assert_eq!(answer.cookies(), 0);
}

#[actix_web::test]
async fn a_browser_that_is_not_logged_in_is_sent_to_the_login_page_and_back_to_the_full_path() {
    let scene = Scene::<Office>::new();
    let office = web::scope("/office")
        .route("/desk", web::get().to(async |_: CurrentUser<Staff>| ""))
        .route("/subject", web::get().to(async |_: CurrentSubject<Staff>| ""));
    let routes = |config: &mut web::ServiceConfig| {
        config.service(office);
    };
    let app = scene.app(routes).await;
    for page in ["desk", "subject"] {
        let browser =
            || TestRequest::with_uri(&format!("/office/{page}?tab=2")).insert_header(("accept", "text/html"));
        let answer = send(&app, browser(), "", "").await;
        assert_eq!(answer.status, 303);
        assert_eq!(answer.header("location"), format!("/office/login?next=/office/{page}%3Ftab%3D2"));
        let htmx = browser().insert_header(("hx-request", "true"));
        let htmx = htmx.insert_header(("hx-current-url", "https://x.example/office/"));
        let answer = send(&app, htmx, "", "").await;
        assert_eq!((answer.status, answer.header("hx-redirect")), (401, "/office/login?next=/office/"));
    }
}

#[actix_web::test]
async fn b53_a_user_whose_credentials_have_changed_or_who_is_gone_is_not_logged_in_any_more() {
    let scene = Scene::<Shop>::new();
    let app = scene.app(routes).await;
    let cookie = scene.log_in("ada:1815").await;
    scene.users.change(1, |user| user.pin = "1852".to_owned());
    assert_eq!(get(&app, "/user", &cookie).await.status, 401);
    assert_eq!(get(&app, "/maybe/user", &cookie).await.body, "false");
    assert_eq!(get(&app, "/subject", &cookie).await.status, 200, "no user is looked up");

    let cookie = scene.log_in("brian:1942").await;
    scene.users.change(2, |user| user.id = 3);
    assert_eq!(get(&app, "/user", &cookie).await.status, 401);
}

#[actix_web::test]
async fn a_user_is_fetched_once_a_request() {
    let scene = Scene::<Shop>::new();
    let twice = async |one: CurrentUser<Customers>, two: CurrentUser<Customers>, login: Login<Customers>| {
        let three = login.user().await?.map(|user| user.id);
        Ok::<_, Rejection>((one.id == two.id && three == Some(one.id)).to_string())
    };
    let app = scene.app(at("/", web::get().to(twice))).await;
    let cookie = scene.log_in("ada:1815").await;
    scene.users.fetched.store(0, Ordering::SeqCst);
    assert_eq!(get(&app, "/", &cookie).await.body, "true");
    assert_eq!(scene.users.fetched.load(Ordering::SeqCst), 1);
}

#[actix_web::test]
async fn errors_of_a_login_are_answers_by_question_mark() {
    let scene = Scene::<Shop>::new();
    let everywhere = async |login: Login<Customers>| {
        let receipt = login.log_out_everywhere().await?;
        Ok::<_, Rejection>(receipt.sessions_ended.to_string())
    };
    let too_much = async |session: Session| {
        session.insert("a", &"x".repeat(1 << 20))?;
        Ok::<_, Rejection>("")
    };
    let routes = |config: &mut web::ServiceConfig| {
        config.route("/everywhere", web::post().to(everywhere)).route("/much", web::post().to(too_much));
    };
    let app = scene.app(routes).await;
    let post = |path: &str| TestRequest::post().uri(path);
    let wrong = send(&app, post("/login"), "", "ada:1").await;
    assert_eq!((wrong.status, wrong.body.as_str()), (401, r#"{"error":"invalid_credentials"}"#));
    assert_eq!(send(&app, post("/everywhere"), "", "").await.status, 401);
    assert_eq!(send(&app, post("/much"), "", "").await.status, 413);
    let cookie = scene.log_in("ada:1815").await;
    assert_eq!(send(&app, post("/everywhere"), &cookie, "").await.body, "1");
}

#[actix_web::test]
async fn b34_a_request_from_another_site_is_a_403_for_every_extractor() {
    let scene = Scene::<Office>::new();
    let routes = |config: &mut web::ServiceConfig| {
        config
            .route("/session", web::post().to(async |_: Session| ""))
            .route("/user", web::post().to(async |_: Maybe<CurrentUser<Staff>>| ""));
    };
    let app = scene.app(routes).await;
    for path in ["/session", "/user", "/login", "/logout"] {
        let foreign = TestRequest::post().uri(path).insert_header(("sec-fetch-site", "cross-site"));
        let foreign = foreign.insert_header(("accept", "text/html"));
        let answer = send(&app, foreign, "", "ada:1815").await;
        assert_eq!((answer.status, answer.cookies()), (403, 0), "{path}");
        assert_eq!(answer.body, r#"{"error":"cross_origin"}"#, "{path}");
    }
    assert_eq!(scene.store.total_calls(), 0);
}

#[actix_web::test]
async fn b50_a_login_notes_the_address_and_the_user_agent() {
    let scene = Scene::<Shop>::new();
    let devices = async |login: Login<Customers>| {
        let devices = login.devices().await?;
        let device = &devices[0];
        Ok::<_, Rejection>(format!("{:?} {:?}", device.user_agent(), device.address()))
    };
    let app = scene.app(at("/devices", web::get().to(devices))).await;
    let request = TestRequest::post().uri("/login").insert_header(("user-agent", "elinks"));
    let request = request.peer_addr(([192, 0, 2, 7], 4711).into());
    let cookie = send(&app, request, "", "ada:1815").await.cookie();
    assert_eq!(get(&app, "/devices", &cookie).await.body, r#"Some("elinks") Some(192.0.2.7)"#);
}
