//! Session stores for hallpass in SQLite, PostgreSQL, MySQL and MariaDB, each behind a feature of its name.
//!
//! ```
//! # #[cfg(feature = "sqlite")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use hallpass_core::{Realm, SessionStore, Subject, SubjectKey};
//! use hallpass_sqlx::SqliteStore;
//!
//! let store = SqliteStore::connect("sqlite::memory:").await?;
//! store.migrate().await?;
//!
//! let ada = SubjectKey::new(Realm::new("shop")?, Subject::from(7));
//! assert_eq!(store.epoch(&ada).await?, hallpass_core::Epoch::NONE);
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "sqlite"))]
//! # fn main() {}
//! ```
//!
//! # Setting up
//!
//! A store is [connected](SqliteStore::connect) to a URL, or [made](SqliteStore::new) from a pool that the application has.
//! Then its tables are [migrated](SqliteStore::migrate), or [checked](SqliteStore::check) where somebody else migrates them
//! with the files of the crate's `migrations` folder. What is wrong is a [`SetupError`] that says what to do. A builder sets
//! a table prefix, on PostgreSQL a schema, time limits, and a clock for tests.
//!
//! # What is kept
//!
//! Each field of a session has a column of its own, so that a query of yours can read them; a checksum over them makes a
//! damaged row an error and never another session. Tokens are not kept, only their hashes.
//!
//! # Rules that every statement keeps
//!
//! * An operation that changes which logins a user has locks the user's row first, in a statement of its own, and reads
//!   afterwards. One statement for both would read what was true before it had to wait.
//! * A renewal changes the key of the row and never its id: what deletes a user's rows cannot miss one that is being renewed.
//! * A transaction that a deadlock or a serialisation error has undone is run again, ten times at most.
//! * A connection whose transaction did not come to its end is not used again before it is rolled back.

#[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]
mod contract;
mod error;
#[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]
mod feed;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]
mod names;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]
mod row;
#[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]
mod schema;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(all(feature = "users", any(feature = "mysql", feature = "postgres", feature = "sqlite")))]
pub mod users;

pub use error::SetupError;
#[cfg(feature = "mysql")]
pub use mysql::{MySqlStore, MySqlStoreBuilder};
#[cfg(feature = "postgres")]
pub use postgres::{PostgresStore, PostgresStoreBuilder};
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteStore, SqliteStoreBuilder};

/// Compiles the example of the README.
#[cfg(all(doctest, feature = "postgres"))]
#[doc = include_str!("../README.md")]
struct Readme;
