//! Becoming a user, and showing again that one is.

use super::{ACCOUNT, done, internal_error, refused};
use crate::{Credentials, Form, FormError, RegisterError, User, Users, pages, users};
use hallpass_core::{Answer, Refusal};
use hallpass_login::password::PasswordError;
use hallpass_login::{Audience, AuthUser, Login, LoginError, Next};
use serde_json::json;
use std::error::Error;

/// `POST /v1/register_user`: a browser is logged in, too.
pub async fn register_user(login: &Login<Users>, form: &Form) -> Answer {
    match (form.audience(), try_register(login, form).await) {
        (Audience::Browser, Ok(user)) => {
            let page = if welcome(login, &user).await.is_ok() { ACCOUNT } else { "/login" };
            Answer::empty(303).with("location", page)
        }
        (Audience::Browser, Err(refusal)) => {
            pages::register_again(&refusal, form.text("username").unwrap_or_default())
        }
        (_, Ok(user)) => Answer::json(201, json!({ "user": { "username": user.username } }).to_string()),
        (_, Err(refusal)) => refusal,
    }
}

async fn try_register(login: &Login<Users>, form: &Form) -> Result<User, Answer> {
    let credentials = credentials(form).map_err(FormError::answer)?;
    // Hashing a password is work that nobody may ask for as often as he likes.
    login.admit_registration().await.map_err(|error| error.answer())?;
    users::register(login.users(), &credentials).await.map_err(|error| refuse_registration(&error))
}

async fn welcome(login: &Login<Users>, user: &User) -> Result<(), LoginError> {
    login.log_in(login.vouch(&user.subject()).await?)
}

/// `POST /v1/login_user`: programs get JSON, browsers go where they wanted to or see the form again.
pub async fn login_user(login: &Login<Users>, form: &Form) -> Answer {
    let next = form.optional_text("next").ok().flatten().and_then(Next::parse);
    match try_login(login, form).await {
        Ok(username) => {
            let page = next.map_or_else(|| ACCOUNT.to_owned(), String::from);
            done(form.audience(), &json!({ "user": { "username": username } }), page)
        }
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

/// `POST /v1/reauthenticate`: the session gets a new id, and counts as recently authenticated.
pub async fn reauthenticate(login: &Login<Users>, user: &User, form: &Form) -> Answer {
    match (form.audience(), try_reauthenticate(login, user, form).await) {
        (audience, Ok(())) => done(audience, &json!({ "user": { "username": user.username } }), ACCOUNT),
        (Audience::Browser, Err(refusal)) if refusal != Answer::refusal(Refusal::LoginRequired) => {
            pages::confirm_again(&refusal, user)
        }
        (audience, Err(refusal)) => refused(audience, refusal),
    }
}

async fn try_reauthenticate(login: &Login<Users>, user: &User, form: &Form) -> Result<(), Answer> {
    let password = form.text("password").map_err(FormError::answer)?;
    let credentials = Credentials::new(&*user.username, password);
    login.reauthenticate(credentials).await.map_err(|error| error.answer())?;
    Ok(())
}

fn credentials(form: &Form) -> Result<Credentials, FormError> {
    Ok(Credentials::new(form.text("username")?, form.text("password")?))
}

fn refuse_registration(error: &RegisterError) -> Answer {
    let (status, code, message) = match error {
        RegisterError::Taken => (409, "username_taken", "somebody has this user name".to_owned()),
        RegisterError::Username => {
            (422, "invalid_username", "a user name must be 1 to 64 visible ASCII characters".to_owned())
        }
        RegisterError::Password(error) => return refuse_password(error),
        RegisterError::Unavailable(error) => {
            tracing::error!(error = error as &dyn Error, "a user was not registered");
            return Answer::refusal(Refusal::UsersUnavailable);
        }
        error => return internal_error(error),
    };
    Answer::json(status, json!({ "error": code, "message": message }).to_string())
}

/// The answer to a new password that cannot be one.
pub(super) fn refuse_password(error: &PasswordError) -> Answer {
    let code = match error {
        PasswordError::TooShort { .. } => "password_too_short",
        _ => "password_too_long",
    };
    Answer::json(422, json!({ "error": code, "message": error.to_string() }).to_string())
}
