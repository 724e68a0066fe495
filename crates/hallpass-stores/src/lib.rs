//! Every store of hallpass, made new and empty for a test.
//!
//! Stores on servers are made on the private ones that `cargo xtask test` starts, each under a prefix of its own.

mod fresh;
mod server;

pub use fresh::{Fresh, Kind};
pub use server::{MYSQL, POSTGRES, REDIS, REDIS_CLUSTER};
