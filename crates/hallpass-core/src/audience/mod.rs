//! Who reads an answer.

mod accept;

use crate::head::RequestHead;

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

/// Judges who made the request with this head.
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
/// use hallpass_core::{Audience, audience};
/// use hallpass_testkit::Head;
///
/// let head = |method| Head::new(method).line("accept", "text/html,*/*;q=0.8");
/// assert_eq!(audience(&head("GET").line("sec-fetch-mode", "navigate")), Audience::Browser);
/// assert_eq!(audience(&head("GET").line("sec-fetch-mode", "cors")), Audience::Api);
/// assert_eq!(audience(&head("DELETE")), Audience::Api);
/// ```
#[must_use]
pub fn audience(head: &(impl RequestHead + ?Sized)) -> Audience {
    judge(head, || accept::prefers_html(head))
}

/// Whether the request is a browser's navigation, as [`audience`] judges it, that names HTML, which htmx restoring its history
/// need not do. That is asked first: it settles the matter for programs, and every request pays for it.
pub(crate) fn is_navigation(head: &(impl RequestHead + ?Sized)) -> bool {
    accept::prefers_html(head) && judge(head, || true) == Audience::Browser
}

fn judge(head: &(impl RequestHead + ?Sized), prefers_html: impl Fn() -> bool) -> Audience {
    let restores_history = || head.says("hx-history-restore-request", "true");
    if head.says("hx-request", "true") && !restores_history() {
        return Audience::Htmx;
    }
    let is_page = || prefers_html() && navigates(head) || restores_history();
    if matches!(head.method(), "GET" | "HEAD" | "POST") && is_page() {
        Audience::Browser
    } else {
        Audience::Api
    }
}

/// Whether every value of a header is among those. True for an absent header: old browsers send no
/// Fetch Metadata.
fn all_among(head: &(impl RequestHead + ?Sized), name: &str, expected: &[&[u8]]) -> bool {
    let mut all = true;
    head.for_each_value(name, &mut |value| all &= expected.contains(&value.trim_ascii()));
    all
}

fn navigates(head: &(impl RequestHead + ?Sized)) -> bool {
    all_among(head, "sec-fetch-mode", &[b"navigate"])
        && all_among(head, "sec-fetch-dest", &[b"document", b"iframe", b"frame", b"fencedframe"])
        && !head.says("x-requested-with", "xmlhttprequest")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::test_head::Head;

    const CHROME: &str =
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";

    type Lines<'a> = &'a [(&'a str, &'a str)];

    fn judge(method: &str, lines: Lines<'_>) -> Audience {
        audience(&lines.iter().fold(Head::new(method), |head, (name, value)| head.line(name, value)))
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
    fn a_navigation_is_made_by_a_browser_and_names_html() {
        let head = |method| Head::new(method).line("accept", CHROME);
        assert!(is_navigation(&head("GET")));
        assert!(!is_navigation(&Head::new("GET")));
        assert!(!is_navigation(&head("DELETE")));
        assert!(!is_navigation(&head("GET").line("hx-request", "true")));
        assert!(!is_navigation(&head("GET").line("sec-fetch-mode", "cors")));
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_header_are_judged(
            value in proptest::collection::vec(any::<u8>(), 0..64),
            method in "GET|POST|\\PC{0,8}",
        ) {
            let _ = audience(&Head::new(&method).in_every_header(value));
        }
    }
}
