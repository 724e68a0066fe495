//! What a login brings with it besides its session.

use super::{Failure, Job};
use crate::cookie::CookieKind;
use crate::event::EventKind;
use crate::record::Record;
use crate::session::LoginGrant;
use crate::token::SessionToken;
use std::sync::Arc;

impl Job<'_> {
    /// Issues a login that is on record. Only now its attempt was a success.
    pub(super) async fn issue_login(
        &mut self,
        grant: &LoginGrant,
        token: &SessionToken,
        record: &Arc<Record>,
        event: EventKind,
    ) -> Result<(), Failure> {
        self.issue(CookieKind::Login, token, record, event).await?;
        // Without a login cookie, a logout has come in between.
        if let (Some(device), Some(_)) = (&grant.attempt.device, &self.outcome.login) {
            self.outcome.device = Some(self.manager.cookies().set_device(device));
        }
        self.manager.forgive(Arc::clone(&grant.attempt.buckets));
        Ok(())
    }

    /// The password was right, and it is not the user's fault that the login is not on record.
    pub(super) fn forgive_unless_refused(&self, failure: &Failure) {
        let refused = matches!(failure, Failure::Superseded | Failure::LimitReached);
        if let Some(grant) = self.intent.log_in.as_ref().filter(|_| !refused) {
            self.manager.forgive(Arc::clone(&grant.attempt.buckets));
        }
    }
}
