//! Rows that no store of this version has written.

use super::database::Database;
use hallpass_core::{
    EndReason, Freshness, Realm, Record, SessionStore, StoreErrorKind, Subject, SubjectKey, SubjectRevoked,
    Timestamp, Which,
};
use hallpass_sqlx::MySqlStore;
use hallpass_testkit::{Sample, op, ticket};
use std::sync::Arc;
use std::time::SystemTime;

const DAMAGES: [&str; 9] = [
    "data = CONCAT(data, 'x')",
    "data = ''",
    "user_agent = 'other'",
    "subject = 'eve'",
    "stamp = NULL",
    "revision = revision + 1",
    "absolute_until = absolute_until + 1",
    "authenticated = authenticated + 1",
    "transport = 7",
];

fn now() -> Timestamp {
    SystemTime::now().into()
}

fn ada() -> SubjectKey {
    SubjectKey::new(Realm::new("shop").expect("a plain name"), Subject::from(1))
}

async fn login(store: &MySqlStore) -> Arc<Record> {
    let record = Sample::login(&ada(), now()).client("curl", [127, 0, 0, 1]).value("n", b"1").build();
    let ticket = ticket(store.epoch(&ada()).await.expect("the epoch"), record.created);
    let _ = store.create(record.clone(), Some(&ticket), None, op(record.created)).await.expect("a login");
    record
}

#[tokio::test]
#[ignore = "needs MySQL or MariaDB: run cargo xtask test"]
async fn a_damaged_row_is_an_error_and_can_still_be_ended() {
    let database = Database::new().await;
    let store = database.store().await;
    for damage in DAMAGES {
        let record = login(&store).await;
        assert_eq!(database.execute(format!("UPDATE hallpass_session SET {damage}")).await, 1);
        let loaded = store.load(&record.key, Freshness::Latest).await;
        assert_eq!(loaded.expect_err(damage).kind(), StoreErrorKind::Undecodable, "{damage}");
        let ended = store.revoke(&record.key, EndReason::LoggedOut, op(now())).await.unwrap();
        assert_eq!(ended.map(|ended| ended.key), Some(record.key), "{damage}");
        assert!(store.load(&record.key, Freshness::Latest).await.unwrap().is_none(), "{damage}");
    }
}

#[tokio::test]
#[ignore = "needs MySQL or MariaDB: run cargo xtask test"]
async fn a_row_of_a_future_version_is_an_error_and_nothing_is_lost() {
    let database = Database::new().await;
    let store = database.store().await;
    let record = login(&store).await;
    database.execute("UPDATE hallpass_session SET format = 2").await;
    let error = store.load(&record.key, Freshness::Latest).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Undecodable);
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("format 2"), "{source}");
    database.execute("UPDATE hallpass_session SET format = 1").await;
    assert_eq!(store.load(&record.key, Freshness::Latest).await.unwrap(), Some(record));
}

#[tokio::test]
#[ignore = "needs MySQL or MariaDB: run cargo xtask test"]
async fn damaged_and_future_rows_end_with_their_user_and_by_the_sweep() {
    let database = Database::new().await;
    let store = database.store().await;
    for change in ["transport = 7", "format = 2", "data = ''"] {
        login(&store).await;
        database.execute(format!("UPDATE hallpass_session SET {change}")).await;
        let revoked = store
            .revoke_subject(&ada(), None, Which::All, EndReason::Administrator, op(now()))
            .await
            .unwrap();
        assert!(matches!(revoked, SubjectRevoked::Done { ended, .. } if ended.len() == 1), "{change}");

        login(&store).await;
        database.execute(format!("UPDATE hallpass_session SET idle_until = 1, {change}")).await;
        assert_eq!(store.sweep(10, op(now())).await.unwrap().ended.len(), 1, "{change}");
    }
}

#[tokio::test]
#[ignore = "needs MySQL or MariaDB: run cargo xtask test"]
async fn what_does_not_decode_is_never_an_empty_list() {
    let database = Database::new().await;
    let store = database.store().await;
    login(&store).await;
    database.execute("UPDATE hallpass_session SET user_agent = UNHEX('FF')").await;
    let error = store.subject(&ada(), now()).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Undecodable);
}
