//! The pages: rendered here, usable without JavaScript, and loading nothing but the style sheet.

use crate::api::{internal_error, rfc3339};
use crate::{ADMIN, User};
use askama::Template;
use hallpass_core::{Answer, Session};
use hallpass_login::Next;

/// Nothing but this site's style sheet is loaded, forms go nowhere else, and no other site shows the page in a frame.
const CSP: &str =
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// `GET /`
#[must_use]
pub fn home(user: Option<&User>) -> Answer {
    html(200, &Home { username: user.map(|user| &*user.username) })
}

/// `GET /login?next=…`
#[must_use]
pub fn login(query: Option<&str>) -> Answer {
    let mut pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let next = pairs.find(|(name, _)| name == "next").and_then(|(_, value)| Next::parse(&value));
    html(200, &Login { error: None, username: "", next })
}

/// The form again, after a login that was refused with `refusal`.
#[must_use]
pub fn login_again(refusal: &Answer, username: &str, next: Option<Next>) -> Answer {
    let error = match refusal.status {
        401 => "This user name and password do not match.",
        503 => "The server is busy. Please try again in a moment.",
        _ => "The form could not be read. Please try again.",
    };
    let page = html(refusal.status, &Login { error: Some(error), username, next });
    let kept = refusal.headers.iter().filter(|(name, _)| matches!(*name, "www-authenticate" | "retry-after"));
    kept.cloned().fold(page, |page, (name, value)| page.with(name, value))
}

/// `GET /account`
#[must_use]
pub fn account(user: &User, session: &Session) -> Answer {
    html(
        200,
        &Account {
            username: &user.username,
            admin: user.roles.iter().any(|role| role == ADMIN),
            authenticated_at: session.authenticated_at().map(rfc3339).unwrap_or_default(),
            expires_at: session.expires_at().map(rfc3339).unwrap_or_default(),
        },
    )
}

/// `GET /style.css`
#[must_use]
pub fn style_sheet() -> Answer {
    let mut answer = Answer::empty(200);
    answer.headers = vec![("cache-control", "max-age=3600".into())];
    answer.body = include_str!("../assets/style.css").into();
    answer.with("content-type", "text/css; charset=utf-8").with("x-content-type-options", "nosniff")
}

#[derive(Template)]
#[template(path = "home.html")]
struct Home<'a> {
    username: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "login.html")]
struct Login<'a> {
    error: Option<&'a str>,
    username: &'a str,
    next: Option<Next>,
}

#[derive(Template)]
#[template(path = "account.html")]
struct Account<'a> {
    username: &'a str,
    admin: bool,
    authenticated_at: String,
    expires_at: String,
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

/// An RFC 3339 time as people read it, to the second.
fn readable(time: &str) -> String {
    format!("{} UTC", time.replace('T', " ").split('.').next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_users_type_is_escaped() {
        let refusal = Answer::json(401, "{}").with("www-authenticate", "Session");
        let page = login_again(&refusal, r#""><script>alert(1)</script>"#, None);
        assert!(!page.body.contains("<script>"));
        assert!(page.headers.contains(&("www-authenticate", "Session".into())));
    }

    #[test]
    fn times_are_for_people() {
        assert_eq!(readable("2026-01-31T12:00:00.000Z"), "2026-01-31 12:00:00 UTC");
    }
}
