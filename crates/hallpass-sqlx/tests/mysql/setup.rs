//! Before a store serves: URLs, passwords, tables, settings of the server.

use super::database::Database;
use hallpass_core::{Freshness, Realm, SessionStore, StoreErrorKind, Subject, SubjectKey, Timestamp};
use hallpass_sqlx::{MySqlStore, SetupError};
use hallpass_testkit::{Sample, op, ticket};
use std::error::Error;

const SHIPPED: &str = include_str!("../../migrations/mysql/0001_sessions.sql");

fn ada() -> SubjectKey {
    SubjectKey::new(Realm::new("shop").expect("a plain name"), Subject::from(1))
}

async fn refused(url: &str) -> SetupError {
    MySqlStore::connect(url).await.expect_err("there is no such database")
}

/// An error with all that caused it, as it ends up in a log.
fn told(error: &dyn Error) -> String {
    let own = format!("{error} {error:?}");
    error.source().map_or(own.clone(), |source| format!("{own}; {}", told(source)))
}

#[tokio::test]
async fn a_url_that_is_none_is_refused_without_being_repeated() {
    for url in
        ["", "mysql", "mysql://u:sesame@host", "postgres://u:sesame@host/db", "mysql://u:sesame@host:x/db"]
    {
        let error = refused(url).await;
        assert!(matches!(error, SetupError::InvalidUrl { .. }), "{error:?}");
        assert!(!told(&error).contains("sesame"), "{}", told(&error));
    }
}

#[tokio::test]
#[ignore = "needs MySQL or MariaDB: run cargo xtask test"]
async fn a_wrong_password_is_refused_at_once_without_being_repeated() {
    let database = Database::new().await;
    let url = database.url();
    let (user, server) = url.strip_prefix("mysql://").unwrap().split_once('@').unwrap();
    let user = user.split(':').next().unwrap();
    let error = refused(&format!("mysql://{user}:open-sesame@{server}")).await;
    assert!(matches!(&error, SetupError::Connect(sqlx::Error::Database(_))), "{error:?}");
    assert!(!told(&error).contains("sesame"), "{}", told(&error));
}

#[tokio::test]
#[ignore = "needs MySQL or MariaDB: run cargo xtask test"]
async fn a_database_that_does_not_exist_and_a_server_that_is_not_there_are_refused() {
    let database = Database::new().await;
    let error = refused(&format!("{}_other", database.url())).await;
    assert!(matches!(&error, SetupError::Connect(sqlx::Error::Database(_))), "{error:?}");
    let error = refused("mysql://user@127.0.0.1:1/db").await;
    assert!(matches!(&error, SetupError::Connect(sqlx::Error::Io(_))), "{error:?}");
}

#[tokio::test]
#[ignore = "needs MySQL or MariaDB: run cargo xtask test"]
async fn without_tables_every_call_is_an_error_and_the_check_says_why() {
    let database = Database::new().await;
    let store = MySqlStore::connect(&database.url()).await.unwrap();
    let error = store.check().await.unwrap_err();
    assert!(matches!(&error, SetupError::SchemaMissing { tables } if tables == "hallpass_"), "{error:?}");
    let record = Sample::login(&ada(), Timestamp::from_millis(1)).build();
    let loaded = store.load(&record.key, Freshness::Latest).await;
    assert_eq!(loaded.unwrap_err().kind(), StoreErrorKind::Unavailable);
    let revoked = store.revoke(&record.key, hallpass_core::EndReason::LoggedOut, op(record.created)).await;
    assert_eq!(revoked.unwrap_err().kind(), StoreErrorKind::Unavailable);
}

#[tokio::test]
#[ignore = "needs MySQL or MariaDB: run cargo xtask test"]
async fn tables_of_a_newer_version_are_refused_and_left_alone() {
    let database = Database::new().await;
    let store = database.store().await;
    database.execute("INSERT INTO hallpass_schema (version) VALUES (999)").await;
    for result in [store.check().await, store.migrate().await] {
        assert!(matches!(result, Err(SetupError::SchemaNewer { found: 999, .. })), "{result:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs MySQL or MariaDB: run cargo xtask test"]
async fn many_nodes_may_migrate_at_once() {
    let database = Database::new().await;
    let url = database.url();
    let nodes: Vec<_> = (0..8)
        .map(|_| {
            let url = url.clone();
            tokio::spawn(async move {
                let store = MySqlStore::connect(&url).await?;
                store.migrate().await?;
                store.check().await
            })
        })
        .collect();
    for node in nodes {
        node.await.unwrap().unwrap();
    }
}

#[tokio::test]
#[ignore = "needs MySQL or MariaDB: run cargo xtask test"]
async fn a_migration_that_broke_off_is_finished_by_the_next() {
    let database = Database::new().await;
    let store = database.store().await;
    database.execute("DELETE FROM hallpass_schema; DROP TABLE hallpass_event").await;
    assert!(matches!(store.check().await, Err(SetupError::SchemaMissing { .. })));
    store.migrate().await.unwrap();
    store.check().await.unwrap();
    store.feed().await.unwrap();
}

#[tokio::test]
#[ignore = "needs MySQL or MariaDB: run cargo xtask test"]
async fn the_shipped_file_is_all_that_a_store_needs() {
    let database = Database::new().await;
    database.execute(SHIPPED.replace("hallpass_", "shop_")).await;
    let store = MySqlStore::builder().table_prefix("shop_").connect(&database.url()).await.unwrap();
    store.check().await.unwrap();
    assert!(store.subject(&ada(), Timestamp::from_millis(1)).await.unwrap().is_empty());
}

#[tokio::test]
#[ignore = "needs MySQL or MariaDB: run cargo xtask test"]
async fn stores_with_different_prefixes_share_nothing() {
    let database = Database::new().await;
    let one = database.store().await;
    let other = MySqlStore::builder().table_prefix("other_").connect(&database.url()).await.unwrap();
    other.migrate().await.unwrap();
    let record = Sample::login(&ada(), Timestamp::from_millis(1)).build();
    let ticket = ticket(one.epoch(&ada()).await.unwrap(), record.created);
    let _ = one.create(record.clone(), Some(&ticket), None, op(record.created)).await.unwrap();
    assert!(one.load(&record.key, Freshness::Latest).await.unwrap().is_some());
    assert!(other.load(&record.key, Freshness::Latest).await.unwrap().is_none());
    let error = MySqlStore::builder().table_prefix("a`; DROP").connect(&database.url()).await.unwrap_err();
    assert!(matches!(error, SetupError::InvalidName { .. }), "{error:?}");
}

#[tokio::test]
#[ignore = "needs MySQL or MariaDB: run cargo xtask test"]
async fn a_pool_whose_writes_are_not_kept_is_unsuitable() {
    let database = Database::new().await;
    for settings in ["SET SESSION autocommit = 0", "SET SESSION TRANSACTION READ ONLY"] {
        let store = MySqlStore::new(database.pool(settings).await).unwrap();
        for result in [store.check().await, store.migrate().await] {
            assert!(matches!(result, Err(SetupError::Unsuitable { .. })), "{settings}: {result:?}");
        }
    }
}

#[tokio::test]
async fn a_pool_without_a_database_is_unsuitable() {
    let options: sqlx::mysql::MySqlConnectOptions = "mysql://user@127.0.0.1".parse().unwrap();
    let pool = sqlx::MySqlPool::connect_lazy_with(options);
    assert!(matches!(MySqlStore::new(pool), Err(SetupError::Unsuitable { .. })));
}
