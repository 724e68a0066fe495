use crate::negotiate::{LoginPrompt, login_prompt};
use crate::unavailable::for_people;
use hallpass_core::{Answer, OpenError, Refusal, RequestHead, SessionSlot};
use std::any::type_name;
use std::fmt;

/// Why a request does not get what it asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Denied {
    /// Nobody is logged in: 401, or the login page for a browser.
    NotLoggedIn,
    /// The credentials were checked too long ago for this: 401, or the login page for a browser.
    NotRecent,
    /// The user may not do this: 403.
    Forbidden,
    /// The session was not opened: 400, 403, 431 or 503.
    Open(OpenError),
    /// The users could not be asked: 503.
    Unavailable,
    /// The application is not wired up as it must be: 500, and the log has said what is missing.
    Misconfigured,
}

impl Denied {
    /// The answer to give to the request with this head. `login_path` is where a browser can log in. A 503 is a page for a
    /// browser, the [`unavailable_page`](crate::unavailable_page).
    #[must_use]
    pub fn answer(self, head: &impl RequestHead, login_path: Option<&str>) -> Answer {
        match (self, login_path) {
            (Self::NotLoggedIn | Self::NotRecent, Some(login_path)) => prompt(self, head, login_path),
            _ => for_people(self.plain_answer(), head),
        }
    }

    /// The answer for a program.
    #[must_use]
    pub fn plain_answer(self) -> Answer {
        Answer::refusal(self.refusal())
    }

    /// What the request is refused for.
    #[must_use]
    pub fn refusal(self) -> Refusal {
        match self {
            Self::NotLoggedIn => Refusal::LoginRequired,
            Self::NotRecent => Refusal::ReauthenticationRequired,
            Self::Forbidden => Refusal::Forbidden,
            Self::Open(error) => error.refusal(),
            Self::Unavailable => Refusal::UsersUnavailable,
            Self::Misconfigured => Refusal::Misconfigured,
        }
    }
}

fn prompt(denied: Denied, head: &impl RequestHead, login_path: &str) -> Answer {
    match login_prompt(head, login_path) {
        LoginPrompt::Unauthorized => denied.plain_answer(),
        LoginPrompt::SeeOther(location) => Answer::empty(303).with("location", location),
        LoginPrompt::HxRedirect(location) => denied.plain_answer().with("hx-redirect", location),
    }
}

impl From<OpenError> for Denied {
    fn from(error: OpenError) -> Self {
        Self::Open(error)
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotLoggedIn => "nobody is logged in",
            Self::NotRecent => "the credentials were checked too long ago",
            Self::Forbidden => "the user may not do this",
            Self::Open(error) => return error.fmt(f),
            Self::Unavailable => "the users could not be asked",
            Self::Misconfigured => "the session layer is not set up for this",
        })
    }
}

impl std::error::Error for Denied {}

/// The slot that the nearest layer has put into the request, or a log line that says what is missing.
///
/// # Errors
///
/// [`Denied::Misconfigured`] when there is none.
pub fn require_slot(slot: Option<&SessionSlot>) -> Result<&SessionSlot, Denied> {
    slot.ok_or_else(|| {
        tracing::error!(
            target: "hallpass",
            "a handler asked for the session, but no session layer is around it: wrap the router with `SessionLayer::new(sessions)`, or on actix-web the app with `SessionMiddleware::new(sessions)`"
        );
        Denied::Misconfigured
    })
}

/// The nearest slot, from the innermost layer outwards, whose layer carries an `A`, and that `A`.
///
/// # Errors
///
/// [`Denied::Misconfigured`] when there is none; the log line names the type, and the cookies of the layers there are.
pub fn find_authenticator<A: Send + Sync + 'static>(
    slot: Option<&SessionSlot>,
) -> Result<(&SessionSlot, &A), Denied> {
    let slot = require_slot(slot)?;
    slot.chain().find_map(|slot| Some((slot, slot.companion::<A>()?))).ok_or_else(|| {
        let cookies: Vec<_> = slot.chain().map(|slot| slot.manager().cookies().login_name()).collect();
        tracing::error!(
            target: "hallpass",
            authenticator = type_name::<A>(),
            ?cookies,
            "a handler or guard asked for this authenticator, but no session layer around it carries one: add `.authenticator(..)` to the layer with the right cookie"
        );
        Denied::Misconfigured
    })
}
