use super::{CookieKind, CookiePolicy};
use crate::token::SessionToken;
use std::fmt::Write as _;
use std::time::Duration;
use zeroize::Zeroizing;

/// The longest that browsers keep a cookie (RFC 6265bis §5.5).
const MAX_AGE_LIMIT: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// Room for `; Max-Age=34560000`, so that the line is never moved and no copy of the token stays behind.
const MAX_AGE_LEN: usize = 18;

impl CookiePolicy {
    /// The value of the `Set-Cookie` header that gives `token` to the browser. It is wiped when it is dropped; mark the
    /// header's value as sensitive.
    ///
    /// Without `max_age` the cookie ends with the browser. With it, it ends after that many whole seconds, rounded down,
    /// and at most 400 days. The value has at most 4096 bytes whatever the policy.
    ///
    /// ```
    /// use hallpass_core::{CookieKind, CookiePolicy, OsRandom, SessionToken, Shard};
    /// use std::time::Duration;
    ///
    /// let token = SessionToken::random(Shard(7), &OsRandom)?;
    /// let line = CookiePolicy::default().set(CookieKind::Login, &token, Some(Duration::from_secs(3600)));
    /// assert!(line.starts_with("__Host-id="));
    /// assert!(line.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=3600"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn set(
        &self,
        kind: CookieKind,
        token: &SessionToken,
        max_age: Option<Duration>,
    ) -> Zeroizing<String> {
        let name = self.name(kind);
        let len = name.len() + 1 + SessionToken::ENCODED_LEN + self.attributes.len() + MAX_AGE_LEN;
        let mut line = Zeroizing::new(String::with_capacity(len));
        line.push_str(name);
        line.push('=');
        token.encode_to(&mut line);
        line.push_str(&self.attributes);
        if let Some(max_age) = max_age {
            // Writing to a string cannot fail.
            let _ = write!(line, "; Max-Age={}", max_age.min(MAX_AGE_LIMIT).as_secs());
        }
        line
    }

    /// The value of the `Set-Cookie` header that makes the browser forget the cookie: the same name and attributes, or
    /// it would be another cookie, with an empty value and an end in the past.
    ///
    /// ```
    /// use hallpass_core::{CookieKind, CookiePolicy};
    ///
    /// assert_eq!(
    ///     CookiePolicy::default().remove(CookieKind::Login),
    ///     "__Host-id=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
    /// );
    /// ```
    #[must_use]
    pub fn remove(&self, kind: CookieKind) -> &str {
        match kind {
            CookieKind::Login => &self.login_removal,
            CookieKind::Visitor => &self.visitor_removal,
        }
    }
}

pub(super) fn removal(name: &str, attributes: &str) -> String {
    format!("{name}={attributes}; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cookie::{CookiePolicyError, CookiePrefix, SameSite};
    use crate::ids::Shard;
    use crate::random::OsRandom;

    const KINDS: [CookieKind; 2] = [CookieKind::Login, CookieKind::Visitor];

    fn token() -> SessionToken {
        SessionToken::random(Shard(7), &OsRandom).unwrap()
    }

    fn refusal(built: Result<CookiePolicy, CookiePolicyError>) -> CookiePolicyError {
        built.unwrap_err()
    }

    #[test]
    fn the_default_is_what_an_untouched_builder_builds() {
        assert_eq!(CookiePolicy::builder().build(), Ok(CookiePolicy::default()));
    }

    #[test]
    fn the_default_cookie_has_every_protection_and_no_end() {
        let token = token();
        let line = CookiePolicy::default().set(CookieKind::Visitor, &token, None);
        let expected =
            format!("__Host-id-anon={}; Path=/; Secure; HttpOnly; SameSite=Lax", token.encode().as_str());
        assert_eq!(*line, expected);
    }

    #[test]
    fn a_removal_differs_from_the_cookie_only_in_value_and_end() {
        let policy = CookiePolicy::builder()
            .prefix(CookiePrefix::Secure)
            .path("/app")
            .domain("shop.example")
            .same_site(SameSite::None)
            .build()
            .unwrap();
        let token = token();
        for kind in KINDS {
            let set = policy.set(kind, &token, None).replace(token.encode().as_str(), "");
            assert_eq!(
                policy.remove(kind),
                format!("{set}; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT")
            );
            assert!(set.ends_with("=; Path=/app; Domain=shop.example; Secure; HttpOnly; SameSite=None"));
        }
    }

    #[test]
    fn max_age_is_whole_seconds_rounded_down_and_at_most_400_days() {
        let cases = [(Duration::ZERO, 0), (Duration::from_millis(1999), 1), (Duration::MAX, 34_560_000)];
        for (max_age, seconds) in cases {
            let line = CookiePolicy::default().set(CookieKind::Login, &token(), Some(max_age));
            assert!(line.ends_with(&format!("; Max-Age={seconds}")), "{max_age:?}");
        }
    }

    #[test]
    fn the_longest_cookie_fits_in_4096_bytes_and_is_never_moved() {
        let policy = CookiePolicy::builder()
            .name("n".repeat(55))
            .prefix(CookiePrefix::Secure)
            .path(format!("/{}", "p".repeat(1023)))
            .domain(["d".repeat(63).as_str(); 3].join("."))
            .same_site(SameSite::Strict)
            .build()
            .unwrap();
        for kind in KINDS {
            let line = policy.set(kind, &token(), Some(Duration::MAX));
            assert!(line.len() <= 4096 && policy.remove(kind).len() <= 4096);
            assert_eq!(line.capacity(), line.len());
        }
    }

    #[test]
    fn what_browsers_would_refuse_cannot_be_built() {
        use CookiePolicyError as E;
        let b = CookiePolicy::builder;
        assert_eq!(refusal(b().path("/app").build()), E::HostPrefixIsForTheWholeHost);
        assert_eq!(refusal(b().domain("shop.example").build()), E::HostPrefixIsForTheWholeHost);
        for prefix in [CookiePrefix::Host, CookiePrefix::Secure] {
            assert_eq!(refusal(b().prefix(prefix).danger_insecure().build()), E::PrefixNeedsSecure);
        }
        assert_eq!(
            refusal(b().same_site(SameSite::None).danger_insecure().build()),
            E::SameSiteNoneNeedsSecure
        );
    }

    #[test]
    fn names_paths_and_domains_cannot_carry_attributes_of_their_own() {
        use CookiePolicyError as E;
        let b = || CookiePolicy::builder().prefix(CookiePrefix::Secure);
        for name in ["", "a b", "a;b", "a=b", "a,b", "a\r\nb", "naïve", "a\"b"] {
            assert_eq!(refusal(b().name(name).build()), E::Name, "{name:?}");
        }
        assert_eq!(refusal(b().name("n".repeat(56)).build()), E::NameTooLong);
        for name in ["__Host-id", "__hOST-id", "__secure-id", "__Http-id"] {
            assert_eq!(refusal(b().name(name).build()), E::PrefixInName, "{name:?}");
        }
        assert_eq!(refusal(b().name("id-anon").build()), E::VisitorName);
        for path in ["", "app", "/a;Domain=evil.example", "/a b", "/ü", "/a\r\nb"] {
            assert_eq!(refusal(b().path(path).build()), E::Path, "{path:?}");
        }
        assert_eq!(refusal(b().path("/".repeat(1025)).build()), E::Path);
        for domain in ["", ".shop.example", "shop..example", "shop.example:443", "a;b", "https://a.example"] {
            assert_eq!(refusal(b().domain(domain).build()), E::Domain, "{domain:?}");
        }
        assert_eq!(refusal(b().domain(["d".repeat(63).as_str(); 4].join(".")).build()), E::Domain);
    }

    #[test]
    fn an_insecure_policy_has_neither_the_attribute_nor_the_prefix() {
        let policy = CookiePolicy::builder().danger_insecure().build().unwrap();
        let line = policy.set(CookieKind::Login, &token(), None);
        assert!(line.starts_with("id=") && line.ends_with("; Path=/; HttpOnly; SameSite=Lax"));
    }
}
