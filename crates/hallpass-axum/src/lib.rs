//! Sessions, login and logout for axum: extractors, guards and a ready logout endpoint.
//!
//! [`SessionLayer`] goes around the router and carries the application's [`Authenticator`]. Handlers then ask for what
//! they need, with no state and no argument: [`Session`], [`Login`], [`CurrentUser`], [`CurrentSubject`], [`RecentLogin`].
//! Guards such as [`require_login`] go around routes, inside the layer.
//!
//! What is asked for by the type of an authenticator is found on the nearest layer that carries it, so that areas with
//! users and cookies of their own nest: an admin's pages beside the shop's. If none does, or there is no layer at all, the
//! answer is 500 and the log says what is missing.
//!
//! ```
//! use axum::{Router, body::Body, http::Request, routing::{get, post}};
//! use hallpass_axum::{CurrentUser, Login, LogoutEndpoint, Rejection, SessionLayer, logout};
//! use hallpass_core::{MemoryStore, SessionManager};
//! use std::sync::Arc;
//! use tower::ServiceExt;
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));
//!
//! async fn log_in(login: Login<Users>, body: String) -> Result<(), Rejection> {
//!     let authenticated = login.authenticate(Pin(body)).await?;
//!     Ok(login.log_in(authenticated)?)
//! }
//!
//! async fn account(user: CurrentUser<Users>) -> String {
//!     format!("this is {}'s account", user.name)
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sessions = SessionManager::builder(MemoryStore::new()).build()?;
//! let app: Router = Router::new()
//!     .route("/login", post(log_in))
//!     .route("/logout", logout::<Users, _>(LogoutEndpoint::new()))
//!     .route("/account", get(account))
//!     .layer(SessionLayer::new(sessions).authenticator(Arc::new(Users::default())));
//!
//! let get_account = |cookie: &str| Request::get("/account").header("cookie", cookie).body(Body::empty());
//! assert_eq!(app.clone().oneshot(get_account("")?).await?.status(), 401);
//!
//! let response = app.clone().oneshot(Request::post("/login").body(Body::from("ada:1815"))?).await?;
//! let cookie = response.headers()["set-cookie"].to_str()?.split(';').next().unwrap_or_default();
//! assert_eq!(app.clone().oneshot(get_account(cookie)?).await?.status(), 200);
//!
//! let log_out = Request::post("/logout").header("cookie", cookie).body(Body::empty())?;
//! assert_eq!(app.clone().oneshot(log_out).await?.status(), 200);
//! assert_eq!(app.oneshot(get_account(cookie)?).await?.status(), 401);
//! # Ok(())
//! # }
//! ```
//!
//! # Addresses
//!
//! Attempts to log in, and new visitors, are also counted by the client's address. axum knows it if the application is served
//! so:
//!
//! ```
//! # let app = axum::Router::new();
//! let service = app.into_make_service_with_connect_info::<std::net::SocketAddr>();
//! // axum::serve(listener, service).await
//! # let _ = service;
//! ```
//!
//! # What stays open
//!
//! [`until_logged_out`] ends a streamed body or an event stream as soon as its session ends, wherever and for whatever
//! reason:
//!
//! ```
//! use axum::response::{IntoResponse, Sse, sse::Event};
//! use futures_core::Stream;
//! use hallpass_axum::{Session, until_logged_out};
//! use std::convert::Infallible;
//!
//! fn events(
//!     session: Session,
//!     prices: impl Stream<Item = Result<Event, Infallible>> + Send + 'static,
//! ) -> impl IntoResponse {
//!     let last = |reason: hallpass_core::EndReason| Ok(Event::default().event("logged_out").data(reason.as_str()));
//!     Sse::new(until_logged_out(&session, prices).ending_with(last))
//! }
//! ```
//!
//! With the feature `ws`, `ws::WebSocketUpgrade` does the same for WebSockets.

mod extract;
mod guard;
mod head;
mod logout;
mod recent;
mod rejection;
#[cfg(feature = "ws")]
pub mod ws;

pub use extract::{CurrentSubject, CurrentUser, Login, Session};
pub use guard::{GuardLayer, guard, require, require_login, require_role};
pub use hallpass_login::{
    AuthUser, Authenticator, Guard, HasRoles, LogoutEndpoint, PAGESHOW_SCRIPT, UntilLoggedOut,
    unavailable_page, until_logged_out,
};
pub use hallpass_tower::{Peer, SessionLayer};
pub use logout::logout;
pub use recent::RecentLogin;
pub use rejection::Rejection;
