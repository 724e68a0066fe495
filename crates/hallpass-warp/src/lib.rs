//! Sessions, login and logout for warp: filters, guards, a ready logout endpoint and a server.
//!
//! [`service`] makes a tower service of the routes, with a [`SessionLayer`] around it that carries the application's
//! [`Authenticator`], and [`serve`](serve()) serves it. Filters then ask for what a handler needs, with no argument:
//! [`session`], [`login`], [`current_user`], [`current_subject`], or [`recent_login`] with a span. Guards such as
//! [`require_login`] go around routes.
//!
//! What is asked for by the type of an authenticator is found on the nearest layer that carries it. On warp every layer
//! goes around all routes, so an admin's pages beside the shop's are two layers around one service, and the type
//! says which is meant. If none carries it, or there is no layer at all, the answer is 500 and the log says what is
//! missing.
//!
//! ```
//! use hallpass_core::{MemoryStore, SessionManager};
//! use hallpass_warp::{Denial, Login, LogoutEndpoint, SessionLayer, current_user, login, logout, service};
//! use std::sync::Arc;
//! use tower::ServiceExt;
//! use warp::Filter;
//! use warp::hyper::body::Bytes;
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));
//!
//! async fn log_in(login: Login<Users>, body: Bytes) -> Result<&'static str, Denial> {
//!     let pin = String::from_utf8_lossy(&body).into_owned();
//!     let authenticated = login.authenticate(Pin(pin)).await?;
//!     login.log_in(authenticated)?;
//!     Ok("welcome")
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sessions = SessionManager::builder(MemoryStore::new()).build()?;
//! let layer = SessionLayer::new(sessions).authenticator(Arc::new(Users::default()));
//!
//! let enter = warp::post().and(warp::path!("login")).and(login::<Users>()).and(warp::body::bytes()).then(log_in);
//! let leave = warp::path!("logout").and(logout::<Users>(LogoutEndpoint::new()));
//! let account = warp::path!("account").and(current_user::<Users>());
//! let account = account.map(|user: Arc<User>| format!("this is {}'s account", user.name));
//! let app = service(layer, enter.or(leave).or(account));
//!
//! let get_account = |cookie: &str| http::Request::get("/account").header("cookie", cookie).body(String::new());
//! assert_eq!(app.clone().oneshot(get_account("")?).await?.status(), 401);
//!
//! let response = app.clone().oneshot(http::Request::post("/login").body("ada:1815".to_owned())?).await?;
//! let cookie = response.headers()["set-cookie"].to_str()?.split(';').next().unwrap_or_default();
//! assert_eq!(app.clone().oneshot(get_account(cookie)?).await?.status(), 200);
//!
//! let log_out = http::Request::post("/logout").header("cookie", cookie).body(String::new())?;
//! assert_eq!(app.clone().oneshot(log_out).await?.status(), 200);
//! assert_eq!(app.oneshot(get_account(cookie)?).await?.status(), 401);
//! # Ok(())
//! # }
//! ```
//!
//! # Denials are rejections
//!
//! warp takes a rejection for "not this route", so a denial has to be answered before warp tries another or gives up:
//!
//! * Without a `recover` around it, it is a 500: see [`service`].
//! * Before a route that takes any path, it is that route's 200: see [`answer_denial`].
//! * Asked for before the path, it is the answer to every path; a guard around routes is so by nature: see
//!   [`require_login`].
//!
//! A session is opened once a request, however many routes are tried.
//!
//! # What stays open
//!
//! [`until_logged_out`] ends a streamed body or an event stream as soon as its session ends, wherever and for whatever
//! reason:
//!
//! ```
//! use futures_core::Stream;
//! use hallpass_warp::{Session, until_logged_out};
//! use std::convert::Infallible;
//! use warp::{Reply, sse::Event};
//!
//! fn events(
//!     session: Session,
//!     prices: impl Stream<Item = Result<Event, Infallible>> + Send + Sync + 'static,
//! ) -> impl Reply {
//!     let last = |reason: hallpass_core::EndReason| Ok(Event::default().event("logged_out").data(reason.as_str()));
//!     warp::sse::reply(until_logged_out(&session, prices).ending_with(last))
//! }
//! ```
//!
//! With the feature `ws`, the filter `ws` does the same for WebSockets.

mod denial;
mod filters;
mod guard;
mod head;
mod logout;
mod service;
#[cfg(feature = "ws")]
mod ws;

pub use denial::{Denial, answer_denial};
pub use filters::{
    current_subject, current_user, login, optional_current_subject, optional_current_user, optional_login,
    optional_recent_login, optional_session, recent_login, session, session_of,
};
pub use guard::{admit, guard, require, require_login, require_role};
pub use hallpass_core::Session;
pub use hallpass_login::{
    AuthUser, Authenticator, Guard, HasRoles, Login, LogoutEndpoint, PAGESHOW_SCRIPT, UntilLoggedOut,
    unavailable_page, until_logged_out,
};
pub use hallpass_tower::{Peer, Server, SessionLayer, serve};
pub use logout::logout;
pub use service::service;
pub use tower_layer::Layer;
#[cfg(feature = "ws")]
pub use ws::{WebSocket, Ws, ws};
