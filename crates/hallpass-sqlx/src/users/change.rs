//! Adding users, and changing their passwords.

use super::columns::ColumnType;
use super::credentials::Credentials;
use super::error::{RegisterError, SetPasswordError};
use super::pool::Value;
use super::sql::{Values, insert};
use super::user::{TableUser, canonical_integer, is_username, split_roles};
use super::{Inner, UserTable, UserTableError};
use hallpass_core::{OsRandom, RandomSource, Subject};
use hallpass_login::AuthUser;
use hallpass_login::password::{Password, PasswordError};
use std::fmt;

/// A user to be [registered](UserTable::register).
///
/// ```
/// use hallpass_sqlx::users::{Credentials, NewUser};
///
/// let credentials = Credentials::new("ada", "correct horse battery staple");
/// let user = NewUser::from(&credentials).roles(&["admin"]);
/// # let _ = user;
/// ```
#[must_use]
pub struct NewUser<'a> {
    credentials: &'a Credentials,
    subject: Option<Subject>,
    roles: &'a [&'a str],
}

impl<'a> From<&'a Credentials> for NewUser<'a> {
    fn from(credentials: &'a Credentials) -> Self {
        Self { credentials, subject: None, roles: &[] }
    }
}

impl<'a> NewUser<'a> {
    /// The subject, where the application makes its own. Otherwise the database numbers the users if the subject is an
    /// integer; else it is a random UUID.
    pub fn subject(mut self, subject: Subject) -> Self {
        self.subject = Some(subject);
        self
    }

    /// The roles. Without any, the role column has its default.
    pub fn roles(mut self, roles: &'a [&'a str]) -> Self {
        self.roles = roles;
        self
    }
}

impl fmt::Debug for NewUser<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewUser").finish_non_exhaustive()
    }
}

impl<P: 'static> UserTable<P> {
    /// Adds a user who is enabled. Of several who want one name at once, one gets it.
    ///
    /// The columns that are not described here must have defaults. To log the new user in, give the subject to
    /// [`Login::vouch`](hallpass_login::Login::vouch).
    ///
    /// # Errors
    ///
    /// See [`RegisterError`]. If the database did not answer in time, the user may have been added.
    pub async fn register<'a>(&self, user: impl Into<NewUser<'a>>) -> Result<TableUser, RegisterError> {
        let user = user.into();
        let username = self.inner.normalized(&user.credentials.username);
        if !is_username(&username) || username.trim() != username {
            return Err(RegisterError::Username);
        }
        let roles = joined_roles(&self.inner, user.roles)?;
        let hash =
            self.inner.passwords.hash(&user.credentials.password).await.map_err(|error| match error {
                error if is_refusal(&error) => RegisterError::Password(error),
                error => RegisterError::Unavailable(error.into()),
            })?;
        self.insert(&username, user.subject.as_ref(), &roles, &hash).await?;
        let registered = self.inner.find(&username).await.map_err(RegisterError::Unavailable)?;
        registered.ok_or_else(|| {
            RegisterError::Unavailable(UserTableError::Malformed {
                column: self.inner.columns.username.to_string(),
                reason: "the database changed it when it was written",
            })
        })
    }

    async fn insert(
        &self,
        username: &str,
        subject: Option<&Subject>,
        roles: &str,
        hash: &str,
    ) -> Result<(), RegisterError> {
        let inner = &*self.inner;
        let subject = new_subject(inner, subject).map_err(RegisterError::Unavailable)?;
        let stamp = next_stamp(inner, None).map_err(RegisterError::Unavailable)?;
        let values = Values {
            subject: subject.as_ref().map_or(Value::Null, Key::value),
            username: Value::Text(username),
            hash: Value::Text(hash),
            stamp: stamp.as_ref().map_or(Value::Null, Key::value),
            roles: Value::Text(roles),
            ..Values::default()
        };
        let statement = insert(inner.pool.dialect(), &inner.columns, subject.is_some(), !roles.is_empty());
        match inner.pool.change(inner.time_limit, &statement, &values).await {
            Ok(_) => Ok(()),
            Err(failed) if failed.is_duplicate() => Err(RegisterError::Taken),
            Err(failed) if failed.is_unstorable() => Err(RegisterError::Username),
            Err(failed) => Err(RegisterError::Unavailable(failed.into())),
        }
    }

    /// Sets a user's password, and a new stamp in the same statement. `user` is the user whose right to do so was
    /// checked: the one that [`Login::confirm`](hallpass_login::Login::confirm) returned, or the one that a mail with a
    /// secret link was sent to. If the credentials have changed since that user was read, nothing is written; so who
    /// knows only the old password cannot undo a change that is under way.
    ///
    /// The user comes back as it is now. Give it to
    /// [`Login::credentials_changed`](hallpass_login::Login::credentials_changed), which ends the sessions of the old
    /// password.
    ///
    /// # Errors
    ///
    /// See [`SetPasswordError`]. If the database did not answer in time, the password may have been changed.
    pub async fn set_password(
        &self,
        user: &TableUser,
        password: &Password,
    ) -> Result<TableUser, SetPasswordError> {
        let inner = &*self.inner;
        let hash = inner.passwords.hash(password).await.map_err(|error| match error {
            error if is_refusal(&error) => SetPasswordError::Password(error),
            error => SetPasswordError::Unavailable(error.into()),
        })?;
        let stamp = next_stamp(inner, user.stamp.as_deref()).map_err(SetPasswordError::Unavailable)?;
        let subject = user.subject();
        let values = Values {
            subject: inner.subject_value(&subject).ok_or(SetPasswordError::Superseded)?,
            hash: Value::Text(&hash),
            old_hash: user.hash.as_deref().map_or(Value::Null, Value::Text),
            stamp: stamp.as_ref().map_or(Value::Null, Key::value),
            old_stamp: user.stamp.as_deref().map_or(Value::Null, Value::Text),
            ..Values::default()
        };
        let changed = inner.pool.change(inner.time_limit, &inner.statements.set_password, &values).await;
        match changed {
            Ok(0) => Err(SetPasswordError::Superseded),
            Ok(_) => Ok(TableUser {
                hash: Some(hash.into()),
                stamp: stamp.map(|stamp| stamp.text.into()),
                ..user.clone()
            }),
            Err(failed) => Err(SetPasswordError::Unavailable(failed.into())),
        }
    }

    /// Enables or disables a user; says whether there is such a user. Disabling changes the stamp, so that no session
    /// of before is good again when the user is enabled.
    ///
    /// Routes that ask for the user refuse a disabled one from then on. To end the sessions too, call
    /// [`SessionManager::end_sessions`](hallpass_core::SessionManager::end_sessions) afterwards.
    ///
    /// # Errors
    ///
    /// When the table has no column for it, or could not be asked.
    pub async fn set_enabled(&self, subject: &Subject, enabled: bool) -> Result<bool, UserTableError> {
        let inner = &*self.inner;
        let statements = &inner.statements;
        let statement = if enabled { &statements.enable } else { &statements.disable };
        let statement = statement.as_ref().ok_or_else(|| UserTableError::Unsuitable {
            reason: format!("the table {} has no column that says who is enabled", inner.columns.table),
        })?;
        let Some(subject) = inner.subject_value(subject) else { return Ok(false) };
        let stamp = next_stamp(inner, None)?;
        let stamp = stamp.as_ref().map_or(Value::Null, Key::value);
        let values = Values { subject, stamp, ..Values::default() };
        Ok(inner.pool.change(inner.time_limit, statement, &values).await? > 0)
    }

    /// After a login with a password that is stored with outdated parameters. The user is in whatever comes of it.
    pub(super) async fn store_anew(&self, user: &TableUser, password: &Password) {
        if let Err(error) = self.try_store_anew(user, password).await {
            tracing::warn!(
                target: "hallpass",
                error = &error as &dyn std::error::Error,
                "a password was not hashed with the current parameters"
            );
        }
    }

    async fn try_store_anew(&self, user: &TableUser, password: &Password) -> Result<(), UserTableError> {
        let inner = &*self.inner;
        let hash = inner.passwords.rehash(password).await?;
        let subject = user.subject();
        let values = Values {
            subject: inner.subject_value(&subject).unwrap_or_default(),
            hash: Value::Text(&hash),
            old_hash: user.hash.as_deref().map_or(Value::Null, Value::Text),
            ..Values::default()
        };
        // Nothing is changed if the password was meanwhile.
        inner.pool.change(inner.time_limit, &inner.statements.rehash, &values).await?;
        Ok(())
    }
}

/// A subject or stamp to write.
struct Key {
    text: String,
    integer: Option<i64>,
}

impl Key {
    fn integer(integer: i64) -> Self {
        Self { text: integer.to_string(), integer: Some(integer) }
    }

    fn text(text: String) -> Self {
        Self { text, integer: None }
    }

    fn value(&self) -> Value<'_> {
        self.integer.map_or(Value::Text(&self.text), Value::Integer)
    }
}

/// `None` leaves it to the database.
fn new_subject(inner: &Inner, given: Option<&Subject>) -> Result<Option<Key>, UserTableError> {
    let column_type = inner.columns.subject_type;
    match given {
        None if column_type == ColumnType::Integer => Ok(None),
        None => Ok(Some(Key::text(random_uuid()?))),
        Some(subject) => match inner.subject_value(subject) {
            Some(Value::Integer(integer)) => Ok(Some(Key::integer(integer))),
            Some(_) => Ok(Some(Key::text(subject.to_string()))),
            None => Err(UserTableError::Malformed {
                column: inner.columns.subject.to_string(),
                reason: "the new subject is not of its type",
            }),
        },
    }
}

/// A stamp that `current` is not; `None` if the table has none.
fn next_stamp(inner: &Inner, current: Option<&str>) -> Result<Option<Key>, UserTableError> {
    let Some((name, column_type)) = &inner.columns.stamp else { return Ok(None) };
    Ok(Some(match column_type {
        ColumnType::Integer => {
            let current = current.map_or(Some(0), canonical_integer);
            Key::integer(current.and_then(|stamp| stamp.checked_add(1)).ok_or_else(|| {
                UserTableError::Malformed {
                    column: name.to_string(),
                    reason: "it is no integer that can be raised",
                }
            })?)
        }
        ColumnType::Text => Key::text(random_uuid()?.replace('-', "")),
        ColumnType::Uuid => Key::text(random_uuid()?),
    }))
}

/// RFC 9562 §5.4.
fn random_uuid() -> Result<String, UserTableError> {
    let mut bytes = [0; 16];
    OsRandom.fill(&mut bytes).map_err(UserTableError::Random)?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    Ok(format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]))
}

/// A role that would read back as another one, or as two, is none.
fn joined_roles(inner: &Inner, roles: &[&str]) -> Result<String, RegisterError> {
    let is_one = |role: &&str| split_roles(role).eq([*role]);
    if (inner.columns.roles.is_none() && !roles.is_empty()) || !roles.iter().all(is_one) {
        return Err(RegisterError::Roles);
    }
    Ok(roles.join(","))
}

/// Whether it is the user who has to choose another password.
fn is_refusal(error: &PasswordError) -> bool {
    matches!(error, PasswordError::TooShort { .. } | PasswordError::TooLong { .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::users::user::is_canonical_uuid;

    #[test]
    fn a_random_uuid_is_one_of_version_4_and_no_other_is_the_same() {
        let (first, second) = (random_uuid().unwrap(), random_uuid().unwrap());
        assert!(is_canonical_uuid(&first) && first.as_bytes()[14] == b'4', "{first}");
        assert!(matches!(first.as_bytes()[19], b'8' | b'9' | b'a' | b'b'), "{first}");
        assert_ne!(first, second);
    }
}
