//! warp.

use crate::drive::{Nothing, Tower};
use crate::trial::{Entry, Prepared};
use crate::users::{self, User, Users};
use bytes::Bytes;
use hallpass_core::{Session, SessionManager, Subject};
use hallpass_warp::{
    Denial, Login, LogoutEndpoint, SessionLayer, current_subject, current_user, login, logout,
    optional_current_user, require_login, service, session,
};
use http::{Request, StatusCode};
use http_body_util::Empty;
use std::convert::Infallible;
use std::sync::Arc;
use tower_service::Service;
use warp::reply::{Reply, Response};
use warp::{Filter, Rejection};

/// The body of every request.
pub type Body = Empty<Bytes>;

/// The applications: without sessions, with a layer that does nothing, and with ours.
pub const ENTRIES: [Entry; 3] = [
    Entry::new("warp/bare", |name, users| Box::new(Prepared::without_sessions(name, tower(bare()), users))),
    Entry::new("warp/nothing", |name, users| {
        Box::new(Prepared::without_sessions(name, tower(Nothing(bare())), users))
    }),
    Entry::new("warp/hallpass", |name, users| {
        Box::new(Prepared::with_sessions(name, tower(hallpass(users::sessions())), users))
    }),
];

/// The routes without any session: what the framework itself costs.
pub fn bare() -> impl Service<Request<Body>, Response = Response, Error = Infallible> + Clone + Send {
    let user = warp::path!("user").map(ok);
    let subject = warp::path!("subject").map(ok);
    let guarded = warp::path!("guarded").map(ok);
    let maybe = warp::path!("maybe").map(ok);
    let public = warp::path!("public").map(ok);
    let write = warp::path!("write").map(ok);
    let values = warp::path!("values").map(ok);
    let enter = warp::path!("login").map(ok);
    let leave = warp::path!("logout").map(ok);
    let reads = warp::get().and(user.or(subject).or(guarded).or(maybe).or(public));
    let writes = warp::post().and(write.or(values).or(enter).or(leave));
    warp::service(reads.or(writes))
}

/// The routes with sessions.
pub fn hallpass(
    sessions: SessionManager,
) -> impl Service<Request<Body>, Response = Response, Error = Infallible> + Clone + Send {
    let layer = SessionLayer::new(sessions).authenticator(Arc::new(Users));
    service(layer, routes())
}

fn tower<S>(service: S) -> Tower<S, Body> {
    Tower::new(service)
}

fn routes() -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone + Send + Sync + 'static {
    let user = warp::path!("user").and(current_user::<Users>()).map(|_: Arc<User>| StatusCode::OK);
    let subject = warp::path!("subject").and(current_subject::<Users>()).map(|_: Subject| StatusCode::OK);
    let guarded = warp::path::end().and(current_user::<Users>()).map(|_: Arc<User>| StatusCode::OK);
    let guarded = warp::path("guarded").and(require_login::<Users>(guarded));
    let maybe = warp::path!("maybe").and(optional_current_user::<Users>());
    let maybe = maybe.map(|_: Option<Arc<User>>| StatusCode::OK);
    let public = warp::path!("public").map(ok);
    let write = warp::path!("write").and(session()).map(write);
    let values = warp::path!("values").and(session()).map(values);
    let enter = warp::path!("login").and(login::<Users>()).and(warp::query::raw()).then(log_in);
    let leave = warp::path!("logout").and(logout::<Users>(LogoutEndpoint::new()));
    let reads = warp::get().and(user.or(subject).or(guarded).or(maybe).or(public));
    let writes = warp::post().and(write.or(values).or(enter).or(leave));
    reads.or(writes)
}

fn ok() -> StatusCode {
    StatusCode::OK
}

fn write(session: Session) -> Result<StatusCode, Denial> {
    session.update("count", |count: Option<u64>| count.unwrap_or(0) + 1)?;
    Ok(StatusCode::OK)
}

fn values(session: Session) -> Result<StatusCode, Denial> {
    session.insert("name", "Ann")?;
    session.insert("theme", "dark")?;
    session.insert("cart", &3)?;
    Ok(StatusCode::OK)
}

async fn log_in(login: Login<Users>, query: String) -> Result<StatusCode, Denial> {
    let authenticated = login.authenticate(users::id(Some(&query))).await?;
    login.log_in(authenticated)?;
    Ok(StatusCode::OK)
}
