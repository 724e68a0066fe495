//! A browser and a plain client: real HTTP over real sockets, and raw bytes where HTTP libraries are too polite.

mod browser;
mod connection;
mod jar;
mod live;
mod request;
mod response;
mod wire;

pub use browser::{Browser, Pending};
pub use connection::Connection;
pub use jar::{Jar, SetCookie};
pub use live::{Events, Socket};
pub use request::Request;
pub use response::{INVALID_TOKEN, Response};
pub use wire::Wire;
