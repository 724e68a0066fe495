//! What extractors give, and what they answer when they cannot.

use crate::log::Log;
use crate::scene::{Customers, Office, Scene, Shop, Staff, get, send};
use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::Request;
use axum::routing::{get as on_get, post};
use hallpass_axum::{
    CurrentSubject, CurrentUser, Login, LogoutEndpoint, RecentLogin, Rejection, Session, logout,
};
use std::net::SocketAddr;
use std::sync::atomic::Ordering;

fn is_some<T>(option: Option<T>) -> String {
    option.is_some().to_string()
}

type Recent = RecentLogin<Customers, 60>;

/// A route for each extractor, and one for each as an `Option`.
fn routes() -> Router {
    Router::new()
        .route("/session", on_get(async |session: Session| is_some(session.subject())))
        .route("/login-of", on_get(async |login: Login<Customers>| is_some(login.session().subject())))
        .route("/user", on_get(async |user: CurrentUser<Customers>| user.name.clone()))
        .route("/subject", on_get(async |subject: CurrentSubject<Customers>| subject.as_str().to_owned()))
        .route("/recent", on_get(async |user: Recent| user.name.clone()))
        .route("/maybe/session", on_get(async |it: Option<Session>| is_some(it)))
        .route("/maybe/login-of", on_get(async |it: Option<Login<Customers>>| is_some(it)))
        .route("/maybe/user", on_get(async |it: Option<CurrentUser<Customers>>| is_some(it)))
        .route("/maybe/subject", on_get(async |it: Option<CurrentSubject<Customers>>| is_some(it)))
        .route("/maybe/recent", on_get(async |it: Option<Recent>| is_some(it)))
}

const NAMES: [&str; 5] = ["session", "login-of", "user", "subject", "recent"];

fn paths() -> impl Iterator<Item = String> {
    NAMES.into_iter().flat_map(|name| [format!("/{name}"), format!("/maybe/{name}")])
}

async fn bodies(app: &Router, cookie: &str) -> Vec<(u16, String)> {
    let mut bodies = Vec::new();
    for path in paths() {
        let answer = get(app, &path, cookie).await;
        bodies.push((answer.status.as_u16(), answer.body));
    }
    bodies
}

#[tokio::test]
async fn every_extractor_gives_the_login_and_as_an_option_says_that_there_is_none() {
    let scene = Scene::<Shop>::new();
    let app = scene.app(routes());
    let cookie = scene.log_in("ada:1815").await;
    let ok = |body: &str| (200, body.to_owned());
    let everything = ["true", "true", "true", "true", "ada", "true", "1", "true", "ada", "true"].map(ok);
    assert_eq!(bodies(&app, &cookie).await, everything);

    let (no, login_required) = (ok("false"), (401, r#"{"error":"login_required"}"#.to_owned()));
    let (open, needs_login) = ([no.clone(), no.clone()], [login_required, no]);
    assert_eq!(bodies(&app, "").await, [&open[..], &open, &needs_login, &needs_login, &needs_login].concat());
}

#[tokio::test]
async fn b89_a_forgotten_layer_is_a_500_and_the_log_says_so() {
    let log = Log::new();
    let logout = logout::<Customers, _>(LogoutEndpoint::new());
    let app = routes().route("/logout", logout);
    for path in paths().chain(["/logout".to_owned()]) {
        let answer = get(&app, &path, "shop=x").await;
        assert_eq!(
            (answer.status.as_u16(), answer.body.as_str()),
            (500, r#"{"error":"internal_error"}"#),
            "{path}"
        );
        let lines = log.take();
        assert!(lines.len() == 1 && lines[0].contains("SessionLayer::new"), "{path}: {lines:?}");
    }
}

#[tokio::test]
async fn b89_a_forgotten_authenticator_is_a_500_and_the_log_names_its_type_and_the_cookie() {
    let log = Log::new();
    let scene = Scene::<Shop>::new();
    let logout = logout::<Customers, _>(LogoutEndpoint::new());
    let app = routes().route("/logout", logout).layer(scene.bare_layer());
    for path in paths().chain(["/logout".to_owned()]).filter(|path| !path.contains("session")) {
        assert_eq!(get(&app, &path, "").await.status, 500, "{path}");
        let lines = log.take();
        let names = ["Directory", "Shop", "__Host-shop", ".authenticator("];
        assert!(lines.len() == 1 && names.iter().all(|name| lines[0].contains(name)), "{path}: {lines:?}");
    }
    assert_eq!(get(&app, "/session", "").await.status, 200);
}

#[tokio::test]
async fn b63_a_store_that_is_down_is_a_503_for_every_extractor_and_option() {
    let scene = Scene::<Shop>::new();
    let app = scene.app(routes());
    let cookie = scene.log_in("ada:1815").await;
    scene.store.go_down();
    for path in paths() {
        let answer = get(&app, &path, &cookie).await;
        assert_eq!(answer.status, 503, "{path}");
        assert_eq!((answer.header("retry-after"), answer.cookies()), ("5", 0), "{path}");
    }
}

#[tokio::test]
async fn b63_an_error_that_the_handler_swallows_is_a_503_all_the_same() {
    let scene = Scene::<Shop>::new();
    let swallow = async |user: Result<CurrentUser<Customers>, Rejection>| is_some(user.ok());
    let app = scene.app(Router::new().route("/", on_get(swallow)));
    let cookie = scene.log_in("ada:1815").await;
    assert_eq!(get(&app, "/", &cookie).await.body, "true");

    scene.users.down.store(true, Ordering::SeqCst);
    assert_eq!(get(&app, "/", &cookie).await.status, 503, "the users could not be asked");
    scene.users.down.store(false, Ordering::SeqCst);
    scene.store.go_down();
    assert_eq!(get(&app, "/", &cookie).await.status, 503, "the store could not be asked");
}

#[tokio::test]
async fn b01_a_program_that_is_not_logged_in_gets_a_401_that_no_cache_keeps() {
    let scene = Scene::<Office>::new();
    let app = scene.app(Router::new().route("/", on_get(async |_: CurrentUser<Staff>| ())));
    let answer = get(&app, "/", "").await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.header("www-authenticate"), "Session");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("vary"), "Cookie");
    assert_eq!(answer.cookies(), 0);
}

#[tokio::test]
async fn a_browser_that_is_not_logged_in_is_sent_to_the_login_page_and_back_to_the_full_path() {
    let scene = Scene::<Office>::new();
    let desk = Router::new()
        .route("/desk", on_get(async |_: CurrentUser<Staff>| ()))
        .route("/subject", on_get(async |_: CurrentSubject<Staff>| ()));
    let app = scene.app(Router::new().nest("/office", desk));
    for page in ["desk", "subject"] {
        let browser = || Request::get(format!("/office/{page}?tab=2")).header("accept", "text/html");
        let answer = send(&app, browser(), "", "").await;
        assert_eq!(answer.status, 303);
        assert_eq!(answer.header("location"), format!("/office/login?next=/office/{page}%3Ftab%3D2"));
        let htmx =
            browser().header("hx-request", "true").header("hx-current-url", "https://x.example/office/");
        let answer = send(&app, htmx, "", "").await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("hx-redirect")),
            (401, "/office/login?next=/office/")
        );
    }
}

#[tokio::test]
async fn b53_a_user_whose_credentials_have_changed_or_who_is_gone_is_not_logged_in_any_more() {
    let scene = Scene::<Shop>::new();
    let app = scene.app(routes());
    let cookie = scene.log_in("ada:1815").await;
    scene.users.change(1, |user| user.pin = "1852".to_owned());
    assert_eq!(get(&app, "/user", &cookie).await.status, 401);
    assert_eq!(get(&app, "/maybe/user", &cookie).await.body, "false");
    assert_eq!(get(&app, "/subject", &cookie).await.status, 200, "no user is looked up");

    let cookie = scene.log_in("brian:1942").await;
    scene.users.change(2, |user| user.id = 3);
    assert_eq!(get(&app, "/user", &cookie).await.status, 401);
}

#[tokio::test]
async fn a_user_is_fetched_once_a_request() {
    let scene = Scene::<Shop>::new();
    let twice = async |one: CurrentUser<Customers>, two: CurrentUser<Customers>, login: Login<Customers>| {
        let three = login.user().await?.map(|user| user.id);
        Ok::<_, Rejection>((one.id == two.id && three == Some(one.id)).to_string())
    };
    let app = scene.app(Router::new().route("/", on_get(twice)));
    let cookie = scene.log_in("ada:1815").await;
    scene.users.fetched.store(0, Ordering::SeqCst);
    assert_eq!(get(&app, "/", &cookie).await.body, "true");
    assert_eq!(scene.users.fetched.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn errors_of_a_login_are_answers_by_question_mark() {
    let scene = Scene::<Shop>::new();
    let everywhere = async |login: Login<Customers>| {
        let receipt = login.log_out_everywhere().await?;
        Ok::<_, Rejection>(receipt.sessions_ended.to_string())
    };
    let too_much = async |session: Session| Ok::<_, Rejection>(session.insert("a", &"x".repeat(1 << 20))?);
    let router = Router::new().route("/everywhere", post(everywhere)).route("/much", post(too_much));
    let app = scene.app(router);
    let wrong = send(&app, Request::post("/login"), "", "ada:1").await;
    assert_eq!((wrong.status.as_u16(), wrong.body.as_str()), (401, r#"{"error":"invalid_credentials"}"#));
    assert_eq!(send(&app, Request::post("/everywhere"), "", "").await.status, 401);
    assert_eq!(send(&app, Request::post("/much"), "", "").await.status, 413);
    let cookie = scene.log_in("ada:1815").await;
    assert_eq!(send(&app, Request::post("/everywhere"), &cookie, "").await.body, "1");
}

#[tokio::test]
async fn b34_a_request_from_another_site_is_a_403_for_every_extractor() {
    let scene = Scene::<Office>::new();
    let app = scene.app(
        Router::new()
            .route("/session", post(async |_: Session| ()))
            .route("/user", post(async |_: Option<CurrentUser<Staff>>| ())),
    );
    for path in ["/session", "/user", "/login", "/logout"] {
        let foreign =
            Request::post(path).header("sec-fetch-site", "cross-site").header("accept", "text/html");
        let answer = send(&app, foreign, "", "ada:1815").await;
        assert_eq!((answer.status.as_u16(), answer.cookies()), (403, 0), "{path}");
    }
    assert_eq!(scene.store.total_calls(), 0);
}

#[tokio::test]
async fn b50_a_login_notes_the_address_and_the_user_agent() {
    let scene = Scene::<Shop>::new();
    let devices = async |login: Login<Customers>| {
        let devices = login.devices().await?;
        let device = &devices[0];
        Ok::<_, Rejection>(format!("{:?} {:?}", device.user_agent(), device.address()))
    };
    let app = scene.app(Router::new().route("/devices", on_get(devices)));
    let address = ConnectInfo(SocketAddr::from(([192, 0, 2, 7], 4711)));
    let request = Request::post("/login").header("user-agent", "elinks").extension(address);
    let cookie = send(&app, request, "", "ada:1815").await.cookie();
    assert_eq!(get(&app, "/devices", &cookie).await.body, r#"Some("elinks") Some(192.0.2.7)"#);
}
