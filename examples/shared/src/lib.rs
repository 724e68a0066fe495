//! What the demo applications for axum, actix-web and warp have in common: everything but the routing.
//!
//! Handlers here take what the library's extractors give, and answer with its [`Answer`](hallpass_core::Answer), so
//! that the three demos behave the same. Start reading at [`api`].

pub mod api;
mod args;
mod demo;
mod form;
pub mod pages;
mod shutdown;
mod store;
mod users;

pub use demo::{Demo, run};
pub use form::{Form, FormError, MAX_BODY};
pub use hallpass_sqlx::users::{Credentials, RegisterError};
pub use shutdown::{GRACE, OpenSocket, Shutdown};
pub use users::{ADMIN, RECENTLY, User, Users, recent_admin};
