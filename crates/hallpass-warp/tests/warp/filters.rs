//! What filters give, and what they answer when they cannot.

use crate::log::Log;
use crate::scene::{App, Customers, Office, Routes, Scene, Shop, Staff, User, boxed, get, send};
use hallpass_core::{EventKind, Session, Subject};
use hallpass_warp::{
    Denial, Login, LogoutEndpoint, Peer, current_subject, current_user, login, logout,
    optional_current_subject, optional_current_user, optional_login, optional_recent_login, optional_session,
    recent_login, service, session, session_of,
};
use http::Request;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use warp::{Filter, Reply};

const MINUTE: Duration = Duration::from_secs(60);

fn is_some<T>(option: Option<T>) -> String {
    option.is_some().to_string()
}

fn subject_of(session: Session) -> String {
    is_some(session.subject())
}

/// A route for each filter, and one for each that is optional.
fn routes() -> Routes {
    let sure = warp::path!("session")
        .and(session())
        .map(subject_of)
        .or(warp::path!("session-of").and(session_of::<Customers>()).map(subject_of))
        .or(warp::path!("login-of").and(login()).map(|it: Login<Customers>| subject_of(it.session().clone())))
        .or(warp::path!("user").and(current_user::<Customers>()).map(|it: Arc<User>| it.name.clone()))
        .or(warp::path!("subject")
            .and(current_subject::<Customers>())
            .map(|it: Subject| it.as_str().to_owned()))
        .or(warp::path!("recent")
            .and(recent_login::<Customers>(MINUTE))
            .map(|it: Arc<User>| it.name.clone()));
    let maybe = warp::path!("session")
        .and(optional_session())
        .map(is_some)
        .or(warp::path!("login-of").and(optional_login::<Customers>()).map(is_some))
        .or(warp::path!("user").and(optional_current_user::<Customers>()).map(is_some))
        .or(warp::path!("subject").and(optional_current_subject::<Customers>()).map(is_some))
        .or(warp::path!("recent").and(optional_recent_login::<Customers>(MINUTE)).map(is_some));
    boxed(sure.or(warp::path("maybe").and(maybe)))
}

const PATHS: [&str; 11] = [
    "/session",
    "/maybe/session",
    "/session-of",
    "/login-of",
    "/maybe/login-of",
    "/user",
    "/maybe/user",
    "/subject",
    "/maybe/subject",
    "/recent",
    "/maybe/recent",
];

async fn bodies(app: &App, cookie: &str) -> Vec<String> {
    let mut bodies = Vec::new();
    for path in PATHS {
        let answer = get(app, path, cookie).await;
        bodies.push(format!("{} {}", answer.status.as_u16(), answer.body));
    }
    bodies
}

#[tokio::test]
async fn every_filter_gives_the_login_and_if_optional_says_that_there_is_none() {
    let scene = Scene::<Shop>::new();
    let app = scene.app(routes());
    let cookie = scene.log_in("ada:1815").await;
    let (yes, no, login_required) = ("200 true", "200 false", r#"401 {"error":"login_required"}"#);
    let everything = [yes, yes, yes, yes, yes, "200 ada", yes, "200 1", yes, "200 ada", yes];
    assert_eq!(bodies(&app, &cookie).await, everything);
    let nothing = [no, no, no, no, no, login_required, no, login_required, no, login_required, no];
    assert_eq!(bodies(&app, "").await, nothing);
}

#[tokio::test]
async fn b89_a_forgotten_layer_is_a_500_and_the_log_says_so() {
    let log = Log::new();
    let leave = warp::path!("logout").and(logout::<Customers>(LogoutEndpoint::new()));
    let routes = leave.or(routes()).recover(hallpass_warp::answer_denial);
    for path in PATHS.into_iter().chain(["/logout"]) {
        let answer = warp::test::request().path(path).reply(&routes).await;
        assert_eq!(answer.status(), 500, "{path}");
        assert_eq!(answer.body(), r#"{"error":"internal_error"}"#, "{path}");
        let lines = log.take();
        assert!(lines.len() == 1 && lines[0].contains("SessionLayer::new"), "{path}: {lines:?}");
    }
}

#[tokio::test]
async fn b89_a_forgotten_authenticator_is_a_500_and_the_log_names_its_type_and_the_cookie() {
    let log = Log::new();
    let scene = Scene::<Shop>::new();
    let leave = warp::path!("logout").and(logout::<Customers>(LogoutEndpoint::new()));
    let app = App::new(service(scene.bare_layer(), leave.or(routes())));
    for path in PATHS.into_iter().chain(["/logout"]).filter(|path| !path.ends_with("session")) {
        assert_eq!(get(&app, path, "").await.status, 500, "{path}");
        let lines = log.take();
        let names = ["Directory", "Shop", "__Host-shop", ".authenticator("];
        assert!(lines.len() == 1 && names.iter().all(|name| lines[0].contains(name)), "{path}: {lines:?}");
    }
    assert_eq!(get(&app, "/session", "").await.status, 200);
}

#[tokio::test]
async fn b63_a_store_that_is_down_is_a_503_for_every_filter() {
    let scene = Scene::<Shop>::new();
    let app = scene.app(routes());
    let cookie = scene.log_in("ada:1815").await;
    scene.store.go_down();
    for path in PATHS {
        let answer = get(&app, path, &cookie).await;
        assert_eq!(answer.status, 503, "{path}");
        assert_eq!((answer.header("retry-after"), answer.cookies()), ("5", 0), "{path}");
    }
}

#[tokio::test]
async fn b01_a_program_that_is_not_logged_in_gets_a_401_that_no_cache_keeps() {
    let scene = Scene::<Office>::new();
    let desk = warp::path!("desk").and(current_user::<Staff>());
    let app = scene.app(boxed(desk.map(|user: Arc<User>| user.name.clone())));
    let answer = get(&app, "/desk", "").await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.header("www-authenticate"), "Session");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("vary"), "Cookie");
    assert_eq!(answer.cookies(), 0);
}

#[tokio::test]
async fn a_browser_that_is_not_logged_in_is_sent_to_the_login_page_and_back_to_the_full_path() {
    let scene = Scene::<Office>::new();
    let user = warp::path!("desk").and(current_user::<Staff>()).map(|_| "");
    let subject = warp::path!("subject").and(current_subject::<Staff>()).map(|_| "");
    let app = scene.app(boxed(warp::path("office").and(user.or(subject))));
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
    let thrice = async |one: Arc<User>, two: Arc<User>, login: Login<Customers>| {
        let three = login.user().await?.map(|user| user.id);
        Ok::<_, Denial>((one.id == two.id && three == Some(one.id)).to_string())
    };
    let user = current_user::<Customers>();
    let app = scene.app(boxed(warp::path::end().and(user.clone()).and(user).and(login()).then(thrice)));
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
        Ok::<_, Denial>(receipt.sessions_ended.to_string())
    };
    let too_much = |session: Session| -> Result<&str, Denial> {
        session.insert("a", &"x".repeat(1 << 20))?;
        Ok("")
    };
    let everywhere = warp::path!("everywhere").and(login()).then(everywhere);
    let app = scene.app(boxed(everywhere.or(warp::path!("much").and(session()).map(too_much))));
    let wrong = send(&app, Request::post("/login"), "", "ada:1").await;
    assert_eq!((wrong.status.as_u16(), wrong.body.as_str()), (401, r#"{"error":"invalid_credentials"}"#));
    assert_eq!(send(&app, Request::post("/everywhere"), "", "").await.status, 401);
    assert_eq!(send(&app, Request::post("/much"), "", "").await.status, 413);
    let cookie = scene.log_in("ada:1815").await;
    assert_eq!(send(&app, Request::post("/everywhere"), &cookie, "").await.body, "1");
}

#[tokio::test]
async fn b34_a_request_from_another_site_is_a_403_for_every_filter() {
    let scene = Scene::<Shop>::new();
    let app = scene.app(routes());
    for path in PATHS.into_iter().chain(["/login", "/logout"]) {
        let foreign =
            Request::post(path).header("sec-fetch-site", "cross-site").header("accept", "text/html");
        let answer = send(&app, foreign, "", "ada:1815").await;
        assert_eq!((answer.status.as_u16(), answer.cookies()), (403, 0), "{path}");
    }
    assert_eq!(scene.store.total_calls(), 0);
    assert_eq!(scene.events.count(EventKind::CrossOriginRefused), PATHS.len() + 2);
}

#[tokio::test]
async fn b50_a_login_notes_the_address_and_the_user_agent() {
    let scene = Scene::<Shop>::new();
    let devices = async |login: Login<Customers>| {
        let devices = login.devices().await?;
        let device = &devices[0];
        Ok::<_, Denial>(format!("{:?} {:?}", device.user_agent(), device.address()))
    };
    let app = scene.app(boxed(warp::path!("devices").and(login()).then(devices)));
    let request = Request::post("/login").header("user-agent", "elinks");
    let request = request.extension(Peer([192, 0, 2, 7].into()));
    let cookie = send(&app, request, "", "ada:1815").await.cookie();
    assert_eq!(get(&app, "/devices", &cookie).await.body, r#"Some("elinks") Some(192.0.2.7)"#);
}

#[test]
fn a_denial_shows_neither_path_nor_query_in_a_debug_print() {
    let prompt = hallpass_core::Answer::empty(303).with("location", "/login?next=/reset%3Ftoken%3Dsecret");
    let denial = Denial::from(prompt);
    assert_eq!(format!("{denial:?}"), "Denial { status: 303, .. }");
    assert_eq!(denial.into_response().headers()["location"], "/login?next=/reset%3Ftoken%3Dsecret");
}
