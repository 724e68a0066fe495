//! What the browser holds, and the hash of it that the server keeps.

use crate::ids::{Realm, Shard, Subject};
use crate::random::RandomSource;
use crate::record::Transport;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use std::fmt;
use std::io;
use zeroize::{Zeroize, Zeroizing};

const SHARD_LEN: usize = 2;
const SECRET_LEN: usize = 32;
const TOKEN_LEN: usize = SHARD_LEN + SECRET_LEN;

/// The secret that a client presents: a shard and 256 random bits.
///
/// It exists only between the request and the key, and between the draw and the answer. Stores, logs, events and maps
/// see its [`SessionKey`]. It has no `Display`, its `Debug` shows nothing, and it is wiped when it is dropped.
///
/// ```
/// use hallpass_core::{OsRandom, Realm, SessionToken, Shard};
///
/// let realm = Realm::new("shop").unwrap();
/// let token = SessionToken::random(Shard(7), &OsRandom)?;
/// let cookie = token.encode();
/// assert_eq!(cookie.len(), SessionToken::ENCODED_LEN);
/// let read = SessionToken::decode(cookie.as_bytes()).unwrap();
/// assert_eq!(read.key(&realm), token.key(&realm));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct SessionToken([u8; TOKEN_LEN]);

impl SessionToken {
    /// How many characters an encoded token has.
    pub const ENCODED_LEN: usize = 46;

    /// Draws a new token in `shard`.
    ///
    /// # Errors
    ///
    /// When the random source fails.
    pub fn random(shard: Shard, random: &dyn RandomSource) -> io::Result<Self> {
        let mut token = Self([0; TOKEN_LEN]);
        token.0[..SHARD_LEN].copy_from_slice(&shard.0.to_be_bytes());
        random.fill(&mut token.0[SHARD_LEN..])?;
        Ok(token)
    }

    /// Reads a token strictly: exactly 46 characters of unpadded base64url in their one canonical spelling.
    /// Anything else is `None`, as if nothing had been sent.
    #[must_use]
    pub fn decode(text: &[u8]) -> Option<Self> {
        let text: &[u8; Self::ENCODED_LEN] = text.try_into().ok()?;
        let mut token = Self([0; TOKEN_LEN]);
        let (quads, last_two) = text.as_chunks::<4>();
        let (threes, last_one) = token.0.as_chunks_mut::<3>();
        let mut seen = 0;
        for (quad, three) in quads.iter().zip(threes) {
            let [a, b, c, d] = quad.map(sextet);
            seen |= a | b | c | d;
            *three = [a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d];
        }
        let (&[a, b], [last]) = (last_two, last_one) else { return None };
        let [a, b] = [a, b].map(sextet);
        *last = a << 2 | b >> 4;
        // The four bits of the last character that mean nothing are zero in the one spelling that counts.
        let is_canonical = (seen | a | b) & NO_SEXTET == 0 && b & 0b1111 == 0;
        is_canonical.then_some(token)
    }

    /// Writes the token as the client will present it. The text is wiped when it is dropped.
    #[must_use]
    pub fn encode(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(Self::ENCODED_LEN));
        self.encode_to(&mut text);
        text
    }

    /// Writes it behind what is in `text`, which has the room: moved, it would leave a copy behind.
    pub(crate) fn encode_to(&self, text: &mut String) {
        URL_SAFE_NO_PAD.encode_string(self.0, text);
    }

    /// The shard the token claims. It is part of the hash, so a tampered one finds nothing.
    #[must_use]
    pub fn shard(&self) -> Shard {
        Shard(u16::from_be_bytes([self.0[0], self.0[1]]))
    }

    /// The key under which `realm` keeps this token's session, if it travels in a cookie.
    #[must_use]
    pub fn key(&self, realm: &Realm) -> SessionKey {
        self.key_by(realm, Transport::Cookie)
    }

    /// The key under which `realm` keeps this token's session, if it travels so. By another way the same token is another
    /// key, and finds and ends nothing.
    ///
    /// ```
    /// use hallpass_core::{OsRandom, Realm, SessionToken, Shard, Transport};
    ///
    /// let (realm, token) = (Realm::new("shop").unwrap(), SessionToken::random(Shard(7), &OsRandom)?);
    /// assert_ne!(token.key_by(&realm, Transport::Bearer), token.key_by(&realm, Transport::Cookie));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn key_by(&self, realm: &Realm, transport: Transport) -> SessionKey {
        // At the end, where only the length of all that is hashed differs: nothing else can look the same.
        let suffix = match transport {
            Transport::Cookie => "",
            Transport::Bearer => "bearer",
        };
        let digest = hash("hallpass/1", realm).chain_update(self.0).chain_update(suffix).finalize();
        let mut key = [0; SessionKey::LEN];
        key[..SHARD_LEN].copy_from_slice(&self.0[..SHARD_LEN]);
        key[SHARD_LEN..].copy_from_slice(&digest);
        SessionKey(key)
    }

    /// Whether both are the same token, byte by byte. What a client presents twice is compared here, never what it
    /// presents with what is stored.
    #[must_use]
    pub(crate) fn same_as(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

/// Above the six bits that a character of base64url stands for: it is none.
const NO_SEXTET: u8 = 0b1100_0000;

/// What each byte stands for in base64url (RFC 4648 §5). Every request that has a cookie is decoded, and a token is as long as
/// all others: with a table of its own that takes a third of the time it takes in general.
const SEXTETS: [u8; 256] = {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut sextets = [NO_SEXTET; 256];
    let mut value = 0;
    while value < alphabet.len() {
        sextets[alphabet[value] as usize] = value as u8;
        value += 1;
    }
    sextets
};

fn sextet(character: u8) -> u8 {
    SEXTETS[usize::from(character)]
}

impl Drop for SessionToken {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionToken(..)")
    }
}

/// What a store keeps instead of a token: the shard and a SHA-256 of realm, shard and secret.
///
/// It opens nothing: presented as a cookie it is hashed again and found nowhere (OWASP Session Management Cheat Sheet).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionKey([u8; SessionKey::LEN]);

impl SessionKey {
    /// How many bytes a key has.
    pub const LEN: usize = 34;

    /// The key with these bytes, as read from a store.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// The bytes, as stores keep them: two of the shard, then 32 of the hash.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// The shard the session lies in.
    #[must_use]
    pub const fn shard(&self) -> Shard {
        Shard(u16::from_be_bytes([self.0[0], self.0[1]]))
    }

    /// Eight bytes of the hash: evenly spread already, so a hash table needs no hasher of its own.
    #[must_use]
    pub fn table_hash(&self) -> u64 {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.0[SHARD_LEN..SHARD_LEN + 8]);
        u64::from_le_bytes(bytes)
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKey(")?;
        // Not the shard, which the token begins with.
        for byte in &self.0[2..8] {
            write!(f, "{byte:02x}")?;
        }
        f.write_str("..)")
    }
}

/// The shard of every login of `subject`: the first 16 bits of a hash of realm and subject.
pub(crate) fn shard_of(realm: &Realm, subject: &Subject) -> Shard {
    let digest = hash("hallpass/1/shard", realm).chain_update(subject.as_str()).finalize();
    Shard(u16::from_be_bytes([digest[0], digest[1]]))
}

fn hash(domain: &str, realm: &Realm) -> Sha256 {
    // A realm has at most 64 bytes, so its length fits.
    let len = realm.as_str().len() as u8;
    Sha256::new().chain_update(domain).chain_update([len]).chain_update(realm.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::OsRandom;
    use proptest::prelude::*;

    fn realm(name: &str) -> Realm {
        Realm::new(name).unwrap()
    }

    fn token() -> SessionToken {
        SessionToken::random(Shard(0xabcd), &OsRandom).unwrap()
    }

    #[test]
    fn a_token_of_one_realm_is_another_key_in_the_next() {
        let token = token();
        assert_ne!(token.key(&realm("shop")), token.key(&realm("admin")));
    }

    #[test]
    fn a_tampered_shard_gives_another_hash() {
        let token = token();
        let mut tampered = token.clone();
        tampered.0[0] ^= 1;
        let (a, b) = (token.key(&realm("shop")), tampered.key(&realm("shop")));
        assert_ne!(a.as_bytes()[2..], b.as_bytes()[2..]);
    }

    #[test]
    fn debug_output_shows_no_secret() {
        let token = token();
        let shown = format!("{token:?}");
        assert_eq!(shown, "SessionToken(..)");
        assert!(!shown.contains(&token.encode()[..4]));
    }

    #[test]
    fn a_key_presented_as_a_token_finds_another_key() {
        let key = token().key(&realm("shop"));
        let replayed = SessionToken(*key.as_bytes());
        assert_ne!(replayed.key(&realm("shop")), key);
    }

    #[test]
    fn only_the_canonical_spelling_is_read() {
        let text = token().encode();
        let mut last = text.as_bytes().to_vec();
        // The last character carries four bits that encode nothing.
        let at = last.len() - 1;
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let index = alphabet.iter().position(|&c| c == last[at]).unwrap();
        for other in 1..16 {
            last[at] = alphabet[index ^ other];
            assert!(SessionToken::decode(&last).is_none(), "spelling {other}");
        }
        assert!(SessionToken::decode(format!("{}=", text.as_str()).as_bytes()).is_none());
    }

    proptest! {
        #[test]
        fn any_bytes_decode_to_nothing_or_to_what_encodes_back(text in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Some(token) = SessionToken::decode(&text) {
                let encoded = token.encode();
                prop_assert_eq!(encoded.as_bytes(), &text[..]);
            }
        }

        #[test]
        fn any_46_characters_decode_to_nothing_or_to_what_encodes_back(text in "[A-Za-z0-9_-]{46}") {
            if let Some(token) = SessionToken::decode(text.as_bytes()) {
                let encoded = token.encode();
                prop_assert_eq!(encoded.as_str(), text);
            }
        }
    }
}
