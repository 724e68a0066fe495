//! The version of tower-sessions that its stores are made for.

use super::id;
use crate::row::Row;
use axum::Router;
use axum::extract::RawQuery;
use axum::routing::{get, post};
use http::StatusCode;
use std::error::Error;
use tower_sessions_014::cookie::time::Duration;
use tower_sessions_014::{Expiry, Session, SessionManagerLayer, SessionStore};

type Answer = Result<StatusCode, StatusCode>;

/// `name` is the crate of the store.
pub(crate) fn row_over(name: &str, store: impl SessionStore + Clone) -> Row {
    let expiry = Expiry::OnInactivity(Duration::minutes(30));
    let routes = Router::new().route("/user", get(user)).route("/login", post(log_in));
    Row::axum(name, routes.layer(SessionManagerLayer::new(store).with_expiry(expiry)))
}

async fn user(session: Session) -> Answer {
    let user: Option<u64> = session.get("user").await.map_err(failed)?;
    Ok(if user.is_some() { StatusCode::OK } else { StatusCode::UNAUTHORIZED })
}

async fn log_in(session: Session, RawQuery(query): RawQuery) -> Answer {
    session.cycle_id().await.map_err(failed)?;
    session.insert("user", id(query.as_deref())).await.map_err(failed)?;
    Ok(StatusCode::OK)
}

fn failed(_: impl Error) -> StatusCode {
    StatusCode::INTERNAL_SERVER_ERROR
}
