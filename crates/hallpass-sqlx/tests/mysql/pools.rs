//! Pools that the application has set up for itself.

use super::database::Database;
use hallpass_core::{Created, Freshness, Realm, SessionStore, StoreErrorKind, Timestamp};
use hallpass_sqlx::MySqlStore;
use hallpass_testkit::{Fixture, Sample, op};

/// The isolation that the server comes with, a commit that opens the next transaction, values that are cut to fit, a foreign
/// time zone, and, on MariaDB, an error for rows that have changed since the snapshot.
const FOREIGN: &str = "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ; \
     SET SESSION sql_mode = '', completion_type = 'CHAIN', time_zone = '-11:00' \
     /*M!101108 , innodb_snapshot_isolation = ON */";

async fn make_store() -> Fixture {
    let database = Database::new().await;
    let store = MySqlStore::new(database.pool(FOREIGN).await).expect("a plain prefix");
    store.migrate().await.expect("fresh tables");
    Fixture::new(store).keep(database)
}

mod foreign {
    use super::make_store;

    hallpass_testkit::store_tests!(make_store, #[ignore = "needs MySQL or MariaDB: run cargo xtask test"]);
}

#[tokio::test]
#[ignore = "needs MySQL or MariaDB: run cargo xtask test"]
async fn data_is_kept_whole_or_refused() {
    let database = Database::new().await;
    let store = MySqlStore::new(database.pool(FOREIGN).await).unwrap();
    store.migrate().await.unwrap();
    let (realm, now) = (Realm::new("shop").unwrap(), Timestamp::from_millis(1_767_225_600_000));
    // More than a BLOB has room for.
    let record = Sample::visitor(&realm, now).value("n", &vec![7; 1 << 20]).build();
    let created = store.create(record.clone(), None, None, op(now)).await.unwrap();
    assert_eq!(created, Created::Created { evicted: vec![] });
    assert_eq!(store.load(&record.key, Freshness::Latest).await.unwrap(), Some(record));
    // More than the server takes in one packet, unless it is set to take more.
    let record = Sample::visitor(&realm, now).value("n", &vec![7; 65 << 20]).build();
    match store.create(record.clone(), None, None, op(now)).await {
        Ok(_) => assert_eq!(store.load(&record.key, Freshness::Latest).await.unwrap(), Some(record)),
        Err(error) => {
            assert_eq!(error.kind(), StoreErrorKind::Unavailable);
            assert_eq!(store.load(&record.key, Freshness::Latest).await.unwrap(), None);
        }
    }
}
