//! What a handler needs to log a user in and out.

mod attempt;
mod bearer;
mod credentials;
mod devices;
mod error;

pub use credentials::Keep;
pub use devices::Device;
pub use error::LoginError;

use crate::current::user_of;
use crate::denied::{Denied, find_authenticator};
use crate::ticket::Authenticated;
use crate::{AuthUser, Authenticator};
use hallpass_core::{
    Attempt, AuthLevel, BucketKind, DeviceToken, EndReason, EndSubjectReceipt, EventKind, LogOut, LoginGrant,
    RequestHead, Session, SessionHandle, SessionSlot, Subject, SubjectKey, Ticket, Transport, Which,
};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// How long a ticket is good for.
const TICKET_LIFETIME: Duration = Duration::from_secs(10 * 60);

/// Logging in and out, for the users of `A`.
///
/// ```
/// use hallpass_login::{Authenticator, Login, LoginError};
///
/// async fn log_in<A: Authenticator>(login: &Login<A>, credentials: A::Credentials) -> Result<(), LoginError> {
///     let authenticated = login.authenticate(credentials).await?;
///     login.log_in(authenticated.remember(true))
/// }
/// ```
pub struct Login<A> {
    session: Session,
    users: Arc<A>,
    devices: Vec<DeviceToken>,
}

impl<A: Authenticator> Login<A> {
    /// Opens the session of the nearest layer that carries an `A`. Adapters call this.
    ///
    /// # Errors
    ///
    /// When no layer carries an `A`, or its session could not be opened.
    pub async fn open(slot: Option<&SessionSlot>, head: &impl RequestHead) -> Result<Self, Denied> {
        let (slot, _) = find_authenticator::<A>(slot)?;
        let users = slot.shared_companion().ok_or(Denied::Misconfigured)?;
        slot.observe_client(head);
        let session = slot.open_for_login().await?;
        let manager = slot.manager();
        let looks_at_cookies = slot.transport() == Transport::Cookie && manager.uses_device_cookies();
        let devices = if looks_at_cookies { manager.cookies().scan_devices(head) } else { Vec::new() };
        Ok(Self { session, users, devices })
    }

    /// The session.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The application's users.
    #[must_use]
    pub fn users(&self) -> &A {
        &self.users
    }

    /// The user who is logged in; `None` if nobody is.
    ///
    /// # Errors
    ///
    /// When the users could not be asked.
    pub async fn user(&self) -> Result<Option<Arc<A::User>>, Denied> {
        match self.session.identity() {
            Some(identity) => user_of(self.session.slot(), &*self.users, &identity).await,
            None => Ok(None),
        }
    }

    /// Checks credentials. Nobody is logged in by this: give the result to [`log_in`](Self::log_in).
    ///
    /// The order is what makes it safe against everything that happens meanwhile: find the user, note the user's epoch,
    /// check the credentials once whether or not there is a user, and read the user again. If the user's sessions are
    /// all ended or the password is changed at any moment after the first step, the login fails here or when it is
    /// created.
    ///
    /// The attempt is counted before the credentials are checked: by the client's address before the user is looked for,
    /// then by what was typed and by the user. It counts as wrong until the login is on record, whatever becomes of this
    /// future; the address's count stays. See [`ThrottlePolicy`](hallpass_core::ThrottlePolicy).
    ///
    /// # Errors
    ///
    /// [`LoginError::InvalidCredentials`] alike for an unknown user, wrong credentials and a disabled account;
    /// [`LoginError::Throttled`] when there were too many of them, alike for users whom there are not;
    /// [`LoginError::Superseded`] when the account changed meanwhile; or when users, store or throttle could not be asked.
    pub async fn authenticate(
        &self,
        credentials: A::Credentials,
    ) -> Result<Authenticated<A::User>, LoginError> {
        let counter = self.counter().await?;
        if let Some(counter) = &counter {
            let admitted = counter.admit_address(BucketKind::Address).await;
            admitted.map_err(|refused| self.refused(refused, None))?;
        }
        let found = self.users.find(&credentials).await.map_err(LoginError::users)?;
        let subject = found.as_ref().map(AuthUser::subject);
        // Before the attempt is counted: while the store is away nobody's password is looked at.
        let named = self.named(subject.as_ref());
        let ticket = self.ticket(&named).await?;
        let mut attempt = Attempt::default();
        if let Some(counter) = &counter {
            let typed = self.users.identifier(&credentials);
            let admitted = counter.admit_account(&typed, subject.as_ref()).await;
            attempt = admitted.map_err(|refused| self.refused(refused, subject.as_ref()))?;
        }
        let authenticated = self.check(found, credentials, (named, ticket), subject.as_ref()).await?;
        attempt.device = self.new_device(authenticated.subject.subject()).await;
        Ok(Authenticated { attempt, ..authenticated })
    }

    /// Nobody has a name too, and an epoch, so that an unknown user makes the same calls.
    fn named(&self, subject: Option<&Subject>) -> SubjectKey {
        let subject = subject.cloned().unwrap_or_else(|| Subject::from(0_u32));
        self.session.slot().manager().subject_key(subject)
    }

    async fn ticket(&self, subject: &SubjectKey) -> Result<Ticket, LoginError> {
        self.session.slot().manager().ticket(subject).await.map_err(LoginError::Store)
    }

    /// One check, whether or not there is a user. A failure is told to be of `told`.
    async fn check(
        &self,
        found: Option<A::User>,
        credentials: A::Credentials,
        (subject, ticket): (SubjectKey, Ticket),
        told: Option<&Subject>,
    ) -> Result<Authenticated<A::User>, LoginError> {
        let verified = self.users.verify(found.as_ref(), credentials).await.map_err(LoginError::users)?;
        let Some(user) = found.filter(|user| verified && user.is_enabled()) else {
            self.tell_failure(told);
            return Err(LoginError::InvalidCredentials);
        };
        let current = self.read_again(&user.subject(), Some(&user)).await?;
        Ok(Authenticated::new(current, subject, ticket))
    }

    /// Makes a ticket for a user whom the application vouches for: one who has just registered, or was identified by an
    /// identity provider or a link in a mail. Call it *after* that was checked, and read nothing from before it.
    ///
    /// # Errors
    ///
    /// [`LoginError::InvalidCredentials`] when there is no such enabled user; or when users or store could not be asked.
    pub async fn vouch(&self, subject: &Subject) -> Result<Authenticated<A::User>, LoginError> {
        let named = self.named(Some(subject));
        let ticket = self.ticket(&named).await?;
        let user = self.read_again(subject, None).await.map_err(|error| match error {
            LoginError::Superseded => LoginError::InvalidCredentials,
            other => other,
        })?;
        let mut authenticated = Authenticated::new(user, named, ticket);
        authenticated.attempt.device = self.new_device(subject).await;
        Ok(authenticated)
    }

    /// Logs the user in when the handler has answered: a new id, on this session or a new one. Another user's session in
    /// the same browser is ended and leaves nothing behind; a visitor's data are carried over.
    ///
    /// Creating it may still be refused, if the user's sessions are ended meanwhile or there are too many of them. The
    /// layer then answers 401 `login_superseded` or 409 `session_limit` in place of the handler.
    ///
    /// # Errors
    ///
    /// When the ticket is of another area or older than ten minutes, the answer has already been given, or the request
    /// carries a bearer token: no cookie is set then, and [`log_in_for_bearer`](Self::log_in_for_bearer) is for it.
    pub fn log_in(&self, authenticated: Authenticated<A::User>) -> Result<(), LoginError> {
        let grant = self.grant(authenticated)?;
        self.session.log_in(grant).map_err(LoginError::Session)
    }

    fn grant(&self, authenticated: Authenticated<A::User>) -> Result<LoginGrant, LoginError> {
        let slot = self.session.slot();
        let manager = slot.manager();
        let age = manager.now().since(authenticated.ticket.started_at);
        if authenticated.subject.realm() != manager.realm() || age > TICKET_LIFETIME {
            return Err(LoginError::Superseded);
        }
        let mut attempt = authenticated.attempt;
        // A browser is known once all factors have been shown in it.
        attempt.device = attempt.device.filter(|_| authenticated.level == AuthLevel::Full);
        Ok(LoginGrant {
            subject: authenticated.subject,
            stamp: authenticated.stamp,
            ticket: authenticated.ticket,
            level: authenticated.level,
            remembered: authenticated.remembered,
            client: slot.client(),
            limit: authenticated.user.session_limit(manager.policy().session_limit()),
            attempt,
        })
    }

    /// Logs out: this session is dead for good when the returned future has answered `Ok`.
    pub fn log_out(&self) -> LogOut {
        self.session.log_out()
    }

    /// Ends all other sessions of the user who is logged in. This one stays, also if it is renewed meanwhile.
    ///
    /// # Errors
    ///
    /// [`LoginError::NotLoggedIn`] when nobody is, or this session has been ended itself meanwhile: then nobody else's
    /// is. Else when users or store could not be asked; the layer then answers 503.
    pub async fn log_out_others(&self) -> Result<EndSubjectReceipt, LoginError> {
        let this = self.session.handle().ok_or(LoginError::NotLoggedIn)?;
        self.end(Which::AllBut(this)).await
    }

    /// Ends all sessions of the user who is logged in, this one too.
    ///
    /// # Errors
    ///
    /// As [`log_out_others`](Self::log_out_others).
    pub async fn log_out_everywhere(&self) -> Result<EndSubjectReceipt, LoginError> {
        self.end(Which::All).await
    }

    /// Ends one session of the user who is logged in, by the handle in [`devices`](Self::devices). Somebody else's or an
    /// unknown handle ends nothing, and the count is zero.
    ///
    /// # Errors
    ///
    /// As [`log_out_others`](Self::log_out_others).
    pub async fn log_out_device(&self, handle: SessionHandle) -> Result<EndSubjectReceipt, LoginError> {
        self.end(Which::One(handle)).await
    }

    /// Only for a user who would be let in: a session with an old stamp ends nobody's.
    async fn end(&self, which: Which) -> Result<EndSubjectReceipt, LoginError> {
        self.require_user().await?;
        Ok(self.session.end_subject(which, EndReason::LoggedOutElsewhere).await?)
    }

    async fn require_user(&self) -> Result<Arc<A::User>, LoginError> {
        let user = self.user().await.map_err(|denied| LoginError::Users(Box::new(denied)))?;
        user.ok_or(LoginError::NotLoggedIn)
    }

    async fn read_again(
        &self,
        subject: &Subject,
        known: Option<&A::User>,
    ) -> Result<Arc<A::User>, LoginError> {
        let current = self.users.user(subject).await.map_err(LoginError::users)?;
        let unchanged = |user: &A::User| known.is_none_or(|known| known.auth_stamp() == user.auth_stamp());
        let current =
            current.filter(|user| user.is_enabled() && user.subject() == *subject && unchanged(user));
        current.map(Arc::new).ok_or_else(|| {
            self.tell_failure(Some(subject));
            LoginError::Superseded
        })
    }

    fn tell_failure(&self, subject: Option<&Subject>) {
        self.tell(EventKind::LoginFailed, subject);
    }

    fn tell(&self, kind: EventKind, subject: Option<&Subject>) {
        let slot = self.session.slot();
        let manager = slot.manager();
        let client = slot.client();
        let mut event = manager.event(kind);
        event.subject = subject;
        event.client = Some(&client);
        manager.tell(&event);
    }
}

impl<A> Clone for Login<A> {
    fn clone(&self) -> Self {
        Self { session: self.session.clone(), users: Arc::clone(&self.users), devices: self.devices.clone() }
    }
}

impl<A> fmt::Debug for Login<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("session", &self.session).finish_non_exhaustive()
    }
}
