//! What scripts answer.

use hallpass_core::{
    DecodeError, EndReason, Ended, Epoch, SessionHandle, SessionKey, StoreError, Subject, Timestamp,
};
use redis::Value;

/// An answer: a word that says what happened, and what belongs to it.
pub(crate) struct Reply {
    word: Vec<u8>,
    rest: std::vec::IntoIter<Value>,
}

impl Reply {
    /// # Errors
    ///
    /// When it is no answer, or the row that was asked for is damaged.
    pub(crate) fn read(value: Value) -> Result<Self, StoreError> {
        let mut rest = list(value)?.into_iter();
        let word = bytes(rest.next().ok_or_else(strange)?)?;
        let mut reply = Self { word, rest };
        if reply.word == b"undecodable" {
            return Err(undecodable(&reply.bytes()?));
        }
        Ok(reply)
    }

    pub(crate) fn word(&self) -> &[u8] {
        &self.word
    }

    pub(crate) fn bytes(&mut self) -> Result<Vec<u8>, StoreError> {
        bytes(self.value()?)
    }

    pub(crate) fn list(&mut self) -> Result<Vec<Value>, StoreError> {
        list(self.value()?)
    }

    pub(crate) fn epoch(&mut self) -> Result<Epoch, StoreError> {
        epoch(&self.bytes()?)
    }

    pub(crate) fn ended(&mut self) -> Result<Vec<Ended>, StoreError> {
        self.list()?.into_iter().map(ended).collect()
    }

    pub(crate) fn value(&mut self) -> Result<Value, StoreError> {
        self.rest.next().ok_or_else(strange)
    }
}

/// Nothing is served on an answer that no script of this version gives.
pub(crate) fn strange() -> StoreError {
    StoreError::unavailable("the server gave an answer that no script gives")
}

/// A row says of what version it is, if it is not too damaged for that.
fn undecodable(version: &[u8]) -> StoreError {
    let version = std::str::from_utf8(version).ok().and_then(|text| text.parse().ok());
    StoreError::from(match version {
        Some(version) if version != 1 => DecodeError::UnknownVersion(version),
        _ => DecodeError::Damaged,
    })
}

pub(crate) fn bytes(value: Value) -> Result<Vec<u8>, StoreError> {
    match value {
        Value::BulkString(bytes) => Ok(bytes),
        Value::SimpleString(text) => Ok(text.into_bytes()),
        _ => Err(strange()),
    }
}

pub(crate) fn list(value: Value) -> Result<Vec<Value>, StoreError> {
    match value {
        Value::Array(values) => Ok(values),
        _ => Err(strange()),
    }
}

pub(crate) fn number(value: &Value) -> Result<u64, StoreError> {
    match value {
        Value::Int(number) => u64::try_from(*number).map_err(|_| strange()),
        _ => Err(strange()),
    }
}

pub(crate) fn strings<const N: usize>(value: Value) -> Result<[Vec<u8>; N], StoreError> {
    let strings = list(value)?.into_iter().map(bytes).collect::<Result<Vec<_>, _>>()?;
    strings.try_into().map_err(|_| strange())
}

pub(crate) fn epoch(bytes: &[u8]) -> Result<Epoch, StoreError> {
    match bytes {
        [] => Ok(Epoch::NONE),
        bytes => Ok(Epoch::from_bytes(bytes.try_into().map_err(|_| strange())?)),
    }
}

pub(crate) fn time(bytes: &[u8]) -> Result<Timestamp, StoreError> {
    let text = std::str::from_utf8(bytes).map_err(|_| strange())?;
    text.parse().map(Timestamp::from_millis).map_err(|_| strange())
}

pub(crate) fn key(bytes: &[u8]) -> Option<SessionKey> {
    bytes.try_into().ok().map(SessionKey::from_bytes)
}

fn ended(value: Value) -> Result<Ended, StoreError> {
    let [key, handle, owner, reason] = strings(value)?;
    end(&key, &handle, &owner, &reason).ok_or_else(strange)
}

/// An end as scripts report it and the feed tells it.
pub(crate) fn end(key: &[u8], handle: &[u8], owner: &[u8], reason: &[u8]) -> Option<Ended> {
    Some(Ended {
        key: self::key(key)?,
        handle: handle.try_into().ok().map(SessionHandle::from_bytes),
        subject: subject_of(owner),
        reason: EndReason::parse(std::str::from_utf8(reason).ok()?),
    })
}

fn subject_of(owner: &[u8]) -> Option<Subject> {
    let (_, subject) = std::str::from_utf8(owner).ok()?.split_once('\n')?;
    Subject::new(subject).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::owner;
    use hallpass_core::Realm;

    #[test]
    fn a_user_reads_back_from_the_name_in_keys() {
        let realm = Realm::new("a:b").unwrap();
        for id in ["7", "a:b", "e\u{301}", " "] {
            assert_eq!(subject_of(owner(&realm, id).as_bytes()), Subject::new(id).ok());
        }
        assert_eq!(subject_of(b""), None);
    }

    #[test]
    fn an_answer_that_no_script_gives_is_an_error() {
        for value in [Value::Nil, Value::Int(1), Value::Array(vec![]), Value::Array(vec![Value::Nil])] {
            assert!(Reply::read(value).is_err());
        }
    }

    #[test]
    fn a_row_of_another_version_is_told_from_a_damaged_one() {
        assert!(std::error::Error::source(&undecodable(b"2")).unwrap().to_string().contains("format 2"));
        for damaged in [&b""[..], b"1", b"x", b"\xff", b"300"] {
            assert!(
                std::error::Error::source(&undecodable(damaged)).unwrap().to_string().contains("damaged")
            );
        }
    }
}
