use crate::count::{Counter, Statements};
use hallpass_core::{MemoryStore, SessionStore};
use hallpass_redis::RedisStore;
use hallpass_servers::{Kind, Server};
use hallpass_sqlx::{PostgresStore, SqliteStore};
use std::error::Error;
use std::sync::Arc;

/// The store that is measured.
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) store: Arc<dyn SessionStore>,
    pub(crate) counter: Counter,
    /// Ends with this.
    _server: Option<Server>,
}

impl Target {
    pub(crate) async fn open(address: &str) -> Result<Self, Box<dyn Error>> {
        let name = address.split(':').next().unwrap_or_default().to_owned();
        let server = match address {
            "postgres" => Some(Server::builder(Kind::Postgres).setting("fsync", "on").start()?),
            "redis" => Some(Server::start(Kind::Redis)?),
            _ => None,
        };
        let url = server.as_ref().map_or(address, Server::url);
        let (store, counter): (Arc<dyn SessionStore>, _) = match &*name {
            "memory" => (Arc::new(MemoryStore::new()), Counter::Nothing),
            "sqlite" => {
                let store = SqliteStore::builder().connect(url).await?;
                store.migrate().await?;
                (Arc::new(store), Counter::Statements(Statements::install()))
            }
            "postgres" => {
                let store = PostgresStore::builder().connect(url).await?;
                store.migrate().await?;
                (Arc::new(store), Counter::Statements(Statements::install()))
            }
            "redis" => (Arc::new(RedisStore::builder().connect(url).await?), Counter::redis(url)?),
            _ => return Err(format!("there is no store {name:?}").into()),
        };
        Ok(Self { name, store, counter, _server: server })
    }
}
