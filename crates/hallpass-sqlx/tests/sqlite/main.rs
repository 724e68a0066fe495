//! The store in SQLite, against real files.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod damage;
mod feed;
mod folder;
mod processes;
mod setup;
#[path = "../shared/damage.rs"]
mod shared_damage;

use folder::Folder;
use hallpass_sqlx::SqliteStore;
use hallpass_testkit::Fixture;

mod file {
    use super::*;

    async fn make_store() -> Fixture {
        let folder = Folder::new();
        let store = SqliteStore::connect(&folder.url()).await.expect("a new file");
        store.migrate().await.expect("fresh tables");
        Fixture::new(store).keep(folder)
    }

    hallpass_testkit::store_tests!(make_store);
}

mod memory {
    use super::*;

    async fn make_store() -> SqliteStore {
        let store = SqliteStore::connect("sqlite::memory:").await.expect("a database in memory");
        store.migrate().await.expect("fresh tables");
        store
    }

    hallpass_testkit::store_tests!(make_store);
}
