use std::sync::Arc;

use argon2::password_hash::phc::{Output, PasswordHash, Salt};
use argon2::{Algorithm, Params, Version};

use super::LegacyScheme;
use super::cost::{Cost, OUTPUT_LENGTH, SALT_LENGTH};

/// What there is to compare a password with.
pub(super) enum Stored {
    Argon2(StoredHash),
    Legacy(Arc<dyn LegacyScheme>, String),
    Nothing,
}

/// An Argon2 hash in the PHC string format, within bounds.
pub(super) struct StoredHash {
    pub(super) algorithm: Algorithm,
    pub(super) version: Version,
    pub(super) params: Params,
    pub(super) salt: Salt,
    pub(super) output: Output,
}

impl StoredHash {
    /// The error is a reason for the log, without any of the string.
    pub(super) fn parse(stored: &str, cost: Cost) -> Result<Self, &'static str> {
        let hash = PasswordHash::new(stored).map_err(|_| "not a PHC string")?;
        let algorithm = Algorithm::new(hash.algorithm).map_err(|_| "unknown scheme")?;
        // Argon2 had no version field before 1.3.
        let version =
            hash.version.map_or(Ok(Version::V0x10), Version::try_from).map_err(|_| "unknown version")?;
        let params = Params::try_from(&hash).map_err(|_| "invalid parameters")?;
        if !cost.admits(&params) {
            return Err("parameters out of bounds");
        }
        let (Some(salt), Some(output)) = (hash.salt, hash.hash) else {
            return Err("no salt or no hash");
        };
        Ok(Self { algorithm, version, params, salt, output })
    }

    pub(super) fn is_outdated(&self, cost: Cost) -> bool {
        self.algorithm != Algorithm::Argon2id
            || self.version != Version::V0x13
            || cost.exceeds(&self.params)
            || self.salt.len() < SALT_LENGTH
            || self.output.len() < OUTPUT_LENGTH
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const COST: Cost = Cost::DEFAULT;

    fn parse(fields: &str) -> Result<StoredHash, &'static str> {
        StoredHash::parse(fields, COST)
    }

    fn current(salt: &str, output: &str) -> bool {
        let stored = parse(&format!("$argon2id$v=19$m=19456,t=2,p=1${salt}${output}")).ok().unwrap();
        !stored.is_outdated(COST)
    }

    #[test]
    fn a_short_salt_or_output_is_outdated() {
        let (salt, short_salt) = ("A".repeat(22), "A".repeat(11));
        let (output, short_output) = ("A".repeat(43), "A".repeat(22));
        assert!(current(&salt, &output));
        assert!(!current(&short_salt, &output));
        assert!(!current(&salt, &short_output));
    }

    #[test]
    fn an_absent_version_is_the_one_before_versions_were_written() {
        let stored = parse("$argon2i$m=256,t=2,p=1$c29tZXNhbHQ$/U3YPXYsSb3q9XxHvc0MLxur+GP960kN9j7emXX8zwY");
        assert_eq!(stored.ok().unwrap().version, Version::V0x10);
    }

    proptest! {
        #[test]
        fn what_is_accepted_stays_within_the_bounds(
            memory_kib in prop_oneof![0..1024u32, 1024..1_000_000u32, any::<u32>()],
            iterations in prop_oneof![0..8u32, any::<u32>()],
            lanes in prop_oneof![0..4u32, any::<u32>()],
        ) {
            let params = format!("m={memory_kib},t={iterations},p={lanes}");
            let stored = parse(&format!("$argon2id$v=19${params}$c29tZXNhbHQ${}", "A".repeat(43)));
            let is_argon2 =
                iterations > 0 && lanes > 0 && u64::from(memory_kib) >= 8 * u64::from(lanes);
            let work = u64::from(memory_kib) * u64::from(iterations);
            let is_bounded = memory_kib <= 256 * 1024 && work <= 1024 * 1024;
            prop_assert_eq!(stored.is_ok(), is_argon2 && is_bounded);
        }

        #[test]
        fn any_string_is_read_or_refused(
            stored in "\\PC{0,80}|\\$argon2id?\\$[a-z0-9+/$=,]{0,80}|\\$[$=,\\PC]{0,40}",
        ) {
            if let Err(reason) = parse(&stored) {
                prop_assert!(!reason.is_empty());
            }
        }
    }
}
