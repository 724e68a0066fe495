//! Ending other people's sessions.

use super::SessionManager;
use super::subject::{EndRequest, EndSubject, EndSubjectError};
use super::tasks::Certain;
use crate::ids::{SessionHandle, Subject};
use crate::record::{ClientInfo, EndReason};
use crate::session::Session;
use crate::store::{SessionSummary, StoreError, Which};

/// What an administrator, a job or a command line does to users' sessions, by their public names.
///
/// Every end is told with its reason and, [on behalf](Self::on_behalf_of) of an administrator's session, with the session that
/// caused it.
///
/// ```
/// use hallpass_core::{EndReason, MemoryStore, SessionManager, Subject};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sessions = SessionManager::builder(MemoryStore::new()).build()?;
/// let receipt = sessions.admin().end_all(Subject::from(42_u32)).await?;
/// assert_eq!(receipt.sessions_ended, 0);
///
/// // The account was disabled in the application's table before.
/// let disabled = sessions.admin().because(EndReason::AccountDisabled);
/// let receipt = disabled.end_all(Subject::from(43_u32)).await?;
/// # assert_eq!(receipt.sessions_ended, 0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "it ends nothing by itself"]
pub struct SessionAdmin {
    pub(super) manager: SessionManager,
    reason: EndReason,
    pub(super) actor: Option<Session>,
}

impl SessionManager {
    /// Ends users' sessions, from a request or without one.
    pub fn admin(&self) -> SessionAdmin {
        SessionAdmin { manager: self.clone(), reason: EndReason::Administrator, actor: None }
    }
}

impl SessionAdmin {
    /// Why the sessions end; [`EndReason::Administrator`] unless set.
    pub fn because(mut self, reason: EndReason) -> Self {
        self.reason = reason;
        self
    }

    /// Names the session that acts, for the events. The store is asked whether it is still live, just before each end: an
    /// administrator who has been logged out meanwhile ends nobody.
    ///
    /// Whether its user may do this is for the application to decide.
    pub fn on_behalf_of(mut self, session: &Session) -> Self {
        self.actor = Some(session.clone());
        self
    }

    /// The live logins of a user, the most recently seen first.
    ///
    /// # Errors
    ///
    /// When the store could not be asked.
    pub async fn sessions_of(&self, subject: Subject) -> Result<Vec<SessionSummary>, StoreError> {
        self.manager.sessions_of(subject).await
    }

    /// Ends one login of a user. An unknown handle, and another user's, ends nothing, and the count is zero.
    pub fn end(&self, subject: Subject, handle: SessionHandle) -> EndSubject {
        self.end_which(subject, Which::One(handle))
    }

    /// Ends all logins of a user. One that is under way is refused.
    pub fn end_all(&self, subject: Subject) -> EndSubject {
        self.end_which(subject, Which::All)
    }

    pub(super) fn end_which(&self, subject: Subject, which: Which) -> EndSubject {
        let admin = self.clone();
        let work = async move {
            admin.check_actor().await?;
            let request =
                EndRequest { subject, actor: None, which, reason: admin.reason, client: admin.client() };
            let by = admin.actor.as_ref().and_then(Session::handle);
            admin.manager.end_now(request, by).await
        };
        EndSubject(Certain::new(self.manager.0.tasks.clone(), work))
    }

    /// From where it is done.
    pub(super) fn client(&self) -> ClientInfo {
        self.actor.as_ref().map_or_else(ClientInfo::default, |actor| actor.slot().client())
    }

    pub(super) async fn check_actor(&self) -> Result<(), EndSubjectError> {
        let Some(actor) = &self.actor else { return Ok(()) };
        if actor.subject().is_none() {
            return Err(EndSubjectError::NotLoggedIn);
        }
        if actor.is_still_live().await? { Ok(()) } else { Err(EndSubjectError::ActorGone) }
    }
}
