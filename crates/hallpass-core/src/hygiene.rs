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

/// What to append as one more `Vary` line, given the values of those that are there: nothing if one of them says
/// `Cookie`, in any case, or `*`, which says more (RFC 9110 §12.5.5).
///
/// ```
/// use hallpass_core::hygiene::merge_vary;
///
/// assert_eq!(merge_vary([b"Accept-Encoding, Origin".as_slice()]), Some("Cookie"));
/// assert_eq!(merge_vary([b"Origin".as_slice(), b"Accept, cookie"]), None);
/// assert_eq!(merge_vary([]), Some("Cookie"));
/// ```
#[must_use]
pub fn merge_vary<'a>(existing: impl IntoIterator<Item = &'a [u8]>) -> Option<&'static str> {
    let covered = existing.into_iter().any(covers_cookie);
    (!covered).then_some(VARY_COOKIE)
}

fn covers_cookie(value: &[u8]) -> bool {
    value
        .split(|byte| *byte == b',')
        .map(<[u8]>::trim_ascii)
        .any(|field| field == b"*" || field.eq_ignore_ascii_case(VARY_COOKIE.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookie_is_appended_unless_it_is_already_said() {
        let needed: [&[&[u8]]; 6] =
            [&[], &[b""], &[b"Accept"], &[b"Cookies, X-Cookie"], &[b"Set-Cookie"], &[b"\xff, **"]];
        for existing in needed {
            assert_eq!(merge_vary(existing.iter().copied()), Some("Cookie"), "{existing:?}");
        }
        let covered: [&[&[u8]]; 5] =
            [&[b"Cookie"], &[b"*"], &[b"Accept ,\tCOOKIE "], &[b"Accept", b"cookie"], &[b"Origin, *"]];
        for existing in covered {
            assert_eq!(merge_vary(existing.iter().copied()), None, "{existing:?}");
        }
    }
}
