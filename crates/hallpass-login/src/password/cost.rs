use argon2::Params;

/// What one hash costs, in the terms of Argon2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cost {
    pub(super) memory_kib: u32,
    pub(super) iterations: u32,
    pub(super) parallelism: u32,
}

/// Random salt and output, in bytes: the recommendations of RFC 9106 §4.
pub(super) const SALT_LENGTH: usize = 16;
pub(super) const OUTPUT_LENGTH: usize = 32;

/// Bounds for what a stored string may demand. libsodium's "moderate" preset and every common
/// default lie below.
const MAX_STORED_MEMORY_KIB: u32 = 256 * 1024;
const MAX_STORED_WORK_KIB: u64 = 4 * MAX_STORED_MEMORY_KIB as u64;

impl Cost {
    /// OWASP Password Storage Cheat Sheet: Argon2id with 19 MiB, two iterations, one lane.
    pub(super) const DEFAULT: Self = Self { memory_kib: 19 * 1024, iterations: 2, parallelism: 1 };

    /// Whether this is one of OWASP's equivalent settings, or better.
    pub(super) fn is_recommended(self) -> bool {
        let least_memory_kib = match self.iterations {
            0 => return false,
            1 => 46 * 1024,
            2 => 19 * 1024,
            3 => 12 * 1024,
            4 => 9 * 1024,
            _ => 7 * 1024,
        };
        self.memory_kib >= least_memory_kib
    }

    pub(super) fn params(self) -> Result<Params, argon2::Error> {
        Params::new(self.memory_kib, self.iterations, self.parallelism, Some(OUTPUT_LENGTH))
    }

    /// Whether a stored hash may be computed: a hostile row must not take all memory, nor a thread
    /// for minutes.
    pub(super) fn admits(self, stored: &Params) -> bool {
        stored.m_cost() <= MAX_STORED_MEMORY_KIB.max(self.memory_kib)
            && work_kib(stored.m_cost(), stored.t_cost())
                <= MAX_STORED_WORK_KIB.max(work_kib(self.memory_kib, self.iterations))
    }

    /// Whether memory or iterations have been raised since. Lanes are no measure of strength.
    pub(super) fn exceeds(self, stored: &Params) -> bool {
        self.memory_kib > stored.m_cost() || self.iterations > stored.t_cost()
    }
}

fn work_kib(memory_kib: u32, iterations: u32) -> u64 {
    u64::from(memory_kib) * u64::from(iterations)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(memory_kib: u32, iterations: u32) -> Cost {
        Cost { memory_kib, iterations, parallelism: 1 }
    }

    fn params(memory_kib: u32, iterations: u32) -> Params {
        Params::new(memory_kib, iterations, 1, None).unwrap()
    }

    #[test]
    fn the_settings_of_owasp_are_recommended_and_nothing_below() {
        assert!(Cost::DEFAULT.is_recommended());
        for (mib, iterations) in [(46, 1), (19, 2), (12, 3), (9, 4), (7, 5), (7, 6)] {
            assert!(cost(mib * 1024, iterations).is_recommended());
            assert!(!cost(mib * 1024 - 1, iterations).is_recommended());
            assert!(!cost(mib * 1024, 0).is_recommended());
        }
    }

    #[test]
    fn a_stored_string_demands_no_more_than_the_bounds_or_the_configuration() {
        assert!(Cost::DEFAULT.admits(&params(256 * 1024, 4)));
        assert!(!Cost::DEFAULT.admits(&params(256 * 1024, 5)));
        assert!(!Cost::DEFAULT.admits(&params(256 * 1024 + 1, 1)));
        assert!(!Cost::DEFAULT.admits(&params(8, u32::MAX)));
        assert!(!Cost::DEFAULT.admits(&params(u32::MAX, u32::MAX)));
        assert!(cost(1024 * 1024, 6).admits(&params(1024 * 1024, 6)));
        assert!(!cost(1024 * 1024, 6).admits(&params(1024 * 1024, 7)));
    }

    #[test]
    fn only_raised_parameters_make_a_hash_outdated() {
        let current = cost(1024, 3);
        assert!(!current.exceeds(&params(1024, 3)));
        assert!(!current.exceeds(&params(2048, 4)));
        assert!(current.exceeds(&params(1023, 4)));
        assert!(current.exceeds(&params(2048, 2)));
    }
}
