//! What extractors give, and what they answer when they cannot.

use crate::log::Log;
use crate::scene::{Customers, Office, Scene, Shop, Staff, get, send};
use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::Request;
use axum::routing::{get as on_get, post};
use hallpass_axum::{CurrentSubject, CurrentUser, Login, LogoutEndpoint, Rejection, Session, logout};
use hallpass_testkit::{Method, Times};
use std::net::SocketAddr;
use std::sync::atomic::Ordering;

const WALK: [&str; 4] = ["/session", "/login-handle", "/user", "/subject"];

/// A route for each extractor, and one for each as an `Option`.
fn routes() -> Router {
    Router::new()
        .route("/session", on_get(async |session: Session| format!("{:?}", session.subject().is_some())))
        .route("/login-handle", on_get(async |login: Login<Customers>| format!("{}", login.users().is_shop())))
        .route("/user", on_get(async |user: CurrentUser<Customers>| user.name.clone()))
        .route("/subject", on_get(async |subject: CurrentSubject<Customers>| subject.as_str().to_owned()))
        .route("/session?", on_get(async |it: Option<Session>| some(it.is_some())))
        .route("/login-handle?", on_get(async |it: Option<Login<Customers>>| some(it.is_some())))
        .route("/user?", on_get(async |it: Option<CurrentUser<Customers>>| some(it.is_some())))
        .route("/subject?", on_get(async |it: Option<CurrentSubject<Customers>>| some(it.is_some())))
}
