//! An HTTP answer in bytes, so that every adapter gives the same one.

use std::borrow::Cow;
use std::time::Duration;

/// A whole HTTP answer: status, headers and body. Adapters turn it into their framework's response as it is.
///
/// ```
/// use hallpass_core::{Answer, Refusal};
///
/// let answer = Answer::refusal(Refusal::Unavailable);
/// assert_eq!(answer.status, 503);
/// assert!(answer.headers.iter().any(|(name, _)| *name == "retry-after"));
/// assert_eq!(answer.body, r#"{"error":"store_unavailable"}"#);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Header names in lower case, and their values: visible ASCII. None of them is a cookie.
    pub headers: Vec<(&'static str, Cow<'static, str>)>,
    /// The body.
    pub body: Cow<'static, str>,
}

/// Why a request is refused by the library itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// 503: the store did not answer or not confirm.
    Unavailable,
    /// 503: the application's users could not be asked, or too many passwords are being checked.
    UsersUnavailable,
    /// 403: another site sent it.
    CrossOrigin,
    /// 400: it names two different hosts.
    BadAuthority,
    /// 431: it carries more cookies than are looked at.
    CookiesTooLong,
    /// 400: it carries a bearer token, and what it asks for needs a cookie.
    CookieRequired,
    /// 413: its session would hold more data than it may.
    SessionTooLarge,
    /// 401: nobody is logged in.
    LoginRequired,
    /// 403: the user may not do this.
    Forbidden,
    /// 401: the credentials were checked too long ago for this.
    ReauthenticationRequired,
    /// 401: the credentials are not right.
    InvalidCredentials,
    /// 429: there were too many attempts, or too many new visitors from one address. The answer says when to try again.
    TooManyAttempts {
        /// How long until one may be made.
        retry_after: Duration,
    },
    /// 401: the user's sessions were all ended, or the credentials changed, while this login was under way.
    LoginSuperseded,
    /// 409: the user has as many sessions as allowed.
    SessionLimit,
    /// 500: the application is not wired up as it must be. The log says what is missing.
    Misconfigured,
}

/// Under how many seconds a client should not try again while the store is away.
const RETRY_AFTER: Duration = Duration::from_secs(5);

impl Answer {
    /// An answer without a body that must not be cached.
    #[must_use]
    pub fn empty(status: u16) -> Self {
        let headers = vec![("cache-control", Cow::Borrowed("no-store"))];
        Self { status, headers, body: Cow::Borrowed("") }
    }

    /// A JSON answer that must not be cached. `body` must be JSON.
    #[must_use]
    pub fn json(status: u16, body: impl Into<Cow<'static, str>>) -> Self {
        Self { body: body.into(), ..Self::empty(status) }.with("content-type", "application/json")
    }

    /// The answer to a request that is refused.
    #[must_use]
    pub fn refusal(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unavailable => Self::try_again(r#"{"error":"store_unavailable"}"#),
            Refusal::UsersUnavailable => Self::try_again(r#"{"error":"users_unavailable"}"#),
            Refusal::CrossOrigin => Self::json(403, r#"{"error":"cross_origin"}"#),
            Refusal::BadAuthority => Self::json(400, r#"{"error":"bad_authority"}"#),
            Refusal::CookiesTooLong => Self::json(431, r#"{"error":"cookies_too_long"}"#),
            Refusal::CookieRequired => Self::json(400, r#"{"error":"cookie_required"}"#),
            Refusal::SessionTooLarge => Self::json(413, r#"{"error":"session_too_large"}"#),
            Refusal::LoginRequired => Self::challenge(r#"{"error":"login_required"}"#),
            Refusal::ReauthenticationRequired => Self::challenge(r#"{"error":"reauthentication_required"}"#),
            Refusal::InvalidCredentials => Self::challenge(r#"{"error":"invalid_credentials"}"#),
            Refusal::LoginSuperseded => Self::challenge(r#"{"error":"login_superseded"}"#),
            Refusal::TooManyAttempts { retry_after } => Self::json(429, r#"{"error":"too_many_attempts"}"#)
                .with("retry-after", whole_seconds(retry_after)),
            Refusal::Forbidden => Self::json(403, r#"{"error":"forbidden"}"#),
            Refusal::SessionLimit => Self::json(409, r#"{"error":"session_limit"}"#),
            Refusal::Misconfigured => Self::json(500, r#"{"error":"internal_error"}"#),
        }
    }

    fn try_again(body: &'static str) -> Self {
        Self::json(503, body).with("retry-after", RETRY_AFTER.as_secs().to_string())
    }

    fn challenge(body: &'static str) -> Self {
        Self::json(401, body).with("www-authenticate", WWW_AUTHENTICATE)
    }

    /// Adds a header. The value must be visible ASCII.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// Rounded up: who comes back then is not too early.
fn whole_seconds(span: Duration) -> String {
    let seconds = span.as_secs().saturating_add(u64::from(span.subsec_nanos() > 0));
    seconds.max(1).to_string()
}

/// The challenge of a 401 (RFC 9110 §11.6.1): a scheme that makes no browser ask for a password.
pub const WWW_AUTHENTICATE: &str = "Session";

#[cfg(test)]
pub(crate) mod tests {
    use super::Refusal::*;
    use super::*;

    pub(crate) const REFUSALS: [Refusal; 15] = [
        Unavailable,
        UsersUnavailable,
        CrossOrigin,
        BadAuthority,
        CookiesTooLong,
        CookieRequired,
        SessionTooLarge,
        LoginRequired,
        Forbidden,
        ReauthenticationRequired,
        InvalidCredentials,
        TooManyAttempts { retry_after: Duration::ZERO },
        LoginSuperseded,
        SessionLimit,
        Misconfigured,
    ];

    #[test]
    fn no_refusal_may_be_cached_and_every_401_has_a_challenge() {
        for refusal in REFUSALS {
            let answer = Answer::refusal(refusal);
            let value =
                |name| answer.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| &**value);
            assert_eq!(value("cache-control"), Some("no-store"), "{refusal:?}");
            assert_eq!(value("www-authenticate").is_some(), answer.status == 401, "{refusal:?}");
            assert_eq!(value("retry-after").is_some(), [429, 503].contains(&answer.status), "{refusal:?}");
        }
    }

    #[test]
    fn who_comes_back_when_told_is_not_too_early() {
        for (millis, seconds) in [(0, "1"), (1, "1"), (1_000, "1"), (1_001, "2"), (900_000, "900")] {
            let refusal = Refusal::TooManyAttempts { retry_after: Duration::from_millis(millis) };
            let answer = Answer::refusal(refusal);
            assert_eq!(answer.status, 429);
            assert!(answer.headers.contains(&("retry-after", seconds.into())), "{answer:?}");
        }
    }
}
