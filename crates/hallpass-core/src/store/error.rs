use std::error::Error;
use std::fmt;

/// A store could not do or not confirm what it was asked.
///
/// To a client every kind is the same opaque 503: nothing is served on a guess.
///
/// ```
/// use hallpass_core::{StoreError, StoreErrorKind};
///
/// let error = StoreError::unavailable(std::io::Error::other("connection refused"));
/// assert_eq!(error.kind(), StoreErrorKind::Unavailable);
/// assert_eq!(error.to_string(), "the session store is unavailable");
/// ```
#[derive(Debug)]
pub struct StoreError {
    kind: StoreErrorKind,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// What kind of failure a [`StoreError`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// It could not be reached, or refused.
    Unavailable,
    /// It did not answer in time; what it did is not known.
    Timeout,
    /// It answered with bytes that are no record.
    Undecodable,
    /// Its clock and the caller's differ too much to remove anything by time.
    ClockSkew,
}

impl StoreError {
    /// The store could not be reached, or refused. The source must hold no secret.
    pub fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind: StoreErrorKind::Unavailable, source: Some(source.into()) }
    }

    /// The store did not answer in time.
    #[must_use]
    pub fn timeout() -> Self {
        Self { kind: StoreErrorKind::Timeout, source: None }
    }

    /// The store answered with bytes that are no record.
    pub fn undecodable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind: StoreErrorKind::Undecodable, source: Some(source.into()) }
    }

    /// The store's clock and the caller's differ too much.
    #[must_use]
    pub fn clock_skew() -> Self {
        Self { kind: StoreErrorKind::ClockSkew, source: None }
    }

    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            StoreErrorKind::Unavailable => "the session store is unavailable",
            StoreErrorKind::Timeout => "the session store did not answer in time",
            StoreErrorKind::Undecodable => "the session store holds a record that does not decode",
            StoreErrorKind::ClockSkew => {
                "the clocks of this node and of the session store differ by minutes; correct them before sweeping"
            }
        })
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.source.as_deref()? as &(dyn Error + 'static))
    }
}

impl From<crate::record::DecodeError> for StoreError {
    fn from(error: crate::record::DecodeError) -> Self {
        Self::undecodable(error)
    }
}
