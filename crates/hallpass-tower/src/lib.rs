//! The hallpass session layer for tower services over `http` 1: axum, warp and any other.
//!
//! [`SessionLayer`] puts one unopened [`SessionSlot`] into the extensions of each request, and commits what the handler
//! did with it once the handler has answered. Finding the tokens is all it does on its own: a route that never opens
//! the session costs no store access and gets no header.
//!
//! ```
//! use hallpass_core::{MemoryStore, SessionManager, SessionSlot};
//! use hallpass_tower::{HttpHead, SessionLayer};
//! use http::{Request, Response, header};
//! use std::convert::Infallible;
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sessions = SessionManager::builder(MemoryStore::new()).build()?;
//!
//! let count_visits = service_fn(async |request: Request<()>| {
//!     let slot = request.extensions().get::<SessionSlot>().expect("the layer is around this service");
//!     let session = match slot.open().await {
//!         Ok(session) => session,
//!         Err(error) => return Ok(hallpass_tower::answer_into_response(error.answer())),
//!     };
//!     // New visitors are counted by their address.
//!     slot.observe_address(&HttpHead::from(&request));
//!     let visits = session.update("visits", |visits: Option<u32>| visits.unwrap_or(0) + 1);
//!     Ok::<_, Infallible>(Response::new(format!("visit {}", visits.unwrap_or(0))))
//! });
//!
//! let app = SessionLayer::new(sessions).layer(count_visits);
//! let first = app.oneshot(Request::get("/").body(())?).await?;
//! assert_eq!(first.body(), "visit 1");
//! assert!(first.headers()[header::SET_COOKIE].to_str()?.starts_with("__Host-id-anon="));
//! # Ok(())
//! # }
//! ```
//!
//! With the feature `serve` there is a server for such services too, which finishes the logouts of clients that have
//! gone before it ends.

mod future;
mod gate;
mod head;
mod layer;
mod response;
#[cfg(feature = "serve")]
mod serve;
mod service;
#[cfg(feature = "serve")]
mod tasks;

pub use future::ResponseFuture;
pub use gate::{Admission, GateFuture, GateLayer, GateService};
pub use hallpass_core::SessionSlot;
pub use head::{HttpHead, Peer};
pub use layer::SessionLayer;
pub use response::answer_into_response;
#[cfg(feature = "serve")]
pub use serve::{Server, serve};
pub use service::SessionService;
