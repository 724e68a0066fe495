//! What every answer for which a session was opened says to caches, in bytes that any framework's headers can take.
//!
//! `Cache-Control` is replaced: whatever the handler allowed, an answer made for one user is kept by nobody (ASVS
//! 14.3.2, RFC 9111 §5.2.2.5). `Vary` is merged: what the handler said still holds.

/// The name of the header that is replaced.
pub const CACHE_CONTROL: &str = "cache-control";

/// The value it gets.
pub const NO_STORE: &str = "no-store";

/// The name of the header that is merged.
pub const VARY: &str = "vary";

/// The value that `Vary` must contain.
pub const VARY_COOKIE: &str = "Cookie";

/// The value that `Vary` must contain besides where bearer tokens are taken.
pub const VARY_AUTHORIZATION: &str = "Authorization";

/// The name of the header to which a challenge is added.
pub const WWW_AUTHENTICATE: &str = "www-authenticate";

/// What to append as one more `Vary` line for `field`, given the values of those that are there: nothing if one of them
/// says it, in any case, or `*`, which says more (RFC 9110 §12.5.5).
///
/// ```
/// use hallpass_core::hygiene::{VARY_COOKIE, merge_vary};
///
/// assert_eq!(merge_vary([b"Accept-Encoding, Origin".as_slice()], VARY_COOKIE), Some("Cookie"));
/// assert_eq!(merge_vary([b"Origin".as_slice(), b"Accept, cookie"], VARY_COOKIE), None);
/// assert_eq!(merge_vary([], VARY_COOKIE), Some("Cookie"));
/// ```
#[must_use]
pub fn merge_vary<'a>(
    existing: impl IntoIterator<Item = &'a [u8]>,
    field: &'static str,
) -> Option<&'static str> {
    let covered = existing.into_iter().any(|value| covers(value, field));
    (!covered).then_some(field)
}

fn covers(value: &[u8], field: &str) -> bool {
    value
        .split(|byte| *byte == b',')
        .map(<[u8]>::trim_ascii)
        .any(|known| known == b"*" || known.eq_ignore_ascii_case(field.as_bytes()))
}

/// What to append as one more `WWW-Authenticate` line, given the values of those that are there: `challenge`, unless one
/// of them begins with a challenge of the scheme Bearer, which knows better (RFC 9110 §11.6.1).
///
/// ```
/// use hallpass_core::hygiene::merge_challenge;
///
/// assert_eq!(merge_challenge([b"Session".as_slice()], "Bearer"), Some("Bearer"));
/// assert_eq!(merge_challenge([b"bearer realm=\"api\"".as_slice()], "Bearer"), None);
/// ```
#[must_use]
pub fn merge_challenge<'a>(
    existing: impl IntoIterator<Item = &'a [u8]>,
    challenge: &'static str,
) -> Option<&'static str> {
    let is_bearer = |value: &[u8]| {
        let scheme = value.split(|byte| !byte.is_ascii_alphanumeric()).next().unwrap_or_default();
        scheme.eq_ignore_ascii_case(b"bearer")
    };
    (!existing.into_iter().any(is_bearer)).then_some(challenge)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookie_is_appended_unless_it_is_already_said() {
        let needed: [&[&[u8]]; 6] =
            [&[], &[b""], &[b"Accept"], &[b"Cookies, X-Cookie"], &[b"Set-Cookie"], &[b"\xff, **"]];
        for existing in needed {
            assert_eq!(merge_vary(existing.iter().copied(), VARY_COOKIE), Some("Cookie"), "{existing:?}");
        }
        let covered: [&[&[u8]]; 5] =
            [&[b"Cookie"], &[b"*"], &[b"Accept ,\tCOOKIE "], &[b"Accept", b"cookie"], &[b"Origin, *"]];
        for existing in covered {
            assert_eq!(merge_vary(existing.iter().copied(), VARY_COOKIE), None, "{existing:?}");
        }
    }
}
