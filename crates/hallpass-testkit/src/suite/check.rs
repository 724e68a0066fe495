use hallpass_core::StoreError;
use std::error::Error;
use std::fmt;

/// A store or a throttle broke a promise of its contract: which one, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    promise: String,
    what: String,
}

/// What a case answers.
pub(super) type Kept = Result<(), Broken>;

impl Broken {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { promise: String::new(), what: what.into() }
    }

    pub(crate) fn of(self, promise: String) -> Self {
        Self { promise, ..self }
    }

    /// The promise, such as `update: never creates a session`.
    #[must_use]
    pub fn promise(&self) -> &str {
        &self.promise
    }

    /// What the store did instead.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "broken is the promise `{}`: {}", self.promise, self.what)
    }
}

impl Error for Broken {}

impl From<StoreError> for Broken {
    fn from(error: StoreError) -> Self {
        let cause = error.source().map(|source| format!(": {source}")).unwrap_or_default();
        Self::new(format!("a call failed: {error}{cause}"))
    }
}

/// Ends the case unless the condition holds.
macro_rules! ensure {
    ($condition:expr, $($what:tt)+) => {
        if $condition {} else {
            let what = format!($($what)+);
            return Err($crate::suite::Broken::new(format!("{what} ({}:{})", file!(), line!())));
        }
    };
}

/// Ends the case unless both are equal.
macro_rules! ensure_eq {
    ($found:expr, $expected:expr, $($what:tt)+) => {
        match (&$found, &$expected) {
            (found, expected) => $crate::suite::check::ensure!(
                found == expected,
                "{}\n     found: {found:?}\n  expected: {expected:?}\n ",
                format_args!($($what)+)
            ),
        }
    };
}

pub(crate) use {ensure, ensure_eq};
