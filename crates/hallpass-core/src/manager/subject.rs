//! Ending sessions by user, with or without a request at hand.

use super::SessionManager;
use super::tasks::Certain;
use crate::answer::{Answer, Refusal};
use crate::ids::{Epoch, SessionHandle, Subject, SubjectKey};
use crate::record::{ClientInfo, EndReason, Record};
use crate::store::{SessionSummary, StoreError, SubjectRevoked, Ticket, Which};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Which of a user's sessions to end, and on whose behalf.
#[derive(Debug, Clone)]
pub(crate) struct EndRequest {
    pub(crate) subject: Subject,
    pub(crate) actor: Option<SessionHandle>,
    pub(crate) which: Which,
    pub(crate) reason: EndReason,
    pub(crate) client: ClientInfo,
}

impl SessionManager {
    /// Ends sessions of a user, from anywhere: a job, an administrator's page, a command line. A login of this user
    /// that is under way is refused if all or all but one are ended.
    ///
    /// ```
    /// use hallpass_core::{EndReason, MemoryStore, SessionManager, Subject, Which};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sessions = SessionManager::builder(MemoryStore::new()).build()?;
    /// let receipt = sessions.end_sessions(Subject::from(42_u32), Which::All, EndReason::Administrator).await?;
    /// assert_eq!(receipt.sessions_ended, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn end_sessions(&self, subject: Subject, which: Which, reason: EndReason) -> EndSubject {
        self.admin().because(reason).end_which(subject, which)
    }

    /// Tells of the session `by` as the one that caused it, which may be another user's.
    pub(crate) async fn end_now(
        &self,
        request: EndRequest,
        by: Option<SessionHandle>,
    ) -> Result<EndSubjectReceipt, EndSubjectError> {
        let EndRequest { subject, actor, which, reason, client } = request;
        let subject = self.subject_key(subject);
        let op = self.op()?;
        match self.limited(self.0.store.revoke_subject(&subject, actor, which, reason, op)).await? {
            SubjectRevoked::ActorGone => Err(EndSubjectError::ActorGone),
            SubjectRevoked::Done { previous, current, ended } => {
                self.tell_ended(&ended, by, Some(&client));
                let sessions_ended = ended.iter().filter(|one| one.was_live()).count();
                Ok(EndSubjectReceipt { sessions_ended, previous, current })
            }
        }
    }

    /// The live logins of a user, the most recently seen first.
    ///
    /// # Errors
    ///
    /// When the store could not be asked.
    pub async fn sessions_of(&self, subject: Subject) -> Result<Vec<SessionSummary>, StoreError> {
        let subject = self.subject_key(subject);
        self.limited(self.0.store.subject(&subject, self.now())).await
    }

    /// The live login with the handle of `record`, whose key may be another by now.
    pub(crate) async fn find_renewed(&self, record: &Record) -> Result<Option<SessionSummary>, StoreError> {
        let Some(identity) = &record.identity else { return Ok(None) };
        let logins = self.sessions_of(identity.subject.clone()).await?;
        Ok(logins.into_iter().find(|login| login.handle == record.handle))
    }

    /// The name of a user of this manager's realm, as stores know it.
    #[must_use]
    pub fn subject_key(&self, subject: Subject) -> SubjectKey {
        SubjectKey::new(self.0.realm.clone(), subject)
    }

    /// The right to log `subject` in from now on. Ask for it before the credentials are checked, and read the user
    /// again after: then no change in between goes unnoticed.
    ///
    /// # Errors
    ///
    /// When the store could not be asked.
    pub async fn ticket(&self, subject: &SubjectKey) -> Result<Ticket, StoreError> {
        let started_at = self.now();
        let epoch = self.limited(self.0.store.epoch(subject)).await?;
        Ok(Ticket { epoch, started_at })
    }
}

/// Ending a user's sessions. Begun at its first poll, it is finished though it be dropped.
#[derive(Debug)]
#[must_use = "nothing is ended until it is awaited"]
pub struct EndSubject(pub(crate) Certain<Result<EndSubjectReceipt, EndSubjectError>>);

impl Future for EndSubject {
    type Output = Result<EndSubjectReceipt, EndSubjectError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
}

/// What ending a user's sessions did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct EndSubjectReceipt {
    /// How many live sessions this call ended.
    pub sessions_ended: usize,
    /// The user's epoch before.
    pub previous: Epoch,
    /// The user's epoch now.
    pub current: Epoch,
}

/// Sessions were not ended, or it is not known whether they were.
#[derive(Debug)]
#[non_exhaustive]
pub enum EndSubjectError {
    /// Nobody is logged in with this session: 401.
    NotLoggedIn,
    /// The acting session has been ended meanwhile, and nothing was done: 401.
    ActorGone,
    /// The store did not confirm: 503.
    Unavailable(StoreError),
}

impl EndSubjectError {
    /// The answer to give: 401 or 503.
    #[must_use]
    pub fn answer(&self) -> Answer {
        match self {
            Self::NotLoggedIn | Self::ActorGone => Answer::refusal(Refusal::LoginRequired),
            Self::Unavailable(_) => Answer::refusal(Refusal::Unavailable),
        }
    }
}

impl From<StoreError> for EndSubjectError {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error)
    }
}

impl fmt::Display for EndSubjectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotLoggedIn => "nobody is logged in with this session",
            Self::ActorGone => "the session that asked for it has been ended itself; nothing was ended",
            Self::Unavailable(_) => "the store did not confirm that the sessions are ended; try again",
        })
    }
}

impl std::error::Error for EndSubjectError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unavailable(error) => Some(error),
            Self::NotLoggedIn | Self::ActorGone => None,
        }
    }
}
