//! tower-sessions.

use super::id;
use crate::row::Row;
use axum::Router;
use axum::extract::RawQuery;
use axum::routing::{get, post};
use http::StatusCode;
use std::error::Error;
use tower_sessions::cookie::time::Duration;
use tower_sessions::{Expiry, MemoryStore, Session, SessionManagerLayer};

type Answer = Result<StatusCode, StatusCode>;

pub(super) fn row() -> Row {
    let expiry = Expiry::OnInactivity(Duration::minutes(30));
    let layer = SessionManagerLayer::new(MemoryStore::default()).with_expiry(expiry);
    Row::axum("tower-sessions", routes().layer(layer))
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

async fn user(session: Session) -> Answer {
    let user: Option<u64> = session.get("user").await.map_err(failed)?;
    Ok(if user.is_some() { StatusCode::OK } else { StatusCode::UNAUTHORIZED })
}

async fn maybe(session: Session) -> Answer {
    let _user: Option<u64> = session.get("user").await.map_err(failed)?;
    Ok(StatusCode::OK)
}

async fn write(session: Session) -> Answer {
    let count: Option<u64> = session.get("count").await.map_err(failed)?;
    session.insert("count", count.unwrap_or(0) + 1).await.map_err(failed)?;
    Ok(StatusCode::OK)
}

async fn values(session: Session) -> Answer {
    session.insert("name", "Ann").await.map_err(failed)?;
    session.insert("theme", "dark").await.map_err(failed)?;
    session.insert("cart", 3).await.map_err(failed)?;
    Ok(StatusCode::OK)
}

async fn log_in(session: Session, RawQuery(query): RawQuery) -> Answer {
    session.cycle_id().await.map_err(failed)?;
    session.insert("user", id(query.as_deref())).await.map_err(failed)?;
    Ok(StatusCode::OK)
}

async fn log_out(session: Session) -> Answer {
    session.flush().await.map_err(failed)?;
    Ok(StatusCode::OK)
}

fn failed(_: impl Error) -> StatusCode {
    StatusCode::INTERNAL_SERVER_ERROR
}
