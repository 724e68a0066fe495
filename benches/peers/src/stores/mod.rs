//! Where the sessions are, and who can keep them there.

#[cfg(feature = "stores")]
mod postgres;
#[cfg(feature = "stores")]
mod redis;

use crate::entrants::{self, key};
use crate::row::{Kind, Row};
use anyhow::{Context, Result};
#[cfg(feature = "stores")]
use hallpass_core::{SessionManager, SharedStore};
use std::fmt;

/// Where the sessions are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Store {
    /// In the memory of the application.
    #[default]
    Memory,
    /// In the Redis that `HALLPASS_TEST_REDIS` names.
    #[cfg(feature = "stores")]
    Redis,
    /// In databases of their own, in the PostgreSQL that `HALLPASS_TEST_POSTGRES` names.
    #[cfg(feature = "stores")]
    Postgres,
}

impl Store {
    /// The [keys](key) of the applications over this store, and of the frameworks alone.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn keys(self) -> Vec<String> {
        match self {
            Self::Memory => rows().iter().map(key).collect(),
            #[cfg(feature = "stores")]
            Self::Redis => redis::KEYS.map(str::to_owned).to_vec(),
            #[cfg(feature = "stores")]
            Self::Postgres => postgres::KEYS.map(str::to_owned).to_vec(),
        }
    }

    /// The application with this key.
    ///
    /// # Errors
    ///
    /// When there is none, its server cannot be reached, or the variable with the address is not set.
    pub async fn row(self, wanted: &str) -> Result<Row> {
        let row = match self {
            Self::Memory => None,
            #[cfg(feature = "stores")]
            Self::Redis => redis::row(wanted).await?,
            #[cfg(feature = "stores")]
            Self::Postgres => postgres::row(wanted).await?,
        };
        let row = row.or_else(|| rows().into_iter().find(|row| key(row) == wanted));
        row.with_context(|| format!("{wanted}: no such application"))
    }

    /// Who has no store of this kind, and why.
    #[must_use]
    pub fn absent(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Memory => &[],
            #[cfg(feature = "stores")]
            Self::Redis => &[("warp-sessions", "its store is of 2021, on redis 0.20, and left out")],
            #[cfg(feature = "stores")]
            Self::Postgres => &[
                ("actix-session", "has no store of this kind"),
                ("actix-identity", "is built on actix-session"),
                ("warp-sessions", "its store is of 2021, on sqlx 0.5, and left out"),
            ],
        }
    }
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Memory => "memory",
            #[cfg(feature = "stores")]
            Self::Redis => "Redis",
            #[cfg(feature = "stores")]
            Self::Postgres => "PostgreSQL",
        })
    }
}

/// Those in memory: the frameworks alone first.
fn rows() -> Vec<Row> {
    let mut rows = entrants::all();
    // Over a socket everything is inside of a runtime, so that one bare axum is enough.
    rows.retain(|row| match row.kind() {
        Kind::Nothing => false,
        Kind::Bare => row.base().framework() == row.base().name(),
        Kind::Peer | Kind::Hallpass => true,
    });
    rows
}

#[cfg(feature = "stores")]
fn on_axum(name: &str, store: impl Into<SharedStore>) -> Result<Row> {
    let sessions = SessionManager::builder(store).build()?;
    Ok(Row::axum(name, benches::axum::layered(sessions)).of_kind(Kind::Hallpass))
}

#[cfg(feature = "stores")]
fn on_actix(store: impl Into<SharedStore>) -> Result<Row> {
    let sessions = SessionManager::builder(store).build()?;
    let make = async move || benches::actix::hallpass(sessions.clone()).0;
    Ok(Row::actix("hallpass", make).of_kind(Kind::Hallpass))
}

#[cfg(feature = "stores")]
fn address(variable: &str) -> Result<String> {
    std::env::var(variable).with_context(|| format!("{variable} is not set: see `cargo xtask servers`"))
}
