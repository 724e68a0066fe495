//! The statements, written once for a table.

use super::columns::{ColumnType, Columns, Enabled};
use super::name::{Dialect, Name};
use super::pool::Value;
use std::sync::Arc;

/// A statement with checked names, and what to bind where.
#[derive(Debug, Clone)]
pub(super) struct Statement {
    pub(super) sql: Arc<str>,
    pub(super) slots: Arc<[Slot]>,
}

/// What a place in a statement is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    Subject,
    Username,
    Hash,
    OldHash,
    Stamp,
    OldStamp,
    Roles,
}

/// What is bound. What is left out is NULL, which equals nothing.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Values<'a> {
    pub(super) subject: Value<'a>,
    pub(super) username: Value<'a>,
    pub(super) hash: Value<'a>,
    pub(super) old_hash: Value<'a>,
    pub(super) stamp: Value<'a>,
    pub(super) old_stamp: Value<'a>,
    pub(super) roles: Value<'a>,
}

impl<'a> Values<'a> {
    pub(super) fn of(&self, slot: Slot) -> Value<'a> {
        match slot {
            Slot::Subject => self.subject,
            Slot::Username => self.username,
            Slot::Hash => self.hash,
            Slot::OldHash => self.old_hash,
            Slot::Stamp => self.stamp,
            Slot::OldStamp => self.old_stamp,
            Slot::Roles => self.roles,
        }
    }
}

/// All statements but the one that adds a user, which has variants.
#[derive(Debug)]
pub(super) struct Statements {
    pub(super) by_username: Statement,
    pub(super) by_subject: Statement,
    pub(super) set_password: Statement,
    pub(super) rehash: Statement,
    pub(super) enable: Option<Statement>,
    pub(super) disable: Option<Statement>,
}

impl Statements {
    pub(super) fn new(dialect: Dialect, columns: &Columns) -> Self {
        let writer = || Writer { dialect, columns, sql: String::new(), slots: Vec::new() };
        let switch = |to| columns.enabled.as_ref().map(|enabled| writer().switch(enabled, to));
        Self {
            by_username: writer().select(|writer| writer.equals_exactly(&columns.username, Slot::Username)),
            by_subject: writer().select(Writer::is_subject),
            set_password: writer().set_password(),
            rehash: writer().rehash(),
            enable: switch(true),
            disable: switch(false),
        }
    }
}

/// The statement that adds a user, with or without a subject and roles.
pub(super) fn insert(dialect: Dialect, columns: &Columns, subject: bool, roles: bool) -> Statement {
    Writer { dialect, columns, sql: String::new(), slots: Vec::new() }.insert(subject, roles)
}

struct Writer<'a> {
    dialect: Dialect,
    columns: &'a Columns,
    sql: String,
    slots: Vec<Slot>,
}

impl Writer<'_> {
    fn finish(self) -> Statement {
        Statement { sql: self.sql.into(), slots: self.slots.into() }
    }

    fn push(&mut self, text: &str) {
        self.sql.push_str(text);
    }

    fn quoted(&self, name: &Name) -> String {
        name.quoted(self.dialect)
    }

    fn table(&self) -> String {
        self.columns.table.quoted(self.dialect)
    }

    /// A place for a value. Each is bound on its own, so that PostgreSQL infers each type on its own.
    fn place(&mut self, slot: Slot) -> String {
        self.slots.push(slot);
        match self.dialect {
            Dialect::Sqlite | Dialect::MySql => "?".to_owned(),
            Dialect::Postgres => format!("${}", self.slots.len()),
        }
    }

    /// Everything is read as text: the exact form of integers and UUIDs too.
    fn as_text(&self, name: &Name) -> String {
        let column = self.quoted(name);
        match self.dialect {
            Dialect::Sqlite => format!("CAST({column} AS TEXT)"),
            Dialect::Postgres => format!("CAST({column} AS text)"),
            Dialect::MySql => format!("CONVERT({column} USING utf8mb4)"),
        }
    }

    /// A column's text and a value, to be compared byte by byte with the operator for it that knows NULL.
    fn is_exactly(&mut self, name: &Name, slot: Slot) {
        let (column, place) = (self.as_text(name), self.place(slot));
        let comparison = match self.dialect {
            Dialect::Sqlite => format!("{column} COLLATE BINARY IS {place}"),
            Dialect::Postgres => {
                format!("{column} COLLATE \"C\" IS NOT DISTINCT FROM CAST({place} AS text)")
            }
            // Its binary collation of text does not count trailing blanks.
            Dialect::MySql => format!("CAST({column} AS BINARY) <=> CAST({place} AS BINARY)"),
        };
        self.push(&comparison);
    }

    /// The first comparison is by the column's own collation, for its index; the second leaves what is the same.
    fn equals_exactly(&mut self, name: &Name, slot: Slot) {
        let (column, place) = (self.quoted(name), self.place(slot));
        self.push(&format!("{column} = {place} AND "));
        self.is_exactly(name, slot);
    }

    fn is_subject(&mut self) {
        let name = &self.columns.subject;
        if self.columns.subject_type == ColumnType::Text {
            return self.equals_exactly(name, Slot::Subject);
        }
        let (column, place) = (self.quoted(name), self.key(self.columns.subject_type, Slot::Subject));
        self.push(&format!("{column} = {place}"));
    }

    /// A place for a value that is written to a column of this type or compared with it.
    fn key(&mut self, column_type: ColumnType, slot: Slot) -> String {
        let place = self.place(slot);
        match (self.dialect, column_type) {
            (Dialect::Postgres, ColumnType::Uuid) => format!("CAST(CAST({place} AS text) AS uuid)"),
            _ => place,
        }
    }

    /// A second row is asked for to be noticed.
    fn select(mut self, condition: impl FnOnce(&mut Self)) -> Statement {
        let columns = self.columns;
        let optional =
            |name: Option<&Name>| name.map_or_else(|| "NULL".to_owned(), |name| self.as_text(name));
        let list = [
            self.as_text(&columns.subject),
            self.as_text(&columns.username),
            self.as_text(&columns.password_hash),
            optional(columns.stamp.as_ref().map(|(name, _)| name)),
            self.enabled(),
            optional(columns.roles.as_ref()),
        ];
        let select = format!("SELECT {} FROM {} WHERE ", list.join(", "), self.table());
        self.push(&select);
        condition(&mut self);
        self.push(" LIMIT 2");
        self.finish()
    }

    fn enabled(&self) -> String {
        match &self.columns.enabled {
            None => "NULL".to_owned(),
            Some(Enabled::Flag(name) | Enabled::DisabledFlag(name)) => self.as_text(name),
            Some(Enabled::DisabledAt(name)) => {
                format!("CASE WHEN {} IS NULL THEN '0' ELSE '1' END", self.quoted(name))
            }
        }
    }

    fn update(&mut self) {
        let update = format!("UPDATE {} SET ", self.table());
        self.push(&update);
    }

    fn set(&mut self, name: &Name, value: &str) {
        let set = format!("{} = {value}", self.quoted(name));
        self.push(&set);
    }

    fn set_hash(&mut self) {
        let place = self.place(Slot::Hash);
        self.set(&self.columns.password_hash, &place);
    }

    /// Writes the password's hash and the stamp, if the credentials are still those that were read.
    fn set_password(mut self) -> Statement {
        self.update();
        self.set_hash();
        let columns = self.columns;
        let unchanged = match &columns.stamp {
            Some((name, column_type)) => {
                let place = self.key(*column_type, Slot::Stamp);
                self.push(", ");
                self.set(name, &place);
                (name, Slot::OldStamp)
            }
            None => (&columns.password_hash, Slot::OldHash),
        };
        self.where_subject_and(unchanged)
    }

    /// Replaces the hash of a password by another one of the same password.
    fn rehash(mut self) -> Statement {
        self.update();
        self.set_hash();
        let columns = self.columns;
        self.where_subject_and((&columns.password_hash, Slot::OldHash))
    }

    fn where_subject_and(mut self, (name, slot): (&Name, Slot)) -> Statement {
        self.push(" WHERE ");
        self.is_subject();
        self.push(" AND ");
        self.is_exactly(name, slot);
        self.finish()
    }

    /// Enables or disables. Disabling changes the stamp too, so that no session survives to the day of enabling.
    fn switch(mut self, enabled: &Enabled, to: bool) -> Statement {
        self.update();
        self.set(enabled.name(), switch_value(enabled, to));
        if let Some((name, column_type)) = self.columns.stamp.as_ref().filter(|_| !to) {
            let stamp = match column_type {
                ColumnType::Integer => format!("COALESCE({}, 0) + 1", self.quoted(name)),
                other => self.key(*other, Slot::Stamp),
            };
            self.push(", ");
            self.set(name, &stamp);
        }
        self.push(" WHERE ");
        self.is_subject();
        self.finish()
    }

    fn insert(mut self, subject: bool, roles: bool) -> Statement {
        let columns = self.columns;
        let mut pairs = vec![
            (&columns.username, self.place(Slot::Username)),
            (&columns.password_hash, self.place(Slot::Hash)),
        ];
        if subject {
            pairs.push((&columns.subject, self.key(columns.subject_type, Slot::Subject)));
        }
        if let Some((name, column_type)) = &columns.stamp {
            pairs.push((name, self.key(*column_type, Slot::Stamp)));
        }
        if let Some(enabled) = &columns.enabled {
            pairs.push((enabled.name(), switch_value(enabled, true).to_owned()));
        }
        if let Some(name) = columns.roles.as_ref().filter(|_| roles) {
            pairs.push((name, self.place(Slot::Roles)));
        }
        let names: Vec<_> = pairs.iter().map(|(name, _)| self.quoted(name)).collect();
        let values: Vec<_> = pairs.into_iter().map(|(_, value)| value).collect();
        let (names, values) = (names.join(", "), values.join(", "));
        let insert = format!("INSERT INTO {} ({names}) VALUES ({values})", self.table());
        self.push(&insert);
        self.finish()
    }
}

fn switch_value(enabled: &Enabled, to: bool) -> &'static str {
    match (enabled, to) {
        (Enabled::Flag(_), true) | (Enabled::DisabledFlag(_), false) => "TRUE",
        (Enabled::Flag(_), false) | (Enabled::DisabledFlag(_), true) => "FALSE",
        (Enabled::DisabledAt(_), true) => "NULL",
        (Enabled::DisabledAt(_), false) => "CURRENT_TIMESTAMP",
    }
}
