use std::error::Error;
use std::fmt;

/// Why a password was neither hashed nor verified. A wrong password is not among the reasons.
///
/// ```
/// use hallpass_login::password::PasswordError;
///
/// fn status(error: &PasswordError) -> u16 {
///     match error {
///         PasswordError::TooShort { .. } | PasswordError::TooLong { .. } => 422,
///         PasswordError::Busy => 503,
///         _ => 500,
///     }
/// }
/// assert_eq!(status(&PasswordError::Busy), 503);
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum PasswordError {
    /// All permits were taken and none became free in time: answer 503 with `Retry-After`.
    Busy,
    /// A new password has fewer characters than the policy asks for.
    TooShort {
        /// The least number of characters (Unicode code points).
        min: usize,
    },
    /// A new password is longer than can be accepted.
    TooLong {
        /// The greatest number of bytes.
        max: usize,
    },
    /// The computation failed: out of memory, no randomness, or the runtime is shutting down.
    #[non_exhaustive]
    Failed {
        /// What went wrong.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl PasswordError {
    pub(super) fn failed(source: impl Error + Send + Sync + 'static) -> Self {
        Self::Failed { source: Box::new(source) }
    }
}

impl fmt::Display for PasswordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => f.write_str("too many passwords are being hashed"),
            Self::TooShort { min } => write!(f, "the password has fewer than {min} characters"),
            Self::TooLong { max } => write!(f, "the password has more than {max} bytes"),
            Self::Failed { .. } => f.write_str("the password could not be hashed"),
        }
    }
}

impl Error for PasswordError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed { source } => Some(&**source),
            Self::Busy | Self::TooShort { .. } | Self::TooLong { .. } => None,
        }
    }
}
