use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use argon2::password_hash::phc::Output;
use argon2::password_hash::{self, PasswordHasher};
use argon2::{Algorithm, Argon2, Version};
use subtle::ConstantTimeEq;

use super::cost::{Cost, OUTPUT_LENGTH, SALT_LENGTH};
use super::stored::{Stored, StoredHash};
use super::{Password, Verified};

/// A password on its way to a blocking thread: everything in here may take long.
pub(super) struct Job {
    pub(super) cost: Cost,
    pub(super) password: Password,
    pub(super) counter: HashCounter,
}

/// How many hashes were begun. Counted where they are computed, not where they are asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct HashCounter(Arc<AtomicU64>);

impl HashCounter {
    pub(super) fn total(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Job {
    /// The PHC string for the password, with a new salt.
    pub(super) fn hash(&self) -> Result<String, password_hash::Error> {
        let argon2 = self.argon2id()?;
        self.counter.count();
        Ok(argon2.hash_password(self.bytes())?.to_string())
    }

    pub(super) fn verify(&self, stored: &Stored) -> Result<Verified, argon2::Error> {
        match stored {
            Stored::Argon2(hash) => self.verify_argon2(hash),
            Stored::Legacy(scheme, hash) => {
                self.counter.count();
                let matches = scheme.verify(hash, self.bytes());
                Ok(if matches { Verified::MatchOutdated } else { Verified::NoMatch })
            }
            Stored::Nothing => self.verify_nothing(),
        }
    }

    fn verify_argon2(&self, stored: &StoredHash) -> Result<Verified, argon2::Error> {
        let argon2 = Argon2::new(stored.algorithm, stored.version, stored.params.clone());
        let mut buffer = [0; Output::MAX_LENGTH];
        let computed = buffer.get_mut(..stored.output.len()).ok_or(argon2::Error::OutputTooLong)?;
        self.compute(&argon2, &stored.salt, computed)?;
        if !bool::from(stored.output.as_bytes().ct_eq(computed)) {
            return Ok(Verified::NoMatch);
        }
        Ok(if stored.is_outdated(self.cost) { Verified::MatchOutdated } else { Verified::Match })
    }

    /// The work of a verification, for somebody who has no hash.
    fn verify_nothing(&self) -> Result<Verified, argon2::Error> {
        let mut output = [0; OUTPUT_LENGTH];
        self.compute(&self.argon2id()?, &[0; SALT_LENGTH], black_box(&mut output))?;
        Ok(Verified::NoMatch)
    }

    fn compute(&self, argon2: &Argon2<'_>, salt: &[u8], output: &mut [u8]) -> Result<(), argon2::Error> {
        self.counter.count();
        argon2.hash_password_into(self.bytes(), salt, output)
    }

    fn argon2id(&self) -> Result<Argon2<'static>, argon2::Error> {
        Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, self.cost.params()?))
    }

    fn bytes(&self) -> &[u8] {
        self.password.expose().as_bytes()
    }
}
