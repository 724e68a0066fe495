//! Checking credentials again, and changing them, within a login.

use super::{Login, LoginError};
use crate::ticket::Authenticated;
use crate::{AuthUser, Authenticator};
use hallpass_core::{AuthLevel, EndReason, EndSubjectReceipt, Ticket, Which};
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
    /// # Errors
    ///
    /// [`LoginError::NotLoggedIn`] if nobody is; [`LoginError::InvalidCredentials`] also if the credentials are right but
    /// another user's; else as [`authenticate`](Self::authenticate).
    pub async fn confirm(&self, credentials: A::Credentials) -> Result<Authenticated<A::User>, LoginError> {
        let identity = self.session.identity().filter(|identity| identity.level == AuthLevel::Full);
        let identity = identity.ok_or(LoginError::NotLoggedIn)?;
        if !self.session.is_still_live().await.map_err(LoginError::Store)? {
            return Err(LoginError::NotLoggedIn);
        }
        let authenticated = self.authenticate(credentials).await?;
        if authenticated.subject != identity.subject {
            self.tell_failure(Some(&identity.subject));
            return Err(LoginError::InvalidCredentials);
        }
        Ok(authenticated.remember(identity.remembered))
    }

    /// Re-authenticates: checks the credentials of the user who is logged in, and gives the session a new id and fresh
    /// deadlines when the handler has answered (NIST SP 800-63B-4 §5.2). The old id is dead from then on.
    ///
    /// # Errors
    ///
    /// As [`confirm`](Self::confirm) and [`log_in`](Self::log_in).
    pub async fn reauthenticate(&self, credentials: A::Credentials) -> Result<Arc<A::User>, LoginError> {
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
    /// # Errors
    ///
    /// When nobody is logged in as `user`, this session has been ended itself, or the store did not confirm.
    pub async fn credentials_changed(
        &self,
        user: Arc<A::User>,
        keep: Keep,
    ) -> Result<EndSubjectReceipt, LoginError> {
        let identity = self.session.identity().filter(|identity| identity.subject == user.subject());
        let (identity, handle) = identity.zip(self.session.handle()).ok_or(LoginError::NotLoggedIn)?;
        let which = match keep {
            Keep::Current => Which::AllBut(handle),
            Keep::Nothing => Which::All,
        };
        let started_at = self.session.slot().manager().now();
        let receipt = self.session.end_subject(which, EndReason::CredentialsChanged).await?;
        if keep == Keep::Current {
            let ticket = Ticket { epoch: receipt.current, started_at };
            let renewed = Authenticated { level: identity.level, ..self.authenticated(user, ticket) };
            // After the answer it cannot be renewed any more; its stamp is then the old one, and refused.
            if let Err(error) = self.log_in(renewed.remember(identity.remembered)) {
                tracing::warn!(target: "hallpass", error = &error as &dyn std::error::Error, "a session was not renewed after a change of credentials");
            }
        }
        Ok(receipt)
    }
}
