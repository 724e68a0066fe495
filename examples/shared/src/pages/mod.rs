//! The pages: rendered here, usable without JavaScript, and loading nothing from elsewhere.

mod account;
mod assets;
mod forms;
mod time;

pub use account::account;
pub(crate) use account::{Refused, account_again, notify};
pub use assets::{pageshow, script, style_sheet};
pub use forms::{confirm, login, register};
pub(crate) use forms::{confirm_again, login_again, register_again};

use crate::User;
use crate::api::internal_error;
use askama::Template;
use hallpass_core::Answer;
use serde_json::Value;
use std::time::Duration;

/// Only this site's style sheet and scripts are loaded, scripts and forms reach nothing else, and no other site shows the
/// page in a frame.
const CSP: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// `GET /`
#[must_use]
pub fn home(user: Option<&User>) -> Answer {
    html(200, &Home { username: user.map(|user| &*user.username) })
}

#[derive(Template)]
#[template(path = "home.html")]
struct Home<'a> {
    username: Option<&'a str>,
}

fn html(status: u16, page: &impl Template) -> Answer {
    let mut answer = Answer::empty(status);
    match page.render() {
        Ok(body) => answer.body = body.into(),
        Err(error) => return internal_error(&error),
    }
    answer
        .with("content-type", "text/html; charset=utf-8")
        .with("content-security-policy", CSP)
        .with("referrer-policy", "same-origin")
        .with("x-content-type-options", "nosniff")
}

/// A page in the place of a refusal, with its status and what it tells browsers.
fn html_refusal(refusal: &Answer, page: &impl Template) -> Answer {
    let page = html(refusal.status, page);
    let kept = refusal.headers.iter().filter(|(name, _)| matches!(*name, "www-authenticate" | "retry-after"));
    kept.cloned().fold(page, |page, (name, value)| page.with(name, value))
}

/// What a form says of a refusal; `wrong` is what a 401 means there.
fn explain(refusal: &Answer, wrong: &str) -> String {
    let body: Value = serde_json::from_str(&refusal.body).unwrap_or_default();
    match (refusal.status, body["message"].as_str()) {
        (_, Some(message)) => sentence(message),
        (401, None) => wrong.to_owned(),
        (429, None) => format!("There were too many attempts. Please try again {}.", when(refusal)),
        (503, None) => "The server is busy. Please try again in a moment.".to_owned(),
        _ => "The form could not be read. Please try again.".to_owned(),
    }
}

fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).chain(['.']).collect()
}

fn when(refusal: &Answer) -> String {
    let value = refusal.headers.iter().find(|(name, _)| *name == "retry-after").map(|(_, value)| value);
    match value.and_then(|seconds| seconds.parse().ok()) {
        Some(seconds) => format!("in {}", time::span(Duration::from_secs(seconds))),
        None => "later".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_says_what_is_wrong_and_what_to_do() {
        let say = |refusal: &Answer| explain(refusal, "wrong password");
        assert_eq!(say(&Answer::json(401, "{}")), "wrong password");
        let wait = Answer::json(429, "{}").with("retry-after", "150");
        assert_eq!(say(&wait), "There were too many attempts. Please try again in 3 minutes.");
        assert_eq!(say(&Answer::json(422, r#"{"message":"too short"}"#)), "Too short.");
        assert_eq!(say(&Answer::empty(400)), "The form could not be read. Please try again.");
    }
}
