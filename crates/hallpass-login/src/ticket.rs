use crate::AuthUser;
use hallpass_core::{Attempt, AuthLevel, Stamp, SubjectKey, Ticket};
use std::fmt;
use std::sync::Arc;

/// A user whose credentials have just been checked: the only thing that [`Login::log_in`](crate::Login::log_in) takes.
///
/// It is made by [`Login::authenticate`](crate::Login::authenticate) and [`Login::vouch`](crate::Login::vouch) and by
/// nothing else. It holds what must still be true of the user when the session is created: if all sessions of the user
/// are ended in between, or the password is changed, the login is refused. It is good for ten minutes.
///
/// ```compile_fail
/// use hallpass_login::Authenticated;
///
/// fn forge<U>(user: std::sync::Arc<U>) -> Authenticated<U> {
///     Authenticated { user } // the fields are private
/// }
/// ```
#[must_use = "nobody is logged in until it is given to `log_in`"]
pub struct Authenticated<U> {
    pub(crate) user: Arc<U>,
    pub(crate) subject: SubjectKey,
    pub(crate) stamp: Stamp,
    pub(crate) ticket: Ticket,
    pub(crate) level: AuthLevel,
    pub(crate) remembered: bool,
    pub(crate) attempt: Attempt,
}

impl<U: AuthUser> Authenticated<U> {
    /// `user`, who is `subject`, as of `ticket`.
    pub(crate) fn new(user: Arc<U>, subject: SubjectKey, ticket: Ticket) -> Self {
        let stamp = user.auth_stamp();
        let attempt = Attempt::default();
        Self { user, subject, stamp, ticket, level: AuthLevel::Full, remembered: false, attempt }
    }

    /// The user.
    #[must_use]
    pub fn user(&self) -> &Arc<U> {
        &self.user
    }

    /// Whether to remember the login beyond the browser's session, by the policy's remembered limits.
    pub fn remember(mut self, remember: bool) -> Self {
        self.remembered = remember;
        self
    }

    /// Marks that another factor is still due. The session is then one, but counts as logged in nowhere, until the user
    /// is logged in again without this mark.
    pub fn pending(mut self) -> Self {
        self.level = AuthLevel::Pending;
        self
    }
}

impl<U> fmt::Debug for Authenticated<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticated").field("subject", &self.subject).finish_non_exhaustive()
    }
}
