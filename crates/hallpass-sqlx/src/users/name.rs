//! Names of tables and columns, checked and quoted.

use super::UserTableConfigError;
use std::fmt;

/// The longest name in bytes that every database here takes: PostgreSQL's limit.
const MAX_LEN: usize = 63;

/// Whose SQL is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(dead_code, reason = "those that are not among the features are never made")]
pub(super) enum Dialect {
    Sqlite,
    Postgres,
    MySql,
}

impl Dialect {
    fn quote(self) -> char {
        match self {
            Self::Sqlite | Self::Postgres => '"',
            Self::MySql => '`',
        }
    }
}

/// The name of a column: letters, digits, `_` and `$`, so that it needs no escapes between quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name(Box<str>);

impl Name {
    /// `what` says in an error whose name it is.
    pub(super) fn new(name: &str, what: &'static str) -> Result<Self, UserTableConfigError> {
        let invalid = |reason| UserTableConfigError::Name { what, name: name.to_owned(), reason };
        let plain = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
        match name {
            "" => Err(invalid("it is empty")),
            _ if name.len() > MAX_LEN => Err(invalid("it is longer than 63 bytes")),
            _ if !name.chars().all(plain) => {
                Err(invalid("it has other characters than letters, digits, _ and $"))
            }
            _ => Ok(Self(name.into())),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as it is written in a statement.
    pub(super) fn quoted(&self, dialect: Dialect) -> String {
        let quote = dialect.quote();
        format!("{quote}{}{quote}", self.0)
    }

    /// Whether a database may take the two for one: in SQLite and MySQL, the case of a column's name does not count.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.0.to_lowercase() == other.0.to_lowercase()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a table, with its schema if it was named: `users`, `shop.users`.
#[derive(Debug, Clone)]
pub(super) struct TableName {
    pub(super) schema: Option<Name>,
    pub(super) table: Name,
}

impl TableName {
    pub(super) fn new(name: &str) -> Result<Self, UserTableConfigError> {
        let (schema, table) = match name.split_once('.') {
            Some((schema, table)) => (Some(Name::new(schema, "schema")?), table),
            None => (None, name),
        };
        Ok(Self { schema, table: Name::new(table, "table")? })
    }

    pub(super) fn quoted(&self, dialect: Dialect) -> String {
        let table = self.table.quoted(dialect);
        match &self.schema {
            Some(schema) => format!("{}.{table}", schema.quoted(dialect)),
            None => table,
        }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.table),
            None => self.table.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_would_need_escapes_is_refused_with_the_reason() {
        let long = "a".repeat(64);
        for name in ["a\"b", "a`b", "a b", "a;", "a'", "a\0", "a-b", "a\\", "a.b", "a\u{202e}", &long, ""] {
            let error = Name::new(name, "subject column").unwrap_err().to_string();
            assert!(error.starts_with("the name of the subject column"), "{error}");
        }
        for name in ["a", "_a1", "Größe", "naam$", "order", "1st"] {
            assert_eq!(Name::new(name, "table").unwrap().as_str(), name);
        }
    }

    #[test]
    fn a_table_may_be_named_with_its_schema_and_with_nothing_more() {
        let table = TableName::new("shop.users").unwrap();
        assert_eq!((table.schema.unwrap().as_str(), table.table.as_str()), ("shop", "users"));
        for name in [".", "a.", ".a", "a.b.c", "", "a..b"] {
            assert!(TableName::new(name).is_err(), "{name:?}");
        }
    }
}
