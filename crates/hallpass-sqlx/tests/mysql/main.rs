//! The store in MySQL and MariaDB, against a real server.
#![cfg(feature = "mysql")]

mod damage;
mod database;
mod feed;
mod pools;
mod races;
mod setup;

use database::Database;
use hallpass_testkit::Fixture;

mod conformance {
    use super::*;

    async fn make_store() -> Fixture {
        let database = Database::new().await;
        Fixture::new(database.store().await).keep(database)
    }

    hallpass_testkit::store_tests!(make_store, #[ignore = "needs MySQL or MariaDB: run cargo xtask test"]);
}
