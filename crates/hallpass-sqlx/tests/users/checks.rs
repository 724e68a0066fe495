//! What is wrong is said at start, and is an error later.

use crate::database::{Database, Server, alice};
use hallpass_login::Authenticator;
use hallpass_sqlx::users::{ColumnType, UserTable, UserTableBuilder, UserTableConfigError, UserTableError};
use std::time::Duration;

pub(crate) async fn a_table_that_fits_passes_with_and_without_its_schema(database: &Database) {
    database.create_users().await;
    database.stamped().build().unwrap().check().await.unwrap();
    let schema = database.of("main", &database.name, &database.name);
    let users = database.stamped().table(format!("{schema}.users")).build().unwrap();
    users.check().await.unwrap();
    users.register(&alice()).await.unwrap();
    assert!(users.find(&alice()).await.unwrap().is_some());
    let elsewhere = database.stamped().table("nowhere.users").build().unwrap();
    assert!(elsewhere.check().await.is_err());

    let odd = database.of("\"Ordér\"", "\"Ordér\"", "`Ordér`");
    let columns = database.of("\"group\" INTEGER", "\"group\" INTEGER", "`group` INTEGER");
    database
        .run(&format!(
            "CREATE TABLE {odd} ({columns} PRIMARY KEY, name VARCHAR(9) UNIQUE, hash VARCHAR(200))"
        ))
        .await;
    let odd = UserTable::builder(database.users_pool()).table("Ordér").subject("group", ColumnType::Integer);
    odd.username("name").password_hash("hash").build().unwrap().check().await.unwrap();
}

pub(crate) async fn what_does_not_fit_is_named(database: &Database) {
    database.create_users().await;
    let text = database.of("TEXT", "TEXT", "VARCHAR(300)");
    database
        .run(&format!(
            "CREATE TABLE other (id INTEGER PRIMARY KEY, name {text} NOT NULL, hash VARCHAR(60), tenant {text},
                 number DOUBLE PRECISION)"
        ))
        .await;
    database
        .run(database.of(
            "CREATE UNIQUE INDEX both_columns ON other (tenant, name); CREATE UNIQUE INDEX part ON other (tenant) WHERE id > 9",
            "CREATE UNIQUE INDEX both_columns ON other (tenant, name); CREATE UNIQUE INDEX part ON other (tenant) WHERE id > 9",
            "CREATE UNIQUE INDEX both_columns ON other (tenant, name)",
        ))
        .await;
    let other = |name: &str| {
        let users =
            UserTable::builder(database.users_pool()).table("other").subject("id", ColumnType::Integer);
        users.username(name.to_owned()).password_hash("hash")
    };
    let cases: [(UserTableBuilder, &str); 9] = [
        (database.plain().table("user"), "there is no table user,"),
        (database.plain().password_hash("password"), "the table users has no column password"),
        (database.plain().subject("name", ColumnType::Integer).username("id"), "not an integer"),
        (database.plain().username("version"), "not text"),
        (database.plain().subject("id", ColumnType::Text), "not text"),
        (
            database.plain().enabled_flag("roles").roles("hash").password_hash("roles"),
            "named for two purposes",
        ),
        (database.plain().stamp("roles", ColumnType::Integer).roles("name").username("hash"), "two purposes"),
        (other("name"), "the column name of the table other has no unique index of its own"),
        (other("tenant"), "the column tenant of the table other has no unique index of its own"),
    ];
    for (users, reason) in cases {
        let said = match users.build() {
            Ok(users) => users.check().await.unwrap_err().to_string(),
            Err(error) => error.to_string(),
        };
        assert!(said.contains(reason), "{reason}: {said}");
    }
    let flag = database.plain().enabled_flag("hash").password_hash("roles").roles("name").username("hash");
    assert!(matches!(flag.build().unwrap_err(), UserTableConfigError::SameColumn { .. }));
    let error = other("number").build().unwrap().check().await.unwrap_err();
    assert!(error.to_string().contains("number"), "{error}");

    database.run("CREATE UNIQUE INDEX names ON other (name)").await;
    let checked = other("name").build().unwrap().check().await;
    match database.server {
        Server::Sqlite => checked.unwrap(),
        _ => assert!(checked.unwrap_err().to_string().contains("takes 60 characters, 100 are needed")),
    }
}

pub(crate) async fn a_table_that_is_gone_is_an_error_at_run_time(database: &Database) {
    let users = database.with_alice().await;
    let alice_then = users.find(&alice()).await.unwrap().unwrap();
    database.run("DROP TABLE users").await;
    let failed = |error: UserTableError| matches!(error, UserTableError::Database { .. });
    assert!(failed(users.find(&alice()).await.unwrap_err()));
    assert!(failed(users.user(&1_u32.into()).await.unwrap_err()));
    assert!(failed(users.set_enabled(&1_u32.into(), false).await.unwrap_err()));
    assert!(users.register(&alice()).await.is_err());
    assert!(users.set_password(&alice_then, &alice().password).await.is_err());
    assert!(users.check().await.is_err());
}

pub(crate) async fn a_database_that_does_not_answer_is_given_up(database: &Database) {
    database.create_users().await;
    let (pool, taken) = database.busy_pool().await;
    let users = UserTable::builder(pool).table("users").subject("id", ColumnType::Integer).username("name");
    let users = users.password_hash("hash").time_limit(Duration::from_millis(20)).build().unwrap();
    let error = users.find(&alice()).await.unwrap_err();
    assert!(matches!(error, UserTableError::TimedOut), "{error}");
    drop(taken);
}

#[tokio::test]
async fn a_table_that_is_not_described_is_refused_with_the_reason() {
    let pool = sqlx::SqlitePool::connect_lazy("sqlite::memory:").unwrap();
    let users = || UserTable::builder(pool.clone());
    let full =
        || users().table("users").subject("id", ColumnType::Integer).username("name").password_hash("hash");
    for (users, reason) in [
        (users(), "the name of the subject column is missing"),
        (users().subject("id", ColumnType::Text), "the name of the table is missing"),
        (
            users().table("users").subject("id", ColumnType::Text),
            "the name of the user name column is missing",
        ),
        (full().username("na me"), "cannot be \"na me\": it has other characters"),
        (full().table("a.b.c"), "the name of the table cannot be \"b.c\""),
        (full().stamp("", ColumnType::Text), "the name of the stamp column cannot be \"\": it is empty"),
        (full().roles("HASH"), "the column \"HASH\" is named for two purposes"),
    ] {
        let error = users.build().unwrap_err().to_string();
        assert!(error.contains(reason), "{reason}: {error}");
    }
}
