//! Serialized origins (RFC 6454 §6.2): a scheme, `://`, a host, perhaps a port, and nothing else.
//!
//! A general URL parser is the wrong tool. It accepts, repairs and normalizes far more than browsers ever write here, and
//! what was repaired would be compared as if it had been sent. It would also bring the core a dozen dependencies for
//! three fields. What is not exactly of this form is refused.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::str;

/// An origin as somebody wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Origin<'a> {
    pub(super) scheme: Scheme,
    host: &'a [u8],
    port: Option<u16>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    Http,
    Https,
    /// An app or a browser extension.
    Other,
}

/// What keeps a text from being a serialized origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    Null,
    Scheme,
    Host,
    Port,
    Trailing,
}

impl<'a> Origin<'a> {
    pub(super) fn parse(text: &'a [u8]) -> Result<Self, Flaw> {
        if text == b"null" {
            return Err(Flaw::Null);
        }
        let colon = text.iter().position(|byte| *byte == b':').ok_or(Flaw::Scheme)?;
        let (scheme, rest) = text.split_at(colon);
        let authority = rest.strip_prefix(b"://").ok_or(Flaw::Scheme)?;
        let scheme = Scheme::parse(scheme).ok_or(Flaw::Scheme)?;
        let (host, port) = split_authority(authority)?;
        Ok(Self { scheme, host, port })
    }

    /// Whether `authority`, as found in a request to this server, names the same host and port. The request does not say
    /// by which scheme it came, so a missing port is the default of the origin's.
    pub(super) fn is_at(&self, authority: &[u8]) -> bool {
        let default = self.scheme.default_port();
        split_authority(authority).is_ok_and(|(host, port)| {
            host.eq_ignore_ascii_case(self.host) && port.or(default) == self.port.or(default)
        })
    }

    pub(super) fn is_http(&self) -> bool {
        matches!(self.scheme, Scheme::Http | Scheme::Https)
    }

    /// Whether the host can only be this machine, so that nobody on the way can have written the page (W3C Secure
    /// Contexts §3.1).
    pub(super) fn is_loopback(&self) -> bool {
        is_localhost(self.host)
            || parse_as::<Ipv4Addr>(self.host).is_some_and(|address| address.is_loopback())
            || parse_bracketed(self.host).is_some_and(|address| address.is_loopback())
    }

    /// Whether browsers leave the port out because it is the scheme's own.
    pub(super) fn has_default_port(&self) -> bool {
        self.port.is_some() && self.port == self.scheme.default_port()
    }
}

impl Scheme {
    /// Serialized origins have their scheme in lower case, so `HTTPS` is not the scheme that it resembles.
    fn parse(text: &[u8]) -> Option<Self> {
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
        match text {
            b"http" => Some(Self::Http),
            b"https" => Some(Self::Https),
            [first, rest @ ..] if first.is_ascii_alphabetic() && rest.iter().all(plain) => Some(Self::Other),
            _ => None,
        }
    }

    fn default_port(self) -> Option<u16> {
        match self {
            Self::Http => Some(80),
            Self::Https => Some(443),
            Self::Other => None,
        }
    }
}

/// The origin of a URL, such as a `Referer`: what comes before its path, query and fragment.
pub(super) fn origin_of_url(url: &[u8]) -> &[u8] {
    let authority = url.windows(3).position(|part| part == b"://").map_or(url.len(), |at| at + 3);
    let is_end = |byte: &u8| matches!(byte, b'/' | b'?' | b'#');
    let len = url[authority..].iter().position(is_end).unwrap_or(url.len() - authority);
    &url[..authority + len]
}

/// Host, with its brackets if it is an IPv6 address, and port.
fn split_authority(text: &[u8]) -> Result<(&[u8], Option<u16>), Flaw> {
    let len = host_len(text);
    let (host, rest) = text.split_at(len);
    let is_host = if host.starts_with(b"[") { parse_bracketed(host).is_some() } else { is_name(host) };
    match rest {
        _ if !is_host => Err(Flaw::Host),
        [] => Ok((host, None)),
        [b':', port @ ..] => parse_port(port).map(|port| (host, Some(port))),
        [b'/' | b'?' | b'#', ..] => Err(Flaw::Trailing),
        _ => Err(Flaw::Host),
    }
}

fn host_len(text: &[u8]) -> usize {
    if text.starts_with(b"[") {
        return text.iter().position(|byte| *byte == b']').map_or(text.len(), |at| at + 1);
    }
    text.iter().position(|byte| matches!(byte, b':' | b'/' | b'?' | b'#')).unwrap_or(text.len())
}

/// Registered names as they can resolve, and IPv4 addresses. Browsers write other scripts in Punycode.
fn is_name(host: &[u8]) -> bool {
    !host.is_empty() && host.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(byte))
}

fn parse_bracketed(host: &[u8]) -> Option<Ipv6Addr> {
    parse_as(host.strip_prefix(b"[")?.strip_suffix(b"]")?)
}

fn parse_as<T: str::FromStr>(text: &[u8]) -> Option<T> {
    str::from_utf8(text).ok()?.parse().ok()
}

fn parse_port(text: &[u8]) -> Result<u16, Flaw> {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let canonical = digits.len() == 1 || !digits.starts_with(b"0");
    match rest {
        [] if canonical => parse_as(digits).ok_or(Flaw::Port),
        [b'/' | b'?' | b'#', ..] => Err(Flaw::Trailing),
        _ => Err(Flaw::Port),
    }
}

fn is_localhost(host: &[u8]) -> bool {
    let name = b"localhost";
    let Some((parent, last)) = host.len().checked_sub(name.len()).map(|at| host.split_at(at)) else {
        return false;
    };
    last.eq_ignore_ascii_case(name) && (parent.is_empty() || parent.ends_with(b"."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<Origin<'_>, Flaw> {
        Origin::parse(text.as_bytes())
    }

    #[test]
    fn what_is_not_exactly_an_origin_is_refused_with_its_flaw() {
        let cases = [
            ("null", Flaw::Null),
            ("", Flaw::Scheme),
            ("shop.example", Flaw::Scheme),
            ("://shop.example", Flaw::Scheme),
            ("https:/shop.example", Flaw::Scheme),
            ("https:shop.example", Flaw::Scheme),
            (" https://shop.example", Flaw::Scheme),
            ("1https://shop.example", Flaw::Scheme),
            ("https://", Flaw::Host),
            ("https://:443", Flaw::Host),
            ("https://shop.example, https://evil.example", Flaw::Host),
            ("https://shop.example https://evil.example", Flaw::Host),
            ("https://user@shop.example", Flaw::Host),
            ("https://shop%2eexample", Flaw::Host),
            ("https://shop.example\\evil", Flaw::Host),
            ("https://*.shop.example", Flaw::Host),
            ("https://bücher.example", Flaw::Host),
            ("https://shop.example\0", Flaw::Host),
            ("https://[::1", Flaw::Host),
            ("https://[::g]", Flaw::Host),
            ("https://[]", Flaw::Host),
            ("https://[::1%25eth0]", Flaw::Host),
            ("https://[::1]x", Flaw::Host),
            ("https://::1", Flaw::Host),
            ("https://shop.example:", Flaw::Port),
            ("https://shop.example:0443", Flaw::Port),
            ("https://shop.example:65536", Flaw::Port),
            ("https://shop.example:+443", Flaw::Port),
            ("https://shop.example:4x", Flaw::Port),
            ("https://shop.example/", Flaw::Trailing),
            ("https://shop.example?q", Flaw::Trailing),
            ("https://shop.example#f", Flaw::Trailing),
            ("https://shop.example:8443/", Flaw::Trailing),
        ];
        for (text, flaw) in cases {
            assert_eq!(parse(text), Err(flaw), "{text:?}");
        }
    }

    #[test]
    fn only_this_machine_is_loopback() {
        let yes =
            ["localhost", "LocalHost", "app.localhost", "127.0.0.1", "127.255.3.4", "[::1]", "[0:0::1]"];
        for host in yes {
            assert!(parse(&format!("http://{host}")).unwrap().is_loopback(), "{host}");
        }
        let no = [
            "localhost.",
            "xlocalhost",
            "localhost.example",
            "127.1",
            "128.0.0.1",
            "0.0.0.0",
            "[::2]",
            "ocalhost",
        ];
        for host in no {
            assert!(!parse(&format!("http://{host}")).unwrap().is_loopback(), "{host}");
        }
    }

    #[test]
    fn the_origin_of_a_url_ends_before_path_query_and_fragment() {
        let cases = [
            ("https://shop.example/a?b#c", "https://shop.example"),
            ("https://shop.example:8443?next=http://evil.example", "https://shop.example:8443"),
            ("https://shop.example#x", "https://shop.example"),
            ("https://shop.example", "https://shop.example"),
            ("about:blank", "about:blank"),
            ("", ""),
        ];
        for (url, origin) in cases {
            assert_eq!(origin_of_url(url.as_bytes()), origin.as_bytes(), "{url}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_refused_or_are_an_origin_without_more(text in prop::collection::vec(any::<u8>(), 0..60)) {
            let url = origin_of_url(&text);
            prop_assert!(text.starts_with(url));
            let _ = Origin::parse(url);
            prop_assert!(Origin::parse(&text).is_err() || url == text);
        }

        #[test]
        fn an_origin_is_at_its_own_authority_only(host in "[a-z]{1,9}\\.example", port in 1_u16.., other in 1_u16..) {
            let text = format!("https://{host}:{port}");
            let origin = Origin::parse(text.as_bytes()).unwrap();
            let upper = format!("{}:{port}", host.to_uppercase());
            prop_assert!(origin.is_at(upper.as_bytes()));
            let another = format!("{host}:{other}");
            prop_assert_eq!(origin.is_at(another.as_bytes()), port == other);
            prop_assert_eq!(origin.is_at(host.as_bytes()), port == 443);
            let longer = format!("x{host}:{port}");
            prop_assert!(!origin.is_at(longer.as_bytes()));
        }
    }
}
