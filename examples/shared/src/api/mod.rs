//! The JSON API: one function for each request that the library does not answer itself. Where a page has a form for it,
//! a browser is led to a page instead.

mod live;
mod login;
mod password;
mod sessions;

pub use live::{echo, events};
pub use login::{login_user, reauthenticate, register_user};
pub use password::change_password;
pub use sessions::{
    admin_logout_user, end_session, log_out_device, logout_everywhere, logout_others, sessions,
};

use crate::{FormError, User};
use hallpass_core::{Answer, Session, SessionError};
use hallpass_login::{Audience, unavailable_page};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::error::Error;
use std::time::{Duration, SystemTime};

/// How long `GET /v1/slow` may be asked to wait, in milliseconds.
const MAX_SLOW: u64 = 10_000;

/// Where browsers go after most of what they do here.
const ACCOUNT: &str = "/account";

/// `GET /v1/public`: for anyone. It never opens the session.
#[must_use]
pub fn public() -> Answer {
    ok(&json!({ "message": "everybody may read this" }))
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

fn ok(body: &Value) -> Answer {
    Answer::json(200, body.to_string())
}

/// What programs get, and browsers do not: they go on to `page`.
fn done(audience: Audience, body: &Value, page: impl Into<Cow<'static, str>>) -> Answer {
    match audience {
        Audience::Browser => Answer::empty(303).with("location", page),
        Audience::Htmx => ok(body).with("hx-redirect", page),
        _ => ok(body),
    }
}

/// The refusal of what only users may do. A browser that is not logged in any more goes to the login page, and one that
/// has to wait is told so.
pub(crate) fn refused(audience: Audience, refusal: Answer) -> Answer {
    match (audience, refusal.status) {
        (Audience::Browser, 401) => Answer::empty(303).with("location", "/login"),
        (Audience::Browser, 503) => unavailable_page(),
        _ => refusal,
    }
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
