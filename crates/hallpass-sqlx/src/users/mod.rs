//! Users in a table of the application.
//!
//! A [`UserTable`] is an [`Authenticator`] over a table that exists already: it is told which columns hold what, and
//! given to the session layer of an adapter.
//!
//! ```
//! # #[cfg(feature = "sqlite")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use hallpass_sqlx::users::{ColumnType, Credentials, UserTable};
//! # let pool = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await?;
//! # sqlx::raw_sql("CREATE TABLE users (
//! #     id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, password_hash TEXT, password_version INTEGER,
//! #     disabled_at TEXT, roles TEXT)").execute(&pool).await?;
//!
//! let users = UserTable::builder(pool)
//!     .table("users")
//!     .subject("id", ColumnType::Integer)
//!     .username("email")
//!     .password_hash("password_hash")
//!     .stamp("password_version", ColumnType::Integer)
//!     .disabled_at("disabled_at")
//!     .roles("roles")
//!     .login_path("/login")
//!     .build()?;
//! // Tells now what would be 503 later.
//! users.check().await?;
//!
//! let ada = users.register(&Credentials::new("ada@example.com", "correct horse battery staple")).await?;
//! assert_eq!(ada.username, "ada@example.com");
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "sqlite"))]
//! # fn main() {}
//! ```
//!
//! # Who is who
//!
//! A user name is compared byte by byte, whatever the column's collation. MariaDB's default one takes `ALICE`, `alice `
//! and `àlice` for `alice`, and so would a guesser's budget be multiplied by spellings. Names of 1 to 256 bytes without
//! control characters are looked up; others are nobody's. Where names in any case are wanted, see
//! [`normalize`](UserTableBuilder::normalize). If two rows have one name, none of them is taken: 503.
//!
//! # Passwords
//!
//! Checking one costs one hash, also for unknown and disabled users and for those without a password, and the answer is
//! the same. A password that is stored with older parameters, or by a
//! [`LegacyScheme`](hallpass_login::password::LegacyScheme), is hashed anew when its user logs in. That leaves the stamp
//! as it is, so that other devices stay logged in; see [`stamp`](UserTableBuilder::stamp).
//!
//! Whatever else changes the hash on purpose must change the stamp in the same statement, and end the sessions with
//! [`SessionManager::end_sessions`](hallpass_core::SessionManager::end_sessions) afterwards.
//!
//! # Several tables
//!
//! Staff and customers have a table each, on session layers of their own with cookies of their own. Give each a
//! [profile](UserTableBuilder::profile): the tables then have different types, and a handler that takes a
//! `CurrentUser<UserTable<Staff>>` cannot be reached by a customer, wherever it is mounted.
//!
//! ```
//! # #[cfg(feature = "sqlite")]
//! # fn build(pool: sqlx::SqlitePool) -> Result<(), Box<dyn std::error::Error>> {
//! use hallpass_sqlx::users::{ColumnType, UserTable};
//!
//! struct Staff;
//!
//! let staff: UserTable<Staff> = UserTable::builder(pool)
//!     .profile::<Staff>()
//!     .table("staff")
//!     .subject("id", ColumnType::Uuid)
//!     .username("login")
//!     .password_hash("password")
//!     .build()?;
//! # Ok(())
//! # }
//! ```

mod builder;
mod catalog;
mod change;
mod check;
mod columns;
mod credentials;
mod error;
mod name;
#[cfg(test)]
mod plans;
mod pool;
mod sql;
mod user;

pub use builder::UserTableBuilder;
pub use change::NewUser;
pub use columns::ColumnType;
pub use credentials::Credentials;
pub use error::{RegisterError, SetPasswordError, UserTableConfigError, UserTableError};
pub use pool::UserPool;
pub use user::TableUser;

use builder::Normalize;
use columns::Columns;
use hallpass_core::Subject;
use hallpass_login::password::{Passwords, Verified};
use hallpass_login::{AuthUser, Authenticator};
use pool::{Row, Value};
use sql::{Statements, Values};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;
use user::{canonical_integer, is_canonical_uuid, is_username};

/// The users of an application, in a table of its database. Cheap to clone.
///
/// `P` is the table's profile, a type of the application's that tells it from other tables; see the
/// [module](crate::users).
pub struct UserTable<P = ()> {
    inner: Arc<Inner>,
    profile: PhantomData<fn() -> P>,
}

struct Inner {
    pool: UserPool,
    columns: Columns,
    statements: Statements,
    passwords: Passwords,
    normalize: Option<Normalize>,
    login_path: Option<String>,
    reauthentication_path: Option<String>,
    time_limit: Duration,
}

impl UserTable {
    /// Describes a table of users in the database of this pool: a `sqlx::SqlitePool`, `PgPool` or `MySqlPool`.
    pub fn builder(pool: impl Into<UserPool>) -> UserTableBuilder {
        UserTableBuilder::new(pool.into())
    }
}

impl<P: 'static> UserTable<P> {
    /// Asks the database whether the table is as it was described. Call it at start; what it finds would make every
    /// request a 503 later.
    ///
    /// # Errors
    ///
    /// When the table or a column is missing or of another type, user names or subjects are not unique, the hash or
    /// stamp column is too short, MySQL is not strict, there is no right to read, or the database cannot be asked.
    ///
    /// ```
    /// # #[cfg(feature = "sqlite")]
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use hallpass_sqlx::users::{ColumnType, UserTable};
    /// let pool = sqlx::SqlitePool::connect("sqlite::memory:").await?;
    /// let users = UserTable::builder(pool)
    ///     .table("users")
    ///     .subject("id", ColumnType::Integer)
    ///     .username("name")
    ///     .password_hash("password")
    ///     .build()?;
    /// let error = users.check().await.unwrap_err();
    /// assert_eq!(error.to_string(), "there is no table users, or it may not be seen");
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "sqlite"))]
    /// # fn main() {}
    /// ```
    pub async fn check(&self) -> Result<(), UserTableError> {
        check::check(&self.inner).await
    }

    /// How passwords are hashed and checked here.
    #[must_use]
    pub fn passwords(&self) -> &Passwords {
        &self.inner.passwords
    }
}

impl<P: 'static> Authenticator for UserTable<P> {
    type User = TableUser;
    type Credentials = Credentials;
    type Error = UserTableError;

    fn identifier<'a>(&self, credentials: &'a Credentials) -> Cow<'a, str> {
        Cow::Borrowed(&credentials.username)
    }

    async fn find(&self, credentials: &Credentials) -> Result<Option<TableUser>, UserTableError> {
        self.inner.find(&self.inner.normalized(&credentials.username)).await
    }

    async fn verify(
        &self,
        user: Option<&TableUser>,
        credentials: Credentials,
    ) -> Result<bool, UserTableError> {
        let inner = &*self.inner;
        let stored = user.and_then(|user| user.hash.as_deref());
        let verified = inner.passwords.verify(stored, &credentials.password).await?;
        if let (Verified::MatchOutdated, Some(user)) = (verified, user)
            && user.is_enabled()
            && inner.columns.stamp.is_some()
        {
            self.store_anew(user, &credentials.password).await;
        }
        Ok(verified.is_match())
    }

    async fn user(&self, subject: &Subject) -> Result<Option<TableUser>, UserTableError> {
        let inner = &*self.inner;
        let Some(value) = inner.subject_value(subject) else { return Ok(None) };
        let values = Values { subject: value, ..Values::default() };
        let rows = match inner.pool.find(inner.time_limit, &inner.statements.by_subject, &values).await {
            Err(failed) if failed.is_unstorable() => return Ok(None),
            rows => rows?,
        };
        let user = inner.only(rows, inner.columns.subject.as_str())?;
        Ok(user.filter(|user| user.subject == *subject))
    }

    fn login_path(&self) -> Option<&str> {
        self.inner.login_path.as_deref()
    }

    fn reauthentication_path(&self) -> Option<&str> {
        self.inner.reauthentication_path.as_deref().or(self.login_path())
    }
}

impl Inner {
    fn normalized<'a>(&self, username: &'a str) -> Cow<'a, str> {
        match self.normalize {
            // What cannot be a name is not worth the work.
            Some(normalize) if is_username(username) => Cow::Owned(normalize(username)),
            _ => Cow::Borrowed(username),
        }
    }

    async fn find(&self, username: &str) -> Result<Option<TableUser>, UserTableError> {
        if !is_username(username) {
            return Ok(None);
        }
        let values = Values { username: Value::Text(username), ..Values::default() };
        let rows = match self.pool.find(self.time_limit, &self.statements.by_username, &values).await {
            Err(failed) if failed.is_unstorable() => return Ok(None),
            rows => rows?,
        };
        let user = self.only(rows, self.columns.username.as_str())?;
        Ok(user.filter(|user| user.username == username))
    }

    fn only(&self, rows: Vec<Row>, column: &str) -> Result<Option<TableUser>, UserTableError> {
        if rows.len() > 1 {
            return Err(UserTableError::Ambiguous { column: column.to_owned() });
        }
        rows.into_iter().next().map(|row| TableUser::read(&self.columns, row)).transpose()
    }

    /// How the subject is looked for; `None` if it can be nobody's.
    fn subject_value<'a>(&self, subject: &'a Subject) -> Option<Value<'a>> {
        let text = subject.as_str();
        match self.columns.subject_type {
            ColumnType::Text => Some(Value::Text(text)),
            ColumnType::Integer => canonical_integer(text).map(Value::Integer),
            ColumnType::Uuid => is_canonical_uuid(text).then_some(Value::Text(text)),
        }
    }
}

impl<P> Clone for UserTable<P> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), profile: PhantomData }
    }
}

impl<P> fmt::Debug for UserTable<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserTable")
            .field("pool", &self.inner.pool)
            .field("columns", &self.inner.columns)
            .finish_non_exhaustive()
    }
}
