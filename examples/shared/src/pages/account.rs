//! The page of everything that a user can do with sessions.

use super::time::Moment;
use super::{explain, html, html_refusal};
use crate::api::refused;
use crate::{ADMIN, RECENTLY, User, Users};
use askama::Template;
use hallpass_core::{Answer, Session, SessionError};
use hallpass_login::{Audience, HasRoles, Login};
use std::time::SystemTime;

/// Under which name the session keeps what the page is to say next.
const NOTICE: &str = "notice";

/// `GET /account`
pub async fn account(user: &User, login: &Login<Users>) -> Answer {
    let notice = match take_notice(login.session()) {
        Ok(notice) => notice,
        Err(error) => return error.answer(),
    };
    match Account::of(user, login).await {
        Ok(page) => html(200, &Account { notice, ..page }),
        Err(refusal) => refused(Audience::Browser, refusal),
    }
}

/// A form on the page that was refused.
pub(crate) enum Refused<'a> {
    Password(&'a Answer),
    Admin(&'a Answer),
}

/// The page again, with what is wrong beside the form.
pub(crate) async fn account_again(user: &User, login: &Login<Users>, form: Refused<'_>) -> Answer {
    let page = match Account::of(user, login).await {
        Ok(page) => page,
        Err(refusal) => return refused(Audience::Browser, refusal),
    };
    match form {
        Refused::Password(refusal) => {
            let error = explain(refusal, "This is not your current password.");
            html_refusal(refusal, &Account { password_error: Some(error), ..page })
        }
        Refused::Admin(refusal) => {
            let error = explain(refusal, "Please confirm your password first.");
            html_refusal(refusal, &Account { admin_error: Some(error), ..page })
        }
    }
}

/// Has the page say this the next time it is shown.
pub(crate) fn notify(session: &Session, notice: &str) -> Result<(), SessionError> {
    session.insert(NOTICE, notice)
}

fn take_notice(session: &Session) -> Result<Option<String>, SessionError> {
    let notice = session.get(NOTICE)?;
    if notice.is_some() {
        session.remove(NOTICE)?;
    }
    Ok(notice)
}

#[derive(Template)]
#[template(path = "account.html")]
struct Account<'a> {
    user: &'a User,
    /// For an administrator: whether this one may act as such without giving the password again.
    admin: Option<bool>,
    devices: Vec<Device>,
    notice: Option<String>,
    password_error: Option<String>,
    admin_error: Option<String>,
}

struct Device {
    handle: String,
    name: String,
    current: bool,
    remembered: bool,
    address: String,
    signed_in: Moment,
    last_seen: Moment,
    expires: Moment,
}

impl<'a> Account<'a> {
    async fn of(user: &'a User, login: &Login<Users>) -> Result<Self, Answer> {
        let devices = login.devices().await.map_err(|error| error.answer())?;
        let authenticated = login.session().authenticated_at();
        let recent =
            authenticated.and_then(|time| time.elapsed().ok()).is_some_and(|elapsed| elapsed <= RECENTLY);
        let now = SystemTime::now();
        Ok(Self {
            user,
            admin: user.has_role(&ADMIN.to_owned()).then_some(recent),
            devices: devices.iter().map(|device| Device::of(device, now)).collect(),
            notice: None,
            password_error: None,
            admin_error: None,
        })
    }
}

impl Device {
    fn of(device: &hallpass_login::Device, now: SystemTime) -> Self {
        Self {
            handle: device.handle().to_string(),
            name: device.name().unwrap_or_else(|| "Unknown device".to_owned()),
            current: device.is_current(),
            remembered: device.is_remembered(),
            address: device.address().map_or_else(|| "unknown".to_owned(), |address| address.to_string()),
            signed_in: Moment::date(device.authenticated_at()),
            last_seen: Moment::relative(device.last_seen_at(), now),
            expires: Moment::relative(device.expires_at(), now),
        }
    }
}
