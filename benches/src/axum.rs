//! axum.

use crate::drive::{Nothing, Tower};
use crate::trial::{Entry, Prepared};
use crate::users::{self, Users};
use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use hallpass_axum::{
    CurrentSubject, CurrentUser, Login, LogoutEndpoint, Rejection, Session, SessionLayer, logout,
    require_login,
};
use hallpass_core::SessionManager;
use http::{Request, StatusCode};
use std::sync::Arc;
use tower_layer::{Layer, layer_fn};

/// The applications: without sessions, with a layer that does nothing, with ours by `Router::layer`, and with ours around
/// the router.
pub const ENTRIES: [Entry; 4] = [
    Entry::new("axum/bare", |name, users| Box::new(Prepared::without_sessions(name, tower(bare()), users))),
    Entry::new("axum/nothing", |name, users| {
        Box::new(Prepared::without_sessions(name, tower(nothing()), users))
    }),
    Entry::new("axum/layer", |name, users| {
        Box::new(Prepared::with_sessions(name, tower(layered(users::sessions())), users))
    }),
    Entry::new("axum/around", |name, users| {
        Box::new(Prepared::with_sessions(name, tower(around(users::sessions())), users))
    }),
];

/// The routes without any session: what the framework itself costs.
pub fn bare() -> Router {
    let ok = async || StatusCode::OK;
    Router::new()
        .route("/user", get(ok))
        .route("/subject", get(ok))
        .route("/guarded", get(ok))
        .route("/maybe", get(ok))
        .route("/public", get(ok))
        .route("/write", post(ok))
        .route("/values", post(ok))
        .route("/login", post(ok))
        .route("/logout", post(ok))
}

/// [`bare`] in a layer that does nothing.
pub fn nothing() -> Router {
    bare().layer(layer_fn(Nothing))
}

/// The routes with sessions, by `Router::layer`.
pub fn layered(sessions: SessionManager) -> Router {
    routes().layer(layer(sessions))
}

/// The routes with sessions, in a layer around the router.
pub fn around(sessions: SessionManager) -> <SessionLayer as Layer<Router>>::Service {
    layer(sessions).layer(routes())
}

fn tower<S>(service: S) -> Tower<S, Body> {
    Tower::new(service)
}

fn layer(sessions: SessionManager) -> SessionLayer {
    SessionLayer::new(sessions).authenticator(Arc::new(Users))
}

fn routes() -> Router {
    let guarded = Router::new().route("/guarded", get(user)).route_layer(require_login::<Users>());
    Router::new()
        .route("/user", get(user))
        .route("/subject", get(subject))
        .route("/maybe", get(maybe))
        .route("/public", get(async || StatusCode::OK))
        .route("/write", post(write))
        .route("/values", post(values))
        .route("/login", post(log_in))
        .route("/logout", logout::<Users, _>(LogoutEndpoint::new()))
        .merge(guarded)
}

async fn user(_user: CurrentUser<Users>) -> StatusCode {
    StatusCode::OK
}

async fn subject(_subject: CurrentSubject<Users>) -> StatusCode {
    StatusCode::OK
}

async fn maybe(_user: Option<CurrentUser<Users>>) -> StatusCode {
    StatusCode::OK
}

async fn write(session: Session) -> Result<StatusCode, Rejection> {
    session.update("count", |count: Option<u64>| count.unwrap_or(0) + 1)?;
    Ok(StatusCode::OK)
}

async fn values(session: Session) -> Result<StatusCode, Rejection> {
    session.insert("name", "Ann")?;
    session.insert("theme", "dark")?;
    session.insert("cart", &3)?;
    Ok(StatusCode::OK)
}

async fn log_in(login: Login<Users>, request: Request<Body>) -> Result<StatusCode, Rejection> {
    let authenticated = login.authenticate(users::id(request.uri().query())).await?;
    login.log_in(authenticated)?;
    Ok(StatusCode::OK)
}
