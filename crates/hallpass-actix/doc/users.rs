use hallpass_core::{Stamp, Subject};
use hallpass_login::{AuthUser, Authenticator, HasRoles};
use std::borrow::Cow;

/// What a user types: a name, a colon and a number.
pub(crate) struct Pin(pub(crate) String);

#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) pin: String,
    pub(crate) role: Role,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Role {
    Clerk,
    Admin,
}

impl AuthUser for User {
    fn subject(&self) -> Subject {
        self.id.into()
    }

    fn auth_stamp(&self) -> Stamp {
        Stamp::digest(self.pin.as_bytes())
    }
}

impl HasRoles for User {
    type Role = Role;

    fn has_role(&self, role: &Role) -> bool {
        self.role == *role
    }
}

/// Two users, for examples and tests. Real ones have passwords, and those are hashed.
#[derive(Debug)]
pub(crate) struct Users(pub(crate) Vec<User>);

impl Default for Users {
    fn default() -> Self {
        let user = |id, name: &str, pin: &str, role| User { id, name: name.into(), pin: pin.into(), role };
        Self(vec![user(1, "ada", "1815", Role::Admin), user(2, "brian", "1942", Role::Clerk)])
    }
}

impl Authenticator for Users {
    type User = User;
    type Credentials = Pin;
    type Error = std::io::Error;

    fn identifier<'a>(&self, Pin(typed): &'a Pin) -> Cow<'a, str> {
        typed.split(':').next().unwrap_or_default().into()
    }

    async fn find(&self, Pin(typed): &Pin) -> Result<Option<User>, std::io::Error> {
        let name = typed.split(':').next().unwrap_or_default();
        Ok(self.0.iter().find(|user| user.name == name).cloned())
    }

    async fn verify(&self, user: Option<&User>, Pin(typed): Pin) -> Result<bool, std::io::Error> {
        Ok(user.is_some_and(|user| typed.split(':').nth(1) == Some(&user.pin)))
    }

    async fn user(&self, subject: &Subject) -> Result<Option<User>, std::io::Error> {
        Ok(self.0.iter().find(|user| user.subject() == *subject).cloned())
    }
}
