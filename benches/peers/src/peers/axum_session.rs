//! axum_session, without a database: its sessions are in memory.

use super::id;
use crate::row::Row;
use axum::Router;
use axum::extract::RawQuery;
use axum::routing::{get, post};
use axum_session::{DatabasePool, Session, SessionConfig, SessionLayer, SessionNullPool, SessionStore};
use benches::drive::ready;
use http::StatusCode;
use std::fmt::Debug;

/// What this crate asks of a pool.
pub(crate) trait Pool: DatabasePool + Clone + Debug + Send + Sync + 'static {}

impl<P: DatabasePool + Clone + Debug + Send + Sync + 'static> Pool for P {}

pub(super) fn row() -> Row {
    let store = ready(SessionStore::<SessionNullPool>::new(None, SessionConfig::default()));
    row_over("axum_session", store.expect("there is no database to fail"))
}

/// `name` is the crate of the store.
pub(crate) fn row_over<P: Pool>(name: &str, store: SessionStore<P>) -> Row {
    Row::axum(name, routes::<P>().layer(SessionLayer::new(store)))
}

fn routes<P: Pool>() -> Router {
    Router::new()
        .route("/user", get(user::<P>))
        .route("/maybe", get(maybe::<P>))
        .route("/public", get(async || StatusCode::OK))
        .route("/write", post(write::<P>))
        .route("/values", post(values::<P>))
        .route("/login", post(log_in::<P>))
        .route("/logout", post(log_out::<P>))
}

async fn user<P: Pool>(session: Session<P>) -> StatusCode {
    let user: Option<u64> = session.get("user");
    if user.is_some() { StatusCode::OK } else { StatusCode::UNAUTHORIZED }
}

async fn maybe<P: Pool>(session: Session<P>) -> StatusCode {
    let _user: Option<u64> = session.get("user");
    StatusCode::OK
}

async fn write<P: Pool>(session: Session<P>) -> StatusCode {
    let count: u64 = session.get("count").unwrap_or(0);
    session.set("count", count + 1);
    StatusCode::OK
}

async fn values<P: Pool>(session: Session<P>) -> StatusCode {
    session.set("name", "Ann");
    session.set("theme", "dark");
    session.set("cart", 3);
    StatusCode::OK
}

async fn log_in<P: Pool>(session: Session<P>, RawQuery(query): RawQuery) -> StatusCode {
    session.renew();
    session.set("user", id(query.as_deref()));
    StatusCode::OK
}

async fn log_out<P: Pool>(session: Session<P>) -> StatusCode {
    session.destroy();
    StatusCode::OK
}
