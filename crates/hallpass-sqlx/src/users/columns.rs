//! Which columns a table of users has, and what they mean.

use super::name::{Name, TableName};

/// What a column that identifies something holds.
///
/// It decides how values are compared and made. Subjects that a client may send are read strictly: `7` is one of an
/// integer column, `07` and `+7` are nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ColumnType {
    /// Text of any kind (`text`, `varchar`, `char`, `citext`), compared byte by byte.
    Text,
    /// An integer from -2⁶³ to 2⁶³-1. One beyond, in MySQL's `bigint unsigned`, is an error where it is read.
    Integer,
    /// PostgreSQL's or MariaDB's `uuid`, as hyphenated lower-case text. Where the database has no such type, UUIDs are
    /// [`Text`](Self::Text).
    Uuid,
}

/// The columns of a table of users.
#[derive(Debug)]
pub(super) struct Columns {
    pub(super) table: TableName,
    pub(super) subject: Name,
    pub(super) subject_type: ColumnType,
    pub(super) username: Name,
    pub(super) password_hash: Name,
    pub(super) stamp: Option<(Name, ColumnType)>,
    pub(super) enabled: Option<Enabled>,
    pub(super) roles: Option<Name>,
}

/// How a row says whether its user is enabled.
#[derive(Debug)]
pub(super) enum Enabled {
    /// True unless the user is disabled.
    Flag(Name),
    /// True if the user is disabled.
    DisabledFlag(Name),
    /// A time, if the user is disabled.
    DisabledAt(Name),
}

impl Enabled {
    pub(super) fn name(&self) -> &Name {
        match self {
            Self::Flag(name) | Self::DisabledFlag(name) | Self::DisabledAt(name) => name,
        }
    }
}

impl Columns {
    pub(super) fn names(&self) -> impl Iterator<Item = &Name> {
        [&self.subject, &self.username, &self.password_hash]
            .into_iter()
            .chain(self.stamp.as_ref().map(|(name, _)| name))
            .chain(self.enabled.as_ref().map(Enabled::name))
            .chain(&self.roles)
    }

    /// The first name that stands for two columns.
    pub(super) fn used_twice(&self) -> Option<&Name> {
        let mut seen: Vec<&Name> = Vec::new();
        for name in self.names() {
            if seen.iter().any(|other| other.is_same(name)) {
                return Some(name);
            }
            seen.push(name);
        }
        None
    }
}
