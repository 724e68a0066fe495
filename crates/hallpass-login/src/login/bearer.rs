//! Logging in clients that keep their token themselves.

use super::{Login, LoginError};
use crate::Authenticator;
use crate::ticket::Authenticated;
use hallpass_core::BearerToken;

impl<A: Authenticator> Login<A> {
    /// Logs the user in when the handler has answered, for a command-line or native client: the token is for the client,
    /// in the answer, and comes back as `Authorization: Bearer` (RFC 6750). The layer's manager must take
    /// [bearer tokens](hallpass_core::SessionManagerBuilder::bearer). No cookie is set.
    ///
    /// The token opens nothing until the login is on record. If that is refused, the layer replaces the answer, and nobody
    /// has seen it.
    ///
    /// On a bearer session of the same user the session stays and gets this token for its old one, which is dead from then
    /// on: with a ticket of [`confirm`](Self::confirm), that is a re-authentication. In a request with cookies the login
    /// stands apart from the session that they open, which stays.
    ///
    /// ```
    /// use hallpass_login::{Authenticator, Login, LoginError};
    ///
    /// async fn log_in<A: Authenticator>(login: &Login<A>, credentials: A::Credentials) -> Result<String, LoginError> {
    ///     let authenticated = login.authenticate(credentials).await?;
    ///     let token = login.log_in_for_bearer(authenticated)?;
    ///     Ok(format!(r#"{{"access_token":"{}","token_type":"Bearer"}}"#, token.expose()))
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// When the ticket is of another area or older than ten minutes, the answer has already been given, or no bearer tokens
    /// are taken here.
    pub fn log_in_for_bearer(
        &self,
        authenticated: Authenticated<A::User>,
    ) -> Result<BearerToken, LoginError> {
        let grant = self.grant(authenticated)?;
        self.session().log_in_for_bearer(grant).map_err(LoginError::Session)
    }
}
