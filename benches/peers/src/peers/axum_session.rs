//! axum_session, without a database: its sessions are in memory.

use super::id;
use crate::row::Row;
use axum::Router;
use axum::extract::RawQuery;
use axum::routing::{get, post};
use axum_session::{SessionConfig, SessionLayer, SessionNullPool, SessionStore};
use benches::drive::ready;
use http::StatusCode;

type Session = axum_session::Session<SessionNullPool>;

pub(super) fn row() -> Row {
    let store = ready(SessionStore::<SessionNullPool>::new(None, SessionConfig::default()));
    let layer = SessionLayer::new(store.expect("there is no database to fail"));
    Row::axum("axum_session", routes().layer(layer))
}

fn routes() -> Router {
    Router::new()
        .route("/user", get(user))
        .route("/maybe", get(maybe))
        .route("/public", get(async || StatusCode::OK))
        .route("/write", post(write))
        .route("/values", post(values))
        .route("/login", post(log_in))
        .route("/logout", post(log_out))
}

async fn user(session: Session) -> StatusCode {
    let user: Option<u64> = session.get("user");
    if user.is_some() { StatusCode::OK } else { StatusCode::UNAUTHORIZED }
}

async fn maybe(session: Session) -> StatusCode {
    let _user: Option<u64> = session.get("user");
    StatusCode::OK
}

async fn write(session: Session) -> StatusCode {
    let count: u64 = session.get("count").unwrap_or(0);
    session.set("count", count + 1);
    StatusCode::OK
}

async fn values(session: Session) -> StatusCode {
    session.set("name", "Ann");
    session.set("theme", "dark");
    session.set("cart", 3);
    StatusCode::OK
}

async fn log_in(session: Session, RawQuery(query): RawQuery) -> StatusCode {
    session.renew();
    session.set("user", id(query.as_deref()));
    StatusCode::OK
}

async fn log_out(session: Session) -> StatusCode {
    session.destroy();
    StatusCode::OK
}
