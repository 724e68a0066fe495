//! Over databases of one PostgreSQL, with as many connections each.

use super::{address, on_axum};
use crate::peers::{axess, axum_login, axum_session, tower_sessions_014};
use crate::row::Row;
use ::axess::backends::postgres;
use ::axess::session::SessionCrypto;
use ::axum_session::{SessionConfig, SessionStore};
use anyhow::Result;
use axum_session_sqlx::SessionPgPool;
use hallpass_cache::CachedStore;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use std::process;
use tower_sessions_sqlx_store::PostgresStore;
use tower_sessions_sqlx_store::sqlx::postgres as sqlx_08;

/// The default of sqlx and of hallpass.
const CONNECTIONS: u32 = 10;

pub(super) const KEYS: [&str; 7] = [
    "axum/bare",
    "axum/tower-sessions-sqlx-store",
    "axum/axum-login",
    "axum/axum_session_sqlx",
    "axum in a runtime/axess",
    "axum/hallpass",
    "axum/hallpass, cached",
];

/// `None` if this has no sessions.
pub(super) async fn row(key: &str) -> Result<Option<Row>> {
    Ok(Some(match key {
        "axum/tower-sessions-sqlx-store" => {
            tower_sessions_014::row_over("tower-sessions-sqlx-store", tower_sessions().await?)
        }
        "axum/axum-login" => axum_login::row_over(tower_sessions().await?),
        "axum/axum_session_sqlx" => {
            let pool = SessionPgPool::from(pool().await?);
            let store = SessionStore::new(Some(pool), SessionConfig::default()).await?;
            axum_session::row_over("axum_session_sqlx", store)
        }
        "axum in a runtime/axess" => {
            let store = postgres::SessionStore::new(pool().await?, SessionCrypto::new(axess::KEY));
            store.init_schema().await?;
            axess::row_over(store)
        }
        "axum/hallpass" => on_axum("hallpass", hallpass().await?)?,
        "axum/hallpass, cached" => on_axum("hallpass, cached", CachedStore::new(hallpass().await?))?,
        _ => return Ok(None),
    }))
}

async fn tower_sessions() -> Result<PostgresStore> {
    let pool = sqlx_08::PgPoolOptions::new().max_connections(CONNECTIONS);
    let store = PostgresStore::new(pool.connect(database().await?.as_str()).await?);
    store.migrate().await?;
    Ok(store)
}

async fn hallpass() -> Result<hallpass_sqlx::PostgresStore> {
    let store = hallpass_sqlx::PostgresStore::builder().max_connections(CONNECTIONS);
    let store = store.connect(database().await?.as_str()).await?;
    store.migrate().await?;
    Ok(store)
}

async fn pool() -> Result<PgPool> {
    Ok(PgPoolOptions::new().max_connections(CONNECTIONS).connect(database().await?.as_str()).await?)
}

/// The address of a new database of this process.
async fn database() -> Result<String> {
    let options: PgConnectOptions = address("HALLPASS_TEST_POSTGRES")?.parse()?;
    let name = format!("peers_{}", process::id());
    let mut connection = options.connect().await?;
    sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut connection).await?;
    connection.close().await?;
    Ok(options.database(&name).to_url_lossy().into())
}
