//! The server, and a schema of its own for each test.

use hallpass_sqlx::{PostgresStore, PostgresStoreBuilder};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, PgPool};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// The address of a server on which schemas may be created.
pub(crate) fn url() -> String {
    std::env::var("HALLPASS_TEST_POSTGRES")
        .expect("HALLPASS_TEST_POSTGRES must hold the URL of a PostgreSQL database: run cargo xtask test")
}

/// A machine that runs all tests at once is slow.
const PATIENCE: Duration = Duration::from_secs(60);

/// A pool as an application may have it.
pub(crate) async fn pool(isolation: &str) -> PgPool {
    pool_of(isolation, 10).await
}

/// As [`pool`], with so many connections.
pub(crate) async fn pool_of(isolation: &str, connections: u32) -> PgPool {
    let options: PgConnectOptions = url().parse().expect("a URL");
    let options =
        options.options([("default_transaction_isolation", isolation), ("synchronous_commit", "off")]);
    let pool = PgPoolOptions::new().max_connections(connections).acquire_timeout(PATIENCE);
    pool.connect_with(options).await.expect("the server")
}

/// A builder of a store in which nothing fails for being slow.
pub(crate) fn patient(schema: &Schema) -> PostgresStoreBuilder {
    let builder = PostgresStore::builder().schema(schema.name()).acquire_timeout(PATIENCE);
    builder.statement_timeout(PATIENCE).lock_timeout(PATIENCE)
}

/// A store on connections of its own.
pub(crate) async fn store(schema: &Schema) -> PostgresStore {
    let store = patient(schema).connect(&url()).await.expect("the server");
    store.migrate().await.expect("fresh tables");
    store
}

/// A connection for what the store has no call for.
pub(crate) async fn connection() -> PgConnection {
    PgConnection::connect(&url()).await.expect("the server")
}

pub(crate) async fn run(sql: String) {
    connection().await.execute(AssertSqlSafe(sql)).await.expect("a statement of the test");
}

/// A schema that is dropped with all it holds.
#[derive(Debug)]
pub(crate) struct Schema(String);

impl Schema {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        Self(format!("hp_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)))
    }

    pub(crate) fn name(&self) -> String {
        self.0.clone()
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        // A test that has failed may still hold locks.
        let drop = format!("SET lock_timeout = '5s'; DROP SCHEMA IF EXISTS {} CASCADE", self.0);
        // The test's runtime may be ending.
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(run(drop));
        });
        // A schema that is left over disturbs no other test.
        let _ = thread.join();
    }
}
