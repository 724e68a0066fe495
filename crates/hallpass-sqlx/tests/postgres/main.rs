//! The store in PostgreSQL, against a real server.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod damage;
mod feed;
mod locks;
mod pools;
mod proxy;
mod server;
mod setup;
#[path = "../shared/damage.rs"]
mod shared_damage;

use hallpass_testkit::Fixture;
use server::Schema;

/// On connections of the store's own.
mod own {
    use super::*;

    async fn make_store() -> Fixture {
        let schema = Schema::new();
        Fixture::new(server::store(&schema).await).keep(schema)
    }

    hallpass_testkit::store_tests!(make_store, #[ignore = "needs PostgreSQL: run cargo xtask test"]);
}

/// In a pool of the application whose transactions are serializable and do not wait for the disk.
mod foreign {
    use super::*;

    async fn make_store() -> Fixture {
        let schema = Schema::new();
        let pool = server::pool("serializable").await;
        let store = server::patient(&schema).pool(pool).expect("a schema's name");
        store.migrate().await.expect("fresh tables");
        Fixture::new(store).keep(schema)
    }

    hallpass_testkit::store_tests!(make_store, #[ignore = "needs PostgreSQL: run cargo xtask test"]);
}
