//! Changing the password, in the order that leaves no gap.

use super::login::refuse_password;
use super::sessions::finish;
use crate::{Credentials, Form, FormError, User, Users, pages};
use hallpass_core::{Answer, Refusal};
use hallpass_login::{Audience, Keep, Login, LoginError};
use hallpass_sqlx::users::SetPasswordError;
use std::error::Error;
use std::sync::Arc;

/// `POST /v1/change_password`: the user's other devices are logged out, and this one gets a new id.
pub async fn change_password(login: &Login<Users>, user: &User, form: &Form) -> Answer {
    match try_change(login, user, form).await {
        Err(refusal) if form.audience() == Audience::Browser => {
            pages::account_again(user, login, pages::Refused::Password(&refusal)).await
        }
        ended => {
            finish(login, form, ended, "Your password is changed, and your other devices are logged out.")
        }
    }
}

async fn try_change(login: &Login<Users>, user: &User, form: &Form) -> Result<usize, Answer> {
    let current = form.text("current").map_err(FormError::answer)?;
    let new = form.text("new").map_err(FormError::answer)?.into();
    let credentials = Credentials::new(&*user.username, current);
    let confirmed = login.confirm(credentials).await.map_err(|error| error.answer())?;
    let changed = login.users().set_password(confirmed.user(), &new).await.map_err(|error| refuse(&error))?;
    let ended = login.credentials_changed(Arc::new(changed), Keep::Current).await;
    ended.map(|receipt| receipt.sessions_ended).map_err(|error| not_confirmed(&error))
}

fn refuse(error: &SetPasswordError) -> Answer {
    match error {
        SetPasswordError::Password(error) => refuse_password(error),
        // Of two changes at once, the current password of the second is not current any more.
        SetPasswordError::Superseded => LoginError::InvalidCredentials.answer(),
        error => {
            tracing::error!(error = error as &dyn Error, "a password was not changed");
            Answer::refusal(Refusal::UsersUnavailable)
        }
    }
}

/// The new password holds. The sessions of the old one are refused by its stamp, though it is not confirmed that they
/// are ended.
fn not_confirmed(error: &LoginError) -> Answer {
    tracing::error!(error = error as &dyn Error, "after a change of the password, sessions may be left");
    let body = r#"{"error":"sessions_not_confirmed","message":"your password is changed, but other devices may still be logged in"}"#;
    Answer::json(503, body).with("retry-after", "5")
}
