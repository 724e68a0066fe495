//! The sessions of a user: which there are, and ending them.

use super::{ACCOUNT, done, not_found, ok, refused, rfc3339};
use crate::{Credentials, Form, FormError, User, Users, pages};
use hallpass_core::{Answer, Refusal};
use hallpass_login::{Audience, AuthUser, Authenticator, Device, Login};
use serde_json::{Value, json};
use std::error::Error;

/// `GET /v1/sessions`: the most recently seen first.
pub async fn sessions(login: &Login<Users>) -> Answer {
    match login.devices().await {
        Ok(devices) => ok(&devices.iter().map(session).collect()),
        Err(error) => error.answer(),
    }
}

fn session(device: &Device) -> Value {
    json!({
        "handle": device.handle().to_string(),
        "created_at": rfc3339(device.created_at()),
        "last_seen_at": rfc3339(device.last_seen_at()),
        "expires_at": rfc3339(device.expires_at()),
        "user_agent": device.user_agent(),
        "ip": device.address().map(|address| address.to_string()),
        "current": device.is_current(),
    })
}

/// `DELETE /v1/sessions/{handle}`
pub async fn end_session(login: &Login<Users>, handle: &str) -> Answer {
    try_end(login, handle).await.map_or_else(|refusal| refusal, |ended| ok(&count(ended)))
}

/// `POST /account/sessions/{handle}/log_out`: the same for forms, which send no `DELETE`.
pub async fn log_out_device(login: &Login<Users>, handle: &str, form: &Form) -> Answer {
    match (form.audience(), try_end(login, handle).await) {
        (Audience::Browser, Err(refusal)) if refusal.status == 404 => {
            finish(login, form, Ok(0), "That device was logged out already.")
        }
        (_, ended) => finish(login, form, ended, "The device is logged out."),
    }
}

/// Another user's session is as unknown as one that never was.
async fn try_end(login: &Login<Users>, handle: &str) -> Result<usize, Answer> {
    let handle = handle.parse().map_err(|_| not_found())?;
    let receipt = login.log_out_device(handle).await.map_err(|error| error.answer())?;
    if receipt.sessions_ended == 0 { Err(not_found()) } else { Ok(receipt.sessions_ended) }
}

/// `POST /v1/logout_others`
pub async fn logout_others(login: &Login<Users>, form: &Form) -> Answer {
    let ended = login.log_out_others().await.map(|receipt| receipt.sessions_ended);
    finish(login, form, ended.map_err(|error| error.answer()), "Your other devices are logged out.")
}

/// `POST /v1/logout_everywhere`: this session too.
pub async fn logout_everywhere(login: &Login<Users>, form: &Form) -> Answer {
    match login.log_out_everywhere().await {
        Ok(receipt) => done(form.audience(), &count(receipt.sessions_ended), "/login"),
        Err(error) => refused(form.audience(), error.answer()),
    }
}

/// `POST /v1/admin/logout_user`: ends all sessions of another user. The route is guarded.
pub async fn admin_logout_user(login: &Login<Users>, user: &User, form: &Form) -> Answer {
    match try_admin_logout(login, form).await {
        Err(refusal) if form.audience() == Audience::Browser => {
            pages::account_again(user, login, pages::Refused::Admin(&refusal)).await
        }
        ended => finish(login, form, ended, "The user is logged out everywhere."),
    }
}

async fn try_admin_logout(login: &Login<Users>, form: &Form) -> Result<usize, Answer> {
    let username = form.text("username").map_err(FormError::answer)?;
    let found = login.users().find(&Credentials::new(username, "")).await.map_err(|error| {
        tracing::error!(error = &error as &dyn Error, "a user was not found");
        Answer::refusal(Refusal::UsersUnavailable)
    })?;
    let user = found.ok_or_else(no_such_user)?;
    let admin = login.session().slot().manager().admin().on_behalf_of(login.session());
    let ended = admin.end_all(user.subject()).await;
    ended.map(|receipt| receipt.sessions_ended).map_err(|error| error.answer())
}

fn no_such_user() -> Answer {
    Answer::json(404, r#"{"error":"no_such_user","message":"there is no user of this name"}"#)
}

/// The answer to what ended so many sessions, and what a browser reads on the account page then.
pub(super) fn finish(
    login: &Login<Users>,
    form: &Form,
    ended: Result<usize, Answer>,
    notice: &str,
) -> Answer {
    let ended = match ended {
        Ok(ended) => ended,
        Err(refusal) => return refused(form.audience(), refusal),
    };
    if form.audience() == Audience::Browser
        && let Err(error) = pages::notify(login.session(), notice)
    {
        return error.answer();
    }
    done(form.audience(), &count(ended), ACCOUNT)
}

fn count(ended: usize) -> Value {
    json!({ "sessions_ended": ended })
}
