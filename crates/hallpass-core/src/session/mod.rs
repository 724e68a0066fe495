//! The handle that handlers hold.

mod bearer;
mod data;
mod end;
mod intent;
mod logout;

pub use end::SessionEnd;
pub use intent::LoginGrant;
pub(crate) use intent::{Change, Intent};
pub use logout::{LogOut, LogOutError, LogOutReceipt};

use crate::answer::{Answer, Refusal};
use crate::ids::{SessionHandle, Subject};
use crate::manager::lookup::{Found, Sort};
use crate::plan::{Logout, Relation};
use crate::record::{Identity, Record, Transport};
use crate::slot::SessionSlot;
use crate::store::StoreError;
use crate::token::SessionToken;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

/// One request's session: a visitor's or a login's, or none yet.
///
/// It was loaded when it was opened, so reading and changing it are plain functions. Changes are written once, when the
/// handler has answered; a change that meets another request's is replayed on top of it, so that both win. Logging out
/// is the exception: it takes effect in the store before [`log_out`](Self::log_out) returns.
///
/// Nothing is stored for a visitor until a value is set. A clone is the same session.
#[derive(Clone)]
pub struct Session(SessionSlot);

impl Session {
    pub(crate) fn new(slot: SessionSlot) -> Self {
        Self(slot)
    }

    /// The slot it was opened from.
    #[must_use]
    pub fn slot(&self) -> &SessionSlot {
        &self.0
    }

    /// The public name of the session; `None` if there is none yet. Renewal keeps it.
    #[must_use]
    pub fn handle(&self) -> Option<SessionHandle> {
        Some(self.record()?.handle)
    }

    /// The user who is logged in, if any: all factors shown.
    #[must_use]
    pub fn subject(&self) -> Option<Subject> {
        let identity = self.identity()?;
        (identity.level == crate::record::AuthLevel::Full).then_some(identity.subject)
    }

    /// Who is logged in, since when, and how surely; also a login whose second factor is still due.
    #[must_use]
    pub fn identity(&self) -> Option<Identity> {
        match self.pending_identity() {
            Some(pending) => Some(pending),
            None => self.record()?.identity.clone(),
        }
    }

    /// When the session was created; `None` if there is none yet.
    #[must_use]
    pub fn created_at(&self) -> Option<SystemTime> {
        Some(self.record()?.created.into())
    }

    /// When the credentials were last checked; `None` without a login.
    #[must_use]
    pub fn authenticated_at(&self) -> Option<SystemTime> {
        Some(self.identity()?.authenticated.into())
    }

    /// When the session ends unless it is used: the earlier of its two deadlines.
    #[must_use]
    pub fn expires_at(&self) -> Option<SystemTime> {
        Some(self.record()?.deadline().into())
    }

    /// Gives the session a new id when the handler has answered; the old one is dead from then on. The data and the
    /// deadlines' origin stay. Without a session nothing happens.
    ///
    /// # Errors
    ///
    /// [`SessionError::Committed`] after the answer has been given; [`SessionError::CookieRequired`] for a session whose
    /// token is a bearer token, since no cookie can bring the new one: that is
    /// [`renew_for_bearer`](Self::renew_for_bearer).
    pub fn renew(&self) -> Result<(), SessionError> {
        if self.record().is_some_and(|record| record.transport == Transport::Bearer) {
            return Err(SessionError::CookieRequired);
        }
        self.0.intent()?.renew = true;
        Ok(())
    }

    /// Logs `grant`'s user in when the handler has answered. A visitor's data are carried over; another user's
    /// session is ended and its data are dropped, those set in this request before included.
    ///
    /// # Errors
    ///
    /// [`SessionError::Committed`] after the answer has been given; [`SessionError::CookieRequired`] in a request with a
    /// bearer token, which gets no cookie: that is [`log_in_for_bearer`](Self::log_in_for_bearer).
    pub fn log_in(&self, grant: LoginGrant) -> Result<(), SessionError> {
        if self.transport() == Transport::Bearer {
            return Err(SessionError::CookieRequired);
        }
        self.set_login(grant, None)
    }

    fn set_login(&self, grant: LoginGrant, bearer: Option<SessionToken>) -> Result<(), SessionError> {
        let transport = if bearer.is_some() { Transport::Bearer } else { Transport::Cookie };
        let inherits = self.record().is_none_or(|record| match &record.identity {
            _ if record.transport != transport => false,
            Some(identity) => identity.subject == *grant.subject.subject(),
            None => true,
        });
        let pending_other =
            self.pending_identity().is_some_and(|pending| pending.subject != *grant.subject.subject());
        let mut intent = self.0.intent()?;
        if !inherits || pending_other {
            intent.forget_data(Some(crate::record::SessionData::default()));
        } else if intent.log_in.is_some() && intent.bearer.is_some() != bearer.is_some() {
            // What was set for a login that stands apart is not for the session that is there.
            intent.forget_data(None);
        }
        intent.log_in = Some(Arc::new(grant));
        intent.bearer = bearer;
        Ok(())
    }

    /// Asks the store itself whether the session is still live: what was opened may come from a cache, and may have ended
    /// since, alone or with everybody's. Ask before something that outlives the request, such as a change of the password. A login that this
    /// request itself is about to write counts as live.
    ///
    /// # Errors
    ///
    /// When the store could not be asked, or holds bytes that do not decode.
    pub async fn is_still_live(&self) -> Result<bool, StoreError> {
        let Some(record) = self.record() else { return Ok(self.pending_identity().is_some()) };
        let (manager, now) = (self.0.manager(), self.0.manager().now());
        if record.identity.is_some() {
            manager.ask_not_before(now).await?;
        }
        match manager.find_latest(&record.key, Sort::of(&record), now).await? {
            Found::Live(_) => Ok(true),
            Found::Over(..) => Ok(false),
            Found::Undecodable(_) => Err(StoreError::undecodable("the session of this request")),
            Found::Nothing => Ok(manager.find_renewed(&record).await?.is_some()),
        }
    }

    /// How the pending login relates to the loaded one.
    pub(crate) fn relation(&self, subject: &Subject) -> Relation {
        let live = self.0.opened().and_then(|opened| opened.login.live());
        let same =
            live.and_then(|record| record.identity.as_ref()).is_some_and(|known| known.subject == *subject);
        if same { Relation::Same } else { Relation::Other }
    }

    /// The session that was loaded, or issued by this request's commit; `None` once it is logged out.
    pub(crate) fn record(&self) -> Option<Arc<Record>> {
        if self.0.is_dirty() {
            let intent = self.0.peek_intent();
            if intent.issued.is_some() {
                return intent.issued.clone();
            }
            if intent.logout != Logout::No {
                return None;
            }
        }
        self.0.opened()?.live().cloned()
    }

    pub(super) fn pending_identity(&self) -> Option<Identity> {
        if !self.0.is_dirty() {
            return None;
        }
        let intent = self.0.peek_intent();
        let grant = intent.log_in.as_ref()?;
        Some(grant.identity())
    }
}

impl LoginGrant {
    pub(crate) fn identity(&self) -> Identity {
        Identity {
            subject: self.subject.subject().clone(),
            // Not the moment of the commit: "end everybody" and a guard for recent logins count from the check.
            authenticated: self.ticket.started_at,
            stamp: self.stamp,
            level: self.level,
            remembered: self.remembered,
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("handle", &self.handle()).finish_non_exhaustive()
    }
}

/// A value of a session could not be read or written.
#[derive(Debug)]
#[non_exhaustive]
pub enum SessionError {
    /// The answer has already been given: what is set now could not be kept.
    Committed,
    /// The request carries a bearer token, so that no cookie can bring what this would create or renew.
    CookieRequired,
    /// The request carries a bearer token that opens nothing: there is no session to keep a value in.
    NoSession,
    /// Bearer tokens are not taken here, so that none is given out.
    BearerOff,
    /// No token could be drawn.
    Random(std::io::Error),
    /// The session would hold more data than its policy allows.
    TooLarge {
        /// How many bytes it may hold.
        limit: usize,
    },
    /// A value's name was empty or longer than 255 bytes.
    Name,
    /// The computation of a value changed the session itself, or others did so again and again.
    Contended,
    /// The value of this name is not of the type that was asked for.
    Decode {
        /// The value's name.
        name: String,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// The value of this name could not be written as JSON.
    Encode {
        /// The value's name.
        name: String,
        /// What is wrong.
        source: serde_json::Error,
    },
}

impl SessionError {
    /// The answer to give: 413 for too much data, 400 or 401 for a bearer token where it does not do, all of which may well
    /// have come from the client; 500 for the rest, and the log says why.
    #[must_use]
    pub fn answer(&self) -> Answer {
        Answer::refusal(match self {
            Self::TooLarge { .. } => Refusal::SessionTooLarge,
            Self::CookieRequired => Refusal::CookieRequired,
            Self::NoSession => Refusal::LoginRequired,
            _ => {
                tracing::error!(target: "hallpass", error = self as &dyn std::error::Error, "a session value was not read or written");
                Refusal::Misconfigured
            }
        })
    }
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Committed => f.write_str("the answer has been given, so the session can no longer be changed; change it before the handler returns"),
            Self::CookieRequired => f.write_str("the request carries a bearer token and gets no cookie; give the client its new token with the method for bearer sessions"),
            Self::NoSession => f.write_str("the bearer token of the request opens nothing, so there is no session to keep a value in"),
            Self::BearerOff => f.write_str("no bearer tokens are taken here; switch them on with `SessionManagerBuilder::bearer`"),
            Self::Random(_) => f.write_str("no token could be drawn"),
            Self::TooLarge { limit } => {
                write!(f, "the session would hold more than {limit} bytes; keep large values elsewhere, or raise the policy's limit")
            }
            Self::Contended => f.write_str("the session was changed again and again while a value was computed; change nothing else from within `update`"),
            Self::Name => f.write_str("the name of a session value must be 1 to 255 bytes"),
            Self::Decode { name, .. } => write!(f, "the session value {name:?} is not of the type asked for"),
            Self::Encode { name, .. } => write!(f, "the session value {name:?} cannot be written as JSON"),
        }
    }
}

impl std::error::Error for SessionError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Decode { source, .. } | Self::Encode { source, .. } => Some(source),
            Self::Random(source) => Some(source),
            Self::Committed
            | Self::CookieRequired
            | Self::NoSession
            | Self::BearerOff
            | Self::TooLarge { .. }
            | Self::Contended
            | Self::Name => None,
        }
    }
}
