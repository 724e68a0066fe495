use crate::demo::StartError;
use hallpass_core::Subject;
use hallpass_login::{Authenticator, Guard};
use hallpass_sqlx::users::{ColumnType, Credentials, NewUser, RegisterError, TableUser, UserPool, UserTable};
use sqlx::{Database, Executor, Pool};
use std::time::Duration;

/// Who can log in: the rows of a table, in the database of the sessions where it is SQL. Otherwise the table is in memory,
/// and an application would have its own somewhere.
pub type Users = UserTable;

/// Somebody who can log in.
pub type User = TableUser;

/// The role of an administrator.
pub const ADMIN: &str = "admin";

/// How long an administrator may act as one without giving the password again.
pub const RECENTLY: Duration = Duration::from_secs(10 * 60);

/// The password of `alice` and `bob`.
pub(crate) const DEMO_PASSWORD: &str = "correct horse battery staple";

/// Lets administrators in who have given their password recently.
#[must_use]
pub fn recent_admin() -> Guard<Users> {
    Guard::role(ADMIN.to_owned()).recent(RECENTLY)
}

const TABLE: &str = "CREATE TABLE IF NOT EXISTS hallpass_demo_users (
    id VARCHAR(64) PRIMARY KEY,
    username VARCHAR(64) NOT NULL UNIQUE,
    password_hash VARCHAR(255) NOT NULL,
    stamp BIGINT NOT NULL,
    roles VARCHAR(255) NOT NULL DEFAULT ''
)";

/// The demo's users in this database; at its first start `alice`, an administrator, and `bob`.
pub(crate) async fn open<DB>(pool: Pool<DB>) -> Result<Users, StartError>
where
    DB: Database,
    UserPool: From<Pool<DB>>,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    let users = table(pool.clone())?;
    if users.check().await.is_err() {
        // Of two demos that create it at once, one may fail.
        if sqlx::raw_sql(TABLE).execute(&pool).await.is_err() {
            sqlx::raw_sql(TABLE).execute(&pool).await.map_err(StartError::system)?;
        }
        users.check().await.map_err(StartError::system)?;
    }
    // The same in every process: where users are in memory and sessions are not, they find theirs again.
    add(&users, 1, "alice", &[ADMIN]).await.map_err(StartError::system)?;
    add(&users, 2, "bob", &[]).await.map_err(StartError::system)?;
    Ok(users)
}

fn table(pool: impl Into<UserPool>) -> Result<Users, StartError> {
    UserTable::builder(pool)
        .table("hallpass_demo_users")
        .subject("id", ColumnType::Text)
        .username("username")
        .password_hash("password_hash")
        .stamp("stamp", ColumnType::Integer)
        .roles("roles")
        .login_path("/login")
        .reauthentication_path("/reauthenticate")
        .build()
        .map_err(StartError::system)
}

async fn add(users: &Users, id: u32, username: &str, roles: &[&str]) -> Result<(), RegisterError> {
    let credentials = Credentials::new(username, DEMO_PASSWORD);
    if users.find(&credentials).await.map_err(RegisterError::Unavailable)?.is_some() {
        return Ok(());
    }
    let user = NewUser::from(&credentials).subject(Subject::from(id)).roles(roles);
    match users.register(user).await {
        Ok(_) | Err(RegisterError::Taken) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Adds a user who is no administrator. Names are 1 to 64 visible ASCII characters here.
pub(crate) async fn register(users: &Users, credentials: &Credentials) -> Result<User, RegisterError> {
    let name = &credentials.username;
    if !name.bytes().all(|byte| byte.is_ascii_graphic()) || name.len() > 64 {
        return Err(RegisterError::Username);
    }
    users.register(credentials).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::users_in_memory;

    #[tokio::test]
    async fn alice_and_bob_are_there_once_however_often_the_demo_starts() {
        let pool = crate::store::memory().await.unwrap();
        for _ in 0..2 {
            let users = open(pool.clone()).await.unwrap();
            let find = async |name| users.find(&Credentials::new(name, "")).await.unwrap().unwrap();
            assert_eq!(
                (find("alice").await.roles, find("bob").await.roles),
                (vec![ADMIN.to_owned()], vec![])
            );
        }
    }

    #[tokio::test]
    async fn what_is_no_name_here_is_refused() {
        let users = users_in_memory().await.unwrap();
        for name in ["", "carol smith", "càrol", &"n".repeat(65)] {
            let refused = register(&users, &Credentials::new(name, DEMO_PASSWORD)).await;
            assert!(matches!(refused, Err(RegisterError::Username)), "{name:?}");
        }
        let carol = register(&users, &Credentials::new("carol", DEMO_PASSWORD)).await.unwrap();
        assert_eq!(carol.roles, [""; 0]);
    }
}
