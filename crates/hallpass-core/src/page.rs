//! Refusals as people read them.

use crate::answer::{Answer, Refusal};

impl Answer {
    /// The answer to a request that is refused, for people: a small page in the place of JSON, with the same status and
    /// headers. It holds no script, loads nothing, and is light or dark as its reader prefers.
    ///
    /// ```
    /// use hallpass_core::{Answer, Refusal};
    ///
    /// let page = Answer::refusal_page(Refusal::Unavailable);
    /// assert_eq!(page.status, 503);
    /// assert!(page.headers.contains(&("retry-after", "5".into())));
    /// assert!(page.body.starts_with("<!doctype html>"));
    /// ```
    #[must_use]
    pub fn refusal_page(refusal: Refusal) -> Self {
        let (title, text) = words(refusal);
        let mut answer = Self::refusal(refusal);
        answer.headers.retain(|(name, _)| *name != "content-type");
        answer.body = format!(include_str!("../assets/refusal.html"), title = title, text = text).into();
        answer
            .with("content-type", "text/html; charset=utf-8")
            .with("content-security-policy", "default-src 'none'; frame-ancestors 'none'")
            .with("x-content-type-options", "nosniff")
    }
}

/// The title and the text, both HTML.
fn words(refusal: Refusal) -> (&'static str, &'static str) {
    match refusal {
        Refusal::Unavailable | Refusal::UsersUnavailable => (
            "Service unavailable",
            "This page cannot be shown at the moment. Please try again in a few seconds.",
        ),
        Refusal::LoginSuperseded => (
            "Login not completed",
            "While you were logging in, your sessions were ended or your password was changed. Please log in again.",
        ),
        Refusal::SessionLimit => (
            "Too many logins",
            "You are logged in on as many devices as you may be. Please log out on one of them and try again.",
        ),
        Refusal::LoginRequired => ("Logged out", "Your session has ended. Please log in and try again."),
        Refusal::ReauthenticationRequired => {
            ("Password needed", "Please confirm your password and try again.")
        }
        Refusal::InvalidCredentials => ("Login failed", "The name or the password is not right."),
        Refusal::TooManyAttempts { .. } => ("Too many requests", "Please wait a while and try again."),
        Refusal::SessionTooLarge => ("Too much data", "What you have sent is more than can be kept."),
        Refusal::Forbidden => ("Not allowed", "You may not do this."),
        Refusal::CrossOrigin => ("Not allowed", "This was sent from another site."),
        Refusal::CookiesTooLong => (
            "Too many cookies",
            "Your browser has sent too many cookies. Please remove those of this site and try again.",
        ),
        Refusal::BadAuthority | Refusal::CookieRequired => {
            ("Bad request", "What your browser has sent cannot be understood.")
        }
        Refusal::Misconfigured => ("Internal error", "This page cannot be shown."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::tests::REFUSALS;

    #[test]
    fn a_page_says_all_that_the_json_says_to_programs() {
        for refusal in REFUSALS {
            let (json, page) = (Answer::refusal(refusal), Answer::refusal_page(refusal));
            assert_eq!(page.status, json.status, "{refusal:?}");
            for header in json.headers.iter().filter(|(name, _)| *name != "content-type") {
                assert!(page.headers.contains(header), "{refusal:?}: {header:?}");
            }
            let types = page.headers.iter().filter(|(name, _)| *name == "content-type");
            assert_eq!(types.map(|(_, value)| &**value).collect::<Vec<_>>(), ["text/html; charset=utf-8"]);
        }
    }

    #[test]
    fn a_page_is_whole_and_loads_nothing() {
        for refusal in REFUSALS {
            let page = Answer::refusal_page(refusal).body;
            assert!(page.starts_with("<!doctype html>\n<html lang=\"en\">"), "{refusal:?}");
            assert_eq!(page.matches(words(refusal).0).count(), 2, "as the title and as the heading");
            assert!(page.contains(words(refusal).1) && page.ends_with("</html>\n"));
            for loads in ["<script", "<link", "<img", "<style", "src=", "{", "}"] {
                assert!(!page.contains(loads), "{refusal:?}: {loads}");
            }
        }
    }
}
