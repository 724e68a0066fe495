//! Login, logout and sessions for Rust web servers.
//!
//! This crate only re-exports. At its root are sessions (`hallpass-core`) and logins (`hallpass-login`); the adapter of
//! each framework and each kind of store have a module of their own, behind features. A feature adds, and alters nothing.
//!
//! ```
//! use hallpass::{MemoryStore, SessionManager};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sessions = SessionManager::builder(MemoryStore::new()).build()?;
//! # let _ = sessions;
//! # Ok(())
//! # }
//! ```

pub use hallpass_core::*;
pub use hallpass_login::*;

/// Middleware, extractors and guards for actix-web.
#[cfg(feature = "actix")]
pub mod actix {
    pub use hallpass_actix::*;
}

/// The session layer, extractors and guards for axum.
#[cfg(feature = "axum")]
pub mod axum {
    pub use hallpass_axum::*;
}

/// A cache in front of any store.
#[cfg(feature = "cache")]
pub mod cache {
    pub use hallpass_cache::*;
}

/// Stores in Redis and Redis Cluster.
#[cfg(feature = "redis")]
pub mod redis {
    pub use hallpass_redis::*;
}

/// Stores in SQLite, PostgreSQL, MySQL and MariaDB, and users in a table.
#[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite", feature = "users"))]
pub mod sqlx {
    pub use hallpass_sqlx::*;
}

/// The session layer for any tower stack over `http` 1.
#[cfg(feature = "tower")]
pub mod tower {
    pub use hallpass_tower::*;
}

/// Filters and a server for warp.
#[cfg(feature = "warp")]
pub mod warp {
    pub use hallpass_warp::*;
}

/// Compiles the examples of the project's README.
#[cfg(all(
    doctest,
    feature = "actix",
    feature = "argon2",
    feature = "axum",
    feature = "cache",
    feature = "postgres",
    feature = "warp"
))]
#[doc = include_str!("../../../README.md")]
struct Readme;
