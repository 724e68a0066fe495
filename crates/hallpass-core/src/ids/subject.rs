use super::{Realm, Shard};
use crate::record::Record;
use crate::token::shard_of;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

const INLINE: usize = 22;

/// Who a session belongs to: the application's stable identifier of a user.
///
/// Use a value that never changes and is never given to somebody else: a row's id or a UUID, not an e-mail address.
/// 1 to 255 bytes of UTF-8 without control characters; up to 22 bytes need no allocation.
///
/// ```
/// use hallpass_core::Subject;
///
/// assert_eq!(Subject::from(42_u64).as_str(), "42");
/// assert_eq!(Subject::new("user_01HZX")?.as_str(), "user_01HZX");
/// assert!(Subject::new("").is_err());
/// # Ok::<(), hallpass_core::SubjectError>(())
/// ```
#[derive(Clone)]
pub struct Subject(Repr);

#[derive(Clone)]
enum Repr {
    Inline { len: u8, bytes: [u8; INLINE] },
    Shared(Arc<str>),
}

impl Subject {
    /// Takes an identifier as it is; it is compared byte by byte.
    ///
    /// # Errors
    ///
    /// When it is empty, longer than 255 bytes, or has a control character.
    pub fn new(id: impl AsRef<str>) -> Result<Self, SubjectError> {
        let id = id.as_ref();
        if id.is_empty() || id.len() > 255 || id.chars().any(char::is_control) {
            return Err(SubjectError(()));
        }
        Ok(Self::from_valid(id))
    }

    /// The identifier.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Repr::Inline { len, bytes } => {
                // Always valid: only `from_valid` writes it, from a whole string.
                std::str::from_utf8(&bytes[..usize::from(*len)]).unwrap_or_default()
            }
            Repr::Shared(id) => id,
        }
    }

    fn from_valid(id: &str) -> Self {
        let mut bytes = [0; INLINE];
        match bytes.get_mut(..id.len()) {
            Some(room) => {
                room.copy_from_slice(id.as_bytes());
                Self(Repr::Inline { len: id.len() as u8, bytes })
            }
            None => Self(Repr::Shared(id.into())),
        }
    }

    fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Repr::Inline { len, bytes } => &bytes[..usize::from(*len)],
            Repr::Shared(id) => id.as_bytes(),
        }
    }
}

macro_rules! from_integer {
    ($($number:ty),*) => {$(
        impl From<$number> for Subject {
            fn from(id: $number) -> Self {
                Self::from_valid(itoa::Buffer::new().format(id))
            }
        }
    )*};
}

from_integer!(u32, u64, u128, i32, i64, i128);

impl TryFrom<&str> for Subject {
    type Error = SubjectError;

    fn try_from(id: &str) -> Result<Self, SubjectError> {
        Self::new(id)
    }
}

impl PartialEq for Subject {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Subject {}

impl Hash for Subject {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A subject was empty, too long, or had a control character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectError(());

impl fmt::Display for SubjectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a subject must be 1 to 255 bytes without control characters")
    }
}

impl std::error::Error for SubjectError {}

/// A subject of one realm, with the shard that all of its logins share: what stores index logins by.
///
/// ```
/// use hallpass_core::{Realm, Subject, SubjectKey};
///
/// let customer = SubjectKey::new(Realm::new("customers")?, Subject::from(7_u32));
/// let employee = SubjectKey::new(Realm::new("staff")?, Subject::from(7_u32));
/// assert_ne!(customer, employee);
/// # Ok::<(), hallpass_core::RealmError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SubjectKey {
    realm: Realm,
    subject: Subject,
    shard: Shard,
}

impl SubjectKey {
    /// Names `subject` of `realm` and computes its shard.
    #[must_use]
    pub fn new(realm: Realm, subject: Subject) -> Self {
        let shard = shard_of(&realm, &subject);
        Self { realm, subject, shard }
    }

    /// Of a login that was found in its store: it lies in its subject's shard, which need not be computed again.
    pub(crate) fn of_login(record: &Record) -> Option<Self> {
        let subject = record.identity.as_ref()?.subject.clone();
        Some(Self { realm: record.realm.clone(), subject, shard: record.key.shard() })
    }

    /// The area the subject belongs to.
    #[must_use]
    pub fn realm(&self) -> &Realm {
        &self.realm
    }

    /// The subject within its realm.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The shard of every login of this subject.
    #[must_use]
    pub fn shard(&self) -> Shard {
        self.shard
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn short_and_long_subjects_read_back_unchanged() {
        for len in [1, 21, 22, 23, 24, 255] {
            let id = "x".repeat(len);
            assert_eq!(Subject::new(&id).unwrap().as_str(), id);
        }
        assert_eq!(Subject::new("ünï").unwrap().as_str(), "ünï");
    }

    #[test]
    fn a_subject_that_no_store_could_keep_is_refused() {
        for id in ["", "a\0b", "a\nb", &"x".repeat(256)] {
            assert!(Subject::new(id).is_err(), "{id:?}");
        }
    }

    #[test]
    fn equal_subjects_are_one_key_of_a_map() {
        let all: HashSet<_> = [Subject::from(7_u32), Subject::from(7_i64), "7".try_into().unwrap()].into();
        assert_eq!(all.len(), 1);
    }

    #[test]
    fn a_number_is_written_in_full() {
        assert_eq!(Subject::from(i128::MIN).as_str(), i128::MIN.to_string());
        assert_eq!(Subject::from(u128::MAX).as_str(), u128::MAX.to_string());
        assert_eq!(Subject::from(0_u32).as_str(), "0");
    }

    #[test]
    fn a_subject_takes_24_bytes() {
        assert_eq!(size_of::<Subject>(), 24);
    }
}
