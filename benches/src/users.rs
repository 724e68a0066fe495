//! Users who cost nothing, so that only the library is measured.

use hallpass_core::{MemoryStore, SessionManager, Stamp, Subject};
use hallpass_login::{AuthUser, Authenticator};
use std::borrow::Cow;
use std::convert::Infallible;

/// A manager of its own, with a store in memory and all defaults.
///
/// # Panics
///
/// Outside of a tokio runtime.
#[must_use]
pub fn sessions() -> SessionManager {
    SessionManager::builder(MemoryStore::new()).build().expect("the defaults work")
}

/// The number of the user who logs in, from the query; 1 without.
pub(crate) fn id(query: Option<&str>) -> u64 {
    query.and_then(|id| id.parse().ok()).unwrap_or(1)
}

/// A user.
#[derive(Debug, Clone, Copy)]
pub struct User(u64);

impl AuthUser for User {
    fn subject(&self) -> Subject {
        self.0.into()
    }

    fn auth_stamp(&self) -> Stamp {
        Stamp::from(1)
    }
}

/// Everybody whose subject is a number.
#[derive(Debug)]
pub struct Users;

impl Authenticator for Users {
    type User = User;
    type Credentials = u64;
    type Error = Infallible;

    fn identifier<'a>(&self, id: &'a u64) -> Cow<'a, str> {
        id.to_string().into()
    }

    async fn find(&self, id: &u64) -> Result<Option<User>, Infallible> {
        Ok(Some(User(*id)))
    }

    async fn verify(&self, _: Option<&User>, _: u64) -> Result<bool, Infallible> {
        Ok(true)
    }

    async fn user(&self, subject: &Subject) -> Result<Option<User>, Infallible> {
        Ok(subject.as_str().parse().ok().map(User))
    }
}
