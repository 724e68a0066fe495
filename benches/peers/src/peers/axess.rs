//! axess. The login is the one it has for logins that were proven elsewhere, so that no password is hashed.

use super::id;
use crate::row::Row;
use axess::authn::{TenantId, UserId};
use axess::{AuthSession, Clock, MemorySessionStore, SessionLayer, SessionStore, SystemClock};
use axum::Router;
use axum::extract::RawQuery;
use axum::routing::{get, post};
use http::StatusCode;

/// What cookies are signed with, and values encrypted in stores that do so.
pub(crate) const KEY: [u8; 32] = *b"0123456789abcdefghijklmnopqrstuv";

pub(super) fn row() -> Row {
    row_over(MemorySessionStore::new())
}

pub(crate) fn row_over(store: impl SessionStore) -> Row {
    let layer = SessionLayer::new(store, KEY);
    Row::axum("axess", routes().layer(layer)).in_runtime().sealed()
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

async fn user(session: AuthSession) -> StatusCode {
    if session.snapshot().await.is_some() { StatusCode::OK } else { StatusCode::UNAUTHORIZED }
}

async fn maybe(session: AuthSession) -> StatusCode {
    let _user = session.snapshot().await;
    StatusCode::OK
}

async fn write(session: AuthSession) -> StatusCode {
    let count = session.get_custom("count").await.and_then(|count| count.as_u64()).unwrap_or(0);
    session.set_custom("count", (count + 1).into()).await;
    StatusCode::OK
}

async fn values(session: AuthSession) -> StatusCode {
    session.set_custom("name", "Ann".into()).await;
    session.set_custom("theme", "dark".into()).await;
    session.set_custom("cart", 3.into()).await;
    StatusCode::OK
}

async fn log_in(session: AuthSession, RawQuery(query): RawQuery) -> StatusCode {
    let user = UserId::from_random_bytes(u128::from(id(query.as_deref())).to_be_bytes());
    session.set_authenticated(user, TenantId::from_random_bytes([1; 16]), SystemClock.now()).await;
    StatusCode::OK
}

async fn log_out(session: AuthSession) -> StatusCode {
    session.clear().await;
    StatusCode::OK
}
