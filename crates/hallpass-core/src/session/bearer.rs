//! Sessions whose token the handler gives to the client itself.

use super::{LoginGrant, Session, SessionError};
use crate::bearer::BearerToken;
use crate::ids::Shard;
use crate::record::Transport;
use crate::token::SessionToken;

impl Session {
    /// How this request presents its token: as a bearer token, or in cookies if at all.
    #[must_use]
    pub fn transport(&self) -> Transport {
        self.slot().transport()
    }

    /// Logs `grant`'s user in when the handler has answered, for a client that will send the token as
    /// `Authorization: Bearer` (RFC 6750). The handler puts it into its answer; no cookie is set. It opens nothing before
    /// the session is on record, and if that is refused the answer is replaced.
    ///
    /// On a bearer session of the same user the session stays and its old token is dead, as with
    /// [`log_in`](Self::log_in). In a request with cookies the login stands apart: what they open stays as it is, hands
    /// down nothing, and what was set in it in this request is dropped.
    ///
    /// ```
    /// use hallpass_core::{LoginGrant, Session, SessionError};
    ///
    /// fn answer(session: &Session, grant: LoginGrant) -> Result<String, SessionError> {
    ///     let token = session.log_in_for_bearer(grant)?;
    ///     Ok(format!(r#"{{"token":"{}"}}"#, token.expose()))
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::BearerOff`] where [`bearer`](crate::SessionManagerBuilder::bearer) is off;
    /// [`SessionError::Committed`] after the answer has been given; or when the random source fails.
    pub fn log_in_for_bearer(&self, grant: LoginGrant) -> Result<BearerToken, SessionError> {
        let manager = self.slot().manager();
        if !manager.takes_bearer() {
            return Err(SessionError::BearerOff);
        }
        let token = self.draw(grant.subject.shard())?;
        let issued = BearerToken::new(&token);
        self.set_login(grant, Some(token))?;
        Ok(issued)
    }

    /// As [`renew`](Self::renew), for a session whose token is a bearer token: the new one is for the client, in the
    /// answer. `None`, and nothing happens, without such a session. If it ends before the handler has answered, or another
    /// request renews it first, the answer is replaced by a 401.
    ///
    /// # Errors
    ///
    /// [`SessionError::Committed`] after the answer has been given; or when the random source fails.
    pub fn renew_for_bearer(&self) -> Result<Option<BearerToken>, SessionError> {
        let Some(record) = self.record().filter(|record| record.transport == Transport::Bearer) else {
            return Ok(None);
        };
        let token = self.draw(record.key.shard())?;
        let issued = BearerToken::new(&token);
        let mut intent = self.slot().intent()?;
        intent.renew = true;
        intent.bearer = Some(token);
        Ok(Some(issued))
    }

    fn draw(&self, shard: Shard) -> Result<SessionToken, SessionError> {
        SessionToken::random(shard, &*self.slot().manager().0.random).map_err(SessionError::Random)
    }

    /// Whether values that are set would have a session to be kept in: no cookie is set beside a bearer token.
    pub(super) fn can_keep_values(&self) -> bool {
        self.transport() == Transport::Cookie || self.record().is_some() || self.pending_identity().is_some()
    }
}
