//! warp-sessions. Its filter is put on the routes that use a session, so a public route is a route of plain warp.

use super::id;
use crate::row::Row;
use benches::{Workload, warp::Body};
use http::{Request, StatusCode};
use std::convert::Infallible;
use tower_service::Service;
use warp::reply::Response;
use warp::{Filter, Rejection, Reply};
use warp_sessions::{CookieOptions, MemoryStore, SameSiteCookieOption, SessionWithStore, reply, request};

type Session = SessionWithStore<MemoryStore>;
type Answer = Result<(StatusCode, Session), Rejection>;

pub(super) fn row() -> Row {
    let row = Row::warp("warp-sessions", service());
    // A cookie that it cannot decode is answered 500.
    row.without(Workload::Malformed)
}

fn service()
-> impl Service<Request<Body>, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static
{
    let store = MemoryStore::new();
    let session = || request::with_session(store.clone(), Some(cookie()));
    let user = warp::path!("user").and(session()).and_then(user);
    let maybe = warp::path!("maybe").and(session()).and_then(maybe);
    let public = warp::path!("public").map(|| StatusCode::OK);
    let write = warp::path!("write").and(session()).and_then(write);
    let values = warp::path!("values").and(session()).and_then(values);
    let enter = warp::path!("login").and(session()).and(warp::query::raw()).and_then(log_in);
    let leave = warp::path!("logout").and(session()).and_then(log_out);
    let reads = warp::get().and(saved(user).or(saved(maybe)).or(public));
    let writes = warp::post().and(saved(write).or(saved(values)).or(saved(enter)).or(saved(leave)));
    warp::service(reads.or(writes))
}

/// With what every handler's answer has to go through.
fn saved<F>(route: F) -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone
where
    F: Filter<Extract = ((StatusCode, Session),), Error = Rejection> + Clone + Send + Sync + 'static,
{
    route.untuple_one().and_then(reply::with_session)
}

fn cookie() -> CookieOptions {
    CookieOptions {
        cookie_name: "sid",
        cookie_value: None,
        max_age: Some(30 * 60),
        domain: None,
        path: Some("/".to_owned()),
        secure: true,
        http_only: true,
        same_site: Some(SameSiteCookieOption::Lax),
    }
}

async fn user(session: Session) -> Answer {
    let user: Option<u64> = session.session.get("user");
    let status = if user.is_some() { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
    Ok((status, session))
}

async fn maybe(session: Session) -> Answer {
    let _user: Option<u64> = session.session.get("user");
    Ok((StatusCode::OK, session))
}

async fn write(session: Session) -> Answer {
    let count: Option<u64> = session.session.get("count");
    insert(session, &[("count", (count.unwrap_or(0) + 1).into())])
}

async fn values(session: Session) -> Answer {
    insert(session, &[("name", "Ann".into()), ("theme", "dark".into()), ("cart", 3.into())])
}

async fn log_in(session: Session, query: String) -> Answer {
    insert(session, &[("user", id(Some(&query)).into())])
}

async fn log_out(mut session: Session) -> Answer {
    session.session.destroy();
    Ok((StatusCode::OK, session))
}

fn insert(mut session: Session, values: &[(&str, serde_json::Value)]) -> Answer {
    let mut inserted = values.iter().map(|(key, value)| session.session.insert(key, value));
    let status = match inserted.all(|inserted| inserted.is_ok()) {
        true => StatusCode::OK,
        false => StatusCode::INTERNAL_SERVER_ERROR,
    };
    Ok((status, session))
}
