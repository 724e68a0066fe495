//! The applications behind a socket, for a load generator.

mod remote;
pub mod wrk;

use crate::peers::{axum_login, tower_sessions};
use axum::Router;
use hallpass_core::{MemoryStore, SessionManager, SessionStore};
use hallpass_redis::RedisStore;
use hallpass_sqlx::PostgresStore;
use std::env;
use std::error::Error;

/// The variable with the address of Redis.
const REDIS: &str = "HALLPASS_TEST_REDIS";

/// The variable with the address of PostgreSQL.
const POSTGRES: &str = "HALLPASS_TEST_POSTGRES";

/// An application that can be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum App {
    /// axum without sessions.
    Bare,
    /// hallpass over its memory store.
    HallpassMemory,
    /// tower-sessions over its memory store.
    TowerSessionsMemory,
    /// axum-login over the memory store of tower-sessions.
    AxumLoginMemory,
    /// hallpass over Redis.
    HallpassRedis,
    /// tower-sessions over Redis.
    TowerSessionsRedis,
    /// hallpass over PostgreSQL.
    HallpassPostgres,
    /// tower-sessions over PostgreSQL.
    TowerSessionsPostgres,
}

impl App {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Bare,
        Self::HallpassMemory,
        Self::TowerSessionsMemory,
        Self::AxumLoginMemory,
        Self::HallpassRedis,
        Self::TowerSessionsRedis,
        Self::HallpassPostgres,
        Self::TowerSessionsPostgres,
    ];

    /// What it is called in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bare => "axum, bare",
            Self::HallpassMemory => "hallpass, memory",
            Self::TowerSessionsMemory => "tower-sessions, memory",
            Self::AxumLoginMemory => "axum-login, memory",
            Self::HallpassRedis => "hallpass, Redis",
            Self::TowerSessionsRedis => "tower-sessions, Redis",
            Self::HallpassPostgres => "hallpass, PostgreSQL",
            Self::TowerSessionsPostgres => "tower-sessions, PostgreSQL",
        }
    }

    /// The variable with the address of the server that it needs.
    #[must_use]
    pub fn variable(self) -> Option<&'static str> {
        match self {
            Self::HallpassRedis | Self::TowerSessionsRedis => Some(REDIS),
            Self::HallpassPostgres | Self::TowerSessionsPostgres => Some(POSTGRES),
            _ => None,
        }
    }

    /// The application.
    ///
    /// # Errors
    ///
    /// When its server cannot be reached, or the variable with its address is not set.
    pub async fn router(self) -> Result<Router, Box<dyn Error>> {
        let address = || self.variable().map_or(Ok(String::new()), env::var);
        Ok(match self {
            Self::Bare => benches::axum::bare(),
            Self::HallpassMemory => hallpass(MemoryStore::new())?,
            Self::TowerSessionsMemory => tower_sessions::app(),
            Self::AxumLoginMemory => axum_login::app(),
            Self::HallpassRedis => hallpass(RedisStore::connect(&address()?).await?)?,
            Self::TowerSessionsRedis => remote::redis(&address()?).await?,
            Self::HallpassPostgres => {
                let store = PostgresStore::connect(&address()?).await?;
                store.migrate().await?;
                hallpass(store)?
            }
            Self::TowerSessionsPostgres => remote::postgres(&address()?).await?,
        })
    }
}

fn hallpass(store: impl SessionStore) -> Result<Router, Box<dyn Error>> {
    Ok(benches::axum::layered(SessionManager::builder(store).build()?))
}
