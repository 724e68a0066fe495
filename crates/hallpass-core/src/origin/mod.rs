//! The origin check: no other site can log a user in or out, or act with a user's session.
//!
//! Browsers say where a request comes from, in `Sec-Fetch-Site` (W3C Fetch Metadata) and `Origin` (RFC 6454 §7), and
//! pages cannot forge either. Clients that are no browsers send neither and hold no other site's cookies.

mod check;
mod parse;
#[cfg(test)]
mod table;
mod verdict;

pub use check::RequestClass;
pub use verdict::{OriginRefusal, Verdict};

use parse::{Flaw, Origin};
use std::fmt;

/// Which origins may send requests that change something.
///
/// The default trusts the request's own origin only, and lets clients pass that say nothing about theirs.
///
/// ```
/// use hallpass_core::OriginPolicy;
///
/// let policy = OriginPolicy::builder().trusted_origin("https://login.shop.example").build()?;
///
/// let refused = OriginPolicy::builder().trusted_origin("https://shop.example/").build().unwrap_err();
/// assert_eq!(
///     refused.to_string(),
///     "\"https://shop.example/\" is not an origin as browsers write it: leave out everything behind the host and port",
/// );
/// # Ok::<(), hallpass_core::OriginPolicyError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OriginPolicy {
    trusted: Box<[Box<str>]>,
    public: Box<[Box<str>]>,
    strict: bool,
}

impl OriginPolicy {
    /// Starts from the default.
    pub fn builder() -> OriginPolicyBuilder {
        OriginPolicyBuilder::default()
    }
}

/// Builds an [`OriginPolicy`].
///
/// ```
/// use hallpass_core::OriginPolicy;
///
/// let behind_a_proxy = OriginPolicy::builder().public_origin("https://shop.example").strict(true).build()?;
/// # Ok::<(), hallpass_core::OriginPolicyError>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct OriginPolicyBuilder {
    trusted: Vec<String>,
    public: Vec<String>,
    strict: bool,
}

impl OriginPolicyBuilder {
    /// Lets the pages of another origin act for their visitors here, such as `https://app.example` or
    /// `capacitor://localhost`. Written exactly as browsers do: scheme, host, and the port if it is not the scheme's own.
    /// Trusting an `http:` origin trusts everybody on the way to it.
    pub fn trusted_origin(mut self, origin: impl Into<String>) -> Self {
        self.trusted.push(origin.into());
        self
    }

    /// [`trusted_origin`](Self::trusted_origin) for each of several.
    pub fn trusted_origins<T: Into<String>>(mut self, origins: impl IntoIterator<Item = T>) -> Self {
        self.trusted.extend(origins.into_iter().map(Into::into));
        self
    }

    /// Says under which `http` or `https` origin browsers know this server, for a proxy that rewrites `Host`. Once one is
    /// given, `Origin` is compared with these only and no longer with the request's host. `X-Forwarded-Host` is never
    /// read: whoever reaches the server can send it.
    pub fn public_origin(mut self, origin: impl Into<String>) -> Self {
        self.public.push(origin.into());
        self
    }

    /// [`public_origin`](Self::public_origin) for each of several.
    pub fn public_origins<T: Into<String>>(mut self, origins: impl IntoIterator<Item = T>) -> Self {
        self.public.extend(origins.into_iter().map(Into::into));
        self
    }

    /// Whether requests that say nothing about their origin are refused; off by default. Browsers older than 2023 say
    /// nothing on a `GET`, and API clients say nothing at all.
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// Checks every origin.
    ///
    /// # Errors
    ///
    /// When one is not written as browsers write it, and so could never match. The error says how to write it.
    pub fn build(self) -> Result<OriginPolicy, OriginPolicyError> {
        Ok(OriginPolicy {
            trusted: checked(self.trusted, false)?,
            public: checked(self.public, true)?,
            strict: self.strict,
        })
    }
}

fn checked(origins: Vec<String>, only_http: bool) -> Result<Box<[Box<str>]>, OriginPolicyError> {
    let check = |origin: String| match advice(&origin, only_http) {
        None => Ok(origin.into_boxed_str()),
        Some(advice) => Err(OriginPolicyError { origin, advice }),
    };
    origins.into_iter().map(check).collect()
}

/// How to write an origin that would never match as it is.
fn advice(origin: &str, only_http: bool) -> Option<&'static str> {
    let parsed = match Origin::parse(origin.as_bytes()) {
        Ok(parsed) => parsed,
        Err(flaw) => return Some(advice_for(flaw)),
    };
    match () {
        () if origin.bytes().any(|byte| byte.is_ascii_uppercase()) => Some("write it in lower case"),
        () if parsed.has_default_port() => Some("leave out the port, which is the scheme's own"),
        () if only_http && !parsed.is_http() => Some("a public origin begins with http:// or https://"),
        () => None,
    }
}

fn advice_for(flaw: Flaw) -> &'static str {
    match flaw {
        Flaw::Null => "null is what every sandboxed page sends, so name the page's real origin",
        Flaw::Scheme => "begin with a scheme, such as https://shop.example",
        Flaw::Host => "name one host without wildcard or user, in Punycode (xn--) if it is not ASCII",
        Flaw::Port => "give a port from 0 to 65535 without leading zeros, or none",
        Flaw::Trailing => "leave out everything behind the host and port",
    }
}

/// An origin in an [`OriginPolicy`] was not written as browsers write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginPolicyError {
    origin: String,
    advice: &'static str,
}

impl OriginPolicyError {
    /// The origin as it was given.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }
}

impl fmt::Display for OriginPolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not an origin as browsers write it: {}", self.origin, self.advice)
    }
}

impl std::error::Error for OriginPolicyError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn trust(origin: &str) -> Result<OriginPolicy, OriginPolicyError> {
        OriginPolicy::builder().trusted_origin(origin).build()
    }

    #[test]
    fn an_origin_that_could_never_match_is_refused_with_advice() {
        let cases = [
            ("null", "sandboxed"),
            ("*", "scheme"),
            ("shop.example", "scheme"),
            ("https://*.shop.example", "wildcard"),
            ("https://bücher.example", "Punycode"),
            ("https://shop.example/", "behind the host"),
            ("https://shop.example:443", "the port"),
            ("http://shop.example:80", "the port"),
            ("https://Shop.example", "lower case"),
            ("HTTPS://shop.example", "lower case"),
            ("https://shop.example:https", "65535"),
        ];
        for (origin, advice) in cases {
            let error = trust(origin).unwrap_err();
            assert!(error.to_string().contains(advice), "{error}");
            assert_eq!(error.origin(), origin);
        }
    }

    #[test]
    fn apps_can_be_trusted_but_are_no_public_origin() {
        assert!(trust("capacitor://localhost").is_ok());
        assert!(trust("https://[2001:db8::1]:8443").is_ok());
        let error = OriginPolicy::builder().public_origin("capacitor://localhost").build().unwrap_err();
        assert!(error.to_string().contains("https://"));
    }
}
