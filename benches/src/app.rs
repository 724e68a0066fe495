//! The application, wrapped in several ways.

use crate::drive::answer;
use crate::users::Users;
use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use hallpass_axum::{
    CurrentSubject, CurrentUser, Login, LogoutEndpoint, Rejection, Session, SessionLayer, logout,
    require_login,
};
use hallpass_core::{MemoryStore, SessionManager};
use http::{HeaderValue, Request, StatusCode, header};
use std::sync::Arc;

/// The routes without any session: what the framework itself costs.
pub fn bare() -> Router {
    Router::new().route("/user", get(async || StatusCode::OK)).route("/public", get(async || StatusCode::OK))
}

/// The routes as an application would write them.
pub fn routes() -> Router {
    let guarded = Router::new().route("/guarded", get(user)).route_layer(require_login::<Users>());
    Router::new()
        .route("/user", get(user))
        .route("/subject", get(subject))
        .route("/public", get(async || StatusCode::OK))
        .route("/write", post(write))
        .route("/login", post(log_in))
        .route("/logout", logout::<Users, _>(LogoutEndpoint::new()))
        .merge(guarded)
}

/// A layer over a manager of its own with a store in memory.
///
/// # Panics
///
/// Outside of a tokio runtime.
pub fn layer() -> SessionLayer {
    let sessions = SessionManager::builder(MemoryStore::new()).build().expect("the defaults work");
    SessionLayer::new(sessions).authenticator(Arc::new(Users))
}

/// Logs in the users from 1 to `count`; their cookies.
pub fn log_in_all(app: &mut Router, count: u64) -> Vec<HeaderValue> {
    (1..=count).map(|id| log_in_one(app, id)).collect()
}

/// Logs in one user; the cookie.
///
/// # Panics
///
/// If no cookie comes back.
pub fn log_in_one(app: &mut Router, id: u64) -> HeaderValue {
    let request = Request::post(format!("/login?{id}")).body(Body::empty()).expect("a valid request");
    let response = answer(app, request);
    let line = response.headers()[header::SET_COOKIE].to_str().expect("visible ASCII");
    let pair = line.split(';').next().unwrap_or_default();
    HeaderValue::from_str(pair).expect("visible ASCII")
}

async fn user(_user: CurrentUser<Users>) -> StatusCode {
    StatusCode::OK
}

async fn subject(_subject: CurrentSubject<Users>) -> StatusCode {
    StatusCode::OK
}

async fn write(session: Session) -> Result<StatusCode, Rejection> {
    session.update("count", |count: Option<u64>| count.unwrap_or(0) + 1)?;
    Ok(StatusCode::OK)
}

async fn log_in(login: Login<Users>, request: Request<Body>) -> Result<StatusCode, Rejection> {
    let id = request.uri().query().and_then(|id| id.parse().ok()).unwrap_or(1);
    let authenticated = login.authenticate(id).await?;
    login.log_in(authenticated)?;
    Ok(StatusCode::OK)
}
