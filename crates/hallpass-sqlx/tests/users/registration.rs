//! How users come into a table.

use crate::database::{Database, Server, alice, named};
use hallpass_login::{AuthUser, Authenticator, HasRoles};
use hallpass_sqlx::users::{ColumnType, Credentials, NewUser, RegisterError, UserTable};
use std::sync::Arc;
use tokio::sync::Barrier;

async fn rows(database: &Database) -> String {
    let count = database.of("CAST(count(*) AS TEXT)", "CAST(count(*) AS TEXT)", "CAST(count(*) AS CHAR)");
    database.text(&format!("SELECT {count} FROM users")).await.unwrap()
}

pub(crate) async fn of_many_who_want_one_name_at_once_one_gets_it(database: &Database) {
    database.create_users().await;
    let users = database.stamped().build().unwrap();
    let barrier = Arc::new(Barrier::new(8));
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (users, barrier): (UserTable, _) = (users.clone(), Arc::clone(&barrier));
            tokio::spawn(async move {
                barrier.wait().await;
                users.register(&alice()).await
            })
        })
        .collect();
    let mut registered = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => registered += 1,
            Err(error) => assert!(matches!(error, RegisterError::Taken), "{error:?}"),
        }
    }
    assert_eq!((registered, rows(database).await.as_str()), (1, "1"));
}

pub(crate) async fn a_name_that_the_database_takes_for_another_is_taken(database: &Database) {
    let users = database.with_alice().await;
    let same: &[&str] = match database.server {
        Server::MySql => &["alice", "ALICE", "àlice"],
        _ => &["alice", "ALICE"],
    };
    for name in same {
        let error = users.register(&named(name)).await.unwrap_err();
        assert!(matches!(error, RegisterError::Taken), "{name} {error:?}");
    }
    if database.server == Server::Postgres {
        database.run("ALTER TABLE users ALTER name TYPE VARCHAR(100), DROP CONSTRAINT users_name_key").await;
        assert!(users.check().await.is_err(), "nothing keeps names apart");
        database.run("CREATE UNIQUE INDEX folded ON users (lower(name))").await;
        users.check().await.unwrap();
        let error = users.register(&named("ALICE")).await.unwrap_err();
        assert!(matches!(error, RegisterError::Taken), "{error:?}");
    }
}

pub(crate) async fn what_cannot_be_registered_is_refused_and_leaves_no_row(database: &Database) {
    database.create_users().await;
    let users = database.stamped().build().unwrap();
    for name in ["", " alice", "alice ", "alice\0", "al\nice", &"n".repeat(257)] {
        let error = users.register(&named(name)).await.unwrap_err();
        assert!(matches!(error, RegisterError::Username), "{name:?} {error:?}");
    }
    for password in ["", "7 chars", &"x".repeat(5000)] {
        let error = users.register(&Credentials::new("alice", password)).await.unwrap_err();
        assert!(matches!(error, RegisterError::Password(_)), "{error:?}");
    }
    for roles in [&[""], &["a b"], &["a,b"]] {
        let error = users.register(NewUser::from(&alice()).roles(roles)).await.unwrap_err();
        assert!(matches!(error, RegisterError::Roles), "{error:?}");
    }
    if database.server != Server::Sqlite {
        database.run("ALTER TABLE users ADD CONSTRAINT short CHECK (char_length(name) < 200)").await;
        database.run(database.of("", "ALTER TABLE users ALTER name TYPE VARCHAR(100)", "SELECT 1")).await;
        let error = users.register(&named(&"n".repeat(101))).await.unwrap_err();
        assert!(matches!(error, RegisterError::Username), "{error:?}");
    }
    assert_eq!(rows(database).await, "0");
}

pub(crate) async fn a_new_user_has_what_was_asked_for_and_can_log_in(database: &Database) {
    database.create_users().await;
    let users = database.stamped().build().unwrap();
    let guest = users.register(&named("zoë 😀")).await.unwrap();
    assert_eq!(guest.username, "zoë 😀");
    assert_eq!(guest.roles, ["guest"]);
    let alice = alice();
    let admin = NewUser::from(&alice).roles(&["admin", "clerk"]).subject(77_u32.into());
    let admin = users.register(admin).await.unwrap();
    assert_eq!(admin.subject().as_str(), "77");
    assert!(admin.has_role(&"admin".to_owned()) && admin.has_role(&"clerk".to_owned()));
    assert!(admin.is_enabled() && admin.has_password());
    assert!(users.verify(Some(&admin), alice.clone()).await.unwrap());
    assert!(!format!("{admin:?}").contains("argon2"));

    for column in ["flag", "off"] {
        let flag = database.of("INTEGER", "BOOLEAN", "BOOLEAN");
        database.run(&format!("ALTER TABLE users ADD COLUMN {column} {flag}")).await;
    }
    for (users, name) in [
        (database.plain().enabled_flag("flag"), "by a flag"),
        (database.plain().disabled_flag("off"), "by another flag"),
    ] {
        let users = users.stamp("version", ColumnType::Integer).build().unwrap();
        let user = users.register(&named(name)).await.unwrap();
        assert!(user.is_enabled(), "{name}");
        assert!(users.set_enabled(&user.subject(), false).await.unwrap());
        assert!(!users.user(&user.subject()).await.unwrap().unwrap().is_enabled(), "{name}");
    }
}
