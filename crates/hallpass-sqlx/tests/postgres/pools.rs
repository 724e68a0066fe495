//! A pool that the application has set up for itself.

use super::server::{self, Schema};
use hallpass_core::{EndReason, Freshness, Realm, SessionStore, Updated};
use hallpass_sqlx::PostgresStore;
use hallpass_testkit::{Sample, op, rewritten};
use sqlx::AssertSqlSafe;
use std::time::SystemTime;

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn a_transaction_that_the_application_left_open_neither_hides_a_logout_nor_swallows_a_write() {
    let schema = Schema::new();
    let elsewhere = server::store(&schema).await;
    let pool = server::pool_of("repeatable read", 1).await;
    let store = PostgresStore::builder().schema(schema.name()).pool(pool.clone()).unwrap();
    let (realm, now) = (Realm::new("shop").unwrap(), SystemTime::now().into());
    let [ended, kept] = [(); 2].map(|()| Sample::visitor(&realm, now).build());
    for record in [&ended, &kept] {
        let _ = elsewhere.create(record.clone(), None, None, op(now)).await.unwrap();
    }
    // What a dropped `begin` leaves behind, and a first read that fixes what the transaction sees.
    let left = format!("BEGIN; SELECT count(*) FROM {}.hallpass_session", schema.name());
    let leave_open = || sqlx::raw_sql(AssertSqlSafe(left.clone())).execute(&pool);
    leave_open().await.unwrap();
    assert!(elsewhere.revoke(&ended.key, EndReason::LoggedOut, op(now)).await.unwrap().is_some());
    assert_eq!(store.load(&ended.key, Freshness::Latest).await.unwrap(), None);

    leave_open().await.unwrap();
    let next = rewritten(&kept, |_| ());
    assert_eq!(store.update(next.clone(), kept.revision, op(now)).await.unwrap(), Updated::Written);
    assert_eq!(elsewhere.load(&kept.key, Freshness::Latest).await.unwrap(), Some(next));

    leave_open().await.unwrap();
    assert!(store.revoke(&kept.key, EndReason::LoggedOut, op(now)).await.unwrap().is_some());
    assert_eq!(elsewhere.load(&kept.key, Freshness::Latest).await.unwrap(), None);
}
