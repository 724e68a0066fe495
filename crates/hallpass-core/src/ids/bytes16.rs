use crate::random::RandomSource;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use std::fmt;
use std::io;
use std::str::FromStr;

/// The public name of a session: what device lists, events and "end that one" use.
///
/// 16 random bytes, written as 22 characters of base64url. It survives renewal and is no credential: it opens nothing.
///
/// ```
/// use hallpass_core::SessionHandle;
///
/// let handle: SessionHandle = "AAECAwQFBgcICQoLDA0ODw".parse()?;
/// assert_eq!(handle.to_string(), "AAECAwQFBgcICQoLDA0ODw");
/// # Ok::<(), hallpass_core::HandleError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionHandle([u8; 16]);

impl SessionHandle {
    /// Draws a new handle.
    ///
    /// # Errors
    ///
    /// When the random source fails.
    pub fn random(random: &dyn RandomSource) -> io::Result<Self> {
        let mut bytes = [0; 16];
        random.fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// The handle with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes, as stores keep them.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for SessionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; 22];
        let written = URL_SAFE_NO_PAD.encode_slice(self.0, &mut text).unwrap_or_default();
        f.write_str(std::str::from_utf8(&text[..written]).unwrap_or_default())
    }
}

impl fmt::Debug for SessionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionHandle({self})")
    }
}

impl FromStr for SessionHandle {
    type Err = HandleError;

    fn from_str(text: &str) -> Result<Self, HandleError> {
        let mut bytes = [0; 16];
        let read = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes);
        if text.len() == 22 && read == Ok(16) { Ok(Self(bytes)) } else { Err(HandleError(())) }
    }
}

/// A text was not the 22 base64url characters of a session handle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandleError(());

impl fmt::Display for HandleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a session handle is 22 base64url characters without padding")
    }
}

impl std::error::Error for HandleError {}

/// What a login compares to learn whether its subject's sessions were all ended since it began.
///
/// A random value for each subject, [`Epoch::NONE`] until the first "log out everywhere" or password change. It is
/// compared for equality only and guards the *creation* of logins: one that began before such an event cannot finish
/// after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Epoch([u8; 16]);

impl Epoch {
    /// The epoch of a subject whose sessions have never been ended all at once.
    pub const NONE: Epoch = Epoch([0; 16]);

    /// The epoch with these bytes; all zero is [`Epoch::NONE`].
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes, as stores keep them.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// A raise is named by the operation that made it, so that the same operation sent twice raises once.
impl From<OpId> for Epoch {
    fn from(op: OpId) -> Self {
        Self(op.0)
    }
}

/// The unique id of one call to a store: a client library that silently sends it again applies nothing twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OpId([u8; 16]);

impl OpId {
    /// Draws a new id. It is never all zero.
    ///
    /// # Errors
    ///
    /// When the random source fails.
    pub fn random(random: &dyn RandomSource) -> io::Result<Self> {
        let mut bytes = [0; 16];
        random.fill(&mut bytes)?;
        bytes[0] |= 1;
        Ok(Self(bytes))
    }

    /// The id with these bytes, which must not all be zero.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes, as stores keep them.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// A value that changes when a user's credentials change on purpose.
///
/// It is kept in every login's record and compared with the user's current one, so that a changed password refuses the
/// sessions of the old one even where the store could not end them. Take a random value or a counter kept beside the
/// password hash, not the hash itself: a silent re-hash must log nobody out.
///
/// ```
/// use hallpass_core::Stamp;
///
/// assert_eq!(Stamp::from(3_u64), Stamp::from(3_u64));
/// assert_ne!(Stamp::digest(b"changed 2026-01-01"), Stamp::digest(b"changed 2026-02-01"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Stamp([u8; 16]);

impl Stamp {
    /// The stamp with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// A stamp for a value of any length: the first half of its SHA-256.
    #[must_use]
    pub fn digest(value: &[u8]) -> Self {
        let digest = Sha256::new().chain_update(b"hallpass/1/stamp").chain_update(value).finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Self(bytes)
    }

    /// The bytes, as stores keep them.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl From<u64> for Stamp {
    fn from(counter: u64) -> Self {
        let mut bytes = [0; 16];
        bytes[8..].copy_from_slice(&counter.to_be_bytes());
        Self(bytes)
    }
}

impl fmt::Debug for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stamp(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::OsRandom;

    #[test]
    fn a_handle_reads_back_from_its_text() {
        let handle = SessionHandle::random(&OsRandom).unwrap();
        assert_eq!(handle.to_string().parse(), Ok(handle));
    }

    #[test]
    fn a_malformed_handle_is_refused() {
        // The last one ends in bits that encode nothing: another spelling of an existing handle.
        for text in [
            "",
            "AAECAwQFBgcICQoLDA0OD",
            "AAECAwQFBgcICQoLDA0ODw==",
            "AAECAwQFBgcICQoLDA0OD!",
            "AAECAwQFBgcICQoLDA0ODx",
        ] {
            assert!(text.parse::<SessionHandle>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_stamp_does_not_show_itself() {
        assert_eq!(format!("{:?}", Stamp::from(7)), "Stamp(..)");
    }

    #[test]
    fn a_raise_never_gives_the_epoch_of_a_subject_that_was_never_raised() {
        assert_ne!(Epoch::from(OpId::random(&OsRandom).unwrap()), Epoch::NONE);
    }
}
