//! What can go wrong before a store serves.

use std::fmt;

/// A store could not be set up. The message says what to do about it, and holds no password.
///
/// ```
/// # #[cfg(feature = "sqlite")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use hallpass_sqlx::{SetupError, SqliteStore};
///
/// let store = SqliteStore::connect("sqlite::memory:").await.unwrap();
/// let error = store.check().await.unwrap_err();
/// assert!(matches!(error, SetupError::SchemaMissing { .. }));
/// # }
/// # #[cfg(not(feature = "sqlite"))]
/// # fn main() {}
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum SetupError {
    /// A table prefix or the name of a schema is not one.
    InvalidName {
        /// What the name is for.
        of: &'static str,
    },
    /// The URL is not one that the database's driver reads. What is wrong with it is not repeated: it may hold a
    /// password.
    InvalidUrl {
        /// How such a URL is written.
        form: &'static str,
    },
    /// The database could not be reached, or refused the user.
    Connect(sqlx::Error),
    /// The database or the pool cannot keep the contract of a session store.
    Unsuitable {
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// There are no tables of hallpass with this prefix.
    SchemaMissing {
        /// The prefix of the tables that were looked for, with their schema if one was named.
        tables: String,
    },
    /// The tables are of an older version.
    SchemaOlder {
        /// Their version.
        found: i64,
        /// The version that this release of hallpass works with.
        needed: i64,
    },
    /// The tables are of a newer version.
    SchemaNewer {
        /// Their version.
        found: i64,
        /// The version that this release of hallpass works with.
        needed: i64,
    },
    /// The tables could not be created, upgraded or looked at.
    Schema(sqlx::Error),
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidName { of } => write!(
                f,
                "the {of} is not a name: use 1 to 32 lower-case letters, digits and underscores, no digit first"
            ),
            Self::InvalidUrl { form } => write!(f, "the database's URL is not of the form {form}"),
            Self::Connect(_) => f.write_str("the session database cannot be reached with this URL"),
            Self::Unsuitable { reason } => f.write_str(reason),
            Self::SchemaMissing { tables } => write!(
                f,
                "the session database has no tables {tables}*: call migrate(), or apply the files in the \
                 `migrations` folder of hallpass-sqlx, and check the prefix and the schema"
            ),
            Self::SchemaOlder { found, needed } => write!(
                f,
                "the session tables are of version {found}, this release needs {needed}: call migrate(), or apply \
                 the newer files in the `migrations` folder of hallpass-sqlx"
            ),
            Self::SchemaNewer { found, needed } => write!(
                f,
                "the session tables are of version {found}, this release knows versions up to {needed}: upgrade \
                 hallpass-sqlx on this node"
            ),
            Self::Schema(_) => f.write_str("the session tables could not be created, upgraded or looked at"),
        }
    }
}

impl std::error::Error for SetupError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Connect(error) | Self::Schema(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_is_a_lower_case_sentence_without_a_full_stop() {
        for error in [
            SetupError::InvalidName { of: "table prefix" },
            SetupError::InvalidUrl { form: "sqlite:file.db" },
            SetupError::Connect(sqlx::Error::PoolTimedOut),
            SetupError::SchemaMissing { tables: "hallpass_".into() },
            SetupError::SchemaOlder { found: 1, needed: 2 },
            SetupError::SchemaNewer { found: 2, needed: 1 },
            SetupError::Schema(sqlx::Error::PoolTimedOut),
        ] {
            let text = error.to_string();
            assert!(text.starts_with(char::is_lowercase) && !text.ends_with('.'), "{text}");
        }
    }
}
