use super::columns::{ColumnType, Columns, Enabled};
use super::name::{Name, TableName};
use super::pool::UserPool;
use super::sql::Statements;
use super::{Inner, UserTable, UserTableConfigError};
use hallpass_login::password::Passwords;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

/// How names are changed before they are looked up.
pub(super) type Normalize = fn(&str) -> String;

/// Describes a table of users. Made by [`UserTable::builder`].
///
/// The names of tables and columns are those that the database has: they are quoted, so that PostgreSQL distinguishes
/// upper and lower case. They are letters, digits, `_` and `$`, at most 63 bytes.
#[must_use]
pub struct UserTableBuilder<P = ()> {
    pool: UserPool,
    table: Option<String>,
    subject: Option<(String, ColumnType)>,
    username: Option<String>,
    password_hash: Option<String>,
    stamp: Option<(String, ColumnType)>,
    enabled: Option<(EnabledBy, String)>,
    roles: Option<String>,
    normalize: Option<Normalize>,
    passwords: Passwords,
    login_path: Option<String>,
    reauthentication_path: Option<String>,
    time_limit: Duration,
    profile: PhantomData<fn() -> P>,
}

#[derive(Debug, Clone, Copy)]
enum EnabledBy {
    Flag,
    DisabledFlag,
    DisabledAt,
}

impl UserTableBuilder {
    pub(super) fn new(pool: UserPool) -> Self {
        Self {
            pool,
            table: None,
            subject: None,
            username: None,
            password_hash: None,
            stamp: None,
            enabled: None,
            roles: None,
            normalize: None,
            passwords: Passwords::default(),
            login_path: None,
            reauthentication_path: None,
            time_limit: Duration::from_secs(5),
            profile: PhantomData,
        }
    }
}

impl<P: 'static> UserTableBuilder<P> {
    /// The table: `users`, or with its schema (in MySQL its database) `shop.users`. Required.
    pub fn table(mut self, name: impl Into<String>) -> Self {
        self.table = Some(name.into());
        self
    }

    /// The column that identifies a user for good, such as the primary key. Required; unique.
    pub fn subject(mut self, column: impl Into<String>, column_type: ColumnType) -> Self {
        self.subject = Some((column.into(), column_type));
        self
    }

    /// The column with the name to log in with, such as a user name or an e-mail address. Required; unique.
    ///
    /// Names are compared byte by byte, whatever the collation of the column. A row whose name differs from the typed
    /// one in case, accents or trailing blanks only is another user's, so that spellings do not multiply what a guesser
    /// may try.
    pub fn username(mut self, column: impl Into<String>) -> Self {
        self.username = Some(column.into());
        self
    }

    /// The column with what [`Passwords`] made of the password. Required. NULL and the empty text mean that the user has
    /// none. It should take 255 characters.
    pub fn password_hash(mut self, column: impl Into<String>) -> Self {
        self.password_hash = Some(column.into());
        self
    }

    /// The column with a value that changes when the credentials are changed on purpose: an [integer](ColumnType::Integer)
    /// that counts, or a random [text](ColumnType::Text) of 32 characters or [UUID](ColumnType::Uuid).
    ///
    /// Without it, the hash is what changes. Passwords are then not hashed anew when their users log in, for that would
    /// log them out on their other devices; hashes keep the parameters of their day until the password is changed.
    pub fn stamp(mut self, column: impl Into<String>, column_type: ColumnType) -> Self {
        self.stamp = Some((column.into(), column_type));
        self
    }

    /// A boolean column that is true for users who may log in and stay logged in. NULL is false.
    ///
    /// Of this, [`disabled_flag`](Self::disabled_flag) and [`disabled_at`](Self::disabled_at) the last one counts.
    /// Without any, all users may.
    pub fn enabled_flag(mut self, column: impl Into<String>) -> Self {
        self.enabled = Some((EnabledBy::Flag, column.into()));
        self
    }

    /// A boolean column that is true for users who may not log in and do not stay logged in. NULL is true.
    pub fn disabled_flag(mut self, column: impl Into<String>) -> Self {
        self.enabled = Some((EnabledBy::DisabledFlag, column.into()));
        self
    }

    /// A column that holds a time for users who may not log in and do not stay logged in, and NULL for the others.
    pub fn disabled_at(mut self, column: impl Into<String>) -> Self {
        self.enabled = Some((EnabledBy::DisabledAt, column.into()));
        self
    }

    /// The text column with a user's roles: one, or several with commas or blanks between them. NULL is none.
    pub fn roles(mut self, column: impl Into<String>) -> Self {
        self.roles = Some(column.into());
        self
    }

    /// What is done to a name as typed before it is looked up or registered, such as `str::to_lowercase`.
    ///
    /// It is safe if every name in the table is as it makes it, and if it makes no two people's names the same: lower
    /// case is, where the application has always registered names in lower case; stripping accents is not.
    pub fn normalize(mut self, normalize: fn(&str) -> String) -> Self {
        self.normalize = Some(normalize);
        self
    }

    /// How passwords are hashed and checked, and which older hashes are understood. Default: `Passwords::default()`.
    /// Give tables clones of one value, so that they share its limits.
    pub fn passwords(mut self, passwords: Passwords) -> Self {
        self.passwords = passwords;
        self
    }

    /// The path of the page where a browser can log in; see
    /// [`Authenticator::login_path`](hallpass_login::Authenticator::login_path).
    pub fn login_path(mut self, path: impl Into<String>) -> Self {
        self.login_path = Some(path.into());
        self
    }

    /// Where a browser gives the password once more; the login page unless set. See
    /// [`Authenticator::reauthentication_path`](hallpass_login::Authenticator::reauthentication_path).
    pub fn reauthentication_path(mut self, path: impl Into<String>) -> Self {
        self.reauthentication_path = Some(path.into());
        self
    }

    /// How long the database may take for one statement, the wait for a connection included. Default: 5 seconds.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// Gives the table a type of its own, so that users of one table cannot be taken for those of another: see
    /// [Several tables](crate::users#several-tables).
    pub fn profile<Q: 'static>(self) -> UserTableBuilder<Q> {
        let Self { pool, table, subject, username, password_hash, stamp, .. } = self;
        let Self {
            enabled, roles, normalize, passwords, login_path, reauthentication_path, time_limit, ..
        } = self;
        UserTableBuilder {
            pool,
            table,
            subject,
            username,
            password_hash,
            stamp,
            enabled,
            roles,
            normalize,
            passwords,
            login_path,
            reauthentication_path,
            time_limit,
            profile: PhantomData,
        }
    }

    /// The table of users. The database is not asked; [`UserTable::check`] does.
    ///
    /// # Errors
    ///
    /// When a name cannot be one, a required one is missing, or one is used twice.
    pub fn build(self) -> Result<UserTable<P>, UserTableConfigError> {
        let columns = self.columns()?;
        Ok(UserTable {
            inner: Arc::new(Inner {
                statements: Statements::new(self.pool.dialect(), &columns),
                columns,
                pool: self.pool,
                passwords: self.passwords,
                normalize: self.normalize,
                login_path: self.login_path,
                reauthentication_path: self.reauthentication_path,
                time_limit: self.time_limit,
            }),
            profile: PhantomData,
        })
    }

    fn columns(&self) -> Result<Columns, UserTableConfigError> {
        let (subject, subject_type) = self.subject.as_ref().ok_or_else(|| missing("subject column"))?;
        let columns = Columns {
            table: TableName::new(self.table.as_ref().ok_or_else(|| missing("table"))?)?,
            subject: Name::new(subject, "subject column")?,
            subject_type: *subject_type,
            username: required(self.username.as_ref(), "user name column")?,
            password_hash: required(self.password_hash.as_ref(), "password hash column")?,
            stamp: match &self.stamp {
                Some((name, column_type)) => Some((Name::new(name, "stamp column")?, *column_type)),
                None => None,
            },
            enabled: self.enabled.as_ref().map(EnabledBy::column).transpose()?,
            roles: self.roles.as_ref().map(|name| Name::new(name, "role column")).transpose()?,
        };
        match columns.used_twice() {
            Some(name) => Err(UserTableConfigError::SameColumn { name: name.to_string() }),
            None => Ok(columns),
        }
    }
}

impl EnabledBy {
    fn column((by, name): &(Self, String)) -> Result<Enabled, UserTableConfigError> {
        Ok(match by {
            Self::Flag => Enabled::Flag(Name::new(name, "enabled column")?),
            Self::DisabledFlag => Enabled::DisabledFlag(Name::new(name, "disabled column")?),
            Self::DisabledAt => Enabled::DisabledAt(Name::new(name, "disabled column")?),
        })
    }
}

fn required(name: Option<&String>, what: &'static str) -> Result<Name, UserTableConfigError> {
    Name::new(name.ok_or_else(|| missing(what))?, what)
}

fn missing(what: &'static str) -> UserTableConfigError {
    UserTableConfigError::Missing { what }
}

impl<P> fmt::Debug for UserTableBuilder<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserTableBuilder")
            .field("pool", &self.pool)
            .field("table", &self.table)
            .finish_non_exhaustive()
    }
}
