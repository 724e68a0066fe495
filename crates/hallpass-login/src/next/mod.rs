//! Where the browser goes after login: only a path on this site comes out.

mod percent;

use std::fmt;

use percent::{is_path_or_query, is_query_value};

/// A path, with an optional query, on the site that is being served: safe as a `Location`.
///
/// A login page takes the target of its redirect from the request, so anybody who can make a link
/// can choose it. An open redirect is what becomes of a target that is not checked (CWE-601, ASVS
/// 5.0 §3.7.2). Whatever goes in, what comes out
///
/// * starts with exactly one `/`, has no empty and no dot segment in its path, neither as written
///   nor after one round of percent-decoding, and has no `\`, which browsers read as `/`;
/// * is printable ASCII: other characters are percent-encoded, and no quote, angle bracket or line
///   break is left;
/// * has no fragment, because a server never sees one, and is at most [`Next::MAX_LENGTH`] bytes
///   long.
///
/// A value that breaks a rule is refused whole, not repaired: control characters, tabs and line
/// breaks (which browsers strip) and spaces included.
///
/// ```
/// use hallpass_login::Next;
///
/// let next = Next::parse("/orders?page=2&q=a%20b").expect("a local path");
/// assert_eq!(next.as_str(), "/orders?page=2&q=a%20b");
///
/// for hostile in ["https://evil.example/", "//evil.example", "/\\evil.example", "/%2e%2e/x"] {
///     assert_eq!(Next::parse(hostile), None);
/// }
/// // A refused or absent value has an obvious replacement.
/// assert_eq!(Next::parse("//evil.example").unwrap_or_default().as_str(), "/");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Next(String);

impl Next {
    /// The longest value accepted and produced, in bytes.
    pub const MAX_LENGTH: usize = 2048;

    /// Checks a value from the network. `None` if it is anything but a path on this site.
    ///
    /// The value is expected as a form or query parser gives it: decoded once.
    ///
    /// ```
    /// # use hallpass_login::Next;
    /// assert_eq!(Next::parse("/café#menu").expect("a local path").as_str(), "/caf%C3%A9");
    /// assert_eq!(Next::parse("orders"), None);
    /// ```
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        if value.len() > Self::MAX_LENGTH || value.bytes().any(is_stripped_or_backslash) {
            return None;
        }
        let value = before(value, '#');
        let path = before(value, '?').as_bytes();
        if !is_local(path) || !is_local(&percent::decode(path)) {
            return None;
        }
        let encoded = percent::encode(value, is_path_or_query);
        (encoded.len() <= Self::MAX_LENGTH).then_some(Self(encoded))
    }

    /// The path and query, percent-encoded: ready for a `Location` header.
    ///
    /// ```
    /// # use hallpass_login::Next;
    /// assert_eq!(Next::default().as_str(), "/");
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The root of the site, `/`.
impl Default for Next {
    fn default() -> Self {
        Self(String::from("/"))
    }
}

impl AsRef<str> for Next {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<Next> for String {
    fn from(next: Next) -> Self {
        next.0
    }
}

/// The address of the login page, with `next` as its query parameter of that name.
///
/// `login_path` comes from the configuration and is used as it is; it may have a query or a
/// fragment of its own.
///
/// ```
/// use hallpass_login::{Next, login_location};
///
/// let next = Next::parse("/orders?page=2&sort=a").expect("a local path");
/// assert_eq!(login_location("/login", Some(&next)), "/login?next=/orders%3Fpage%3D2%26sort%3Da");
/// assert_eq!(login_location("/login?lang=de", Some(&Next::default())), "/login?lang=de&next=/");
/// assert_eq!(login_location("/login", None), "/login");
/// ```
#[must_use]
pub fn login_location(login_path: &str, next: Option<&Next>) -> String {
    let Some(next) = next else { return login_path.to_owned() };
    let (page, fragment) = login_path.split_at(login_path.find('#').unwrap_or(login_path.len()));
    let separator = if page.contains('?') { '&' } else { '?' };
    let value = percent::encode(next.as_str(), is_query_value);
    format!("{page}{separator}next={value}{fragment}")
}

/// Browsers strip tabs and line breaks anywhere, spaces and controls at the ends, and read `\` as
/// `/` (WHATWG URL §4.4).
fn is_stripped_or_backslash(byte: u8) -> bool {
    byte.is_ascii_control() || byte == b' ' || byte == b'\\'
}

fn before(value: &str, separator: char) -> &str {
    value.split_once(separator).map_or(value, |(head, _)| head)
}

/// Empty segments could be taken for the start of an authority, and dot segments could create empty
/// ones.
fn is_local(path: &[u8]) -> bool {
    let mut segments = path.split(|byte| *byte == b'/');
    segments.next().is_some_and(<[u8]>::is_empty)
        && path.starts_with(b"/")
        && !path.windows(2).any(|pair| pair == b"//")
        && !segments.any(|segment| segment == b"." || segment == b"..")
        && !path.iter().any(|byte| byte.is_ascii_control() || *byte == b'\\')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::Url;

    use super::*;

    const HOSTILE: &[&str] = &[
        "",
        " ",
        "/ ",
        " /",
        "x",
        "?next=/",
        "#",
        ".",
        "..",
        "./",
        "../",
        "//",
        "///",
        "//evil.example",
        "///evil.example",
        "////evil.example/%2f..",
        "//evil.example@host.example",
        "/\\evil.example",
        "\\/evil.example",
        "\\\\evil.example",
        "/\\/evil.example",
        "/path\\..\\..\\\\evil.example",
        "/a?b=\\c",
        "https://evil.example",
        "https:evil.example",
        "https:/evil.example",
        "http://host.example@evil.example/",
        "HTTPS://EVIL.EXAMPLE",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)//",
        "java\tscript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "evil.example",
        "@evil.example",
        ":80",
        "/\t/evil.example",
        "/\n/evil.example",
        "/\r/evil.example",
        "\t//evil.example",
        "/\u{b}/evil.example",
        "/\u{0}",
        "/\u{7f}",
        "/%09/evil.example",
        "/%0a/evil.example",
        "/x%0d%0aSet-Cookie:a=b",
        "/x\r\nSet-Cookie: a=b",
        "/x?a=\r\nLocation: //evil.example",
        "/%00",
        "/%7F",
        "/%2f/evil.example",
        "/%2Fevil.example",
        "/%2f%2fevil.example",
        "/%5cevil.example",
        "/%5C%5Cevil.example",
        "%2f%2fevil.example",
        "/a//evil.example",
        "/..//evil.example",
        "/../",
        "/..",
        "/.",
        "/./",
        "/.//evil.example",
        "/a/..//evil.example",
        "/a/../..//evil.example",
        "/%2e%2e//evil.example",
        "/%2e%2e/evil.example",
        "/.%2E/evil.example",
        "/%2e/evil.example",
        "/a/%2E%2e",
        "/a%2f..%2fb",
        "/a/..?b",
        "/a/..#b",
        "\u{ff0f}/evil.example",
        "\u{a0}//evil.example",
        "\u{feff}//evil.example",
    ];

    #[test]
    fn hostile_values_are_refused() {
        for value in HOSTILE {
            assert_eq!(Next::parse(value), None, "{value:?}");
        }
    }

    #[test]
    fn local_paths_come_out_as_they_went_in() {
        for value in [
            "/",
            "/a",
            "/a/",
            "/a/b.html",
            "/.well-known/x",
            "/...",
            "/a..b/c",
            "/%41%2Fb",
            "/a%",
            "/%zz",
            "/a%252fb",
            "/@evil.example",
            "/:80",
            "/a:b@c;d=e,f!g$h&i(j)*k+l",
            "/?",
            "/?next=//evil.example",
            "/a?b=c&d=%0D%0A&e=../..",
            "/a?b=https://evil.example/?c",
        ] {
            assert_eq!(Next::parse(value).map(String::from).as_deref(), Some(value));
        }
    }

    #[test]
    fn characters_outside_the_grammar_are_encoded() {
        for (value, expected) in [
            ("/ü", "/%C3%BC"),
            ("/a?b=\"><script>", "/a?b=%22%3E%3Cscript%3E"),
            ("/a'b`c", "/a%27b%60c"),
            ("/a?b[]={1|2}^", "/a?b%5B%5D=%7B1%7C2%7D%5E"),
            ("/\u{2028}\u{85}", "/%E2%80%A8%C2%85"),
            ("/\u{ff0f}evil.example", "/%EF%BC%8Fevil.example"),
            ("/a#//evil.example", "/a"),
            ("/a?b#c?d", "/a?b"),
        ] {
            assert_eq!(Next::parse(value).map(String::from).as_deref(), Some(expected));
        }
    }

    #[test]
    fn a_value_that_is_too_long_is_refused_before_and_after_encoding() {
        let fits = format!("/{}", "a".repeat(Next::MAX_LENGTH - 1));
        assert_eq!(Next::parse(&fits).map(String::from).as_deref(), Some(&*fits));
        assert_eq!(Next::parse(&format!("{fits}a")), None);
        assert_eq!(Next::parse(&format!("/{}", "\"".repeat(Next::MAX_LENGTH / 3 + 1))), None);
    }

    #[test]
    fn the_login_page_keeps_its_own_query_and_fragment() {
        let next = Next::parse("/a?b=c").unwrap();
        assert_eq!(login_location("/#/login", Some(&next)), "/?next=/a%3Fb%3Dc#/login");
        assert_eq!(login_location("/in?a=b#c", Some(&next)), "/in?a=b&next=/a%3Fb%3Dc#c");
        assert_eq!(login_location("/in#c", None), "/in#c");
    }

    /// Strings from the alphabet that path attacks are made of.
    fn attack() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("/"),
            Just("//"),
            Just("\\"),
            Just("."),
            Just(".."),
            Just("%2e"),
            Just("%2F"),
            Just("%5c"),
            Just("%09"),
            Just("%"),
            Just("\t"),
            Just("\r\n"),
            Just("?"),
            Just("#"),
            Just("@"),
            Just(":"),
            Just("evil.example"),
            Just("https"),
            Just("é"),
            Just("\""),
            Just("a"),
            Just("+"),
            Just("&"),
        ];
        (proptest::collection::vec(piece, 0..12), any::<bool>()).prop_map(|(pieces, rooted)| {
            if rooted { format!("/{}", pieces.concat()) } else { pieces.concat() }
        })
    }

    fn is_same_origin_and_clean(next: &Next) -> Result<(), TestCaseError> {
        let base = Url::parse("https://host.example/a/b").unwrap();
        let target = base.join(next.as_str()).unwrap();
        prop_assert_eq!(target.origin(), base.origin());
        prop_assert_eq!(target.username(), "");
        // What a browser goes to is what was checked: nothing is left for it to normalise.
        let (path, query) =
            next.as_str().split_once('?').map_or((next.as_str(), None), |(p, q)| (p, Some(q)));
        prop_assert_eq!(target.path(), path);
        prop_assert_eq!(target.query(), query);
        prop_assert!(!target.path().contains("//"));
        prop_assert!(
            next.as_str().bytes().all(|byte| byte.is_ascii_graphic() && !b"\"'<>\\`".contains(&byte))
        );
        prop_assert!(next.as_str().len() <= Next::MAX_LENGTH);
        prop_assert_eq!(Next::parse(next.as_str()), Some(next.clone()));
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn only_same_origin_paths_come_out_of_attacks(value in attack()) {
            if let Some(next) = Next::parse(&value) {
                is_same_origin_and_clean(&next)?;
            }
        }

        #[test]
        fn only_same_origin_paths_come_out_of_anything(
            value in "/?\\PC{0,64}|/[ -~]{0,64}|(?s).{0,64}",
        ) {
            if let Some(next) = Next::parse(&value) {
                is_same_origin_and_clean(&next)?;
            }
        }

        #[test]
        fn the_login_page_gets_back_what_was_sent(value in attack()) {
            if let Some(next) = Next::parse(&value) {
                let base = Url::parse("https://host.example/").unwrap();
                let page = base.join(&login_location("/login?a=b", Some(&next))).unwrap();
                let pairs: Vec<_> = page.query_pairs().into_owned().collect();
                let expected = [("a".into(), "b".into()), ("next".into(), String::from(next))];
                prop_assert_eq!(pairs, expected);
                prop_assert_eq!(page.path(), "/login");
            }
        }
    }
}
