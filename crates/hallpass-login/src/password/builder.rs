use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::cost::Cost;
use super::job::HashCounter;
use super::worker::Worker;
use super::{LegacyScheme, Passwords, Shared};

/// The least number of characters: ASVS 5.0 §6.2.1, and NIST SP 800-63B-4 for a password beside a
/// second factor.
const MIN_LENGTH: usize = 8;
/// NIST SP 800-63B-4 §3.1.1.2, for a password that is the only factor.
const MIN_LENGTH_SINGLE_FACTOR: usize = 15;
/// 64 characters of four bytes must be accepted (NIST SP 800-63B-4 §3.1.1.2, ASVS 5.0 §6.2.9).
const LEAST_MAX_LENGTH: usize = 256;
const GREATEST_MAX_LENGTH: usize = 64 * 1024;
/// With up to 60 ms a hash, who gets a place in the queue is served within the default wait.
const WAITING_PER_PERMIT: usize = 32;

/// Settings of [`Passwords`]. Made by [`Passwords::builder`].
///
/// ```
/// use std::time::Duration;
/// use hallpass_login::password::Passwords;
///
/// let passwords = Passwords::builder()
///     .single_factor()
///     .max_concurrent(4)
///     .max_wait(Duration::from_secs(1))
///     .build()?;
/// # Ok::<(), hallpass_login::password::PasswordConfigError>(())
/// ```
#[derive(Debug)]
#[must_use]
pub struct PasswordsBuilder {
    cost: Cost,
    min_length: usize,
    max_length: usize,
    max_concurrent: usize,
    max_waiting: Option<usize>,
    max_wait: Duration,
    legacy: Vec<Arc<dyn LegacyScheme>>,
    allow_weak: bool,
}

impl Default for PasswordsBuilder {
    fn default() -> Self {
        Self {
            cost: Cost::DEFAULT,
            min_length: MIN_LENGTH,
            max_length: 4096,
            max_concurrent: std::thread::available_parallelism().map_or(1, usize::from),
            max_waiting: None,
            max_wait: Duration::from_secs(2),
            legacy: Vec::new(),
            allow_weak: false,
        }
    }
}

impl PasswordsBuilder {
    /// Memory of one hash in KiB. Default: 19 456 (19 MiB). All hashes together take
    /// [`max_concurrent`](Self::max_concurrent) times as much.
    ///
    /// Memory and iterations together must reach one of OWASP's equivalent settings: 46 MiB with
    /// one iteration, 19 with two, 12 with three, 9 with four, 7 with five or more.
    ///
    /// ```
    /// # use hallpass_login::password::Passwords;
    /// assert!(Passwords::builder().memory_kib(64 * 1024).build().is_ok());
    /// assert!(Passwords::builder().memory_kib(1024).build().is_err());
    /// ```
    pub fn memory_kib(mut self, kib: u32) -> Self {
        self.cost.memory_kib = kib;
        self
    }

    /// Passes over the memory. Default: 2.
    ///
    /// ```
    /// # use hallpass_login::password::Passwords;
    /// assert!(Passwords::builder().iterations(3).memory_kib(12 * 1024).build().is_ok());
    /// ```
    pub fn iterations(mut self, iterations: u32) -> Self {
        self.cost.iterations = iterations;
        self
    }

    /// Lanes of the memory. Default: 1. A hash is computed by one thread however many there are;
    /// set it only to agree with other programs.
    ///
    /// ```
    /// # use hallpass_login::password::Passwords;
    /// assert!(Passwords::builder().parallelism(0).build().is_err());
    /// ```
    pub fn parallelism(mut self, lanes: u32) -> Self {
        self.cost.parallelism = lanes;
        self
    }

    /// The least number of characters of a *new* password, counted as Unicode code points. Default:
    /// 8, and not less.
    ///
    /// ```
    /// # use hallpass_login::password::Passwords;
    /// assert!(Passwords::builder().min_length(12).build().is_ok());
    /// assert!(Passwords::builder().min_length(6).build().is_err());
    /// ```
    pub fn min_length(mut self, characters: usize) -> Self {
        self.min_length = characters;
        self
    }

    /// The minimum for passwords that are the only factor: 15 characters (NIST SP 800-63B-4
    /// §3.1.1.2; recommended by ASVS 5.0 §6.2.1).
    ///
    /// ```
    /// # use hallpass_login::password::{Password, Passwords};
    /// let passwords = Passwords::builder().single_factor().build()?;
    /// assert!(passwords.check_length(&Password::from("14 characters!")).is_err());
    /// # Ok::<(), hallpass_login::password::PasswordConfigError>(())
    /// ```
    pub fn single_factor(self) -> Self {
        self.min_length(MIN_LENGTH_SINGLE_FACTOR)
    }

    /// The greatest number of bytes of any password. Default: 4096; from 256 to 65 536. What is
    /// longer is refused without being hashed; nothing is ever cut off.
    ///
    /// ```
    /// # use hallpass_login::password::Passwords;
    /// assert!(Passwords::builder().max_length(1024).build().is_ok());
    /// assert!(Passwords::builder().max_length(72).build().is_err());
    /// ```
    pub fn max_length(mut self, bytes: usize) -> Self {
        self.max_length = bytes;
        self
    }

    /// How many hashes are computed at once. Default: the available parallelism of the machine.
    ///
    /// ```
    /// # use hallpass_login::password::Passwords;
    /// assert!(Passwords::builder().max_concurrent(1).build().is_ok());
    /// assert!(Passwords::builder().max_concurrent(0).build().is_err());
    /// ```
    pub fn max_concurrent(mut self, hashes: usize) -> Self {
        self.max_concurrent = hashes;
        self
    }

    /// How many requests may wait for a permit; the next one is
    /// [`Busy`](super::PasswordError::Busy) at once. Default: 32 for each of
    /// [`max_concurrent`](Self::max_concurrent).
    ///
    /// ```
    /// # use hallpass_login::password::Passwords;
    /// assert!(Passwords::builder().max_waiting(0).build().is_ok());
    /// ```
    pub fn max_waiting(mut self, requests: usize) -> Self {
        self.max_waiting = Some(requests);
        self
    }

    /// How long one of them waits before it is [`Busy`](super::PasswordError::Busy). Default: 2
    /// seconds.
    ///
    /// ```
    /// # use hallpass_login::password::Passwords;
    /// # use std::time::Duration;
    /// assert!(Passwords::builder().max_wait(Duration::from_millis(500)).build().is_ok());
    /// ```
    pub fn max_wait(mut self, wait: Duration) -> Self {
        self.max_wait = wait;
        self
    }

    /// Also verifies what this scheme has stored. May be called several times; the first that
    /// recognises a string is used.
    ///
    /// See [`LegacyScheme`] for an example.
    pub fn legacy(mut self, scheme: impl LegacyScheme) -> Self {
        self.legacy.push(Arc::new(scheme));
        self
    }

    /// Accepts parameters below the recommended ones and short new passwords. For tests, where
    /// hashing is waiting.
    ///
    /// ```
    /// # use hallpass_login::password::Passwords;
    /// let fast = Passwords::builder().danger_allow_weak().memory_kib(8).iterations(1).build()?;
    /// # Ok::<(), hallpass_login::password::PasswordConfigError>(())
    /// ```
    pub fn danger_allow_weak(mut self) -> Self {
        self.allow_weak = true;
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// The first setting that is out of its range.
    ///
    /// ```
    /// use hallpass_login::password::{PasswordConfigError, Passwords};
    ///
    /// let refused = Passwords::builder().iterations(1).build().unwrap_err();
    /// assert_eq!(refused, PasswordConfigError::WeakCost);
    /// ```
    pub fn build(self) -> Result<Passwords, PasswordConfigError> {
        if !self.allow_weak && !self.cost.is_recommended() {
            return Err(PasswordConfigError::WeakCost);
        }
        if !self.allow_weak && self.min_length < MIN_LENGTH {
            return Err(PasswordConfigError::MinLength);
        }
        if !(LEAST_MAX_LENGTH..=GREATEST_MAX_LENGTH).contains(&self.max_length)
            || self.min_length > self.max_length
        {
            return Err(PasswordConfigError::MaxLength);
        }
        if self.max_concurrent == 0 {
            return Err(PasswordConfigError::MaxConcurrent);
        }
        let cost = self.cost;
        cost.params().map_err(|_| PasswordConfigError::InvalidCost)?;
        Ok(self.assemble(cost))
    }

    /// The rest of [`build`](Self::build), for settings that are known to be good.
    pub(super) fn assemble(self, cost: Cost) -> Passwords {
        let waiting = self.max_waiting.unwrap_or(self.max_concurrent.saturating_mul(WAITING_PER_PERMIT));
        Passwords {
            shared: Arc::new(Shared {
                cost,
                min_length: self.min_length,
                max_length: self.max_length,
                legacy: self.legacy,
                worker: Worker::new(self.max_concurrent, waiting, self.max_wait),
                counter: HashCounter::default(),
            }),
        }
    }
}

/// Why [`PasswordsBuilder::build`] refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PasswordConfigError {
    /// Memory and iterations are below OWASP's recommendation.
    WeakCost,
    /// Argon2 does not work with these parameters: it needs an iteration, a lane, and 8 KiB of
    /// memory a lane.
    InvalidCost,
    /// The minimum length is below 8 characters.
    MinLength,
    /// The maximum length is outside 256 to 65 536 bytes, or below the minimum length.
    MaxLength,
    /// No hash could ever be computed.
    MaxConcurrent,
}

impl fmt::Display for PasswordConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WeakCost => "memory and iterations are below the recommended minimum",
            Self::InvalidCost => "memory, iterations and parallelism do not fit together",
            Self::MinLength => "the minimum password length is below 8 characters",
            Self::MaxLength => "the maximum password length is not between 256 and 65536 bytes, or too low",
            Self::MaxConcurrent => "the number of concurrent hashes is zero",
        })
    }
}

impl Error for PasswordConfigError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(builder: PasswordsBuilder) -> Option<PasswordConfigError> {
        builder.build().err()
    }

    #[test]
    fn weak_settings_need_a_dangerous_name() {
        let weak = || Passwords::builder().memory_kib(8).iterations(1).min_length(1);
        assert_eq!(refusal(weak()), Some(PasswordConfigError::WeakCost));
        assert_eq!(refusal(Passwords::builder().min_length(7)), Some(PasswordConfigError::MinLength));
        assert_eq!(refusal(weak().danger_allow_weak()), None);
    }

    #[test]
    fn impossible_settings_are_refused_even_so() {
        let builder = || Passwords::builder().danger_allow_weak();
        assert_eq!(refusal(builder().memory_kib(7)), Some(PasswordConfigError::InvalidCost));
        assert_eq!(refusal(builder().iterations(0)), Some(PasswordConfigError::InvalidCost));
        assert_eq!(refusal(builder().parallelism(u32::MAX)), Some(PasswordConfigError::InvalidCost));
        assert_eq!(refusal(builder().max_length(255)), Some(PasswordConfigError::MaxLength));
        assert_eq!(refusal(builder().max_length(65_537)), Some(PasswordConfigError::MaxLength));
        assert_eq!(refusal(builder().min_length(257).max_length(256)), Some(PasswordConfigError::MaxLength));
        assert_eq!(refusal(builder().max_concurrent(0)), Some(PasswordConfigError::MaxConcurrent));
        assert_eq!(refusal(builder().max_concurrent(usize::MAX)), None);
    }
}
