//! axum-login, over the version of tower-sessions that it has.

use super::id;
use crate::row::Row;
use axum::Router;
use axum::extract::RawQuery;
use axum::routing::{get, post};
use axum_login::{AuthManagerLayerBuilder, AuthUser, AuthnBackend};
use http::StatusCode;
use std::convert::Infallible;
use std::error::Error;
use tower_sessions_014::cookie::time::Duration;
use tower_sessions_014::{Expiry, MemoryStore, Session, SessionManagerLayer, SessionStore};

type Answer = Result<StatusCode, StatusCode>;
type AuthSession = axum_login::AuthSession<Users>;

pub(super) fn row() -> Row {
    row_over(MemoryStore::default())
}

pub(crate) fn row_over(store: impl SessionStore + Clone) -> Row {
    let expiry = Expiry::OnInactivity(Duration::minutes(30));
    let sessions = SessionManagerLayer::new(store).with_expiry(expiry);
    let layer = AuthManagerLayerBuilder::new(Users, sessions).build();
    Row::axum("axum-login", routes().layer(layer))
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

#[derive(Debug, Clone, Copy)]
struct User(u64);

impl AuthUser for User {
    type Id = u64;

    fn id(&self) -> u64 {
        self.0
    }

    fn session_auth_hash(&self) -> &[u8] {
        b"stamp--1"
    }
}

/// Everybody who has a number, found without a look-up.
#[derive(Debug, Clone)]
struct Users;

impl AuthnBackend for Users {
    type User = User;
    type Credentials = u64;
    type Error = Infallible;

    async fn authenticate(&self, id: u64) -> Result<Option<User>, Infallible> {
        Ok(Some(User(id)))
    }

    async fn get_user(&self, id: &u64) -> Result<Option<User>, Infallible> {
        Ok(Some(User(*id)))
    }
}

async fn user(auth: AuthSession) -> StatusCode {
    if auth.user.is_some() { StatusCode::OK } else { StatusCode::UNAUTHORIZED }
}

async fn maybe(_auth: AuthSession) -> StatusCode {
    StatusCode::OK
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

async fn log_in(mut auth: AuthSession, RawQuery(query): RawQuery) -> Answer {
    let user = auth.authenticate(id(query.as_deref())).await.map_err(failed)?;
    auth.login(&user.ok_or(StatusCode::UNAUTHORIZED)?).await.map_err(failed)?;
    Ok(StatusCode::OK)
}

async fn log_out(mut auth: AuthSession) -> Answer {
    auth.logout().await.map_err(failed)?;
    Ok(StatusCode::OK)
}

fn failed(_: impl Error) -> StatusCode {
    StatusCode::INTERNAL_SERVER_ERROR
}
