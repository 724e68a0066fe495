//! Checking credentials again, and changing them, within a login.

use super::{Login, LoginError};
use crate::ticket::Authenticated;
use crate::{AuthUser, Authenticator};
use hallpass_core::{
    AuthLevel, BearerToken, Bucket, EndReason, EndSubjectReceipt, SessionError, SessionHandle, Ticket,
    Transport, Which,
};
use std::sync::Arc;

/// Which sessions outlive a change of credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// The one that made the change. It gets a new id.
    Current,
    /// None.
    Nothing,
}

impl<A: Authenticator> Login<A> {
    /// Checks the credentials of the user who is logged in once more, before something that matters.
    ///
    /// Attempts are counted by the session alone: who guesses elsewhere makes nobody wait who is logged in, and whoever has
    /// got hold of the session cannot guess for long. After ten that were wrong in a row it is ended.
    ///
    /// # Errors
    ///
    /// [`LoginError::NotLoggedIn`] if nobody is, or no longer; [`LoginError::InvalidCredentials`] also if they are another
    /// user's; else as [`authenticate`](Self::authenticate).
    pub async fn confirm(&self, credentials: A::Credentials) -> Result<Authenticated<A::User>, LoginError> {
        let identity = self.session.identity().filter(|identity| identity.level == AuthLevel::Full);
        let (identity, handle) = identity.zip(self.session.handle()).ok_or(LoginError::NotLoggedIn)?;
        if !self.session.is_still_live().await.map_err(LoginError::Store)? {
            return Err(LoginError::NotLoggedIn);
        }
        let subject = Some(&identity.subject);
        let named = self.named(subject);
        let ticket = self.ticket(&named).await?;
        let counted = match self.counter().await? {
            Some(counter) => {
                let admitted = counter.admit_session(handle).await;
                Some(admitted.map_err(|refused| self.refused(refused, subject))?)
            }
            None => None,
        };
        let found = self.users.find(&credentials).await.map_err(LoginError::users)?;
        // Somebody else's are wrong whatever they are: a session must not be the place to guess them.
        let found = found.filter(|user| user.subject() == identity.subject);
        let checked = self.check(found, credentials, (named, ticket), subject).await;
        self.conclude(handle, counted, &checked).await?;
        Ok(checked?.remember(identity.remembered))
    }

    /// Forgets the attempts of a session after one that was right, and ends it after the last that may be wrong.
    async fn conclude(
        &self,
        handle: SessionHandle,
        counted: Option<(Bucket, u32)>,
        checked: &Result<Authenticated<A::User>, LoginError>,
    ) -> Result<(), LoginError> {
        let Some((bucket, failures)) = counted else { return Ok(()) };
        let manager = self.session.slot().manager();
        let last = manager.throttle_policy().limit_of_session().free.get();
        match checked {
            Ok(_) => manager.forgive([bucket].into()),
            Err(LoginError::InvalidCredentials) if failures >= last => {
                let ended = self.session.end_subject(Which::One(handle), EndReason::TooManyAttempts);
                let _ = ended.await?;
                return Err(LoginError::NotLoggedIn);
            }
            Err(_) => {}
        }
        Ok(())
    }

    /// Re-authenticates: checks the credentials of the user who is logged in, and gives the session a new id and fresh
    /// deadlines when the handler has answered (NIST SP 800-63B-4 §5.2). The old id is dead from then on.
    ///
    /// # Errors
    ///
    /// As [`confirm`](Self::confirm) and [`log_in`](Self::log_in). On a bearer session nothing is checked or counted: for
    /// it that is `confirm` and [`log_in_for_bearer`](Self::log_in_for_bearer).
    pub async fn reauthenticate(&self, credentials: A::Credentials) -> Result<Arc<A::User>, LoginError> {
        if self.session.transport() == Transport::Bearer {
            return Err(LoginError::Session(SessionError::CookieRequired));
        }
        let authenticated = self.confirm(credentials).await?;
        let user = Arc::clone(authenticated.user());
        self.log_in(authenticated)?;
        Ok(user)
    }

    /// Ends the sessions that the old credentials opened. Call it after the new ones and a new stamp are on record:
    /// `user` is the user as it is then. With [`Keep::Current`] this session stays and gets a new id when the handler has
    /// answered. A login that is under way with the old credentials is refused.
    ///
    /// If it fails, the credentials are changed and it is not confirmed that the other sessions are ended; their stamp
    /// is refused wherever the user is asked for.
    ///
    /// Where nobody is logged in, as when a forgotten password is reset by a link in a mail or an account is deleted, the
    /// sessions are ended by their user:
    ///
    /// ```
    /// use hallpass_core::{EndReason, EndSubjectError, SessionManager, Subject};
    ///
    /// /// After the new password and stamp are on record.
    /// async fn password_was_reset(sessions: &SessionManager, user: Subject) -> Result<(), EndSubjectError> {
    ///     sessions.admin().because(EndReason::CredentialsChanged).end_all(user).await.map(drop)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// When nobody is logged in as `user`, this session has been ended itself, or the store did not confirm. And with
    /// [`Keep::Current`] on a bearer session, whose new id no cookie can bring: the other sessions are ended all the same,
    /// and this one's stamp is refused. Use [`credentials_changed_with_token`](Self::credentials_changed_with_token) there.
    pub async fn credentials_changed(
        &self,
        user: Arc<A::User>,
        keep: Keep,
    ) -> Result<EndSubjectReceipt, LoginError> {
        let (receipt, renewed) = self.end_old(user, keep).await?;
        match renewed.map(|renewed| self.log_in(renewed)) {
            Some(Err(error @ LoginError::Session(SessionError::CookieRequired))) => Err(error),
            Some(Err(error)) => {
                warn_of_old_stamp(&error);
                Ok(receipt)
            }
            Some(Ok(())) | None => Ok(receipt),
        }
    }

    /// As [`credentials_changed`](Self::credentials_changed), for clients of both kinds: if this session stays and its
    /// token is a bearer token, the new one is for the client, in the answer. The old one is dead from then on.
    ///
    /// # Errors
    ///
    /// When nobody is logged in as `user`, this session has been ended itself, or the store did not confirm.
    pub async fn credentials_changed_with_token(
        &self,
        user: Arc<A::User>,
        keep: Keep,
    ) -> Result<(EndSubjectReceipt, Option<BearerToken>), LoginError> {
        let (receipt, renewed) = self.end_old(user, keep).await?;
        let Some(renewed) = renewed else { return Ok((receipt, None)) };
        let outcome = match self.session.transport() {
            Transport::Cookie => self.log_in(renewed).map(|()| None),
            Transport::Bearer => self.log_in_for_bearer(renewed).map(Some),
        };
        if let Err(error) = &outcome {
            warn_of_old_stamp(error);
        }
        Ok((receipt, outcome.unwrap_or_default()))
    }

    /// Ends what the old credentials opened; and what renews this session, if it stays.
    async fn end_old(
        &self,
        user: Arc<A::User>,
        keep: Keep,
    ) -> Result<(EndSubjectReceipt, Option<Authenticated<A::User>>), LoginError> {
        let identity = self.session.identity().filter(|identity| identity.subject == user.subject());
        let (identity, handle) = identity.zip(self.session.handle()).ok_or(LoginError::NotLoggedIn)?;
        let which = match keep {
            Keep::Current => Which::AllBut(handle),
            Keep::Nothing => Which::All,
        };
        let started_at = self.session.slot().manager().now();
        let receipt = self.session.end_subject(which, EndReason::CredentialsChanged).await?;
        let renewed = (keep == Keep::Current).then(|| {
            let ticket = Ticket { epoch: receipt.current, started_at };
            let subject = self.named(Some(&identity.subject));
            let renewed =
                Authenticated { level: identity.level, ..Authenticated::new(user, subject, ticket) };
            renewed.remember(identity.remembered)
        });
        Ok((receipt, renewed))
    }
}

/// After the answer a session cannot be renewed any more; its stamp is then the old one, and refused.
fn warn_of_old_stamp(error: &LoginError) {
    tracing::warn!(target: "hallpass", error = error as &dyn std::error::Error, "a session was not renewed after a change of credentials");
}
