use crate::Users;
use crate::demo::StartError;
use crate::users;
use hallpass_cache::CachedStore;
use hallpass_core::{MemoryStore, SessionStore, SharedStore};
use hallpass_redis::{RedisStore, RedisThrottle};
use hallpass_sqlx::{MySqlStore, PostgresStore, SetupError, SqliteStore};
use sqlx::SqlitePool;
use sqlx::mysql::MySqlPoolOptions;
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::SqlitePoolOptions;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

/// How long a request waits for a connection to the database of users.
const ACQUIRE: Duration = Duration::from_secs(3);

/// Where sessions and users are kept.
pub(crate) struct Store {
    pub(crate) sessions: SharedStore,
    pub(crate) users: Users,
    /// What counts attempts to log in for all nodes; without it each node counts its own.
    pub(crate) throttle: Option<RedisThrottle>,
}

impl Store {
    fn new(sessions: impl Into<SharedStore>, users: Users) -> Self {
        Self { sessions: sessions.into(), users, throttle: None }
    }
}

/// Opens what `--store` names, and creates tables that are missing. What is asked over a network is cached.
pub(crate) async fn open(address: &str) -> Result<Store, StartError> {
    let scheme = address.split(':').next().unwrap_or_default();
    match scheme {
        "memory" if address == "memory" => Ok(Store::new(MemoryStore::new(), users_in_memory().await?)),
        "sqlite" => sqlite(address).await,
        "postgres" | "postgresql" => postgres(address).await,
        "mysql" | "mariadb" => mysql(address).await,
        "redis" | "redis-cluster" => redis(address).await,
        // The rest of the address may hold a password.
        other => Err(StartError::option(format!(
            "--store is memory, sqlite:PATH, postgres://…, mysql://…, redis://… or redis-cluster://…, and not {other}{}",
            if address == other { "" } else { ":…" }
        ))),
    }
}

async fn sqlite(address: &str) -> Result<Store, StartError> {
    let store = SqliteStore::connect(address).await.map_err(refused)?;
    store.migrate().await.map_err(refused)?;
    let users = if address.contains(":memory:") || address.contains("mode=memory") {
        users_in_memory().await?
    } else {
        users::open(SqlitePool::connect(address).await.map_err(failed)?).await?
    };
    Ok(Store::new(store, users))
}

async fn postgres(address: &str) -> Result<Store, StartError> {
    let store = PostgresStore::connect(address).await.map_err(refused)?;
    store.migrate().await.map_err(refused)?;
    let pool = PgPoolOptions::new().acquire_timeout(ACQUIRE).connect(address).await.map_err(failed)?;
    Ok(Store::new(CachedStore::new(store), users::open(pool).await?))
}

async fn mysql(address: &str) -> Result<Store, StartError> {
    let store = MySqlStore::connect(address).await.map_err(refused)?;
    store.migrate().await.map_err(refused)?;
    let pool = MySqlPoolOptions::new().acquire_timeout(ACQUIRE).connect(address).await.map_err(failed)?;
    Ok(Store::new(CachedStore::new(store), users::open(pool).await?))
}

async fn redis(address: &str) -> Result<Store, StartError> {
    let store = RedisStore::connect(address).await.map_err(|error| match error {
        hallpass_redis::SetupError::Url(_) => StartError::option(error).within("--store"),
        error => failed(error),
    })?;
    let store = Arc::new(store);
    let throttle = Some(RedisThrottle::over(Arc::clone(&store)));
    let store: Arc<dyn SessionStore> = store;
    Ok(Store { throttle, ..Store::new(CachedStore::new(store), users_in_memory().await?) })
}

/// The demo's users where there is no database for them.
pub(crate) async fn users_in_memory() -> Result<Users, StartError> {
    users::open(memory().await.map_err(failed)?).await
}

/// A database that lives as long as its one connection. A pool that tests it first closes it when the caller goes away
/// meanwhile, as browsers do.
pub(crate) async fn memory() -> Result<SqlitePool, sqlx::Error> {
    let forever = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
    forever.test_before_acquire(false).connect("sqlite::memory:").await
}

fn refused(error: SetupError) -> StartError {
    match error {
        SetupError::InvalidUrl { .. } => StartError::option(error).within("--store"),
        error => failed(error),
    }
}

fn failed(error: impl Error + Send + Sync + 'static) -> StartError {
    StartError::system(error).within("--store")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::{Context, Waker};

    #[tokio::test]
    async fn a_caller_who_goes_away_closes_no_database_in_memory() {
        let pool = memory().await.unwrap();
        // A test of the connection is seldom caught under way.
        for _ in 0..1000 {
            while pool.num_idle() == 0 {
                tokio::task::yield_now().await;
            }
            let mut acquiring = Box::pin(pool.acquire());
            let _ = acquiring.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            drop(acquiring);
            assert_eq!(pool.size(), 1);
        }
    }
}
