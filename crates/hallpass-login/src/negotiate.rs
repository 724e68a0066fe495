//! How a client that is not logged in wants to be told.

use crate::next::{Next, login_location};
use hallpass_core::RequestHead;

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

/// Decides the answer for a client that has to log in first, at `login_path`.
///
/// The head's path and query have to be those that the client sent, before a router stripped a prefix.
/// They become the `next` parameter of the login page, for GET and HEAD only: a POST cannot be
/// repeated by a redirect. For htmx the page around the element is what the user wants back, so
/// `HX-Current-URL` takes its place; only its path and query are used. What [`Next`] refuses is
/// left out.
///
/// ```
/// use hallpass_login::{LoginPrompt, login_prompt};
/// use hallpass_testkit::Head;
///
/// let head = |method| Head::new(method).path("/orders?page=2").line("accept", "text/html");
/// assert_eq!(
///     login_prompt(&head("GET"), "/login"),
///     LoginPrompt::SeeOther("/login?next=/orders%3Fpage%3D2".into()),
/// );
/// assert_eq!(login_prompt(&head("POST"), "/login"), LoginPrompt::SeeOther("/login".into()));
/// assert_eq!(login_prompt(&head("PUT"), "/login"), LoginPrompt::Unauthorized);
/// ```
#[must_use]
pub fn login_prompt(head: &(impl RequestHead + ?Sized), login_path: &str) -> LoginPrompt {
    let is_repeatable = matches!(head.method(), "GET" | "HEAD");
    let own_page = || if is_repeatable { Next::parse(head.path_and_query()) } else { None };
    match audience(head) {
        Audience::Browser => LoginPrompt::SeeOther(login_location(login_path, own_page().as_ref())),
        Audience::Htmx => {
            let is_boosted = is_repeatable && head.says("hx-boosted", "true");
            let next = if is_boosted { own_page() } else { surrounding_page(head) };
            LoginPrompt::HxRedirect(login_location(login_path, next.as_ref()))
        }
        _ => LoginPrompt::Unauthorized,
    }
}

fn surrounding_page(head: &(impl RequestHead + ?Sized)) -> Option<Next> {
    let mut page = None;
    head.for_each_value("hx-current-url", &mut |value| {
        page = std::str::from_utf8(value).ok().and_then(path_of)
    });
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
    use hallpass_testkit::Head;
    use proptest::prelude::*;
    use std::net::IpAddr;

    use super::*;

    const CHROME: &str =
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";

    type Lines<'a> = &'a [(&'static str, &'static str)];

    fn prompt(method: &'static str, target: &'static str, lines: Lines<'_>) -> LoginPrompt {
        let head = Head::new(method).path(target);
        login_prompt(&lines.iter().fold(head, |head, (name, value)| head.line(name, *value)), "/login")
    }

    /// Has the same value in every header.
    struct Uniform {
        method: String,
        target: String,
        value: Vec<u8>,
    }

    impl RequestHead for Uniform {
        fn method(&self) -> &str {
            &self.method
        }

        fn authority(&self) -> Option<&str> {
            None
        }

        fn path_and_query(&self) -> &str {
            &self.target
        }

        fn peer(&self) -> Option<IpAddr> {
            None
        }

        fn for_each_value(&self, _: &str, visit: &mut dyn FnMut(&[u8])) {
            visit(&self.value);
        }
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
        let prompt = |method: &'static str, lines: Lines<'_>| prompt(method, "/fragment", lines);
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
            let prompt = login_prompt(&Uniform { method, target, value }, "/login");
            if let LoginPrompt::SeeOther(location) | LoginPrompt::HxRedirect(location) = prompt {
                prop_assert!(location.starts_with("/login"));
                prop_assert!(location.bytes().all(|byte| byte.is_ascii_graphic()));
            }
        }
    }
}
