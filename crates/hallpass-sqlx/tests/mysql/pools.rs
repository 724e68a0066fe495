//! Pools that the application has set up for itself.

use super::database::Database;
use hallpass_core::{Created, EndReason, Freshness, Realm, SessionStore, StoreErrorKind, Timestamp, Updated};
use hallpass_sqlx::MySqlStore;
use hallpass_testkit::{Fixture, Sample, op, rewritten};
use std::time::SystemTime;

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

#[tokio::test]
#[ignore = "needs MySQL or MariaDB: run cargo xtask test"]
async fn a_transaction_that_the_application_left_open_neither_hides_a_logout_nor_swallows_a_write() {
    let database = Database::new().await;
    let elsewhere = database.store().await;
    let pool = database.pool_of_one(FOREIGN).await;
    let store = MySqlStore::new(pool.clone()).unwrap();
    let (realm, now) = (Realm::new("shop").unwrap(), SystemTime::now().into());
    let [ended, kept] = [(); 2].map(|()| Sample::visitor(&realm, now).build());
    for record in [&ended, &kept] {
        let _ = elsewhere.create(record.clone(), None, None, op(now)).await.unwrap();
    }
    // What a dropped `begin` leaves behind, and a first read that fixes what the transaction sees.
    let left = "START TRANSACTION; SELECT COUNT(*) FROM hallpass_session";
    sqlx::raw_sql(left).execute(&pool).await.unwrap();
    assert!(elsewhere.revoke(&ended.key, EndReason::LoggedOut, op(now)).await.unwrap().is_some());
    assert_eq!(store.load(&ended.key, Freshness::Latest).await.unwrap(), None);

    sqlx::raw_sql(left).execute(&pool).await.unwrap();
    let next = rewritten(&kept, |_| ());
    assert_eq!(store.update(next.clone(), kept.revision, op(now)).await.unwrap(), Updated::Written);
    assert_eq!(elsewhere.load(&kept.key, Freshness::Latest).await.unwrap(), Some(next));

    sqlx::raw_sql(left).execute(&pool).await.unwrap();
    assert!(store.revoke(&kept.key, EndReason::LoggedOut, op(now)).await.unwrap().is_some());
    assert_eq!(elsewhere.load(&kept.key, Freshness::Latest).await.unwrap(), None);
}
