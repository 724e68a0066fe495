//! A database of its own for each test, on the server that the environment names.

use hallpass_sqlx::MySqlStore;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlPoolOptions};
use sqlx::{AssertSqlSafe, Connection, MySqlPool};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Dropped with all it holds when this is dropped.
#[derive(Debug)]
pub(crate) struct Database {
    server: MySqlConnectOptions,
    name: String,
}

impl Database {
    pub(crate) async fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("hallpass_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let server: MySqlConnectOptions = server_url().parse().expect("HALLPASS_TEST_MYSQL is a URL");
        let database = Self { server, name };
        for what in ["DROP DATABASE IF EXISTS", "CREATE DATABASE"] {
            database.on_server(what).await.expect("the server, and a user who may create databases");
        }
        database
    }

    async fn on_server(&self, what: &str) -> sqlx::Result<()> {
        let mut connection = MySqlConnection::connect_with(&self.server).await?;
        // A test that failed may have left a transaction open.
        let statement = format!("SET SESSION lock_wait_timeout = 5; {what} {}", self.name);
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.map(drop)
    }

    pub(crate) fn url(&self) -> String {
        let url = server_url();
        let (before, _) = url.rsplit_once('/').expect("HALLPASS_TEST_MYSQL names a database");
        format!("{before}/{}", self.name)
    }

    /// A store with its tables, and connections for many calls at once.
    pub(crate) async fn store(&self) -> MySqlStore {
        let store = MySqlStore::builder()
            .max_connections(24)
            .acquire_timeout(Duration::from_secs(60))
            .connect(&self.url())
            .await
            .expect("the server");
        store.migrate().await.expect("fresh tables");
        store
    }

    /// A pool as an application may have it, after `settings` on each connection.
    pub(crate) async fn pool(&self, settings: &'static str) -> MySqlPool {
        self.pool_of(24, settings).await
    }

    /// The same with one connection for all.
    pub(crate) async fn pool_of_one(&self, settings: &'static str) -> MySqlPool {
        self.pool_of(1, settings).await
    }

    async fn pool_of(&self, connections: u32, settings: &'static str) -> MySqlPool {
        let pool =
            MySqlPoolOptions::new().max_connections(connections).after_connect(move |connection, _| {
                Box::pin(async move { sqlx::raw_sql(settings).execute(connection).await.map(drop) })
            });
        pool.connect(&self.url()).await.expect("the server")
    }

    /// Runs a statement behind the store's back.
    pub(crate) async fn execute(&self, statement: impl Into<String>) -> u64 {
        let mut connection = MySqlConnection::connect(&self.url()).await.expect("the server");
        let done = sqlx::raw_sql(AssertSqlSafe(statement.into())).execute(&mut connection).await;
        done.expect("a statement of the test").rows_affected()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                let dropped = runtime.expect("a runtime").block_on(self.on_server("DROP DATABASE IF EXISTS"));
                if let Err(error) = dropped {
                    eprintln!("{} is left behind: {error}", self.name);
                }
            });
        });
    }
}

fn server_url() -> String {
    std::env::var("HALLPASS_TEST_MYSQL")
        .expect("HALLPASS_TEST_MYSQL is not set: run the tests by `cargo xtask test`")
}
