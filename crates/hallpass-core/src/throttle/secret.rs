use crate::ids::{Realm, Subject};
use crate::random::RandomSource;
use sha2::{Digest, Sha256};
use std::fmt;
use std::io;
use zeroize::Zeroize;

/// What is hashed before the secret, filled up with zeros so that both are one block of SHA-256.
const DOMAIN: &[u8; 32] = b"hallpass/1/throttle\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// No kind of bucket has this tag.
const DEVICE: u8 = 0xd0;

/// The secret of a throttle: 256 random bits. `Debug` shows nothing of it, and it is wiped when it is dropped.
///
/// What it names and proves is a SHA-256 over one block with the secret, and then over what is named. Its state after that
/// block is kept, so that each costs one block more and not two.
#[derive(Clone)]
pub struct ThrottleSecret {
    bytes: [u8; Self::LEN],
    keyed: Sha256,
}

impl ThrottleSecret {
    /// How many bytes it has.
    pub const LEN: usize = 32;

    /// Draws a new one.
    ///
    /// # Errors
    ///
    /// When the random source fails.
    pub fn random(random: &dyn RandomSource) -> io::Result<Self> {
        let mut bytes = [0; Self::LEN];
        random.fill(&mut bytes)?;
        Ok(Self::from_bytes(bytes))
    }

    /// The secret with these bytes, as nodes share it.
    #[must_use]
    pub fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self { bytes, keyed: Sha256::new().chain_update(DOMAIN).chain_update(bytes) }
    }

    /// The bytes: to be kept where nodes share them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.bytes
    }

    /// The proof in a [device cookie](crate::DeviceToken) with this random number: that `subject` of `realm` has logged in.
    /// Compare it in constant time.
    ///
    /// All that is hashed has a fixed length or tells its own before it: no input is the beginning of another, so that
    /// nothing can be added behind one whose proof is known.
    ///
    /// ```
    /// use hallpass_core::{OsRandom, Realm, Subject, ThrottleSecret};
    ///
    /// let (secret, shop) = (ThrottleSecret::random(&OsRandom)?, Realm::new("shop").unwrap());
    /// let proof = |id: u32| secret.device_proof(&shop, &Subject::from(id), &[7; 16]);
    /// assert_eq!(proof(1), proof(1));
    /// assert_ne!(proof(1), proof(2));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn device_proof(&self, realm: &Realm, subject: &Subject, nonce: &[u8; 16]) -> [u8; 32] {
        let subject = subject.as_str();
        // A subject has at most 255 bytes, so its length fits.
        let hash = self.keyed(DEVICE, realm).chain_update([subject.len() as u8]).chain_update(subject);
        hash.chain_update(nonce).finalize().into()
    }

    /// The state behind the secret, a tag and a realm.
    pub(super) fn keyed(&self, tag: u8, realm: &Realm) -> Sha256 {
        // A realm has at most 64 bytes, so its length fits.
        let len = realm.as_str().len() as u8;
        self.keyed.clone().chain_update([tag, len]).chain_update(realm.as_str())
    }
}

impl PartialEq for ThrottleSecret {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for ThrottleSecret {}

/// The hash's state wipes itself.
impl Drop for ThrottleSecret {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

impl fmt::Debug for ThrottleSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ThrottleSecret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::throttle::{Bucket, BucketKind};

    #[test]
    fn debug_output_shows_no_secret() {
        let secret = ThrottleSecret::from_bytes([0xab; 32]);
        assert_eq!(format!("{secret:?}"), "ThrottleSecret(..)");
    }

    #[test]
    fn a_kept_state_hashes_as_everything_at_once() {
        let (secret, realm) = (ThrottleSecret::from_bytes([3; 32]), Realm::new("shop").unwrap());
        let text = [DOMAIN.as_slice(), &[3; 32], &[DEVICE, 4], b"shop", &[2], b"42", &[7; 16]].concat();
        let proof: [u8; 32] = Sha256::digest(text).into();
        assert_eq!(secret.device_proof(&realm, &Subject::new("42").unwrap(), &[7; 16]), proof);
    }

    #[test]
    fn no_bucket_has_the_name_that_is_a_proof() {
        use BucketKind::*;
        for kind in [Account, Device, Address, Session, Registration, Visitor] {
            let (secret, realm) = (ThrottleSecret::from_bytes([3; 32]), Realm::new("shop").unwrap());
            let name = [&[2], b"42".as_slice(), &[7; 16]].concat();
            let proof = secret.device_proof(&realm, &Subject::new("42").unwrap(), &[7; 16]);
            assert_ne!(*Bucket::new(kind, &secret, &realm, &name).name(), proof);
        }
    }
}
