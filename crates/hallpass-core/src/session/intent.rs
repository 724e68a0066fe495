//! What a handler wants, gathered until the request's end.

use super::SessionError;
use crate::ids::{Stamp, SubjectKey};
use crate::plan::Logout;
use crate::record::{AuthLevel, ClientInfo, DataChange, Record, SessionData};
use crate::store::{SessionLimit, Ticket};
use crate::throttle::Attempt;
use crate::token::SessionToken;
use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Everything a handler asked of its session so far.
#[derive(Debug, Default)]
pub(crate) struct Intent {
    /// The data as the handler sees them; `None` while they are what was loaded.
    pub(crate) data: Option<SessionData>,
    /// How they came about, to be replayed on what somebody else has written meanwhile.
    pub(crate) log: Vec<Change>,
    pub(crate) log_in: Option<Arc<LoginGrant>>,
    pub(crate) renew: bool,
    /// The token that was handed to the handler for what is to be created or renewed; else it travels in a cookie.
    pub(crate) bearer: Option<SessionToken>,
    pub(crate) logout: Logout,
    /// Whether a login was live until a logout in this request ended it.
    pub(crate) ended_login: bool,
    /// What the commit created or renewed, so that a later logout in the same request ends it.
    pub(crate) issued: Option<Arc<Record>>,
    /// How many ends of other sessions were started and are not answered.
    pub(crate) ending: u32,
    /// How often all that was asked for has been forgotten: what was computed from before must not be kept.
    pub(crate) era: u64,
}

impl Intent {
    /// Forgets all that was asked for before a logout.
    pub(crate) fn start_logout(&mut self) {
        self.forget_data(None);
        self.log_in = None;
        self.renew = false;
        self.bearer = None;
        self.logout = Logout::Unconfirmed;
    }

    /// Starts from `data`, whatever was there or is being computed.
    pub(crate) fn forget_data(&mut self, data: Option<SessionData>) {
        self.data = data;
        self.log.clear();
        self.era += 1;
    }

    /// These changes on top of `base`, as somebody else has left it.
    pub(crate) fn replay(&mut self, base: &SessionData) -> Result<SessionData, SessionError> {
        let mut data = base.clone();
        for change in &mut self.log {
            data = change.apply(&data)?;
        }
        Ok(data)
    }
}

/// Computes a value's new bytes from its old ones; `None` removes it.
///
/// The mutex is never locked: it makes a closure that need not be `Sync` part of what is.
pub(crate) type Recompute =
    Mutex<Box<dyn FnMut(Option<&[u8]>) -> Result<Option<Vec<u8>>, SessionError> + Send>>;

/// One change of the data, as it can be repeated.
pub(crate) enum Change {
    Clear,
    Remove(String),
    Set(String, Vec<u8>),
    Update(String, Recompute),
}

impl Change {
    /// The data after this change.
    pub(crate) fn apply(&mut self, data: &SessionData) -> Result<SessionData, SessionError> {
        let change = match self {
            Self::Clear => DataChange::Clear,
            Self::Remove(name) => DataChange::Remove(name),
            Self::Set(name, value) => DataChange::Set(name, Cow::Borrowed(value)),
            Self::Update(name, recompute) => {
                let recompute = recompute.get_mut().unwrap_or_else(PoisonError::into_inner);
                match recompute(data.get(name))? {
                    Some(value) => DataChange::Set(name, Cow::Owned(value)),
                    None => DataChange::Remove(name),
                }
            }
        };
        Ok(data.with(&[change]))
    }
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clear => f.write_str("Clear"),
            Self::Remove(name) => write!(f, "Remove({name:?})"),
            Self::Set(name, _) => write!(f, "Set({name:?}, ..)"),
            Self::Update(name, _) => write!(f, "Update({name:?}, ..)"),
        }
    }
}

/// A login to be created at commit: who, and under which ticket.
///
/// This is the core's half. Applications use `hallpass-login`, whose tickets only a checked password or a vouching
/// application can make.
#[derive(Debug, Clone)]
pub struct LoginGrant {
    /// The user: of the manager's realm, or the login is refused as superseded.
    pub subject: SubjectKey,
    /// The user's stamp when the credentials were checked.
    pub stamp: Stamp,
    /// What must still be true of the user when the login is created.
    pub ticket: Ticket,
    /// Whether all factors have been shown.
    pub level: AuthLevel,
    /// Whether to remember the login beyond the browser's session.
    pub remembered: bool,
    /// What is known of the client.
    pub client: ClientInfo,
    /// How many logins the user may have.
    pub limit: SessionLimit,
    /// What to give back to the throttle, and to the browser, once the login is on record.
    pub attempt: Attempt,
}
