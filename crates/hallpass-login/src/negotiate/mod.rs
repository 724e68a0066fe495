//! How a client that is not logged in wants to be told.

mod accept;

use crate::next::{Next, login_location};

/// Who made a request, judged by its headers. It decides the form of an answer, never whether
/// access is granted.
///
/// See [`audience`] for the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Audience {
    /// A program: scripts, `curl`, `fetch`, mobile apps, and everything that is not clearly one of
    /// the others.
    Api,
    /// A browser that is about to show the answer as a page.
    Browser,
    /// The htmx library inside a page, which obeys its own response headers.
    Htmx,
}

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

/// Judges who made a request.
///
/// `for_each_value` calls its second argument with every value of the header named by the first, in
/// lower case. Several header lines of one name are several values.
///
/// * [`Audience::Htmx`]: `HX-Request: true`, boosted links included. A history restore is a page
///   load and goes on as a browser: htmx ignores `HX-Redirect` there but follows a redirect.
/// * [`Audience::Browser`]: GET, HEAD or POST, without `X-Requested-With: XMLHttpRequest`; `Accept`
///   names `text/html` with a weight above zero and not below that of `application/json`; and if
///   the browser sends Fetch Metadata, it says that this is a navigation to a document or frame.
///   `*/*` alone does not name HTML, so `curl` is a program.
/// * [`Audience::Api`]: everything else.
///
/// ```
/// use hallpass_login::{Audience, audience};
///
/// let browser = [("accept", "text/html,*/*;q=0.8"), ("sec-fetch-mode", "navigate")];
/// let headers = |name: &str, each: &mut dyn FnMut(&[u8])| {
///     for (_, value) in browser.iter().filter(|(key, _)| *key == name) {
///         each(value.as_bytes());
///     }
/// };
/// assert_eq!(audience("GET", headers), Audience::Browser);
/// assert_eq!(audience("DELETE", headers), Audience::Api);
/// ```
#[must_use]
pub fn audience<F>(method: &str, for_each_value: F) -> Audience
where
    F: Fn(&str, &mut dyn FnMut(&[u8])),
{
    let restores_history = has(&for_each_value, "hx-history-restore-request", b"true");
    if has(&for_each_value, "hx-request", b"true") && !restores_history {
        return Audience::Htmx;
    }
    let navigates =
        restores_history || is_navigation(&for_each_value) && accept::prefers_html(&for_each_value);
    if matches!(method, "GET" | "HEAD" | "POST") && navigates { Audience::Browser } else { Audience::Api }
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
        Audience::Api => LoginPrompt::Unauthorized,
        Audience::Browser => LoginPrompt::SeeOther(login_location(login_path, own_page().as_ref())),
        Audience::Htmx => {
            let boosted = has(&for_each_value, "hx-boosted", b"true") && is_repeatable(method);
            let next = if boosted { own_page() } else { surrounding_page(&for_each_value) };
            LoginPrompt::HxRedirect(login_location(login_path, next.as_ref()))
        }
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

/// Whether every value of a header is among those. True for an absent header: old browsers send no
/// Fetch Metadata.
fn all_among(headers: Headers<'_>, name: &str, expected: &[&[u8]]) -> bool {
    let mut all = true;
    headers(name, &mut |value| all &= expected.contains(&value.trim_ascii()));
    all
}

fn is_navigation(headers: Headers<'_>) -> bool {
    all_among(headers, "sec-fetch-mode", &[b"navigate"])
        && all_among(headers, "sec-fetch-dest", &[b"document", b"iframe", b"frame", b"fencedframe"])
        && !has(headers, "x-requested-with", b"xmlhttprequest")
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

    fn judge(method: &str, lines: Lines<'_>) -> Audience {
        audience(method, |name: &str, f: &mut dyn FnMut(&[u8])| each(lines, name, f))
    }

    fn prompt(method: &str, target: &str, lines: Lines<'_>) -> LoginPrompt {
        login_prompt(method, target, "/login", |name: &str, f: &mut dyn FnMut(&[u8])| {
            each(lines, name, f);
        })
    }

    fn judge_accept(accept: &str) -> Audience {
        judge("GET", &[("accept", accept)])
    }

    #[test]
    fn a_page_load_or_form_is_a_browser() {
        let navigation: Lines<'_> =
            &[("accept", CHROME), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
        for method in ["GET", "HEAD", "POST"] {
            assert_eq!(judge(method, navigation), Audience::Browser);
            assert_eq!(judge(method, &[("accept", CHROME)]), Audience::Browser, "no Fetch Metadata");
        }
        assert_eq!(judge("GET", &[("accept", CHROME), ("sec-fetch-dest", "iframe")]), Audience::Browser);
    }

    #[test]
    fn other_methods_are_programs() {
        for method in ["PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "get", ""] {
            assert_eq!(judge(method, &[("accept", CHROME)]), Audience::Api, "{method}");
        }
    }

    #[test]
    fn html_must_be_named_and_not_refused() {
        for accept in [
            "text/html",
            "TEXT/HTML",
            "\ttext/html ;charset=utf-8 ; q=0.001",
            "text/html;Q=1.000",
            "application/json, text/html",
            ",,text/html,",
            "\u{fffd}, text/html",
        ] {
            assert_eq!(judge_accept(accept), Audience::Browser, "{accept}");
        }
        for accept in [
            "",
            "*/*",
            "text/*",
            "application/json",
            "text/html;q=0",
            "text/html;q=0.",
            "text/html;q=0.000",
            "text/html;q=1.001",
            "text/html;q=2",
            "text/html;q=-1",
            "text/html;q=0.0001",
            "text/html;q=",
            "text/html;q=x",
            "text/htmlx",
            "xtext/html",
            "image/png;x=text/html",
        ] {
            assert_eq!(judge_accept(accept), Audience::Api, "{accept}");
        }
    }

    #[test]
    fn a_program_that_prefers_json_gets_json() {
        assert_eq!(judge_accept("application/json, text/html;q=0.9"), Audience::Api);
        assert_eq!(judge_accept("application/json;q=0.9, text/html;q=0.9"), Audience::Browser);
        assert_eq!(
            judge("GET", &[("accept", "application/json"), ("accept", "text/html;q=0.5")]),
            Audience::Api
        );
        assert_eq!(judge("GET", &[("accept", "*/*"), ("accept", "text/html")]), Audience::Browser);
        assert_eq!(judge("GET", &[]), Audience::Api);
    }

    #[test]
    fn a_script_that_asks_for_html_is_a_program() {
        for (name, value) in [
            ("sec-fetch-mode", "cors"),
            ("sec-fetch-mode", "same-origin"),
            ("sec-fetch-mode", "no-cors"),
            ("sec-fetch-mode", "websocket"),
            ("sec-fetch-mode", ""),
            ("sec-fetch-dest", "empty"),
            ("sec-fetch-dest", "image"),
            ("x-requested-with", "XMLHttpRequest"),
        ] {
            assert_eq!(judge("GET", &[("accept", CHROME), (name, value)]), Audience::Api, "{name}: {value}");
        }
        let contradiction: Lines<'_> =
            &[("accept", CHROME), ("sec-fetch-mode", "navigate"), ("sec-fetch-mode", "cors")];
        assert_eq!(judge("GET", contradiction), Audience::Api);
    }

    #[test]
    fn htmx_is_recognised_whatever_it_accepts() {
        for method in ["GET", "POST", "DELETE"] {
            assert_eq!(judge(method, &[("hx-request", "true")]), Audience::Htmx);
        }
        assert_eq!(judge("GET", &[("hx-request", "true"), ("hx-boosted", "true")]), Audience::Htmx);
        assert_eq!(judge("GET", &[("hx-request", "false"), ("accept", CHROME)]), Audience::Browser);
        let restore: Lines<'_> =
            &[("hx-request", "true"), ("hx-history-restore-request", "true"), ("sec-fetch-mode", "cors")];
        assert_eq!(judge("GET", restore), Audience::Browser);
        assert_eq!(judge("DELETE", restore), Audience::Api);
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
