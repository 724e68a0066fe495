//! Private servers for tests: in a temporary folder, on free ports of the loopback address, and gone with the program
//! that started them, however it ends.
//!
//! ```no_run
//! use hallpass_servers::{Kind, Server};
//!
//! # fn main() -> hallpass_servers::Result<()> {
//! let mut redis = Server::builder(Kind::Redis).setting("maxmemory", "10mb").start()?;
//! println!("{}", redis.url());
//! redis.pause()?; // it is there and answers nobody
//! redis.resume()?;
//! redis.kill()?; // as kill -9 does
//! redis.restart()?; // on the same port, with the same files
//! # Ok(())
//! # }
//! ```

mod account;
mod error;
mod folder;
mod group;
mod install;
mod kind;
mod mariadb;
mod node;
mod ports;
mod postgres;
mod redis;
mod room;
mod server;
mod signal;
mod webdriver;

pub use error::{Error, Result};
pub use group::Servers;
pub use install::{install, install_program};
pub use kind::Kind;
pub use node::Node;
pub use server::{Server, ServerBuilder};
