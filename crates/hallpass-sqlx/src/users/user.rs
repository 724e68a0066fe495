//! A user, as the table has it.

use super::UserTableError;
use super::columns::{ColumnType, Columns, Enabled};
use super::name::Name;
use super::pool::Row;
use hallpass_core::{Stamp, Subject};
use hallpass_login::{AuthUser, HasRoles};
use std::fmt;

/// The longest user name that is looked up, in bytes.
pub(super) const MAX_USERNAME: usize = 256;

/// A user, as the row was when it was read. `Debug` shows no hash.
#[derive(Clone)]
pub struct TableUser {
    /// The name to log in with, as it is in the table.
    pub username: String,
    /// The roles, as they are in the table; none if there is no column for them.
    pub roles: Vec<String>,
    pub(super) subject: Subject,
    pub(super) hash: Option<Box<str>>,
    /// As it is in its column.
    pub(super) stamp: Option<Box<str>>,
    pub(super) has_stamp: bool,
    pub(super) enabled: bool,
}

impl TableUser {
    /// Whether there is a password to log in with.
    #[must_use]
    pub fn has_password(&self) -> bool {
        self.hash.is_some()
    }

    pub(super) fn read(columns: &Columns, row: Row) -> Result<Self, UserTableError> {
        let mut row = row.into_iter();
        let mut next = || row.next().flatten();
        let (subject, username, hash, stamp, enabled, roles) =
            (next(), next(), next(), next(), next(), next());
        Ok(Self {
            subject: read_subject(columns, subject.as_deref())?,
            username: username.ok_or_else(|| malformed(&columns.username, "it is null"))?,
            hash: hash.filter(|hash| !hash.is_empty()).map(Into::into),
            stamp: stamp.map(Into::into),
            has_stamp: columns.stamp.is_some(),
            enabled: columns
                .enabled
                .as_ref()
                .map_or(Ok(true), |column| read_enabled(column, enabled.as_deref()))?,
            roles: split_roles(roles.as_deref().unwrap_or_default()).map(str::to_owned).collect(),
        })
    }
}

impl AuthUser for TableUser {
    fn subject(&self) -> Subject {
        self.subject.clone()
    }

    /// Without a stamp column it follows the hash, which nothing but a change of the password changes then.
    fn auth_stamp(&self) -> Stamp {
        let (kind, value) = if self.has_stamp { ("stamp", &self.stamp) } else { ("hash", &self.hash) };
        match value {
            // The subject keeps equal passwords apart where an old scheme of hashing has no salt.
            Some(value) => Stamp::digest(format!("{kind}\0{}\0{value}", self.subject).as_bytes()),
            None => Stamp::digest(kind.as_bytes()),
        }
    }

    fn is_enabled(&self) -> bool {
        self.enabled
    }
}

/// A role is compared byte by byte with those in the role column.
impl HasRoles for TableUser {
    type Role = String;

    fn has_role(&self, role: &String) -> bool {
        self.roles.contains(role)
    }
}

impl fmt::Debug for TableUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TableUser")
            .field("subject", &self.subject)
            .field("username", &self.username)
            .field("enabled", &self.enabled)
            .field("roles", &self.roles)
            .finish_non_exhaustive()
    }
}

/// Whether a name can be looked up at all. PostgreSQL refuses a NUL, and no name has a reason for other controls.
pub(super) fn is_username(name: &str) -> bool {
    (1..=MAX_USERNAME).contains(&name.len()) && !name.chars().any(char::is_control)
}

pub(super) fn split_roles(roles: &str) -> impl Iterator<Item = &str> {
    roles.split(|c: char| c == ',' || c.is_ascii_whitespace()).filter(|role| !role.is_empty())
}

/// The integer that is written like this, and in no other way.
pub(super) fn canonical_integer(text: &str) -> Option<i64> {
    text.parse().ok().filter(|integer: &i64| integer.to_string() == text)
}

/// Whether this is a UUID as PostgreSQL and MariaDB write it.
pub(super) fn is_canonical_uuid(text: &str) -> bool {
    let is_right = |(index, byte): (usize, u8)| match index {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
    };
    text.len() == 36 && text.bytes().enumerate().all(is_right)
}

fn read_subject(columns: &Columns, text: Option<&str>) -> Result<Subject, UserTableError> {
    let column = &columns.subject;
    let text = text.ok_or_else(|| malformed(column, "it is null"))?;
    match columns.subject_type {
        ColumnType::Integer if canonical_integer(text).is_none() => {
            Err(malformed(column, "it is no 64-bit integer"))
        }
        ColumnType::Uuid if !is_canonical_uuid(text) => Err(malformed(column, "it is no UUID")),
        _ => Subject::new(text)
            .map_err(|_| malformed(column, "it is not 1 to 255 bytes without control characters")),
    }
}

/// A flag that is NULL or unclear enables nobody.
fn read_enabled(column: &Enabled, text: Option<&str>) -> Result<bool, UserTableError> {
    let Some(text) = text else { return Ok(false) };
    let set = match text {
        "1" | "t" | "true" | "\u{1}" => true,
        "0" | "f" | "false" | "\0" => false,
        _ => return Err(malformed(column.name(), "it is neither true nor false")),
    };
    Ok(match column {
        Enabled::Flag(_) => set,
        Enabled::DisabledFlag(_) | Enabled::DisabledAt(_) => !set,
    })
}

fn malformed(column: &Name, reason: &'static str) -> UserTableError {
    UserTableError::Malformed { column: column.to_string(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_integer_has_one_spelling() {
        assert_eq!(canonical_integer("-9223372036854775808"), Some(i64::MIN));
        assert_eq!(canonical_integer("0"), Some(0));
        for text in ["", "+7", "07", "-0", " 7", "7 ", "7.0", "1e3", "9223372036854775808", "７"] {
            assert_eq!(canonical_integer(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_uuid_has_one_spelling() {
        assert!(is_canonical_uuid("0191f7a0-1111-7abc-8def-0123456789ab"));
        for text in [
            "",
            "0191F7A0-1111-7abc-8def-0123456789ab",
            "0191f7a011117abc8def0123456789ab",
            "{0191f7a0-1111-7abc-8def-0123456789ab}",
            "0191f7a0-1111-7abc-8def-0123456789ag",
            "0191f7a0-1111-7abc-8def-0123456789a ",
        ] {
            assert!(!is_canonical_uuid(text), "{text:?}");
        }
    }

    #[test]
    fn a_name_that_cannot_be_one_is_not_looked_up() {
        assert!(is_username("àlice 𝄞") && is_username(&"n".repeat(256)));
        for name in ["", "a\0", "a\n", "a\u{85}", &"n".repeat(257)] {
            assert!(!is_username(name), "{name:?}");
        }
    }

    #[test]
    fn roles_are_a_list_in_one_text() {
        let roles = |text| split_roles(text).collect::<Vec<_>>();
        assert_eq!(roles("admin"), ["admin"]);
        assert_eq!(roles(" admin,clerk\teditor, "), ["admin", "clerk", "editor"]);
        assert_eq!(roles(" , "), [""; 0]);
    }
}
