//! Passwords: one hash whoever asks, and no change that undoes another.

use crate::database::{Database, alice, cheap, named, new_password};
use hallpass_login::password::Passwords;
use hallpass_login::{AuthUser, Authenticator};
use hallpass_sqlx::users::{ColumnType, Credentials, SetPasswordError, TableUser, UserTable};

async fn read(users: &UserTable) -> TableUser {
    users.find(&alice()).await.unwrap().unwrap()
}

async fn is_right(users: &UserTable, credentials: Credentials) -> bool {
    let user = users.find(&credentials).await.unwrap();
    users.verify(user.as_ref(), credentials).await.unwrap()
}

async fn stored(database: &Database) -> String {
    database.text("SELECT hash FROM users WHERE name = 'alice'").await.unwrap()
}

pub(crate) async fn whoever_asks_for_whomever_costs_one_hash_and_hears_no(database: &Database) {
    let users = database.with_alice().await;
    users.register(&named("disabled")).await.unwrap();
    // Stored with other parameters, which a login would replace.
    let outdated = database.stamped().passwords(cheap(2)).build().unwrap();
    outdated.register(&named("disabled and outdated")).await.unwrap();
    database
        .run(
            "UPDATE users SET disabled_at = CURRENT_TIMESTAMP WHERE name LIKE 'disabled%';
             INSERT INTO users (name, hash) VALUES ('null', NULL), ('empty', ''), ('broken', '$argon2id$')",
        )
        .await;
    let passwords = users.passwords();
    for name in [
        "nobody",
        "disabled",
        "disabled and outdated",
        "null",
        "empty",
        "broken",
        "alice\0",
        &"n".repeat(300),
    ] {
        for password in ["correct horse", "", "wrong horse"] {
            let credentials = Credentials::new(name, password);
            let user = users.find(&credentials).await.unwrap();
            let before = passwords.hashes_computed();
            let right = users.verify(user.as_ref(), credentials).await.unwrap();
            assert_eq!(passwords.hashes_computed() - before, 1, "{name} {password:?}");
            let lets_in = right && user.is_some_and(|user| user.is_enabled());
            assert!(!lets_in, "{name} {password:?}");
        }
    }
    assert!(is_right(&users, alice()).await && !is_right(&users, Credentials::new("alice", "")).await);
}

pub(crate) async fn an_outdated_hash_is_replaced_at_login_and_nobody_is_logged_out(database: &Database) {
    let old = database.with_alice().await;
    let (before, hash) = (read(&old).await, stored(database).await);
    let users = database.stamped().passwords(cheap(2)).build().unwrap();
    assert!(!is_right(&users, Credentials::new("alice", "wrong horse")).await);
    assert_eq!(stored(database).await, hash, "only a right password is hashed anew");
    assert!(is_right(&users, alice()).await);
    assert!(stored(database).await.contains("t=2"));
    assert_eq!(read(&users).await.auth_stamp(), before.auth_stamp());

    let hashes = users.passwords().hashes_computed();
    assert!(is_right(&users, alice()).await);
    assert_eq!(users.passwords().hashes_computed() - hashes, 1, "it is up to date now");
}

pub(crate) async fn a_hash_is_not_replaced_over_a_password_that_was_changed_meanwhile(database: &Database) {
    let old = database.with_alice().await;
    let users = database.stamped().passwords(cheap(2)).build().unwrap();
    let as_found = read(&users).await;
    old.set_password(&as_found, &new_password()).await.unwrap();
    let changed = stored(database).await;
    assert!(users.verify(Some(&as_found), alice()).await.unwrap(), "it was right when it was read");
    assert_eq!(stored(database).await, changed);
}

pub(crate) async fn without_a_stamp_column_a_login_replaces_no_hash(database: &Database) {
    database.create_users().await;
    database.plain().build().unwrap().register(&alice()).await.unwrap();
    let users = database.plain().passwords(cheap(2)).build().unwrap();
    let (before, hash) = (read(&users).await.auth_stamp(), stored(database).await);
    assert!(is_right(&users, alice()).await);
    assert_eq!(stored(database).await, hash);
    assert_eq!(read(&users).await.auth_stamp(), before);
}

pub(crate) async fn a_new_password_comes_with_a_new_stamp_of_every_type(database: &Database) {
    let uuid = database.of("TEXT", "UUID", "UUID");
    database.create_users().await;
    database
        .run(&format!(
            "ALTER TABLE users ADD COLUMN token VARCHAR(32); ALTER TABLE users ADD COLUMN uuid {uuid}"
        ))
        .await;
    database.plain().build().unwrap().register(&alice()).await.unwrap();
    for (column, column_type) in
        [("version", ColumnType::Integer), ("token", ColumnType::Text), ("uuid", ColumnType::Uuid)]
    {
        let users = database.plain().stamp(column, column_type).build().unwrap();
        // The first stamp is NULL, as it is after the column was added.
        for password in ["first password", "second password"] {
            let before = read(&users).await;
            let changed = users.set_password(&before, &password.into()).await.unwrap();
            let after = read(&users).await;
            assert_ne!(before.auth_stamp(), after.auth_stamp(), "{column}");
            assert_eq!(changed.auth_stamp(), after.auth_stamp(), "{column}");
            assert!(is_right(&users, Credentials::new("alice", password)).await, "{column}");
            assert!(!is_right(&users, alice()).await, "{column}");
        }
    }
}

pub(crate) async fn without_a_stamp_column_a_new_password_changes_the_stamp(database: &Database) {
    database.create_users().await;
    let users = database.plain().build().unwrap();
    let before = users.register(&alice()).await.unwrap();
    // To the same password again: on purpose all the same.
    let changed = users.set_password(&before, &alice().password).await.unwrap();
    assert_ne!(before.auth_stamp(), changed.auth_stamp());
    assert_eq!(read(&users).await.auth_stamp(), changed.auth_stamp());
    let late = users.set_password(&before, &new_password()).await.unwrap_err();
    assert!(matches!(late, SetPasswordError::Superseded), "{late}");
}

pub(crate) async fn of_two_changes_that_began_with_one_password_one_is_made(database: &Database) {
    let users = database.with_alice().await;
    let user = read(&users).await;
    let change = async |password: &'static str| users.set_password(&user, &password.into()).await;
    let (first, second) = tokio::join!(change("first password"), change("second password"));
    assert_ne!(first.is_ok(), second.is_ok());
    let (lost, kept) = if first.is_ok() { (second, "first password") } else { (first, "second password") };
    assert!(matches!(lost.unwrap_err(), SetPasswordError::Superseded));
    assert!(is_right(&users, Credentials::new("alice", kept)).await);

    database.run("DELETE FROM users").await;
    let gone = users.set_password(&user, &new_password()).await.unwrap_err();
    assert!(matches!(gone, SetPasswordError::Superseded));
    let short = users.set_password(&user, &"short".into()).await.unwrap_err();
    assert!(matches!(short, SetPasswordError::Password(_)));
}

pub(crate) async fn a_disabled_user_comes_back_to_no_old_session(database: &Database) {
    let users = database.with_alice().await;
    let before = read(&users).await;
    assert!(users.set_enabled(&before.subject(), false).await.unwrap());
    assert!(!read(&users).await.is_enabled());
    assert!(users.set_enabled(&before.subject(), true).await.unwrap());
    let after = read(&users).await;
    assert!(after.is_enabled());
    assert_ne!(after.auth_stamp(), before.auth_stamp());
    assert!(!users.set_enabled(&4711_u32.into(), false).await.unwrap(), "there is nobody to disable");
    assert!(!users.set_enabled(&hallpass_core::Subject::new("alice").unwrap(), false).await.unwrap());
}

#[test]
fn debug_output_shows_neither_password_nor_hash() {
    let passwords = Passwords::default();
    let shown = format!("{:?} {passwords:?}", alice());
    assert!(!shown.contains("correct") && !shown.contains("alice"), "{shown}");
}
