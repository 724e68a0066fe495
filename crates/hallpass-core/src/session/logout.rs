//! Logging out: carried out at once, and only then answered.

use super::Session;
use crate::answer::{Answer, Refusal};
use crate::cookie::CookieKind;
use crate::manager::subject::{EndRequest, EndSubject, EndSubjectError, EndSubjectReceipt};
use crate::manager::tasks::Certain;
use crate::plan::Logout;
use crate::record::{AuthLevel, EndReason, Record};
use crate::store::{Ended, StoreError, Which};
use crate::token::SessionKey;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

impl Session {
    /// Logs out: ends this request's session in the store, at once and for good, and whatever else its cookies open.
    /// The answer then removes the cookies. All that the handler asked of the session before is forgotten.
    ///
    /// When it has returned `Ok`, the session is dead on every node, whatever becomes of the handler. Once polled it is
    /// finished, though the client hang up. It is idempotent: without a session it succeeds and has ended none.
    ///
    /// A login is ended though another tab has renewed it meanwhile. A visitor's session that was renewed within this very
    /// request's time lives on under its new id: it opens nothing but its own data.
    ///
    /// # Errors
    ///
    /// The returned future fails when the store did not confirm. The layer then answers 503, whatever the handler
    /// answers.
    pub fn log_out(&self) -> LogOut {
        let session = self.clone();
        let tasks = self.slot().manager().0.tasks.clone();
        LogOut(Certain::new(tasks, async move { session.log_out_now().await }))
    }

    async fn log_out_now(&self) -> Result<LogOutReceipt, LogOutError> {
        let issued = {
            let mut intent = self.slot().intent_for_logout();
            intent.start_logout();
            intent.issued.clone()
        };
        match self.revoke_all(issued.as_deref()).await {
            Ok(ended) => {
                let mut intent = self.slot().intent_for_logout();
                intent.logout = Logout::Done;
                intent.ended_login |= ended > 0;
                intent.issued = None;
                Ok(LogOutReceipt { sessions_ended: ended })
            }
            Err(source) => {
                self.slot().fail();
                tracing::error!(target: "hallpass", error = &source as &dyn std::error::Error, "a logout was not confirmed");
                Err(LogOutError { source })
            }
        }
    }

    /// Ends the loaded session, the one issued in this request, and all that other tokens of the request open.
    /// How many live logins that were.
    async fn revoke_all(&self, issued: Option<&Record>) -> Result<usize, StoreError> {
        let opened = self.slot().opened();
        let loaded = opened.and_then(|opened| opened.live());
        let mut ended = 0;
        for record in loaded.into_iter().map(|record| &**record).chain(issued) {
            ended += self.revoke_record(record).await?;
        }
        ended += self.revoke_keys(loaded.map(|record| record.key)).await?;
        Ok(ended)
    }

    /// Ends whatever the request's tokens open, but for the key already ended.
    async fn revoke_keys(&self, done: Option<SessionKey>) -> Result<usize, StoreError> {
        let mut ended = 0;
        for key in self.keys_besides(done) {
            ended += self.revoke_key(&key).await?;
        }
        Ok(ended)
    }

    async fn revoke_record(&self, record: &Record) -> Result<usize, StoreError> {
        let slot = self.slot();
        let ended = slot.manager().revoke_session(record, EndReason::LoggedOut, Some(&slot.client())).await?;
        Ok(count(&ended))
    }

    async fn revoke_key(&self, key: &SessionKey) -> Result<usize, StoreError> {
        let slot = self.slot();
        let over = slot.opened().and_then(|opened| opened.over(key));
        let reason = over.unwrap_or(EndReason::LoggedOut);
        let ended = slot.manager().revoke(key, reason, Some(&slot.client())).await?;
        Ok(count(ended.as_slice()))
    }

    /// The keys of every well-formed token of the request but the one already ended.
    fn keys_besides(&self, done: Option<SessionKey>) -> Vec<SessionKey> {
        let slot = self.slot();
        let presented = &slot.0.presented;
        // What one token led to was found by its key, which need not be computed again.
        let is_done = |kind| done.is_some() && slot.opened().and_then(|opened| opened.of(kind).key()) == done;
        let kinds = [CookieKind::Login, CookieKind::Visitor].into_iter().filter(|kind| !is_done(*kind));
        let tokens = kinds.flat_map(|kind| presented.of(kind).well_formed());
        let keys = tokens.map(|token| token.key_by(slot.manager().realm(), presented.transport));
        keys.filter(|key| Some(*key) != done).collect()
    }

    /// Ends sessions of this session's user, on its behalf: it must still be live when they are.
    ///
    /// [`Which::All`] ends this one too, as a logout: the answer removes the cookies.
    pub fn end_subject(&self, which: Which, reason: EndReason) -> EndSubject {
        let session = self.clone();
        let tasks = self.slot().manager().0.tasks.clone();
        EndSubject(Certain::new(tasks, async move { session.end_subject_now(which, reason).await }))
    }

    async fn end_subject_now(
        &self,
        which: Which,
        reason: EndReason,
    ) -> Result<EndSubjectReceipt, EndSubjectError> {
        let record = self.record().ok_or(EndSubjectError::NotLoggedIn)?;
        let full = record.identity.as_ref().filter(|identity| identity.level == AuthLevel::Full);
        let identity = full.ok_or(EndSubjectError::NotLoggedIn)?;
        // What was asked for as this user must not befall another.
        if self.pending_identity().is_some_and(|pending| pending.subject != identity.subject) {
            return Err(EndSubjectError::NotLoggedIn);
        }
        let ends_itself = which == Which::All || which == Which::One(record.handle);
        let era = ends_itself.then(|| {
            let mut intent = self.slot().intent_for_logout();
            intent.start_logout();
            intent.era
        });
        self.slot().intent_for_logout().ending += 1;
        let request = EndRequest {
            subject: identity.subject.clone(),
            actor: Some(record.handle),
            which,
            reason,
            client: self.slot().client(),
        };
        let mut answer = self.slot().manager().end_now(request, Some(record.handle)).await;
        if ends_itself
            && answer.is_ok()
            && let Err(error) = self.revoke_keys(Some(record.key)).await
        {
            answer = Err(error.into());
        }
        self.note_end(&answer, era);
        answer
    }

    fn note_end(&self, answer: &Result<EndSubjectReceipt, EndSubjectError>, era: Option<u64>) {
        // After the commit there is nothing to count down: it has answered 503.
        let mut intent = self.slot().intent_for_logout();
        intent.ending = intent.ending.saturating_sub(1);
        match answer {
            Ok(receipt) => {
                // If another logout has begun since, its outcome counts.
                if era == Some(intent.era) {
                    intent.logout = Logout::Done;
                    intent.ended_login |= receipt.sessions_ended > 0;
                    intent.issued = None;
                }
                // Who raised the epoch may stay; if somebody else raised it in between, a login here must not.
                if let Some(grant) = &mut intent.log_in
                    && grant.ticket.epoch == receipt.previous
                {
                    Arc::make_mut(grant).ticket.epoch = receipt.current;
                }
            }
            Err(EndSubjectError::Unavailable(error)) => {
                drop(intent);
                self.slot().fail();
                tracing::error!(target: "hallpass", error = error as &dyn std::error::Error, "sessions were not confirmed ended");
            }
            // This session was dead already, and nothing was done.
            Err(_) => {
                if era == Some(intent.era) && intent.logout == Logout::Unconfirmed {
                    intent.logout = Logout::No;
                }
            }
        }
    }
}

/// How many live logins these are.
fn count(ended: &[Ended]) -> usize {
    ended.iter().filter(|one| one.was_live() && one.subject.is_some()).count()
}

/// A logout under way. Begun at its first poll, it is finished though it be dropped.
#[derive(Debug)]
#[must_use = "nobody is logged out until it is awaited"]
pub struct LogOut(Certain<Result<LogOutReceipt, LogOutError>>);

impl Future for LogOut {
    type Output = Result<LogOutReceipt, LogOutError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
}

/// A confirmed logout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct LogOutReceipt {
    /// How many live logins this call ended: one, or none if there was none any more. More only if the browser sent
    /// several under one name.
    pub sessions_ended: usize,
}

/// The store did not confirm a logout: it may or may not have happened. The answer must not be a success.
#[derive(Debug)]
pub struct LogOutError {
    source: StoreError,
}

impl LogOutError {
    /// The answer to give: 503.
    #[must_use]
    pub fn answer(&self) -> Answer {
        Answer::refusal(Refusal::Unavailable)
    }
}

impl fmt::Display for LogOutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the store did not confirm the logout; try again")
    }
}

impl std::error::Error for LogOutError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}
