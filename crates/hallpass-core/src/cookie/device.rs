use super::CookiePolicy;
use super::header::values_of;
use crate::head::RequestHead;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fmt;
use zeroize::Zeroizing;

/// What the device cookie has behind the login cookie's name.
pub(super) const DEVICE_SUFFIX: &str = "-device";

/// How long a browser keeps it: 180 days, in seconds.
const MAX_AGE: &str = "; Max-Age=15552000";

const NONCE_LEN: usize = 16;
const LEN: usize = NONCE_LEN + 32;

/// How many different ones of a request are looked at.
const MAX_TOKENS: usize = 4;

/// What a device cookie holds: a random number, and a proof that the server gave it to this browser when a certain user
/// logged in (OWASP, "Slow Down Online Guessing Attacks with Device Cookies").
///
/// It is no session and opens nothing. A login that presents one is counted apart from all others of that user, so that
/// nobody who guesses elsewhere can make its owner wait. The proof is made and checked by `hallpass-login`; no store
/// knows of it.
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceToken {
    nonce: [u8; NONCE_LEN],
    proof: [u8; 32],
}

impl DeviceToken {
    /// How many characters an encoded token has.
    pub const ENCODED_LEN: usize = 64;

    /// The token of these two.
    #[must_use]
    pub fn new(nonce: [u8; 16], proof: [u8; 32]) -> Self {
        Self { nonce, proof }
    }

    /// The random number.
    #[must_use]
    pub fn nonce(&self) -> &[u8; 16] {
        &self.nonce
    }

    /// The proof, which is to be checked.
    #[must_use]
    pub fn proof(&self) -> &[u8; 32] {
        &self.proof
    }

    /// Reads a token strictly, as [`SessionToken::decode`](crate::SessionToken::decode) does.
    #[must_use]
    pub fn decode(text: &[u8]) -> Option<Self> {
        let mut token = [0; LEN];
        let fits = text.len() == Self::ENCODED_LEN;
        let read = fits && URL_SAFE_NO_PAD.decode_slice(text, &mut token) == Ok(LEN);
        let (nonce, proof) = token.split_first_chunk().filter(|_| read)?;
        Some(Self { nonce: *nonce, proof: proof.try_into().ok()? })
    }
}

impl fmt::Debug for DeviceToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceToken(..)")
    }
}

impl CookiePolicy {
    /// The full name of the device cookie: the login cookie's, and `-device`.
    #[must_use]
    pub fn device_name(&self) -> &str {
        &self.device
    }

    /// Finds the device cookies in all of the request's `Cookie` headers, each once and at most four. Only a login asks.
    ///
    /// ```
    /// use hallpass_core::{CookiePolicy, DeviceToken, RequestHead};
    /// # use std::net::IpAddr;
    /// # struct Head(String);
    /// # impl RequestHead for Head {
    /// #     fn method(&self) -> &str { "GET" }
    /// #     fn authority(&self) -> Option<&str> { None }
    /// #     fn path_and_query(&self) -> &str { "/" }
    /// #     fn peer(&self) -> Option<IpAddr> { None }
    /// #     fn for_each_value(&self, name: &str, visit: &mut dyn FnMut(&[u8])) {
    /// #         if name == "cookie" { visit(self.0.as_bytes()) }
    /// #     }
    /// # }
    ///
    /// let (cookies, token) = (CookiePolicy::default(), DeviceToken::new([1; 16], [2; 32]));
    /// let line = cookies.set_device(&token);
    /// assert!(line.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=15552000"));
    /// let head = Head(format!("theme=dark; {}", line.split(';').next().unwrap()));
    /// assert_eq!(cookies.scan_devices(&head), [token]);
    /// ```
    #[must_use]
    pub fn scan_devices(&self, head: &(impl RequestHead + ?Sized)) -> Vec<DeviceToken> {
        let mut found = Vec::new();
        values_of(head, self.device.as_bytes(), |value| {
            if let Some(token) = DeviceToken::decode(value)
                && found.len() < MAX_TOKENS
                && !found.contains(&token)
            {
                found.push(token);
            }
        });
        found
    }

    /// The value of the `Set-Cookie` header that gives `token` to the browser for 180 days. Mark the header's value as
    /// sensitive.
    #[must_use]
    pub fn set_device(&self, token: &DeviceToken) -> Zeroizing<String> {
        let len = self.device.len() + 1 + DeviceToken::ENCODED_LEN + self.attributes.len() + MAX_AGE.len();
        let mut line = Zeroizing::new(String::with_capacity(len));
        line.push_str(&self.device);
        line.push('=');
        let mut bytes = [0; LEN];
        bytes[..NONCE_LEN].copy_from_slice(&token.nonce);
        bytes[NONCE_LEN..].copy_from_slice(&token.proof);
        URL_SAFE_NO_PAD.encode_string(bytes, &mut line);
        line.push_str(&self.attributes);
        line.push_str(MAX_AGE);
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cookie::{CookiePolicyError, CookiePrefix};
    use crate::test_head::Head;

    fn scan(line: &str) -> Vec<DeviceToken> {
        CookiePolicy::default().scan_devices(&Head::new("POST").line("cookie", line))
    }

    fn text(nonce: u8) -> (DeviceToken, String) {
        let token = DeviceToken::new([nonce; 16], [2; 32]);
        let line = CookiePolicy::default().set_device(&token);
        (token, line.split([';', '=']).nth(1).unwrap().to_owned())
    }

    #[test]
    fn it_is_found_among_the_others_and_they_beside_it() {
        let (token, text) = text(1);
        let line =
            format!("__Host-id=x; __Host-id-device={text}; __Host-id-anon=y; __Host-id-devices={text}");
        assert_eq!(scan(&line), [token]);
        let presented = CookiePolicy::default()
            .scan(&Head::new("GET").line("cookie", format!("__Host-id-device={text}")));
        assert!(!presented.login.was_sent() && !presented.visitor.was_sent());
    }

    #[test]
    fn what_is_no_token_is_passed_over_and_only_four_are_looked_at() {
        let all: Vec<_> = (0..6).map(text).collect();
        let line: String =
            all.iter().chain(&all).map(|(_, text)| format!("__Host-id-device={text};")).collect();
        assert_eq!(scan(&line), all[..4].iter().map(|(token, _)| token.clone()).collect::<Vec<_>>());
        let (_, good) = &all[0];
        for bad in ["", "x", &good[1..], &format!("{good}A"), &format!("\"{good}\""), &good.replace('A', "=")]
        {
            assert_eq!(scan(&format!("__Host-id-device={bad}")), [], "{bad:?}");
        }
        assert_eq!(scan(&format!("{}__Host-id-device={good}", "a=b;".repeat(1000))), []);
    }

    #[test]
    fn it_has_a_name_of_its_own_and_fits_whatever_the_policy() {
        let taken = CookiePolicy::builder().name("id-device").build();
        assert_eq!(taken, Err(CookiePolicyError::DeviceName));
        let longest = CookiePolicy::builder()
            .name("n".repeat(55))
            .prefix(CookiePrefix::Secure)
            .path(format!("/{}", "p".repeat(1023)))
            .domain(["d".repeat(63).as_str(); 3].join("."))
            .build()
            .unwrap();
        assert!(longest.set_device(&text(1).0).len() <= 4096);
        assert_eq!(format!("{:?}", text(1).0), "DeviceToken(..)");
    }
}
