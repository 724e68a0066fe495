use std::fmt;

/// What the origin check decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// The request may go on.
    Allow,
    /// It may not: answer with [`OriginRefusal::status`], open nothing, set no cookie.
    Refuse(OriginRefusal),
}

impl Verdict {
    /// Whether the request may go on.
    #[must_use]
    pub fn is_allowed(self) -> bool {
        self == Self::Allow
    }
}

impl From<Result<(), OriginRefusal>> for Verdict {
    fn from(result: Result<(), OriginRefusal>) -> Self {
        match result {
            Ok(()) => Self::Allow,
            Err(refusal) => Self::Refuse(refusal),
        }
    }
}

/// Why a request was refused. It is meant for logs: clients see the status only.
///
/// ```
/// use hallpass_core::OriginRefusal;
///
/// assert_eq!(OriginRefusal::ForeignOrigin.status(), 403);
/// assert_eq!(OriginRefusal::BadAuthority.status(), 400);
/// assert_eq!(OriginRefusal::OpaqueOrigin.to_string(), "the Origin is null or not of http or https");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OriginRefusal {
    /// Several `Host` lines, or one that differs from the target's authority (RFC 9112 §3.2, RFC 9113 §8.3.1).
    BadAuthority,
    /// Several `Origin` or several `Sec-Fetch-Site` lines.
    Repeated,
    /// `Sec-Fetch-Site` says that another origin sent it, or something that no browser says.
    FetchSite,
    /// `Origin` is `null`, cannot be parsed, or is not of http or https.
    OpaqueOrigin,
    /// `Origin` is a page of plain http, which anybody on the way can write, and the cookies belong to https.
    InsecureOrigin,
    /// `Origin` is none of the public origins.
    NotPublic,
    /// `Origin` is not the host and port that the request was sent to.
    ForeignOrigin,
    /// Neither `Sec-Fetch-Site` nor `Origin` was sent, and the policy is strict.
    Unproven,
    /// A GET logout that is neither a navigation of a tab nor a script's call, but an image, a frame or the like.
    FetchDestination,
    /// A GET logout from a page of another origin.
    ForeignReferer,
    /// A GET logout that a browser sent ahead of its user.
    Prefetch,
    /// A logout by another method than GET, or by GET without Fetch Metadata while the policy is strict: post it.
    MethodNotAllowed,
}

impl OriginRefusal {
    /// The status to answer with: 400, 403 or 405. With 405 belongs an `Allow` header (RFC 9110 §15.5.6).
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::BadAuthority => 400,
            Self::MethodNotAllowed => 405,
            _ => 403,
        }
    }
}

impl fmt::Display for OriginRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BadAuthority => "more than one Host, or a Host other than the target's authority",
            Self::Repeated => "more than one Origin or Sec-Fetch-Site",
            Self::FetchSite => "Sec-Fetch-Site is not that of this origin",
            Self::OpaqueOrigin => "the Origin is null or not of http or https",
            Self::InsecureOrigin => "the Origin is of plain http and the cookies are Secure",
            Self::NotPublic => "the Origin is none of the public origins",
            Self::ForeignOrigin => "the Origin is not the request's own",
            Self::Unproven => "neither Sec-Fetch-Site nor Origin was sent",
            Self::FetchDestination => "a logout by GET is neither a navigation nor a call of a script",
            Self::ForeignReferer => "a logout by GET comes from a page of another origin",
            Self::Prefetch => "a logout by GET is a prefetch",
            Self::MethodNotAllowed => "the method cannot log out here",
        })
    }
}

impl std::error::Error for OriginRefusal {}
