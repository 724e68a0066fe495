//! A subject is one user, and what a row holds is read exactly.

use crate::database::{Database, Server, alice, cheap, named};
use hallpass_core::Subject;
use hallpass_login::{AuthUser, Authenticator, HasRoles};
use hallpass_sqlx::users::{ColumnType, NewUser, UserTable, UserTableBuilder, UserTableError};

async fn found(users: &UserTable, subject: &str) -> Option<String> {
    let user = users.user(&Subject::new(subject).unwrap()).await.unwrap();
    user.map(|user| user.username)
}

fn table(database: &Database, name: &str, column_type: ColumnType) -> UserTableBuilder {
    let users = UserTable::builder(database.users_pool()).table(name).subject("id", column_type);
    users.username("name").password_hash("hash").passwords(cheap(1))
}

pub(crate) async fn an_integer_is_one_user_in_one_spelling(database: &Database) {
    let users = database.with_alice().await;
    for (id, name) in
        [("-9223372036854775808", "least"), ("9007199254740993", "exact"), ("9223372036854775807", "most")]
    {
        database.run(&format!("INSERT INTO users (id, name) VALUES ({id}, '{name}')")).await;
        assert_eq!(found(&users, id).await.as_deref(), Some(name));
        assert_eq!(users.find(&named(name)).await.unwrap().unwrap().subject().as_str(), id);
    }
    let id = users.find(&alice()).await.unwrap().unwrap().subject().to_string();
    assert_eq!(found(&users, &id).await.as_deref(), Some("alice"));
    for spelling in
        [format!("0{id}"), format!("+{id}"), format!("{id} "), format!("{id}.0"), format!("{id}abc")]
    {
        assert_eq!(found(&users, &spelling).await, None, "{spelling:?}");
    }
    for nobody in ["9223372036854775808", "9007199254740992", "alice", "1e0", "NULL", "0x1"] {
        assert_eq!(found(&users, nobody).await, None, "{nobody:?}");
    }
}

pub(crate) async fn a_text_is_one_user_in_one_spelling(database: &Database) {
    let column = database.of("TEXT COLLATE NOCASE", "CITEXT", "VARCHAR(64)");
    database
        .run(&format!(
            "CREATE TABLE users (id {column} PRIMARY KEY, name VARCHAR(64) UNIQUE, hash VARCHAR(255))"
        ))
        .await;
    let users = table(database, "users", ColumnType::Text).build().unwrap();
    users.check().await.unwrap();
    let subject = Subject::new("user_é1").unwrap();
    let given = users.register(NewUser::from(&named("bob")).subject(subject.clone())).await.unwrap();
    assert_eq!(given.subject(), subject);
    assert_eq!(found(&users, "user_é1").await.as_deref(), Some("bob"));
    for other in ["USER_É1", "user_e1", "user_é1 ", "user_é", "user_é1' OR '1'='1", "😀"] {
        assert_eq!(found(&users, other).await, None, "{other:?}");
    }
    let random = users.register(&alice()).await.unwrap();
    assert_eq!(random.subject().as_str().len(), 36);
    assert_eq!(found(&users, random.subject().as_str()).await.as_deref(), Some("alice"));
}

pub(crate) async fn a_uuid_is_one_user_in_one_spelling(database: &Database) {
    // SQLite has no such type, and takes a text that is one.
    let column = database.of("TEXT", "UUID", "UUID");
    database
        .run(&format!(
            "CREATE TABLE users (id {column} PRIMARY KEY, name VARCHAR(64) UNIQUE, hash VARCHAR(255))"
        ))
        .await;
    let users = table(database, "users", ColumnType::Uuid).build().unwrap();
    assert_eq!(users.check().await.is_ok(), database.server != Server::Sqlite);
    let subject = users.register(&alice()).await.unwrap().subject().to_string();
    assert_eq!(found(&users, &subject).await.as_deref(), Some("alice"));
    for spelling in
        [subject.to_uppercase(), subject.replace('-', ""), format!("{{{subject}}}"), "alice".to_owned()]
    {
        assert_eq!(found(&users, &spelling).await, None, "{spelling:?}");
    }
    assert_eq!(found(&users, "00000000-0000-0000-0000-000000000000").await, None);
    let bob = named("bob");
    let given = NewUser::from(&bob).subject(Subject::new("no uuid").unwrap());
    assert!(users.register(given).await.is_err());
}

pub(crate) async fn a_row_that_cannot_be_used_is_an_error_and_no_panic(database: &Database) {
    database
        .run(
            "CREATE TABLE users (id VARCHAR(300), name VARCHAR(64), hash VARCHAR(255), enabled VARCHAR(9));
             INSERT INTO users VALUES
                 (NULL, 'null', '', '1'), ('7x', 'mixed', '', '1'), ('', 'empty', '', '1'), ('8', 'maybe', '', 'maybe'),
                 ('9', NULL, '', '1')",
        )
        .await;
    database.run(&format!("INSERT INTO users VALUES ('{}', 'long', '', '1')", "n".repeat(256))).await;
    let malformed = |error: UserTableError| matches!(error, UserTableError::Malformed { .. });
    for column_type in [ColumnType::Text, ColumnType::Integer, ColumnType::Uuid] {
        let users = table(database, "users", column_type).enabled_flag("enabled").build().unwrap();
        for name in ["null", "empty", "maybe", "long"] {
            assert!(malformed(users.find(&named(name)).await.unwrap_err()), "{name} {column_type:?}");
        }
        assert_eq!(users.find(&named("mixed")).await.is_ok(), column_type == ColumnType::Text);
    }
    let users = table(database, "users", ColumnType::Text).enabled_flag("enabled").build().unwrap();
    assert!(malformed(users.user(&9_u32.into()).await.unwrap_err()));
}

pub(crate) async fn roles_and_flags_are_read_as_documented(database: &Database) {
    let flag = database.of("BOOLEAN", "BOOLEAN", "BOOLEAN");
    database
        .run(&format!(
            "CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(64) UNIQUE, hash VARCHAR(255), flag {flag},
                 at {}, bits {}, roles VARCHAR(64));
             INSERT INTO users VALUES
                 (1, 'yes', '', TRUE, CURRENT_TIMESTAMP, {}, 'admin'), (2, 'no', '', FALSE, NULL, {}, 'clerk, editor'),
                 (3, 'null', '', NULL, NULL, NULL, NULL)",
            database.of("TEXT", "TIMESTAMP", "DATETIME"),
            database.of("INTEGER", "BOOLEAN", "BIT(1)"),
            database.of("1", "TRUE", "b'1'"),
            database.of("0", "FALSE", "b'0'"),
        ))
        .await;
    let users = || table(database, "users", ColumnType::Integer).roles("roles");
    for (users, yes, no, null) in [
        (users().enabled_flag("flag"), true, false, false),
        (users().enabled_flag("bits"), true, false, false),
        (users().disabled_flag("flag"), false, true, false),
        (users().disabled_flag("bits"), false, true, false),
        (users().disabled_at("at"), false, true, true),
        (users(), true, true, true),
    ] {
        let users = users.build().unwrap();
        users.check().await.unwrap();
        for (name, enabled) in [("yes", yes), ("no", no), ("null", null)] {
            let user = users.find(&named(name)).await.unwrap().unwrap();
            assert_eq!(user.is_enabled(), enabled, "{name} {users:?}");
        }
    }
    let users = users().build().unwrap();
    let with = async |name| users.find(&named(name)).await.unwrap().unwrap();
    assert!(with("yes").await.has_role(&"admin".to_owned()));
    assert!(!with("yes").await.has_role(&"Admin".to_owned()));
    assert_eq!(with("no").await.roles, ["clerk", "editor"]);
    assert_eq!(with("null").await.roles, [""; 0]);
}
