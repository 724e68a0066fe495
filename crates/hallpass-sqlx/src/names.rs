//! The names that appear in SQL texts, and the texts with them.

use crate::SetupError;
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};
use std::fmt;
use std::sync::Arc;

/// The prefix that the SQL texts of this crate are written with.
const WRITTEN: &str = "hallpass_";

/// How the tables of one store are named. Every part has been checked to be a plain identifier.
#[derive(Clone)]
pub(crate) struct Names {
    schema: Option<Box<str>>,
    prefix: Box<str>,
}

impl Names {
    pub(crate) fn new(schema: Option<&str>, prefix: &str) -> Result<Self, SetupError> {
        check(prefix, "table prefix")?;
        if let Some(schema) = schema {
            check(schema, "schema")?;
        }
        Ok(Self { schema: schema.map(Into::into), prefix: prefix.into() })
    }

    #[cfg(feature = "postgres")]
    pub(crate) fn schema(&self) -> Option<&str> {
        self.schema.as_deref()
    }

    /// A statement, with its tables named in full.
    pub(crate) fn statement(&self, text: &str) -> Sql {
        Sql(text.replace(WRITTEN, &self.to_string()).into())
    }

    /// A file that creates tables and indexes, without the schema: indexes are not named with theirs.
    pub(crate) fn migration(&self, text: &str) -> Sql {
        Sql(text.replace(WRITTEN, &self.prefix).into())
    }
}

/// What the full names of all tables begin with.
impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "\"{schema}\".")?;
        }
        f.write_str(&self.prefix)
    }
}

fn check(name: &str, of: &'static str) -> Result<(), SetupError> {
    let fits = (1..=32).contains(&name.len());
    let plain = name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
    if fits && plain && !name.as_bytes()[0].is_ascii_digit() {
        Ok(())
    } else {
        Err(SetupError::InvalidName { of })
    }
}

/// A text written in this crate, with checked names. Values are always bound.
#[derive(Clone)]
pub(crate) struct Sql(Arc<str>);

impl Sql {
    #[cfg(test)]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl SqlSafeStr for &Sql {
    fn into_sql_str(self) -> SqlStr {
        AssertSqlSafe(Arc::clone(&self.0)).into_sql_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_identifiers_are_names() {
        let long = "a".repeat(33);
        for name in ["", "1a", "a-b", "a b", "A", "a;", "a\"", "a'", "ü", "a.b", &long] {
            assert!(Names::new(None, name).is_err(), "prefix {name:?}");
            assert!(Names::new(Some(name), "a").is_err(), "schema {name:?}");
        }
        assert!(Names::new(Some("_a1"), &"a".repeat(32)).is_ok());
    }

    #[test]
    fn tables_are_named_in_full_in_statements_only() {
        let names = Names::new(Some("auth"), "shop_").unwrap();
        assert_eq!(names.statement("hallpass_a, hallpass_b").as_str(), r#""auth".shop_a, "auth".shop_b"#);
        assert_eq!(names.migration("hallpass_a").as_str(), "shop_a");
    }
}
