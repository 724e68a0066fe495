use super::server::{self, Schema};
use super::shared_damage::{ada, later, login, now};
use hallpass_core::{EndReason, Freshness, SessionStore, StoreError, StoreErrorKind};
use hallpass_sqlx::{PostgresStore, SetupError};
use std::error::Error;

/// The message with those of its sources.
fn told(error: &dyn Error) -> String {
    error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {}", told(source)))
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn missing_tables_are_told_of_at_the_start_and_are_no_anonymous_visitors_later() {
    let schema = Schema::new();
    let store = PostgresStore::builder().schema(schema.name()).connect(&server::url()).await.unwrap();
    let error = store.check().await.unwrap_err();
    assert!(matches!(error, SetupError::SchemaMissing { .. }), "{error:?}");
    assert!(error.to_string().contains("call migrate()"), "{error}");
    let key = hallpass_testkit::Sample::login(&ada(), now()).build().key;
    let kind = |error: StoreError| error.kind();
    assert_eq!(store.load(&key, Freshness::Latest).await.map_err(kind), Err(StoreErrorKind::Unavailable));
    let revoked = store.revoke(&key, EndReason::LoggedOut, later()).await;
    assert_eq!(revoked.map_err(kind), Err(StoreErrorKind::Unavailable));
    store.migrate().await.unwrap();
    store.check().await.unwrap();
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn tables_of_another_version_are_refused_and_left_as_they_are() {
    let schema = Schema::new();
    let store = server::store(&schema).await;
    let table = format!("{}.hallpass_schema", schema.name());
    server::run(format!("INSERT INTO {table} (version) VALUES (1000)")).await;
    for error in [store.check().await, store.migrate().await] {
        assert!(matches!(error, Err(SetupError::SchemaNewer { found: 1000, needed: 1 })), "{error:?}");
    }
    server::run(format!("DELETE FROM {table}; INSERT INTO {table} (version) VALUES (0)")).await;
    let error = store.check().await.unwrap_err();
    assert!(matches!(error, SetupError::SchemaOlder { found: 0, needed: 1 }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn eight_nodes_migrate_at_once() {
    let schema = Schema::new();
    let migrations: Vec<_> = (0..8)
        .map(|_| {
            let builder = PostgresStore::builder().schema(schema.name());
            tokio::spawn(async move { builder.connect(&server::url()).await?.migrate().await })
        })
        .collect();
    for migration in migrations {
        migration.await.unwrap().unwrap();
    }
    login(&server::store(&schema).await).await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn two_prefixes_in_one_schema_are_two_stores() {
    let schema = Schema::new();
    let builder = |prefix: &str| PostgresStore::builder().schema(schema.name()).table_prefix(prefix);
    let a = builder("a_").connect(&server::url()).await.unwrap();
    let b = builder("b_").connect(&server::url()).await.unwrap();
    a.migrate().await.unwrap();
    assert!(matches!(b.check().await, Err(SetupError::SchemaMissing { .. })));
    b.migrate().await.unwrap();
    let record = login(&a).await;
    assert_eq!(b.load(&record.key, Freshness::Latest).await.unwrap(), None);
    assert_eq!(b.revoke(&record.key, EndReason::LoggedOut, later()).await.unwrap(), None);
    assert!(a.load(&record.key, Freshness::Latest).await.unwrap().is_some());
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn the_files_create_the_same_tables_without_migrate() {
    let schema = Schema::new();
    let file = include_str!("../../migrations/postgres/0001_sessions.sql");
    let name = schema.name();
    server::run(format!("CREATE SCHEMA {name}; SET search_path TO {name}; {file}")).await;
    let store = PostgresStore::builder().schema(name).connect(&server::url()).await.unwrap();
    store.check().await.unwrap();
    login(&store).await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn what_cannot_be_reached_says_why_and_shows_no_password() {
    let secret = "wr0ng-secret";
    let (head, tail) = server::url().rsplit_once('@').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let user = head.split("://").nth(1).unwrap().split(':').next().unwrap().to_owned();
    let (host, database) = tail.split_once('/').unwrap();
    for (url, expected) in [
        (format!("postgres://{user}:{secret}@{tail}_not_there"), ""),
        (format!("postgres://nobody:{secret}@{host}/{database}"), ""),
        (format!("postgres://{user}:{secret}@127.0.0.1:1/{database}"), "refused"),
        (format!("postgres://{user}:{secret}@127.0.0.1:port/{database}"), "postgres://user:password@host"),
        (format!("postgres://{user}:{secret}@{host}/{database}?sslmode={secret}"), "not of the form"),
    ] {
        let error = PostgresStore::connect(&url).await.unwrap_err();
        let told = told(&error);
        assert!(told.contains(expected), "{told}");
        assert!(!told.contains(secret) && !format!("{error:?}").contains(secret), "{error:?}");
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn a_database_that_cannot_keep_every_name_is_refused() {
    let name = format!("hp_latin_{}", std::process::id());
    server::run(format!("CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")).await;
    let (head, _) = server::url().rsplit_once('/').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let error = async {
        let store = PostgresStore::connect(&format!("{head}/{name}")).await?;
        store.migrate().await
    };
    let error = error.await;
    server::run(format!("DROP DATABASE {name} WITH (FORCE)")).await;
    let Err(SetupError::Unsuitable { reason }) = error else { panic!("{error:?}") };
    assert!(reason.contains("UTF8"), "{reason}");
}
