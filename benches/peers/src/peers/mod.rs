//! The application, with each of the peers.

pub(crate) mod actix_identity;
pub(crate) mod actix_session;
pub(crate) mod axess;
pub(crate) mod axum_login;
pub(crate) mod axum_session;
mod memory_store;
mod tower_sessions;
#[cfg(feature = "stores")]
pub(crate) mod tower_sessions_014;
mod warp_sessions;

use crate::Row;

/// All of them, each with an empty store.
///
/// # Panics
///
/// Outside of a tokio runtime.
#[must_use]
pub fn all() -> Vec<Row> {
    vec![
        tower_sessions::row(),
        axum_login::row(),
        axum_session::row(),
        axess::row(),
        actix_session::row(),
        actix_identity::row(),
        warp_sessions::row(),
    ]
}

/// The number of the user who logs in, from the query; 1 without.
pub(crate) fn id(query: Option<&str>) -> u64 {
    query.and_then(|id| id.parse().ok()).unwrap_or(1)
}
