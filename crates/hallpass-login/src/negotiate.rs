//! How a client that is not logged in wants to be told.

use crate::next::{Next, login_location};

pub use hallpass_core::{Audience, audience};

/// What to tell a client that has to log in first.
///
/// See [`login_prompt`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoginPrompt {
    /// Answer 401 with a body for programs.
    Unauthorized,
    /// Answer 303 with this `Location`.
    SeeOther(String),
    /// Answer with this `HX-Redirect`. The status must not be 3xx: browsers follow those before
    /// htmx sees the header.
    HxRedirect(String),
}

/// Decides the answer for a client that has to log in first.
///
/// `path_and_query` is the request target as the client sent it, before a router stripped a prefix.
/// It becomes the `next` parameter of the login page, for GET and HEAD only: a POST cannot be
/// repeated by a redirect. For htmx the page around the element is what the user wants back, so
/// `HX-Current-URL` takes its place; only its path and query are used. What [`Next`] refuses is
/// left out.
///
/// ```
/// use hallpass_login::{LoginPrompt, login_prompt};
///
/// let headers = |name: &str, each: &mut dyn FnMut(&[u8])| {
///     if name == "accept" {
///         each(b"text/html");
///     }
/// };
/// assert_eq!(
///     login_prompt("GET", "/orders?page=2", "/login", headers),
///     LoginPrompt::SeeOther("/login?next=/orders%3Fpage%3D2".into()),
/// );
/// assert_eq!(
///     login_prompt("POST", "/orders", "/login", headers),
///     LoginPrompt::SeeOther("/login".into()),
/// );
/// assert_eq!(login_prompt("PUT", "/orders", "/login", headers), LoginPrompt::Unauthorized);
/// ```
#[must_use]
pub fn login_prompt<F>(method: &str, path_and_query: &str, login_path: &str, for_each_value: F) -> LoginPrompt
where
    F: Fn(&str, &mut dyn FnMut(&[u8])),
{
    let own_page = || if is_repeatable(method) { Next::parse(path_and_query) } else { None };
    match audience(method, &for_each_value) {
        Audience::Browser => LoginPrompt::SeeOther(login_location(login_path, own_page().as_ref())),
        Audience::Htmx => {
            let boosted = has(&for_each_value, "hx-boosted", b"true") && is_repeatable(method);
            let next = if boosted { own_page() } else { surrounding_page(&for_each_value) };
            LoginPrompt::HxRedirect(login_location(login_path, next.as_ref()))
        }
        _ => LoginPrompt::Unauthorized,
    }
}

type Headers<'a> = &'a dyn Fn(&str, &mut dyn FnMut(&[u8]));

fn is_repeatable(method: &str) -> bool {
    matches!(method, "GET" | "HEAD")
}

fn has(headers: Headers<'_>, name: &str, expected: &[u8]) -> bool {
    let mut found = false;
    headers(name, &mut |value| found |= value.trim_ascii().eq_ignore_ascii_case(expected));
    found
}

fn surrounding_page(headers: Headers<'_>) -> Option<Next> {
    let mut page = None;
    headers("hx-current-url", &mut |value| page = std::str::from_utf8(value).ok().and_then(path_of));
    page
}

/// The path and query of an absolute URL. Its origin is dropped, not compared: what is left is
/// checked as any other value.
fn path_of(url: &str) -> Option<Next> {
    let (_, rest) = url.split_once("://")?;
    Next::parse(rest.get(rest.find('/')?..)?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CHROME: &str =
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";

    type Lines<'a> = &'a [(&'a str, &'a str)];

    fn each(lines: Lines<'_>, name: &str, f: &mut dyn FnMut(&[u8])) {
        lines.iter().filter(|(key, _)| *key == name).for_each(|(_, value)| f(value.as_bytes()));
    }

    fn prompt(method: &str, target: &str, lines: Lines<'_>) -> LoginPrompt {
        login_prompt(method, target, "/login", |name: &str, f: &mut dyn FnMut(&[u8])| {
            each(lines, name, f);
        })
    }

    #[test]
    fn only_a_repeatable_request_comes_back_after_login() {
        let prompt = |method, target| prompt(method, target, &[("accept", CHROME)]);
        assert_eq!(prompt("GET", "/a?b=c"), LoginPrompt::SeeOther("/login?next=/a%3Fb%3Dc".into()));
        assert_eq!(prompt("HEAD", "/a"), LoginPrompt::SeeOther("/login?next=/a".into()));
        assert_eq!(prompt("POST", "/a"), LoginPrompt::SeeOther("/login".into()));
        assert_eq!(prompt("GET", "//evil.example"), LoginPrompt::SeeOther("/login".into()));
        assert_eq!(prompt("DELETE", "/a"), LoginPrompt::Unauthorized);
    }

    #[test]
    fn htmx_comes_back_to_the_page_not_to_the_fragment() {
        let prompt = |method: &str, lines: Lines<'_>| prompt(method, "/fragment", lines);
        let at = |location: &str| LoginPrompt::HxRedirect(location.into());
        let page = ("hx-current-url", "https://app.example/list?page=2#top");
        let htmx = ("hx-request", "true");
        let boosted = ("hx-boosted", "true");
        assert_eq!(prompt("GET", &[htmx, page]), at("/login?next=/list%3Fpage%3D2"));
        assert_eq!(prompt("DELETE", &[htmx, page]), at("/login?next=/list%3Fpage%3D2"));
        assert_eq!(prompt("GET", &[htmx, page, boosted]), at("/login?next=/fragment"));
        assert_eq!(prompt("POST", &[htmx, page, boosted]), at("/login?next=/list%3Fpage%3D2"));
        assert_eq!(prompt("GET", &[htmx]), at("/login"));
        for hostile in
            ["javascript:alert(1)", "https://app.example", "https://a//evil.example", "//evil.example/"]
        {
            assert_eq!(prompt("GET", &[htmx, ("hx-current-url", hostile)]), at("/login"), "{hostile}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_header_are_judged(
            value in proptest::collection::vec(any::<u8>(), 0..64),
            target in "\\PC{0,32}",
            method in "GET|POST|\\PC{0,8}",
        ) {
            let headers = |_: &str, f: &mut dyn FnMut(&[u8])| f(&value);
            let prompt = login_prompt(&method, &target, "/login", headers);
            if let LoginPrompt::SeeOther(location) | LoginPrompt::HxRedirect(location) = prompt {
                prop_assert!(location.starts_with("/login"));
                prop_assert!(location.bytes().all(|byte| byte.is_ascii_graphic()));
            }
        }
    }
}
