//! Whether a table is as it was described.

use super::catalog::{self, Found};
use super::columns::{ColumnType, Columns, Enabled};
use super::name::{Dialect, Name};
use super::pool::Value;
use super::sql::Values;
use super::{Inner, UserTableError};

/// What the default parameters of Argon2id make has 97 characters.
const HASH_LENGTH: u64 = 100;
const STAMP_LENGTH: u64 = 32;

/// What a column has to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    Key(ColumnType),
    Flag,
    Anything,
}

pub(super) async fn check(inner: &Inner) -> Result<(), UserTableError> {
    let found = catalog::columns(inner).await?;
    let columns = &inner.columns;
    if found.is_empty() {
        return unsuitable(format!("there is no table {}, or it may not be seen", columns.table));
    }
    let table = Table { dialect: inner.pool.dialect(), columns, found };
    table.check()?;
    if !catalog::is_strict(inner).await? {
        let reason =
            "the connection's sql_mode is not strict: MySQL would cut names and hashes that are too long";
        return unsuitable(reason.to_owned());
    }
    probe(inner).await
}

/// Asks as a login does, so that missing rights come to light.
async fn probe(inner: &Inner) -> Result<(), UserTableError> {
    let subject = match inner.columns.subject_type {
        ColumnType::Integer => Value::Integer(0),
        ColumnType::Text | ColumnType::Uuid => Value::Text("00000000-0000-0000-0000-000000000000"),
    };
    let values = Values { subject, username: Value::Text("hallpass"), ..Values::default() };
    for statement in [&inner.statements.by_username, &inner.statements.by_subject] {
        inner.pool.find(inner.time_limit, statement, &values).await?;
    }
    Ok(())
}

struct Table<'a> {
    dialect: Dialect,
    columns: &'a Columns,
    found: Vec<Found>,
}

impl Table<'_> {
    fn check(&self) -> Result<(), UserTableError> {
        let columns = self.columns;
        self.unique(&columns.subject, Holds::Key(columns.subject_type))?;
        self.unique(&columns.username, Holds::Key(ColumnType::Text))?;
        self.long_enough(&columns.password_hash, HASH_LENGTH)?;
        match &columns.stamp {
            Some((name, ColumnType::Text)) => self.long_enough(name, STAMP_LENGTH)?,
            Some((name, column_type)) => drop(self.column(name, Holds::Key(*column_type))?),
            None => {}
        }
        match &columns.enabled {
            Some(Enabled::Flag(name) | Enabled::DisabledFlag(name)) => drop(self.column(name, Holds::Flag)?),
            Some(Enabled::DisabledAt(name)) => drop(self.column(name, Holds::Anything)?),
            None => {}
        }
        if let Some(name) = &columns.roles {
            self.column(name, Holds::Key(ColumnType::Text))?;
        }
        Ok(())
    }

    fn column(&self, name: &Name, holds: Holds) -> Result<&Found, UserTableError> {
        let table = &self.columns.table;
        let Some(found) = self.found.iter().find(|found| found.is(name, self.dialect)) else {
            return unsuitable(format!("the table {table} has no column {name}"));
        };
        if !is_held(self.dialect, &found.data_type, holds) {
            let data_type = &found.data_type;
            return unsuitable(format!(
                "the column {name} of the table {table} is of type {data_type:?}, not {}",
                holds.in_words()
            ));
        }
        Ok(found)
    }

    fn unique(&self, name: &Name, holds: Holds) -> Result<(), UserTableError> {
        if self.column(name, holds)?.unique {
            return Ok(());
        }
        let table = &self.columns.table;
        unsuitable(format!("the column {name} of the table {table} has no unique index of its own"))
    }

    fn long_enough(&self, name: &Name, needed: u64) -> Result<(), UserTableError> {
        let found = self.column(name, Holds::Key(ColumnType::Text))?;
        match found.max_length {
            Some(length) if length < needed => unsuitable(format!(
                "the column {name} of the table {} takes {length} characters, {needed} are needed",
                self.columns.table
            )),
            _ => Ok(()),
        }
    }
}

impl Holds {
    fn in_words(self) -> &'static str {
        match self {
            Self::Key(ColumnType::Text) => "text",
            Self::Key(ColumnType::Integer) => "an integer",
            Self::Key(ColumnType::Uuid) => "the database's own UUID",
            Self::Flag => "a boolean",
            Self::Anything => "anything",
        }
    }
}

fn is_held(dialect: Dialect, data_type: &str, holds: Holds) -> bool {
    match dialect {
        Dialect::Sqlite => is_held_in_sqlite(data_type, holds),
        Dialect::Postgres => match holds {
            Holds::Key(ColumnType::Text) => {
                matches!(data_type, "text" | "varchar" | "bpchar" | "citext")
            }
            Holds::Key(ColumnType::Integer) => matches!(data_type, "int2" | "int4" | "int8"),
            Holds::Key(ColumnType::Uuid) => data_type == "uuid",
            Holds::Flag => data_type == "bool",
            Holds::Anything => true,
        },
        Dialect::MySql => match holds {
            Holds::Key(ColumnType::Text) => {
                matches!(data_type, "char" | "varchar" | "enum" | "set") || data_type.ends_with("text")
            }
            Holds::Key(ColumnType::Integer) => data_type.ends_with("int"),
            Holds::Key(ColumnType::Uuid) => data_type == "uuid",
            Holds::Flag => data_type.ends_with("int") || data_type == "bit",
            Holds::Anything => true,
        },
    }
}

/// By the affinity that SQLite gives a declared type. One that is numeric would turn the name "007" into 7.
fn is_held_in_sqlite(data_type: &str, holds: Holds) -> bool {
    let is_integer = data_type.contains("int");
    let is_text = !is_integer && ["char", "clob", "text"].iter().any(|word| data_type.contains(word));
    match holds {
        Holds::Key(ColumnType::Text) => is_text,
        Holds::Key(ColumnType::Integer) => is_integer,
        Holds::Key(ColumnType::Uuid) => false,
        Holds::Flag => is_integer || data_type.contains("bool"),
        Holds::Anything => true,
    }
}

fn unsuitable<T>(reason: String) -> Result<T, UserTableError> {
    Err(UserTableError::Unsuitable { reason })
}
