use hallpass_core::{Stamp, Subject};
use hallpass_login::password::{Password, PasswordError, Passwords};
use hallpass_login::{AuthUser, Authenticator};
use std::collections::HashMap;
use std::fmt;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

/// The password of `alice` and `bob`.
pub(crate) const DEMO_PASSWORD: &str = "correct horse battery staple";

/// Somebody who can log in.
#[derive(Clone)]
pub struct User {
    /// Never given to somebody else.
    pub id: u64,
    /// The name to log in with.
    pub username: String,
    /// Whether this is an administrator.
    pub admin: bool,
    /// As [`Passwords`] made it.
    pub password_hash: String,
    /// Grows when the user changes the password, which ends every session opened with the old one.
    pub stamp: u64,
}

impl AuthUser for User {
    fn subject(&self) -> Subject {
        self.id.into()
    }

    fn auth_stamp(&self) -> Stamp {
        self.stamp.into()
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User").field("id", &self.id).field("username", &self.username).finish_non_exhaustive()
    }
}

/// What a user logs in with.
#[derive(Debug, serde::Deserialize)]
pub struct Credentials {
    /// The name as typed.
    pub username: String,
    /// The password as typed.
    pub password: Password,
}

/// The users of the demo, in memory. An application keeps them in its database.
#[derive(Debug)]
pub struct Users {
    passwords: Passwords,
    table: RwLock<Table>,
}

/// The user with id 1 comes first.
#[derive(Debug, Default)]
struct Table {
    users: Vec<User>,
    ids: HashMap<String, u64>,
}

impl Table {
    fn by_id(&self, id: u64) -> Option<&User> {
        self.users.get(usize::try_from(id.checked_sub(1)?).ok()?)
    }

    fn by_name(&self, username: &str) -> Option<&User> {
        self.by_id(*self.ids.get(username)?)
    }
}

impl Users {
    /// The demo's first users: `alice`, an administrator, and `bob`.
    ///
    /// # Errors
    ///
    /// When their password could not be hashed.
    pub async fn demo() -> Result<Self, RegisterError> {
        let users = Self { passwords: Passwords::default(), table: RwLock::default() };
        users.add("alice", true, &DEMO_PASSWORD.into()).await?;
        users.add("bob", false, &DEMO_PASSWORD.into()).await?;
        Ok(users)
    }

    /// Adds a user who is no administrator.
    ///
    /// # Errors
    ///
    /// When the name is not 1 to 64 visible ASCII characters or is taken, or the password cannot be one.
    pub async fn register(&self, credentials: &Credentials) -> Result<User, RegisterError> {
        self.add(&credentials.username, false, &credentials.password).await
    }

    async fn add(&self, username: &str, admin: bool, password: &Password) -> Result<User, RegisterError> {
        let visible = username.bytes().all(|byte| byte.is_ascii_graphic());
        if !visible || !(1..=64).contains(&username.len()) {
            return Err(RegisterError::Username);
        }
        let password_hash = self.passwords.hash(password).await.map_err(RegisterError::Password)?;
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        if table.ids.contains_key(username) {
            return Err(RegisterError::Taken);
        }
        let id = table.users.len() as u64 + 1;
        let user = User { id, username: username.to_owned(), admin, password_hash, stamp: 1 };
        table.ids.insert(user.username.clone(), id);
        table.users.push(user.clone());
        Ok(user)
    }

    fn table(&self) -> RwLockReadGuard<'_, Table> {
        self.table.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Authenticator for Users {
    type User = User;
    type Credentials = Credentials;
    type Error = PasswordError;

    async fn find(&self, credentials: &Credentials) -> Result<Option<User>, PasswordError> {
        Ok(self.table().by_name(&credentials.username).cloned())
    }

    async fn verify(&self, user: Option<&User>, credentials: Credentials) -> Result<bool, PasswordError> {
        let stored = user.map(|user| user.password_hash.as_str());
        Ok(self.passwords.verify(stored, &credentials.password).await?.is_match())
    }

    async fn user(&self, subject: &Subject) -> Result<Option<User>, PasswordError> {
        let id = subject.as_str().parse().ok();
        Ok(id.and_then(|id| self.table().by_id(id).cloned()))
    }

    fn login_path(&self) -> Option<&str> {
        Some("/login")
    }
}

/// A user could not be added.
#[derive(Debug)]
#[non_exhaustive]
pub enum RegisterError {
    /// The name is not 1 to 64 visible ASCII characters.
    Username,
    /// Somebody has this name.
    Taken,
    /// The password is too short or too long, or was not hashed.
    Password(PasswordError),
}

impl fmt::Display for RegisterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Username => f.write_str("a user name must be 1 to 64 visible ASCII characters"),
            Self::Taken => f.write_str("somebody has this user name"),
            Self::Password(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for RegisterError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Password(error) => std::error::Error::source(error),
            Self::Username | Self::Taken => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials(username: &str) -> Credentials {
        Credentials { username: username.to_owned(), password: DEMO_PASSWORD.into() }
    }

    #[tokio::test]
    async fn of_two_who_want_one_name_at_once_one_gets_it() {
        let users = Users::demo().await.unwrap();
        let carol = credentials("carol");
        let (first, second) = tokio::join!(users.register(&carol), users.register(&carol));
        let taken = |result: &Result<User, RegisterError>| matches!(result, Err(RegisterError::Taken));
        assert!(taken(&first) != taken(&second) && (first.is_ok() != second.is_ok()));
    }

    #[tokio::test]
    async fn users_are_found_by_name_and_by_subject_and_nobody_else_is() {
        let users = Users::demo().await.unwrap();
        let bob = users.find(&credentials("bob")).await.unwrap().unwrap();
        assert!(!bob.admin);
        assert_eq!(users.user(&bob.subject()).await.unwrap().unwrap().username, "bob");
        assert!(users.find(&credentials("Bob")).await.unwrap().is_none());
        for nobody in [0, 3, u64::MAX] {
            assert!(users.user(&nobody.into()).await.unwrap().is_none(), "{nobody}");
        }
    }

    #[tokio::test]
    async fn debug_output_shows_no_hash() {
        let users = Users::demo().await.unwrap();
        assert!(!format!("{users:?}").contains("argon2"));
    }
}
