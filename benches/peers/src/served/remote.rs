//! tower-sessions over its stores for Redis and PostgreSQL, which are made for its version 0.14.

use axum::Router;
use axum::extract::RawQuery;
use axum::routing::{get, post};
use http::StatusCode;
use std::error::Error;
use tower_sessions_014::cookie::time::Duration;
use tower_sessions_014::{Expiry, Session, SessionManagerLayer, SessionStore};
use tower_sessions_redis_store::RedisStore;
use tower_sessions_redis_store::fred::prelude::{ClientLike, Config, Pool};
use tower_sessions_sqlx_store::PostgresStore;
use tower_sessions_sqlx_store::sqlx::PgPool;

type Answer = Result<StatusCode, StatusCode>;

/// How many connections the documentation of the store opens.
const CONNECTIONS: usize = 6;

/// Over the Redis at `address`.
pub(super) async fn redis(address: &str) -> Result<Router, Box<dyn Error>> {
    let pool = Pool::new(Config::from_url(address)?, None, None, None, CONNECTIONS)?;
    pool.connect();
    pool.wait_for_connect().await?;
    Ok(app(RedisStore::new(pool)))
}

/// Over the PostgreSQL at `address`, in tables of its own.
pub(super) async fn postgres(address: &str) -> Result<Router, Box<dyn Error>> {
    let store = PostgresStore::new(PgPool::connect(address).await?);
    store.migrate().await?;
    Ok(app(store))
}

fn app(store: impl SessionStore + Clone) -> Router {
    let expiry = Expiry::OnInactivity(Duration::minutes(30));
    Router::new()
        .route("/user", get(user))
        .route("/login", post(log_in))
        .layer(SessionManagerLayer::new(store).with_expiry(expiry))
}

async fn user(session: Session) -> Answer {
    let user: Option<u64> = session.get("user").await.map_err(failed)?;
    Ok(if user.is_some() { StatusCode::OK } else { StatusCode::UNAUTHORIZED })
}

async fn log_in(session: Session, RawQuery(query): RawQuery) -> Answer {
    session.cycle_id().await.map_err(failed)?;
    session.insert("user", crate::peers::id(query.as_deref())).await.map_err(failed)?;
    Ok(StatusCode::OK)
}

fn failed(_: impl Error) -> StatusCode {
    StatusCode::INTERNAL_SERVER_ERROR
}
