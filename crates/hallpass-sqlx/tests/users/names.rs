//! A name is one user's, in one spelling.

use crate::database::{Database, alice, cheap, named};
use hallpass_login::{AuthUser, Authenticator};
use hallpass_sqlx::users::{ColumnType, UserTable, UserTableError};

const OTHERS: [&str; 13] = [
    "ALICE",
    "Alice",
    "alice ",
    " alice",
    "àlice",
    "alicé",
    "ａlice",
    "alice\0",
    "alice\n",
    "alice\u{301}",
    "al\u{ad}ice",
    "",
    "alic",
];

pub(crate) async fn no_spelling_but_the_exact_one_finds_a_user(database: &Database) {
    let users = database.with_alice().await;
    let found = users.find(&alice()).await.unwrap().unwrap();
    assert_eq!(found.username, "alice");
    for spelling in OTHERS {
        assert!(users.find(&named(spelling)).await.unwrap().is_none(), "{spelling:?}");
    }
    // The collations do find her; nobody but us keeps the spellings apart.
    let ci = database.text("SELECT CAST(id AS CHAR(9)) FROM users WHERE name = 'ALICE'").await;
    assert_eq!(ci.as_deref().map(str::trim), Some(found.subject().as_str()));
}

pub(crate) async fn two_rows_with_one_name_are_nobody_and_an_error(database: &Database) {
    database
        .run(
            "CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(100), hash VARCHAR(255));
             INSERT INTO users VALUES (1, 'alice', ''), (2, 'alice', ''), (3, 'bob', ''), (4, 'BOB', '')",
        )
        .await;
    let users = UserTable::builder(database.users_pool()).table("users").subject("id", ColumnType::Integer);
    let users = users.username("name").password_hash("hash").passwords(cheap(1)).build().unwrap();
    let error = users.find(&alice()).await.unwrap_err();
    assert!(matches!(error, UserTableError::Ambiguous { ref column, .. } if column == "name"), "{error}");
    assert_eq!(users.find(&named("bob")).await.unwrap().unwrap().subject().as_str(), "3");
    assert_eq!(users.find(&named("BOB")).await.unwrap().unwrap().subject().as_str(), "4");
}

pub(crate) async fn a_normalised_name_is_found_as_it_was_registered(database: &Database) {
    database.create_users().await;
    let users = database.stamped().normalize(str::to_lowercase).build().unwrap();
    let registered = users.register(&named("Ada@Example.COM")).await.unwrap();
    assert_eq!(registered.username, "ada@example.com");
    let found = users.find(&named("ADA@example.com")).await.unwrap().unwrap();
    assert_eq!(found.subject(), registered.subject());
    assert!(users.find(&named("àda@example.com")).await.unwrap().is_none());
}

pub(crate) async fn what_looks_like_sql_is_a_name_that_nobody_has(database: &Database) {
    let users = database.with_alice().await;
    for name in [
        "' OR '1'='1",
        "alice'--",
        "alice\\",
        "\\' OR 1=1 -- ",
        "%",
        "alic_",
        "\"; DROP TABLE users; --",
        "`",
    ] {
        assert!(users.find(&named(name)).await.unwrap().is_none(), "{name:?}");
        let registered = users.register(&named(name.trim())).await.unwrap();
        assert_eq!(registered.username, name.trim());
    }
    assert!(users.find(&alice()).await.unwrap().is_some());
}

/// Typed by anybody, so it must not look like a failure of the database.
pub(crate) async fn a_name_that_the_column_cannot_hold_is_nobody(database: &Database) {
    for (table, column) in [
        ("latin", database.of("TEXT", "VARCHAR(20)", "VARCHAR(20) CHARACTER SET latin1")),
        ("utf8mb3", database.of("TEXT", "CITEXT", "VARCHAR(20) CHARACTER SET utf8mb3")),
        ("binary_collation", database.of("TEXT", "TEXT COLLATE \"C\"", "VARCHAR(20) COLLATE utf8mb4_bin")),
        ("bytes", database.of("TEXT", "CHAR(20)", "VARBINARY(20)")),
    ] {
        let rows = format!(
            "CREATE TABLE {table} (id INTEGER PRIMARY KEY, name {column} UNIQUE, hash VARCHAR(255));
             INSERT INTO {table} VALUES (1, 'alice', ''), (2, 'zoë', '')"
        );
        database.run(&rows).await;
        let users = UserTable::builder(database.users_pool()).table(table).subject("id", ColumnType::Integer);
        let users = users.username("name").password_hash("hash").passwords(cheap(1)).build().unwrap();
        for (name, subject) in [("alice", Some("1")), ("zoë", Some("2"))] {
            let found = users.find(&named(name)).await.unwrap();
            assert_eq!(found.map(|user| user.subject().to_string()).as_deref(), subject, "{table} {name}");
        }
        let long = "n".repeat(256);
        let too_long = "n".repeat(257);
        for name in ["zoe", "π", "😀", "alice😀", "zoe\u{308}", &long, &too_long].into_iter().chain(OTHERS)
        {
            assert!(users.find(&named(name)).await.unwrap().is_none(), "{table} {name:?}");
        }
    }
}
