//! Over one Redis, each as its documentation shows.

use super::{address, on_actix, on_axum};
use crate::peers::{actix_identity, actix_session, axess, axum_login, axum_session, tower_sessions_014};
use crate::row::Row;
use ::actix_session::storage::RedisSessionStore;
use ::axess::backends::valkey;
use ::axum_session::{SessionConfig, SessionStore};
use anyhow::Result;
use axum_session_redispool::SessionRedisPool;
use hallpass_cache::CachedStore;
use redis_pool::RedisPool;
use std::process;
use tower_sessions_redis_store::RedisStore;
use tower_sessions_redis_store::fred::prelude::{Client, ClientLike, Config, Pool};

/// How many connections the documentation of tower-sessions-redis-store opens.
const CONNECTIONS: usize = 6;

pub(super) const KEYS: [&str; 11] = [
    "axum/bare",
    "actix-web/bare",
    "axum/tower-sessions-redis-store",
    "axum/axum-login",
    "axum/axum_session_redispool",
    "axum in a runtime/axess",
    "axum/hallpass",
    "axum/hallpass, cached",
    "actix-web/actix-session",
    "actix-web/actix-identity",
    "actix-web/hallpass",
];

/// `None` if this has no sessions.
pub(super) async fn row(key: &str) -> Result<Option<Row>> {
    let url = &address("HALLPASS_TEST_REDIS")?;
    Ok(Some(match key {
        "axum/tower-sessions-redis-store" => {
            tower_sessions_014::row_over("tower-sessions-redis-store", tower_sessions(url).await?)
        }
        "axum/axum-login" => axum_login::row_over(tower_sessions(url).await?),
        "axum/axum_session_redispool" => {
            axum_session::row_over("axum_session_redispool", redispool(url).await?)
        }
        "axum in a runtime/axess" => axess::row_over(valkey(url).await?),
        "axum/hallpass" => on_axum("hallpass", hallpass(url).await?)?,
        "axum/hallpass, cached" => on_axum("hallpass, cached", CachedStore::new(hallpass(url).await?))?,
        "actix-web/actix-session" => actix_session::row_over(RedisSessionStore::new(url).await?),
        "actix-web/actix-identity" => actix_identity::row_over(RedisSessionStore::new(url).await?),
        "actix-web/hallpass" => on_actix(hallpass(url).await?)?,
        _ => return Ok(None),
    }))
}

async fn tower_sessions(url: &str) -> Result<RedisStore<Pool>> {
    let pool = Pool::new(Config::from_url(url)?, None, None, None, CONNECTIONS)?;
    pool.init().await?;
    Ok(RedisStore::new(pool))
}

async fn redispool(url: &str) -> Result<SessionStore<SessionRedisPool>> {
    let pool = RedisPool::from(redis::Client::open(url)?);
    Ok(SessionStore::new(Some(pool.into()), SessionConfig::default()).await?)
}

async fn valkey(url: &str) -> Result<valkey::SessionStore> {
    let client = Client::new(Config::from_url(url)?, None, None, None);
    client.init().await?;
    Ok(valkey::SessionStore::new(client, axess::KEY))
}

async fn hallpass(url: &str) -> Result<hallpass_redis::RedisStore> {
    let prefix = format!("peers-{}", process::id());
    Ok(hallpass_redis::RedisStore::builder().prefix(prefix).connect(url).await?)
}
