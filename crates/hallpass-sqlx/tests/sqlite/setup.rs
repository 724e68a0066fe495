use super::folder::Folder;
use super::shared_damage::{ada, later, login, now};
use hallpass_core::{EndReason, Freshness, SessionStore, StoreErrorKind};
use hallpass_sqlx::{SetupError, SqliteStore};
use sqlx::{Connection, Executor, SqliteConnection, SqlitePool};
use std::error::Error as _;
use std::time::Duration;

#[tokio::test]
async fn missing_tables_are_told_of_at_the_start_and_are_no_anonymous_visitors_later() {
    let store = SqliteStore::connect("sqlite::memory:").await.unwrap();
    let error = store.check().await.unwrap_err();
    assert!(matches!(error, SetupError::SchemaMissing { .. }), "{error:?}");
    assert!(error.to_string().contains("call migrate()"), "{error}");
    let key = hallpass_testkit::Sample::login(&ada(), now()).build().key;
    let kind = |error: hallpass_core::StoreError| error.kind();
    assert_eq!(store.load(&key, Freshness::Latest).await.map_err(kind), Err(StoreErrorKind::Unavailable));
    let revoked = store.revoke(&key, EndReason::LoggedOut, later()).await;
    assert_eq!(revoked.map_err(kind), Err(StoreErrorKind::Unavailable));
    store.migrate().await.unwrap();
    store.check().await.unwrap();
}

#[tokio::test]
async fn tables_of_another_version_are_refused_and_left_as_they_are() {
    let folder = Folder::new();
    let store = SqliteStore::connect(&folder.url()).await.unwrap();
    store.migrate().await.unwrap();
    let mut other = SqliteConnection::connect(&folder.url()).await.unwrap();
    other.execute("INSERT INTO hallpass_schema (version) VALUES (1000)").await.unwrap();
    for error in [store.check().await, store.migrate().await] {
        assert!(matches!(error, Err(SetupError::SchemaNewer { found: 1000, needed: 1 })), "{error:?}");
    }
    other.execute("UPDATE hallpass_schema SET version = 0 WHERE version = 1").await.unwrap();
    other.execute("DELETE FROM hallpass_schema WHERE version = 1000").await.unwrap();
    let error = store.check().await.unwrap_err();
    assert!(matches!(error, SetupError::SchemaOlder { found: 0, needed: 1 }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_stores_migrate_one_file_at_once() {
    let folder = Folder::new();
    let migrations: Vec<_> = (0..8)
        .map(|_| {
            let url = folder.url();
            tokio::spawn(async move { SqliteStore::connect(&url).await?.migrate().await })
        })
        .collect();
    for migration in migrations {
        migration.await.unwrap().unwrap();
    }
    let store = SqliteStore::connect(&folder.url()).await.unwrap();
    store.check().await.unwrap();
    login(&store).await;
}

#[tokio::test]
async fn two_prefixes_in_one_file_are_two_stores() {
    let folder = Folder::new();
    let [a, b] = ["a_", "b_"].map(|prefix| SqliteStore::builder().table_prefix(prefix));
    let (a, b) = (a.connect(&folder.url()).await.unwrap(), b.connect(&folder.url()).await.unwrap());
    a.migrate().await.unwrap();
    assert!(matches!(b.check().await, Err(SetupError::SchemaMissing { tables }) if tables == "b_"));
    b.migrate().await.unwrap();
    let record = login(&a).await;
    assert_eq!(b.load(&record.key, Freshness::Latest).await.unwrap(), None);
    assert_eq!(b.revoke(&record.key, EndReason::LoggedOut, later()).await.unwrap(), None);
    assert!(a.load(&record.key, Freshness::Latest).await.unwrap().is_some());
}

#[tokio::test]
async fn what_cannot_be_opened_says_why() {
    let prefix = SqliteStore::builder().table_prefix("a; DROP").connect("sqlite::memory:").await;
    assert!(matches!(prefix, Err(SetupError::InvalidName { of: "table prefix" })), "{prefix:?}");
    let url = SqliteStore::connect("sqlite:a.db?mode=nonsense").await;
    assert!(matches!(url, Err(SetupError::InvalidUrl { .. })), "{url:?}");
    let folder = SqliteStore::connect("sqlite:///no/such/folder/a.db").await.unwrap_err();
    assert!(matches!(folder, SetupError::Connect(_)) && folder.source().is_some(), "{folder:?}");
}

#[tokio::test]
async fn a_pool_of_the_application_is_used_with_its_database() {
    let folder = Folder::new();
    let pool = SqlitePool::connect(&format!("{}?mode=rwc", folder.url())).await.unwrap();
    let store = SqliteStore::new(pool.clone()).unwrap();
    store.migrate().await.unwrap();
    login(&store).await;
    let count: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM hallpass_session").fetch_one(&pool).await.unwrap();
    assert_eq!(count, 1);

    let pool = SqlitePool::connect("sqlite::memory:").await.unwrap();
    let store = SqliteStore::new(pool).unwrap();
    store.migrate().await.unwrap();
    let record = login(&store).await;
    assert!(store.load(&record.key, Freshness::Latest).await.unwrap().is_some());
}

#[tokio::test]
async fn a_write_that_never_gets_the_lock_is_an_error_and_the_next_one_is_not() {
    let folder = Folder::new();
    let store = SqliteStore::builder().busy_timeout(Duration::from_millis(1));
    let store = store.connect(&folder.url()).await.unwrap();
    store.migrate().await.unwrap();
    let record = login(&store).await;
    let mut other = SqliteConnection::connect(&folder.url()).await.unwrap();
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    let revoked = store.revoke(&record.key, EndReason::LoggedOut, later()).await;
    assert_eq!(revoked.map_err(|error| error.kind()), Err(StoreErrorKind::Unavailable));
    assert!(store.load(&record.key, Freshness::Latest).await.unwrap().is_some(), "readers do not wait");
    other.execute("ROLLBACK").await.unwrap();
    assert!(store.revoke(&record.key, EndReason::LoggedOut, later()).await.unwrap().is_some());
}
