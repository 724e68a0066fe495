//! Passwords: hashed with Argon2id, on threads where it blocks nobody, never more at once than the
//! machine can bear.
//!
//! [`Passwords`] is made once, cloned freely and asked three things: [`hash`](Passwords::hash) a
//! new password, [`verify`](Passwords::verify) one against what is stored, and
//! [`rehash`](Passwords::rehash) one that was right but is stored with outdated parameters.
//!
//! ```
//! use hallpass_login::password::{Password, PasswordError, Passwords, Verified};
//!
//! # async fn save(_: &str) {}
//! # async fn log_in(stored: Option<&str>, typed: Password) -> Result<bool, PasswordError> {
//! # let passwords = Passwords::default();
//! // `stored` is `None` for an unknown user: the answer takes as long as for a known one.
//! match passwords.verify(stored, &typed).await? {
//!     Verified::Match => Ok(true),
//!     Verified::MatchOutdated => {
//!         save(&passwords.rehash(&typed).await?).await;
//!         Ok(true)
//!     }
//!     Verified::NoMatch => Ok(false),
//! }
//! # }
//! ```
//!
//! # What is stored
//!
//! A PHC string, `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`: about 100 ASCII characters with
//! everything that a later verification needs. The default parameters are those of the OWASP
//! Password Storage Cheat Sheet: 19 MiB of memory, two passes, one lane. Each hash has 16 random
//! bytes of salt and 32 bytes of output. There is no pepper: a key that is kept beside the database
//! protects what the database's own encryption protects, and cannot be changed without every user's
//! password.
//!
//! # What an attacker learns
//!
//! Every verification computes exactly one hash: for an unknown user, for one without a password
//! and for a stored string that cannot be read, a hash with the current parameters whose result is
//! thrown away. So the time of an answer does not tell whether an account exists (ASVS 5.0 §6.3.8).
//! Two things remain visible. A hash with other parameters takes another time, until its owner has
//! logged in again. And a password longer than [`max_length`](PasswordsBuilder::max_length) is
//! refused at once; its length is the sender's own choice, and the answer is the same for every
//! account.

mod builder;
mod cost;
mod error;
mod job;
mod legacy;
mod secret;
mod stored;
mod worker;

use std::sync::Arc;

pub use builder::{PasswordConfigError, PasswordsBuilder};
pub use error::PasswordError;
pub use legacy::LegacyScheme;
pub use secret::Password;

use cost::Cost;
use job::{HashCounter, Job};
use stored::{Stored, StoredHash};
use worker::Worker;

/// Hashes and verifies passwords. Cheap to clone; clones share their limits.
///
/// The futures need a tokio runtime with its timer, and panic without one. Dropping one stops the
/// waiting, not a hash that has begun: its permit is free when it ends, so that abandoned requests
/// cannot pile up work.
///
/// ```
/// use hallpass_login::password::{Password, Passwords, Verified};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let passwords = Passwords::default();
/// let stored = passwords.hash(&Password::from("correct horse battery staple")).await?;
/// assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
///
/// let typed = Password::from("correct horse battery staple");
/// assert_eq!(passwords.verify(Some(&stored), &typed).await?, Verified::Match);
/// assert_eq!(passwords.verify(None, &typed).await?, Verified::NoMatch);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Passwords {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    cost: Cost,
    min_length: usize,
    max_length: usize,
    legacy: Vec<Arc<dyn LegacyScheme>>,
    worker: Worker,
    counter: HashCounter,
}

/// What came out of [`Passwords::verify`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verified {
    /// The password is right.
    Match,
    /// The password is right, and what is stored should be replaced by [`Passwords::rehash`] of it.
    MatchOutdated,
    /// The password is wrong, or there is none to compare it with.
    NoMatch,
}

impl Verified {
    /// Whether the password is right.
    ///
    /// ```
    /// use hallpass_login::password::Verified;
    ///
    /// assert!(Verified::Match.is_match() && Verified::MatchOutdated.is_match());
    /// assert!(!Verified::NoMatch.is_match());
    /// ```
    #[must_use]
    pub fn is_match(self) -> bool {
        self != Self::NoMatch
    }
}

impl Passwords {
    /// Starts from the defaults.
    ///
    /// ```
    /// use hallpass_login::password::Passwords;
    ///
    /// let passwords = Passwords::builder().memory_kib(64 * 1024).iterations(3).build()?;
    /// # Ok::<(), hallpass_login::password::PasswordConfigError>(())
    /// ```
    pub fn builder() -> PasswordsBuilder {
        PasswordsBuilder::default()
    }

    /// Checks the length of a password that a user wants to set. [`hash`](Self::hash) does it too;
    /// this answers without hashing.
    ///
    /// Length is the only rule of composition that standards still allow (NIST SP 800-63B-4
    /// §3.1.1.2, ASVS 5.0 §6.2.5). They also ask for a check against a list of common passwords
    /// (ASVS 5.0 §6.2.4), which is the application's.
    ///
    /// # Errors
    ///
    /// [`PasswordError::TooShort`] and [`PasswordError::TooLong`].
    ///
    /// ```
    /// use hallpass_login::password::{Password, Passwords};
    ///
    /// let passwords = Passwords::default();
    /// assert!(passwords.check_length(&Password::from("7 chars")).is_err());
    /// assert!(passwords.check_length(&Password::from("8 chars!")).is_ok());
    /// ```
    pub fn check_length(&self, password: &Password) -> Result<(), PasswordError> {
        let min = self.shared.min_length;
        if password.expose().chars().take(min).count() < min {
            return Err(PasswordError::TooShort { min });
        }
        self.check_max_length(password)
    }

    /// Hashes a password that a user sets now: at registration, change and reset. The result is
    /// what to store.
    ///
    /// # Errors
    ///
    /// [`PasswordError::TooShort`] and [`PasswordError::TooLong`], before anything is hashed;
    /// [`PasswordError::Busy`] if no permit became free in time; [`PasswordError::Failed`] if
    /// memory or randomness ran out.
    ///
    /// ```
    /// # use hallpass_login::password::{Password, PasswordError, Passwords};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), PasswordError> {
    /// let passwords = Passwords::default();
    /// let refused = passwords.hash(&Password::from("short")).await;
    /// assert!(matches!(refused, Err(PasswordError::TooShort { min: 8 })));
    /// assert_eq!(passwords.hashes_computed(), 0);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn hash(&self, password: &Password) -> Result<String, PasswordError> {
        self.check_length(password)?;
        self.rehash(password).await
    }

    /// Hashes a password that was verified a moment ago, after [`Verified::MatchOutdated`]. The
    /// minimum length does not apply: it may have been raised since the password was set.
    ///
    /// If this fails, keep what is stored and let the user in.
    ///
    /// # Errors
    ///
    /// As [`hash`](Self::hash), without [`PasswordError::TooShort`].
    ///
    /// ```
    /// # use hallpass_login::password::{Password, PasswordError, Passwords};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), PasswordError> {
    /// let stored = Passwords::default().rehash(&Password::from("short")).await?;
    /// assert!(stored.starts_with("$argon2id$"));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn rehash(&self, password: &Password) -> Result<String, PasswordError> {
        self.check_max_length(password)?;
        let job = self.job(password);
        self.shared.worker.run(move || job.hash()).await
    }

    /// Compares a password with what is stored for the user; `None` for an unknown user or one
    /// without a password.
    ///
    /// Exactly one hash is computed, whatever is stored and whether it matches; none if the
    /// password is longer than [`max_length`](PasswordsBuilder::max_length), which is
    /// [`Verified::NoMatch`]. Argon2 hashes of all three variants, both versions and other
    /// parameters are accepted, as are those of every [`LegacyScheme`].
    ///
    /// A stored string that cannot be read, or that asks for more than 256 MiB or for more work
    /// than four passes over them (and for more than is configured), is logged as an error, without
    /// the string, and matches nothing.
    ///
    /// # Errors
    ///
    /// [`PasswordError::Busy`] if no permit became free in time, [`PasswordError::Failed`] if
    /// memory ran out. Neither says anything about the password.
    ///
    /// ```
    /// # use hallpass_login::password::{Password, PasswordError, Passwords, Verified};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), PasswordError> {
    /// let passwords = Passwords::default();
    /// // Made by another program, with the parameters of its day.
    /// let stored = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ\
    ///               $nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    /// let verified = passwords.verify(Some(stored), &Password::from("password")).await?;
    /// assert_eq!(verified, Verified::MatchOutdated);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn verify(&self, stored: Option<&str>, password: &Password) -> Result<Verified, PasswordError> {
        if self.check_max_length(password).is_err() {
            return Ok(Verified::NoMatch);
        }
        let (job, stored) = (self.job(password), self.shared.read(stored));
        self.shared.worker.run(move || job.verify(&stored)).await
    }

    /// How many hashes were begun since the start, by this value and its clones: a measure of load,
    /// and of attacks.
    ///
    /// ```
    /// # use hallpass_login::password::{Password, PasswordError, Passwords};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), PasswordError> {
    /// let passwords = Passwords::default();
    /// let _ = passwords.verify(None, &Password::from("guess")).await?;
    /// assert_eq!(passwords.hashes_computed(), 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn hashes_computed(&self) -> u64 {
        self.shared.counter.total()
    }

    fn job(&self, password: &Password) -> Job {
        let Shared { cost, counter, .. } = &*self.shared;
        Job { cost: *cost, password: password.clone(), counter: counter.clone() }
    }

    fn check_max_length(&self, password: &Password) -> Result<(), PasswordError> {
        let max = self.shared.max_length;
        if password.expose().len() > max { Err(PasswordError::TooLong { max }) } else { Ok(()) }
    }
}

/// The defaults of [`PasswordsBuilder`].
impl Default for Passwords {
    fn default() -> Self {
        Self::builder().assemble(Cost::DEFAULT)
    }
}

impl Shared {
    fn read(&self, stored: Option<&str>) -> Stored {
        let Some(stored) = stored.filter(|stored| !stored.is_empty()) else {
            return Stored::Nothing;
        };
        if let Some(scheme) = self.legacy.iter().find(|scheme| scheme.recognises(stored)) {
            return Stored::Legacy(Arc::clone(scheme), stored.to_owned());
        }
        StoredHash::parse(stored, self.cost).map_or_else(
            |reason| {
                tracing::error!(reason, "a stored password hash cannot be used, its user cannot log in");
                Stored::Nothing
            },
            Stored::Argon2,
        )
    }
}

#[cfg(test)]
mod tests;
