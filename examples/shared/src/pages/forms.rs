//! The pages that are one form: log in, register, and confirm who you are.

use super::{explain, html, html_refusal};
use crate::User;
use askama::Template;
use hallpass_core::Answer;
use hallpass_login::Next;

/// `GET /login?next=…`
#[must_use]
pub fn login(query: Option<&str>) -> Answer {
    let mut pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let next = pairs.find(|(name, _)| name == "next").and_then(|(_, value)| Next::parse(&value));
    html(200, &Login { error: None, username: "", next })
}

/// The form again, after a login that was refused with `refusal`.
pub(crate) fn login_again(refusal: &Answer, username: &str, next: Option<Next>) -> Answer {
    let error = explain(refusal, "This user name and password do not match.");
    html_refusal(refusal, &Login { error: Some(error), username, next })
}

/// `GET /register`
#[must_use]
pub fn register() -> Answer {
    html(200, &Register { error: None, username: "" })
}

/// The form again, after a registration that was refused with `refusal`.
pub(crate) fn register_again(refusal: &Answer, username: &str) -> Answer {
    let error = explain(refusal, "You are not registered. Please try again.");
    html_refusal(refusal, &Register { error: Some(error), username })
}

/// `GET /reauthenticate`
#[must_use]
pub fn confirm(user: &User) -> Answer {
    html(200, &Confirm { error: None, username: &user.username })
}

/// The form again, after a re-authentication that was refused with `refusal`.
pub(crate) fn confirm_again(refusal: &Answer, user: &User) -> Answer {
    let error = explain(refusal, "This is not your password.");
    html_refusal(refusal, &Confirm { error: Some(error), username: &user.username })
}

#[derive(Template)]
#[template(path = "login.html")]
struct Login<'a> {
    error: Option<String>,
    username: &'a str,
    next: Option<Next>,
}

#[derive(Template)]
#[template(path = "register.html")]
struct Register<'a> {
    error: Option<String>,
    username: &'a str,
}

#[derive(Template)]
#[template(path = "reauthenticate.html")]
struct Confirm<'a> {
    error: Option<String>,
    username: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_users_type_is_escaped() {
        let refusal = Answer::json(401, "{}").with("www-authenticate", "Session");
        let typed = r#""><script>alert(1)</script>"#;
        for page in [login_again(&refusal, typed, None), register_again(&refusal, typed)] {
            assert!(!page.body.contains("<script>"));
            assert!(page.headers.contains(&("www-authenticate", "Session".into())));
        }
    }
}
