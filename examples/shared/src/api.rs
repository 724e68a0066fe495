//! The JSON API: one function for each request that the library does not answer itself.

use crate::{Credentials, Form, FormError, RegisterError, User, Users, pages, users};
use hallpass_core::{Answer, Refusal, Session, SessionError};
use hallpass_login::password::PasswordError;
use hallpass_login::{Audience, Login, Next};
use serde_json::json;
use std::error::Error;
use std::time::{Duration, SystemTime};

/// Where a browser goes after login, unless it came from somewhere.
const AFTER_LOGIN: &str = "/account";

/// How long `GET /v1/slow` may be asked to wait, in milliseconds.
const MAX_SLOW: u64 = 10_000;

/// `GET /v1/public`: for anyone. It never opens the session.
#[must_use]
pub fn public() -> Answer {
    ok(&json!({ "message": "everybody may read this" }))
}

/// `POST /v1/register_user`
pub async fn register_user(login: &Login<Users>, form: &Form) -> Answer {
    match try_register(login, form).await {
        Ok(user) => Answer::json(201, json!({ "user": { "username": user.username } }).to_string()),
        Err(refusal) => refusal,
    }
}

async fn try_register(login: &Login<Users>, form: &Form) -> Result<User, Answer> {
    let credentials = credentials(form).map_err(FormError::answer)?;
    users::register(login.users(), &credentials).await.map_err(|error| refuse_registration(&error))
}

/// `POST /v1/login_user`: programs get JSON, browsers go where they wanted to or see the form again.
pub async fn login_user(login: &Login<Users>, form: &Form) -> Answer {
    let next = form.optional_text("next").ok().flatten().and_then(Next::parse);
    match try_login(login, form).await {
        Ok(username) => logged_in(form.audience(), &username, next),
        Err(refusal) if form.audience() == Audience::Browser => {
            pages::login_again(&refusal, form.text("username").unwrap_or_default(), next)
        }
        Err(refusal) => refusal,
    }
}

async fn try_login(login: &Login<Users>, form: &Form) -> Result<String, Answer> {
    let credentials = credentials(form).map_err(FormError::answer)?;
    let remember = form.flag("remember").map_err(FormError::answer)?;
    form.optional_text("next").map_err(FormError::answer)?;
    let authenticated = login.authenticate(credentials).await.map_err(|error| error.answer())?;
    let username = authenticated.user().username.clone();
    login.log_in(authenticated.remember(remember)).map_err(|error| error.answer())?;
    Ok(username)
}

fn logged_in(audience: Audience, username: &str, next: Option<Next>) -> Answer {
    let target = next.map_or_else(|| AFTER_LOGIN.to_owned(), String::from);
    let json = ok(&json!({ "user": { "username": username } }));
    match audience {
        Audience::Browser => Answer::empty(303).with("location", target),
        Audience::Htmx => json.with("hx-redirect", target),
        _ => json,
    }
}

/// `GET /v1/me`
#[must_use]
pub fn me(user: &User, session: &Session) -> Answer {
    ok(&json!({
        "username": user.username,
        "session": {
            "handle": session.handle().map(|handle| handle.to_string()),
            "created_at": session.created_at().map(rfc3339),
            "authenticated_at": session.authenticated_at().map(rfc3339),
            "expires_at": session.expires_at().map(rfc3339),
        },
    }))
}

/// `GET /v1/counter`
#[must_use]
pub fn counter(session: &Session) -> Answer {
    count_answer(session.get("count").map(Option::unwrap_or_default))
}

/// `POST /v1/counter`
#[must_use]
pub fn count(session: &Session) -> Answer {
    count_answer(session.update("count", |count: Option<u64>| count.unwrap_or_default().saturating_add(1)))
}

fn count_answer(count: Result<u64, SessionError>) -> Answer {
    match count {
        Ok(count) => ok(&json!({ "count": count })),
        Err(error) => error.answer(),
    }
}

/// `GET /v1/slow?ms=N`: writes to the session after the wait. If it was logged out meanwhile, that write is lost, as
/// it has to be.
pub async fn slow(session: &Session, query: Option<&str>) -> Answer {
    let Some(ms) = milliseconds(query.unwrap_or_default()) else { return FormError::Field("ms").answer() };
    tokio::time::sleep(Duration::from_millis(ms)).await;
    match session.insert("slow", &ms) {
        Ok(()) => ok(&json!({ "waited_ms": ms })),
        Err(error) => error.answer(),
    }
}

fn milliseconds(query: &str) -> Option<u64> {
    let (_, ms) = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "ms")?;
    ms.parse().ok().filter(|ms| *ms <= MAX_SLOW)
}

/// The answer for a path that leads nowhere.
#[must_use]
pub fn not_found() -> Answer {
    Answer::json(404, r#"{"error":"not_found"}"#)
}

/// The answer for a method that a path does not take. The framework adds `Allow`.
#[must_use]
pub fn method_not_allowed() -> Answer {
    Answer::json(405, r#"{"error":"method_not_allowed"}"#)
}

fn credentials(form: &Form) -> Result<Credentials, FormError> {
    Ok(Credentials::new(form.text("username")?, form.text("password")?))
}

fn refuse_registration(error: &RegisterError) -> Answer {
    let (code, message) = match error {
        RegisterError::Taken => return Answer::json(409, r#"{"error":"username_taken"}"#),
        RegisterError::Username => {
            ("invalid_username", "a user name must be 1 to 64 visible ASCII characters".to_owned())
        }
        RegisterError::Password(error @ PasswordError::TooShort { .. }) => {
            ("password_too_short", error.to_string())
        }
        RegisterError::Password(error) => ("password_too_long", error.to_string()),
        RegisterError::Unavailable(error) => {
            tracing::error!(error = error as &dyn Error, "a user was not registered");
            return Answer::refusal(Refusal::UsersUnavailable);
        }
        error => return internal_error(error),
    };
    Answer::json(422, json!({ "error": code, "message": message }).to_string())
}

fn ok(body: &serde_json::Value) -> Answer {
    Answer::json(200, body.to_string())
}

pub(crate) fn internal_error(error: &(dyn Error + 'static)) -> Answer {
    tracing::error!(error, "a request could not be answered");
    Answer::json(500, r#"{"error":"internal_error"}"#)
}

/// The time as in `2026-01-31T12:00:00.000Z`; the format ends with the year 9999.
pub(crate) fn rfc3339(time: SystemTime) -> String {
    let last = SystemTime::UNIX_EPOCH + Duration::from_secs(253_402_300_799);
    humantime::format_rfc3339_millis(time.clamp(SystemTime::UNIX_EPOCH, last)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_can_be_written() {
        let after = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!(rfc3339(after(1_769_860_800)), "2026-01-31T12:00:00.000Z");
        assert_eq!(rfc3339(after(1 << 40)), "9999-12-31T23:59:59.000Z");
    }
}
