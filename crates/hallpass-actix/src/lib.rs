//! Sessions, login and logout for actix-web: extractors, guards and a ready logout endpoint.
//!
//! [`SessionMiddleware`] goes around the app and carries the application's [`Authenticator`]. Handlers then ask for what
//! they need, with no app data and no argument: [`Session`], [`Login`], [`CurrentUser`], [`CurrentSubject`],
//! [`RecentLogin`], each also as a [`Maybe`]. Guards such as [`require_login`] go around scopes and resources, inside the
//! middleware.
//!
//! What is asked for by the type of an authenticator is found on the nearest middleware that carries it, so that areas
//! with users and cookies of their own nest: an admin's pages beside the shop's. If none does, or there is no middleware
//! at all, the answer is 500 and the log says what is missing.
//!
//! ```
//! use actix_web::test::{TestRequest, call_service, init_service};
//! use actix_web::{App, web};
//! use hallpass_actix::{CurrentUser, Login, LogoutEndpoint, Rejection, SessionMiddleware, logout};
//! use hallpass_core::{MemoryStore, SessionManager};
//! use std::sync::Arc;
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
//! # #[actix_web::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sessions = SessionManager::builder(MemoryStore::new()).build()?;
//! let app = App::new()
//!     .wrap(SessionMiddleware::new(sessions).authenticator(Arc::new(Users::default())))
//!     .route("/login", web::post().to(log_in))
//!     .route("/logout", logout::<Users>(LogoutEndpoint::new()))
//!     .route("/account", web::get().to(account));
//!
//! let app = init_service(app).await;
//! let get_account = |cookie: &str| TestRequest::with_uri("/account").insert_header(("cookie", cookie)).to_request();
//! assert_eq!(call_service(&app, get_account("")).await.status(), 401);
//!
//! let log_in = TestRequest::post().uri("/login").set_payload("ada:1815").to_request();
//! let response = call_service(&app, log_in).await;
//! let cookie = response.headers().get("set-cookie").unwrap().to_str()?.split(';').next().unwrap_or_default();
//! assert_eq!(call_service(&app, get_account(cookie)).await.status(), 200);
//!
//! let log_out = TestRequest::post().uri("/logout").insert_header(("cookie", cookie)).to_request();
//! assert_eq!(call_service(&app, log_out).await.status(), 200);
//! assert_eq!(call_service(&app, get_account(cookie)).await.status(), 401);
//! # Ok(())
//! # }
//! ```
//!
//! # Workers
//!
//! The closure given to `HttpServer::new` runs once for each worker, so the manager and the middleware are made before
//! it; else every worker would have sessions of its own. A logout or commit whose worker is stopped goes on where the
//! manager was built, and `drain` waits for it:
//!
//! ```no_run
//! use actix_web::{App, HttpServer};
//! use hallpass_actix::SessionMiddleware;
//! use hallpass_core::{MemoryStore, SessionManager};
//! use std::time::Duration;
//!
//! #[actix_web::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let sessions = SessionManager::builder(MemoryStore::new()).build()?;
//!     let middleware = SessionMiddleware::new(sessions.clone());
//!     let server = HttpServer::new(move || App::new().wrap(middleware.clone()));
//!     server.bind(("127.0.0.1", 8080))?.run().await?;
//!     sessions.drain(Duration::from_secs(10)).await;
//!     Ok(())
//! }
//! ```

mod extract;
mod future;
mod guard;
mod head;
mod logout;
mod middleware;
mod recent;
mod rejection;
mod response;
#[cfg(feature = "ws")]
pub mod ws;

pub use extract::{CurrentSubject, CurrentUser, Login, Maybe, Session};
pub use future::ResponseFuture;
pub use guard::{GuardMiddleware, GuardService, guard, require, require_login, require_role};
pub use hallpass_core::{Peer, SessionSlot};
pub use hallpass_login::{
    AuthUser, Authenticator, Guard, HasRoles, LogoutEndpoint, PAGESHOW_SCRIPT, UntilLoggedOut,
    unavailable_page, until_logged_out,
};
pub use head::HttpHead;
pub use logout::logout;
pub use middleware::{SessionMiddleware, SessionService};
pub use recent::RecentLogin;
pub use rejection::Rejection;
pub use response::answer_into_response;
