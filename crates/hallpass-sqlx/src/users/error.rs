//! What can go wrong with a table of users.

use hallpass_login::password::PasswordError;
use std::error::Error;
use std::fmt;

/// A [`UserTable`](super::UserTable) cannot be built like this.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum UserTableConfigError {
    /// A name cannot be that of a table or column here.
    #[non_exhaustive]
    Name {
        /// What it was to name.
        what: &'static str,
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The table, or one of the columns that every table of users has, was not named.
    #[non_exhaustive]
    Missing {
        /// What was not named.
        what: &'static str,
    },
    /// One column was named for two purposes.
    #[non_exhaustive]
    SameColumn {
        /// Its name.
        name: String,
    },
}

impl fmt::Display for UserTableConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name { what, name, reason } => {
                write!(f, "the name of the {what} cannot be {name:?}: {reason}")
            }
            Self::Missing { what } => write!(f, "the name of the {what} is missing"),
            Self::SameColumn { name } => write!(f, "the column {name:?} is named for two purposes"),
        }
    }
}

impl Error for UserTableConfigError {}

/// The table of users could not be asked, or did not answer as such a table does. A client sees an opaque 503.
#[derive(Debug)]
#[non_exhaustive]
pub enum UserTableError {
    /// The database failed or could not be reached.
    #[non_exhaustive]
    Database {
        /// What went wrong. It may quote a user name, never a password or hash.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The database did not answer within [`time_limit`](super::UserTableBuilder::time_limit). A change may have been
    /// made.
    TimedOut,
    /// Several rows have the same user name or subject, and none of them is taken.
    #[non_exhaustive]
    Ambiguous {
        /// The column.
        column: String,
    },
    /// A row holds something that cannot be used.
    #[non_exhaustive]
    Malformed {
        /// The column.
        column: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The table is not as configured; only [`check`](super::UserTable::check) tells.
    #[non_exhaustive]
    Unsuitable {
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// The password was not hashed.
    Password(PasswordError),
    /// The operating system gave no random bytes.
    Random(std::io::Error),
}

impl UserTableError {
    pub(super) fn database(source: impl Error + Send + Sync + 'static) -> Self {
        Self::Database { source: Box::new(source) }
    }
}

impl fmt::Display for UserTableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database { .. } => f.write_str("the database of users failed"),
            Self::TimedOut => f.write_str("the database of users did not answer in time"),
            Self::Ambiguous { column } => write!(f, "several users have the same {column:?}"),
            Self::Malformed { column, reason } => {
                write!(f, "the column {column:?} of a user cannot be used: {reason}")
            }
            Self::Unsuitable { reason } => f.write_str(reason),
            Self::Password(_) => f.write_str("the password was not checked or hashed"),
            Self::Random(_) => f.write_str("there are no random bytes"),
        }
    }
}

impl Error for UserTableError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Database { source } => Some(&**source),
            Self::Password(error) => Some(error),
            Self::Random(error) => Some(error),
            Self::TimedOut | Self::Ambiguous { .. } | Self::Malformed { .. } | Self::Unsuitable { .. } => {
                None
            }
        }
    }
}

impl From<PasswordError> for UserTableError {
    fn from(error: PasswordError) -> Self {
        Self::Password(error)
    }
}

/// A user was not added.
#[derive(Debug)]
#[non_exhaustive]
pub enum RegisterError {
    /// The user name is empty, longer than 256 bytes or than its column, begins or ends with a blank, or has characters
    /// that are for control or that the database cannot store: 422.
    Username,
    /// Somebody has this user name, or one that the database takes for the same: 409.
    Taken,
    /// The password is too short or too long: 422. The source says which.
    Password(PasswordError),
    /// The roles cannot be stored: there is no column for them, or one is empty or has a blank or a comma. A mistake of
    /// the application, so 500.
    Roles,
    /// The table could not be asked, or too many passwords are being hashed: 503.
    Unavailable(UserTableError),
}

impl fmt::Display for RegisterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Username => f.write_str("this cannot be a user name"),
            Self::Taken => f.write_str("somebody has this user name"),
            Self::Password(error) => error.fmt(f),
            Self::Roles => f.write_str("the roles cannot be stored"),
            Self::Unavailable(error) => error.fmt(f),
        }
    }
}

impl Error for RegisterError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            // What they say is said already.
            Self::Password(error) => error.source(),
            Self::Unavailable(error) => error.source(),
            Self::Username | Self::Taken | Self::Roles => None,
        }
    }
}

/// A password was not set.
#[derive(Debug)]
#[non_exhaustive]
pub enum SetPasswordError {
    /// The new password is too short or too long: 422.
    Password(PasswordError),
    /// The user's credentials have changed since the user was read, or the user is gone; nothing was written: 409.
    Superseded,
    /// The table could not be asked, or too many passwords are being hashed: 503.
    Unavailable(UserTableError),
}

impl fmt::Display for SetPasswordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Password(error) => error.fmt(f),
            Self::Superseded => f.write_str("the user's credentials were changed meanwhile"),
            Self::Unavailable(error) => error.fmt(f),
        }
    }
}

impl Error for SetPasswordError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Password(error) => error.source(),
            Self::Unavailable(error) => error.source(),
            Self::Superseded => None,
        }
    }
}
