//! The one table of HTTP scenarios that every hallpass adapter is held to, over real sockets.
//!
//! A scenario plays a [`World`](fixture::World): one store, one hand-moved clock, one list of events and log lines, and
//! as many nodes as it starts. Browsers talk to the nodes over the loopback, and the store can fail, wait and lose
//! answers in between. A scenario's name begins with the number of the behaviour it shows.
//!
//! [`behaviour_tests!`] makes one test of every scenario for one adapter and one kind of store:
//!
//! ```
//! # #[cfg(feature = "axum")]
//! hallpass_behaviour::behaviour_tests!(hallpass_behaviour::adapters::Axum, hallpass_behaviour::fixture::Memory);
//! # fn main() {}
//! ```
//!
//! [`Response`](client::Response) holds every single answer of every scenario to what must always be true: cookies with
//! all of their attributes and never twice, no answer with a cookie that a cache may keep, a challenge with every 401, and
//! no 503 without `Retry-After` or with a cookie.

pub mod adapters;
pub mod client;
pub mod fixture;
mod logs;
mod run;
pub mod scenarios;

pub use logs::{Line, Logs};
pub use run::{assert_whole, run};
