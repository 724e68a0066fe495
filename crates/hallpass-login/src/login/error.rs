use hallpass_core::{Answer, EndSubjectError, Refusal, SessionError, StoreError};
use std::error::Error;
use std::fmt;
use std::time::Duration;

/// A login did not happen.
#[derive(Debug)]
#[non_exhaustive]
pub enum LoginError {
    /// The credentials are not right; or there is no such user, or the account is disabled: 401, always the same.
    InvalidCredentials,
    /// There were too many attempts: for this account, from this address or in this session. The credentials were not
    /// looked at: 429, with `Retry-After`.
    Throttled {
        /// How long until one may be made.
        retry_after: Duration,
    },
    /// The account changed or all of its sessions were ended while the login was under way, or the ticket is too old or
    /// of another area: 401.
    Superseded,
    /// Nobody is logged in, or no longer, and this needs somebody: 401.
    NotLoggedIn,
    /// The users could not be asked, or too many passwords are being checked: 503.
    Users(Box<dyn Error + Send + Sync>),
    /// The session store or the throttle could not be asked: 503.
    Store(StoreError),
    /// The session could not be changed: 503 because the answer has already been given, 400 because the request carries a
    /// bearer token and this needs a cookie, 500 because no bearer tokens are taken here.
    Session(SessionError),
}

impl LoginError {
    pub(super) fn users(error: impl Error + Send + Sync + 'static) -> Self {
        tracing::error!(target: "hallpass", error = &error as &dyn Error, "the users could not be asked");
        Self::Users(Box::new(error))
    }

    /// The answer for a program. A login page rather shows its form again, with the same status.
    #[must_use]
    pub fn answer(&self) -> Answer {
        Answer::refusal(match self {
            Self::InvalidCredentials => Refusal::InvalidCredentials,
            Self::Throttled { retry_after } => Refusal::TooManyAttempts { retry_after: *retry_after },
            Self::Superseded => Refusal::LoginSuperseded,
            Self::NotLoggedIn => Refusal::LoginRequired,
            Self::Users(_) => Refusal::UsersUnavailable,
            Self::Session(SessionError::Committed) | Self::Store(_) => Refusal::Unavailable,
            Self::Session(error) => return error.answer(),
        })
    }
}

impl From<EndSubjectError> for LoginError {
    fn from(error: EndSubjectError) -> Self {
        match error {
            EndSubjectError::Unavailable(error) => Self::Store(error),
            _ => Self::NotLoggedIn,
        }
    }
}

impl fmt::Display for LoginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InvalidCredentials => "the credentials are not right",
            Self::Throttled { .. } => "there were too many attempts; try again later",
            Self::Superseded => {
                "the account was changed or logged out everywhere during the login; log in again"
            }
            Self::NotLoggedIn => "nobody is logged in",
            Self::Users(_) => "the users could not be asked",
            Self::Store(_) => "the session store or the throttle could not be asked",
            Self::Session(_) => "the session could not be changed",
        })
    }
}

impl Error for LoginError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Users(error) => Some(&**error),
            Self::Store(error) => Some(error),
            Self::Session(error) => Some(error),
            Self::InvalidCredentials | Self::Throttled { .. } | Self::Superseded | Self::NotLoggedIn => None,
        }
    }
}
