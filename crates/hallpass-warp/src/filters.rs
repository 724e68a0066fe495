use crate::denial::{Denial, asked};
use crate::head::{Seen, seen, slot};
use hallpass_core::{Session, SessionSlot, Subject};
use hallpass_login::{
    Authenticator, Denied, Login, find_authenticator, find_recent_user, find_subject, find_user, require_slot,
};
use std::sync::Arc;
use std::time::Duration;
use warp::{Filter, Rejection};

/// The session of the innermost layer, opened: a visitor's or a login's, or none yet.
///
/// ```
/// use hallpass_warp::{Denial, Session, SessionLayer, service, session};
/// use hallpass_core::{MemoryStore, SessionManager};
/// use tower::ServiceExt;
/// use warp::Filter;
///
/// fn visits(session: Session) -> Result<String, Denial> {
///     let visits = session.update("visits", |visits: Option<u32>| visits.unwrap_or(0) + 1)?;
///     Ok(format!("visit {visits}"))
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sessions = SessionManager::builder(MemoryStore::new()).build()?;
/// let app = service(SessionLayer::new(sessions), warp::path::end().and(session()).map(visits));
///
/// let response = app.oneshot(http::Request::get("/").body(String::new())?).await?;
/// assert_eq!(response.status(), 200);
/// assert!(response.headers().contains_key("set-cookie"));
/// # Ok(())
/// # }
/// ```
pub fn session() -> impl Filter<Extract = (Session,), Error = Rejection> + Copy {
    session_in(require_slot)
}

/// [`session`], or `None` while there is none yet; a session that could not be opened stays a rejection.
pub fn optional_session() -> impl Filter<Extract = (Option<Session>,), Error = Rejection> + Copy {
    session().map(|session: Session| Some(session).filter(|session| session.handle().is_some()))
}

/// The session of the nearest layer that carries an `A`, opened.
///
/// With two layers around the routes, this reaches the outer one's session.
///
/// ```
/// use hallpass_warp::{Layer, Session, SessionLayer, service, session_of};
/// use hallpass_core::{CookiePolicy, MemoryStore, SessionManager};
/// use tower::ServiceExt;
/// use warp::Filter;
/// # use std::sync::Arc;
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));
/// # type Customers = Users;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let sessions = |cookie| -> Result<_, Box<dyn std::error::Error>> {
/// #     let cookies = CookiePolicy::builder().name(cookie).build()?;
/// #     Ok(SessionManager::builder(MemoryStore::new()).cookies(cookies).build()?)
/// # };
/// # let customers = Arc::new(Users::default());
/// let shop = SessionLayer::new(sessions("shop")?).authenticator(customers);
/// let office = SessionLayer::new(sessions("office")?);
///
/// let cookie = warp::path!("cookie").and(session_of::<Customers>());
/// let cookie = cookie.map(|session: Session| session.slot().manager().cookies().login_name().to_owned());
/// let app = shop.layer(service(office, cookie));
/// # let response = app.oneshot(http::Request::get("/cookie").body(String::new())?).await?;
/// # let body = http_body_util::BodyExt::collect(response.into_body()).await?.to_bytes();
/// # assert_eq!(body, "__Host-shop");
/// # Ok(())
/// # }
/// ```
pub fn session_of<A: Authenticator>() -> impl Filter<Extract = (Session,), Error = Rejection> + Copy {
    session_in(|slot| find_authenticator::<A>(slot).map(|(slot, _)| slot))
}

/// Chooses whose session to open.
type Choose = fn(Option<&SessionSlot>) -> Result<&SessionSlot, Denied>;

/// The session of the slot that is chosen. Only for a visit the request is put together, to note its address; what fails
/// before is final, and is not tried and logged again.
fn session_in(choose: Choose) -> impl Filter<Extract = (Session,), Error = Rejection> + Copy {
    let login = move |slot: Option<SessionSlot>| async move {
        match opened(choose, slot.as_ref()).await {
            Ok(session) if session.slot().is_visit() => Err(warp::reject::not_found()),
            known => Ok(known),
        }
    };
    let visit = move |seen: Seen| async move {
        let session = opened(choose, seen.slot()).await?;
        session.slot().observe_address(&seen.head());
        Ok::<_, Denial>(session)
    };
    slot()
        .and_then(login)
        .or(seen().then(visit))
        .unify()
        .and_then(async |opened: Result<Session, Denial>| opened.map_err(Rejection::from))
}

async fn opened(choose: Choose, slot: Option<&SessionSlot>) -> Result<Session, Denial> {
    Ok(choose(slot)?.open().await?)
}

/// Logging in and out, for the users of the nearest layer that carries an `A`.
///
/// ```
/// use hallpass_warp::{Denial, Login, SessionLayer, login, service};
/// use warp::Filter;
/// use warp::hyper::body::Bytes;
/// # use hallpass_core::{MemoryStore, SessionManager};
/// # use std::sync::Arc;
/// # use tower::ServiceExt;
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));
///
/// async fn log_in(login: Login<Users>, body: Bytes) -> Result<String, Denial> {
///     let pin = String::from_utf8_lossy(&body).into_owned();
///     let authenticated = login.authenticate(Pin(pin)).await?;
///     let name = authenticated.user().name.clone();
///     login.log_in(authenticated)?;
///     Ok(format!("welcome, {name}"))
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let sessions = SessionManager::builder(MemoryStore::new()).build()?;
/// # let users = Arc::new(Users::default());
/// let layer = SessionLayer::new(sessions).authenticator(users);
/// let route = warp::post().and(warp::path!("login")).and(login::<Users>());
/// let app = service(layer, route.and(warp::body::bytes()).then(log_in));
///
/// let response = app.clone().oneshot(http::Request::post("/login").body("wrong".to_owned())?).await?;
/// assert_eq!(response.status(), 401);
/// let response = app.oneshot(http::Request::post("/login").body("ada:1815".to_owned())?).await?;
/// assert_eq!(response.status(), 200);
/// assert!(response.headers()["set-cookie"].to_str()?.starts_with("__Host-id="));
/// # Ok(())
/// # }
/// ```
pub fn login<A: Authenticator>() -> impl Filter<Extract = (Login<A>,), Error = Rejection> + Copy {
    seen().and_then(async |seen: Seen| {
        let opened = Login::<A>::open(seen.slot(), &seen.head()).await;
        opened.map_err(|denied| Rejection::from(Denial::of::<A>(denied, &seen)))
    })
}

/// [`login`], or `None` while nobody is logged in.
pub fn optional_login<A: Authenticator>()
-> impl Filter<Extract = (Option<Login<A>>,), Error = Rejection> + Copy {
    login().map(|login: Login<A>| Some(login).filter(|login| login.session().subject().is_some()))
}

/// The user who is logged in where the nearest layer carries an `A`; others are denied: 401, or the login page.
///
/// The user is asked for once a request, must still exist and be enabled, and have the stamp of the login.
///
/// Put it behind the path, or the denial is for every path. What a handler returns outlives the request, so it cannot
/// borrow from the user:
///
/// ```compile_fail,E0515
/// # use hallpass_warp::current_user;
/// # use std::sync::Arc;
/// # use warp::Filter;
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));
/// # fn main() {
/// // Wrong: returns a reference to data owned by the closure.
/// let route = warp::path!("name").and(current_user::<Users>()).map(|user: Arc<User>| user.name.as_str());
/// # }
/// ```
///
/// ```
/// # use hallpass_warp::current_user;
/// # use std::sync::Arc;
/// # use warp::Filter;
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));
/// # fn main() {
/// // Right.
/// let route = warp::path!("name").and(current_user::<Users>()).map(|user: Arc<User>| user.name.clone());
/// # let _ = route;
/// # }
/// ```
pub fn current_user<A: Authenticator>() -> impl Filter<Extract = (Arc<A::User>,), Error = Rejection> + Clone {
    asked::<A, _, _, _>(async |slot: Option<SessionSlot>| {
        find_user::<A>(slot.as_ref()).await?.ok_or(Denied::NotLoggedIn)
    })
}

/// [`current_user`], or `None` only while nobody is logged in.
pub fn optional_current_user<A: Authenticator>()
-> impl Filter<Extract = (Option<Arc<A::User>>,), Error = Rejection> + Clone {
    asked::<A, _, _, _>(async |slot: Option<SessionSlot>| find_user::<A>(slot.as_ref()).await)
}

/// Who is logged in where the nearest layer carries an `A`, without asking for the user; others are denied.
///
/// It costs no look-up of the user, and so sees an account that was disabled or whose password was changed only
/// through the library's own calls that end sessions.
///
/// ```
/// use hallpass_warp::current_subject;
/// use warp::Filter;
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));
///
/// # fn main() {
/// let orders = warp::path!("orders").and(current_subject::<Users>());
/// let orders = orders.map(|subject: Subject| format!("orders of user {}", subject.as_str()));
/// # let _ = orders;
/// # }
/// ```
pub fn current_subject<A: Authenticator>() -> impl Filter<Extract = (Subject,), Error = Rejection> + Clone {
    asked::<A, _, _, _>(async |slot: Option<SessionSlot>| {
        find_subject::<A>(slot.as_ref()).await?.ok_or(Denied::NotLoggedIn)
    })
}

/// [`current_subject`], or `None` only while nobody is logged in.
pub fn optional_current_subject<A: Authenticator>()
-> impl Filter<Extract = (Option<Subject>,), Error = Rejection> + Clone {
    asked::<A, _, _, _>(async |slot: Option<SessionSlot>| find_subject::<A>(slot.as_ref()).await)
}

/// The user who is logged in where the nearest layer carries an `A` and gave the credentials within `span`; others are
/// denied. For what a session left open must not do (ASVS 7.5.1, 7.5.3).
///
/// It is what [`Guard::recent`](crate::Guard::recent) lets in, for one route. A login counts, and so does a
/// re-authentication, also of a login that is remembered. Programs whose login is older get `reauthentication_required`,
/// and browsers are sent to the authenticator's
/// [`reauthentication_path`](crate::Authenticator::reauthentication_path). The store is asked once more, past every
/// cache, whether the session still lives.
///
/// ```
/// use hallpass_warp::{SessionLayer, recent_login, service};
/// use std::time::Duration;
/// use warp::Filter;
/// # use hallpass_core::{MemoryStore, SessionManager};
/// # use hallpass_testkit::FakeClock;
/// # use hallpass_warp::{Denial, Login, login};
/// # use std::sync::Arc;
/// # use tower::ServiceExt;
/// # use warp::hyper::body::Bytes;
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));
/// #
/// # async fn log_in(login: Login<Users>, body: Bytes) -> Result<&'static str, Denial> {
/// #     let pin = String::from_utf8_lossy(&body).into_owned();
/// #     let authenticated = login.authenticate(Pin(pin)).await?;
/// #     login.log_in(authenticated)?;
/// #     Ok("welcome")
/// # }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (clock, users) = (FakeClock::new(), Arc::new(Users::default()));
/// # let sessions = SessionManager::builder(MemoryStore::new()).clock(clock.clone()).build()?;
/// # let enter = warp::path!("login").and(login::<Users>()).and(warp::body::bytes()).then(log_in);
/// let close = warp::path!("close").and(recent_login::<Users>(Duration::from_secs(600)));
/// let close = close.map(|user: Arc<User>| format!("{}'s account is closed", user.name));
/// # let close = enter.or(close);
/// let app = service(SessionLayer::new(sessions).authenticator(users), close);
/// # let logged_in = app.clone().oneshot(http::Request::post("/login").body("ada:1815".to_owned())?).await?;
/// # let cookie = logged_in.headers()["set-cookie"].to_str()?.split(';').next().unwrap_or_default();
/// # let close = || http::Request::post("/close").header("cookie", cookie).body(String::new());
///
/// // Ten minutes after the login, and a second later.
/// clock.advance(Duration::from_secs(600));
/// assert_eq!(app.clone().oneshot(close()?).await?.status(), 200);
/// clock.advance(Duration::from_secs(1));
/// assert_eq!(app.oneshot(close()?).await?.status(), 401);
/// # Ok(())
/// # }
/// ```
pub fn recent_login<A: Authenticator>(
    span: Duration,
) -> impl Filter<Extract = (Arc<A::User>,), Error = Rejection> + Clone {
    asked::<A, _, _, _>(move |slot: Option<SessionSlot>| async move {
        find_recent_user::<A>(slot.as_ref(), span).await
    })
}

/// [`recent_login`], or `None` while nobody is logged in, and while the login is older.
pub fn optional_recent_login<A: Authenticator>(
    span: Duration,
) -> impl Filter<Extract = (Option<Arc<A::User>>,), Error = Rejection> + Clone {
    asked::<A, _, _, _>(move |slot: Option<SessionSlot>| async move {
        match find_recent_user::<A>(slot.as_ref(), span).await {
            Ok(user) => Ok(Some(user)),
            Err(Denied::NotLoggedIn | Denied::NotRecent) => Ok(None),
            Err(denied) => Err(denied),
        }
    })
}
