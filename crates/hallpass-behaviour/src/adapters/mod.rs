//! The fixture on each framework: only what extracts and mounts.

#[cfg(feature = "actix")]
mod actix;
#[cfg(feature = "axum")]
mod axum;
#[cfg(feature = "warp")]
mod warp;

#[cfg(feature = "actix")]
pub use self::actix::Actix;
#[cfg(feature = "axum")]
pub use self::axum::Axum;
#[cfg(feature = "warp")]
pub use self::warp::Warp;

use crate::fixture::{App, Stop};
use std::fmt;
use std::future::Future;
use std::net::TcpListener;
use std::pin::Pin;

/// A framework on which the fixture can be mounted.
pub trait Adapter: fmt::Debug + Send + Sync + 'static {
    /// Serves the fixture's routes, as its [module](crate::fixture) lists them, until told to stop.
    ///
    /// It is polled on a runtime of the server's own. Each connection tells the address of its peer, and a panic in a
    /// handler harms no other connection.
    fn serve(&self, app: App, listener: TcpListener, stop: Stop) -> Serving;
}

/// A server that runs until it is stopped.
pub type Serving = Pin<Box<dyn Future<Output = ()> + Send>>;
