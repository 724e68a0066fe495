use super::DecodeError;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

const FORMAT: u8 = 1;

/// The application's values of one session: names, and bytes that are decoded one by one when asked for.
///
/// The bytes are checked once, when they arrive from a store, and shared from then on: a clone copies nothing.
/// The format is a version byte, then for every value its name's length (one byte), its name, its length
/// (four bytes, big-endian) and its bytes.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct SessionData(Option<Arc<[u8]>>);

impl SessionData {
    /// How many bytes a value's name may have.
    pub const MAX_NAME: usize = u8::MAX as usize;

    /// Takes bytes that a store kept. No bytes at all are no values.
    ///
    /// # Errors
    ///
    /// When they are of an unknown version, cut off, or not well formed.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        check(bytes)?;
        Ok(Self(Some(bytes.into())))
    }

    /// The bytes to keep in a store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }

    /// How many bytes the values take in a store.
    #[must_use]
    pub fn len(&self) -> usize {
        self.as_bytes().len()
    }

    /// Whether there are no values.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// The bytes of the value named `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// All values, in the order in which they were first set.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let mut rest = self.as_bytes().get(1..).unwrap_or_default();
        // Only checked bytes are ever held, so an error here would mean "no more".
        std::iter::from_fn(move || split_entry(&mut rest).ok().flatten())
    }

    /// These values after `changes`, applied in their order. A value that replaces another keeps its place.
    #[must_use]
    pub fn with(&self, changes: &[DataChange<'_>]) -> Self {
        let mut values: Vec<(&str, Cow<'_, [u8]>)> = self.iter().map(|(n, v)| (n, v.into())).collect();
        for change in changes {
            apply(&mut values, change);
        }
        Self::from_values(&values)
    }

    fn from_values(values: &[(&str, Cow<'_, [u8]>)]) -> Self {
        if values.is_empty() {
            return Self::default();
        }
        let size = values.iter().map(|(name, value)| 5 + name.len() + value.len()).sum::<usize>();
        let mut bytes = Vec::with_capacity(1 + size);
        bytes.push(FORMAT);
        for (name, value) in values {
            bytes.push(name.len() as u8);
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(&(value.len() as u32).to_be_bytes());
            bytes.extend_from_slice(value);
        }
        Self(Some(bytes.into()))
    }
}

/// One change to [`SessionData`]. Names must be 1 to 255 bytes, values under 4 GiB.
#[derive(Debug, Clone)]
pub enum DataChange<'a> {
    /// Removes all values.
    Clear,
    /// Removes the value of this name.
    Remove(&'a str),
    /// Sets the value of this name.
    Set(&'a str, Cow<'a, [u8]>),
}

fn apply<'a>(values: &mut Vec<(&'a str, Cow<'a, [u8]>)>, change: &DataChange<'a>) {
    match change {
        DataChange::Clear => values.clear(),
        DataChange::Remove(name) => values.retain(|(known, _)| known != name),
        DataChange::Set(name, value) => match values.iter_mut().find(|(known, _)| known == name) {
            Some(place) => place.1 = value.clone(),
            None => values.push((name, value.clone())),
        },
    }
}

fn check(bytes: &[u8]) -> Result<(), DecodeError> {
    let (version, mut rest) = bytes.split_first().ok_or(DecodeError::Damaged)?;
    if *version != FORMAT {
        return Err(DecodeError::UnknownVersion(*version));
    }
    while split_entry(&mut rest)?.is_some() {}
    Ok(())
}

fn split_entry<'a>(rest: &mut &'a [u8]) -> Result<Option<(&'a str, &'a [u8])>, DecodeError> {
    if rest.is_empty() {
        return Ok(None);
    }
    let [name_len] = take::<1>(rest)?;
    let name = take_slice(rest, usize::from(name_len))?;
    let value_len = u32::from_be_bytes(take::<4>(rest)?);
    let value = take_slice(rest, value_len as usize)?;
    let name = std::str::from_utf8(name).map_err(|_| DecodeError::Damaged)?;
    Ok(Some((name, value)))
}

pub(super) fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], DecodeError> {
    let (head, tail) = rest.split_first_chunk::<N>().ok_or(DecodeError::Damaged)?;
    *rest = tail;
    Ok(*head)
}

pub(super) fn take_slice<'a>(rest: &mut &'a [u8], len: usize) -> Result<&'a [u8], DecodeError> {
    let (head, tail) = rest.split_at_checked(len).ok_or(DecodeError::Damaged)?;
    *rest = tail;
    Ok(head)
}

/// Shows names only: values may be anything.
impl fmt::Debug for SessionData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn set<'a>(name: &'a str, value: &'a [u8]) -> DataChange<'a> {
        DataChange::Set(name, value.into())
    }

    #[test]
    fn an_unknown_version_is_an_error_and_not_empty() {
        assert_eq!(SessionData::decode(&[2]), Err(DecodeError::UnknownVersion(2)));
    }

    #[test]
    fn debug_output_shows_no_values() {
        let data = SessionData::default().with(&[set("cart", b"secret")]);
        assert_eq!(format!("{data:?}"), r#"{"cart"}"#);
    }

    #[test]
    fn bytes_that_were_cut_off_are_an_error() {
        let whole = SessionData::default().with(&[set("a", b"12"), set("b", b"")]);
        let ends_of_entries = [1, 9];
        for end in (1..whole.len()).filter(|end| !ends_of_entries.contains(end)) {
            assert_eq!(SessionData::decode(&whole.as_bytes()[..end]), Err(DecodeError::Damaged), "{end}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_refused_or_kept_exactly(bytes in proptest::collection::vec(0_u8..4, 0..40)) {
            if let Ok(data) = SessionData::decode(&bytes) {
                prop_assert_eq!(data.as_bytes(), &bytes[..]);
                let _ = data.iter().count();
            }
        }

        #[test]
        fn changes_do_what_they_do_to_a_map(changes in proptest::collection::vec((0_u8..4, "[abc]", any::<[u8; 3]>()), 0..20)) {
            let mut map = BTreeMap::new();
            let mut data = SessionData::default();
            for (kind, name, value) in &changes {
                match kind {
                    0 => { map.clear(); data = data.with(&[DataChange::Clear]); }
                    1 => { map.remove(name.as_str()); data = data.with(&[DataChange::Remove(name)]); }
                    _ => { map.insert(name.as_str(), &value[..]); data = data.with(&[set(name, value)]); }
                }
            }
            let read = SessionData::decode(data.as_bytes()).unwrap();
            prop_assert_eq!(read.iter().collect::<BTreeMap<_, _>>(), map);
        }
    }
}
