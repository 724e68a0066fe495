//! The end of a request: what the handler wanted is written, and what the answer must carry comes out.

mod attempt;
mod login;
mod outcome;
mod write;

pub use outcome::CommitOutcome;

use crate::answer::Refusal;
use crate::cookie::CookieKind;
use crate::event::EventKind;
use crate::manager::SessionManager;
use crate::manager::lookup::{Found, Opened};
use crate::manager::tasks::Certain;
use crate::plan::{self, Plan, Situation, Which, Write};
use crate::record::{EndReason, Record, SessionData, Transport};
use crate::session::{Intent, Session, SessionError};
use crate::slot::SessionSlot;
use crate::store::StoreError;
use crate::time::Timestamp;
use crate::token::SessionToken;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use zeroize::Zeroizing;

impl SessionSlot {
    /// Writes what the handler wanted and returns what its answer must carry. Layers call it once, when the handler has
    /// answered, whatever it answered.
    ///
    /// If the session was not opened, or was only read, the future is ready at once and costs no store access. Once
    /// polled it is finished though it be dropped.
    pub fn commit(&self) -> Commit {
        let dirty = self.begin_commit();
        if let Some(refusal) = self.failure() {
            let outcome = CommitOutcome::refused(refusal).on(self);
            // What is insisted on is an extractor's answer, which is to be the same where nothing has to be.
            let is_plain = refusal != Refusal::Unavailable;
            return Commit::ready(if is_plain { outcome.for_programs() } else { outcome });
        }
        let Some(opened) = self.opened() else { return Commit::ready(CommitOutcome::default()) };
        if !dirty {
            let idle = self.situation(opened, &Intent::default(), opened.at);
            if plan::plan(&idle) == Plan::default() {
                return Commit::ready(CommitOutcome::opened().on(self));
            }
        }
        let tasks = self.manager().0.tasks.clone();
        let slot = self.clone();
        Commit(State::Work(Certain::new(tasks, async move { carry_out(&slot).await.on(&slot) })))
    }

    fn situation(&self, opened: &Opened, intent: &Intent, now: Timestamp) -> Situation {
        // A login for a bearer client has nothing to do with what the request's cookies opened.
        let apart = intent.bearer.is_some() && self.transport() == Transport::Cookie;
        let login = intent.log_in.as_ref();
        let base = match intent.logout {
            plan::Logout::No if !apart => opened.live().map(|record| &record.data),
            _ => None,
        };
        let found = |found: &Found| if apart { plan::Found::Nothing } else { found.for_plan() };
        Situation {
            login: found(&opened.login),
            visitor: found(&opened.visitor),
            logout: if intent.ending > 0 { plan::Logout::Unconfirmed } else { intent.logout },
            log_in: login.map(|grant| Session::new(self.clone()).relation(grant.subject.subject())),
            renew: intent.renew,
            data: intent.data.as_ref().is_some_and(|data| !same_data(data, base)),
            touch_due: opened.live().is_some_and(|record| self.is_touch_due(record, now)),
        }
    }

    /// The first use of a login is noted at once: from then on it is known that its token has arrived.
    fn is_touch_due(&self, record: &Record, now: Timestamp) -> bool {
        let arrived = record.identity.is_none() || record.last_seen > record.created;
        let noted_lately = now.since(record.last_seen) < self.manager().policy().touch_after;
        now > record.last_seen && !(arrived && noted_lately)
    }
}

fn same_data(data: &SessionData, base: Option<&SessionData>) -> bool {
    match base {
        Some(base) => data == base,
        None => data.is_empty(),
    }
}

/// A commit under way: the future of [`SessionSlot::commit`].
#[derive(Debug)]
#[must_use = "nothing is written until it is awaited"]
pub struct Commit(State);

#[derive(Debug)]
enum State {
    Ready(Option<CommitOutcome>),
    Work(Certain<CommitOutcome>),
}

impl Commit {
    fn ready(outcome: CommitOutcome) -> Self {
        Self(State::Ready(Some(outcome)))
    }
}

impl Future for Commit {
    type Output = CommitOutcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<CommitOutcome> {
        match &mut self.0 {
            State::Ready(outcome) => outcome.take().map_or(Poll::Pending, Poll::Ready),
            State::Work(work) => Pin::new(work).poll(cx),
        }
    }
}

/// Why a commit did not go through.
#[derive(Debug)]
enum Failure {
    Store(StoreError),
    Session(SessionError),
    /// Other requests wrote the session again and again.
    Contended,
    Superseded,
    LimitReached,
    /// Too many sessions of visitors were begun from the client's address.
    TooManyVisitors(Duration),
    /// The bearer session is gone, and the answer holds a token that opens nothing.
    Gone,
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        Self::Session(error)
    }
}

impl Failure {
    fn refusal(&self) -> Refusal {
        match self {
            Self::Superseded => Refusal::LoginSuperseded,
            Self::LimitReached => Refusal::SessionLimit,
            Self::TooManyVisitors(retry_after) => Refusal::TooManyAttempts { retry_after: *retry_after },
            Self::Gone => Refusal::LoginRequired,
            Self::Session(SessionError::TooLarge { .. }) => Refusal::SessionTooLarge,
            Self::Store(_) | Self::Session(_) | Self::Contended => Refusal::Unavailable,
        }
    }

    fn log(&self) {
        match self {
            Self::Store(error) => {
                tracing::error!(target: "hallpass", error = error as &dyn std::error::Error, "a session was not written");
            }
            Self::Session(error) => {
                tracing::error!(target: "hallpass", error = error as &dyn std::error::Error, "a session's changes could not be repeated");
            }
            Self::Contended => {
                tracing::error!(target: "hallpass", "a session was written by too many requests at once")
            }
            Self::Superseded | Self::LimitReached | Self::TooManyVisitors(_) | Self::Gone => {}
        }
    }
}

async fn carry_out(slot: &SessionSlot) -> CommitOutcome {
    let Some(opened) = slot.opened() else { return CommitOutcome::default() };
    let intent = {
        let mut held = slot.peek_intent();
        // What the handler sees of its session from now on, while the rest is carried out.
        let seen =
            Intent { logout: held.logout, data: held.data.clone(), era: held.era, ..Intent::default() };
        std::mem::replace(&mut *held, seen)
    };
    let now = slot.manager().now();
    let plan = plan::plan(&slot.situation(opened, &intent, now));
    let mut job =
        Job { slot, manager: slot.manager(), opened, intent, now, outcome: CommitOutcome::opened() };
    match job.run(&plan).await {
        Ok(()) => job.outcome,
        Err(failure) => {
            failure.log();
            job.tell_failed_login(&failure);
            job.forgive_unless_refused(&failure);
            CommitOutcome::refused(failure.refusal())
        }
    }
}

/// One commit being carried out.
struct Job<'a> {
    slot: &'a SessionSlot,
    manager: &'a SessionManager,
    opened: &'a Opened,
    intent: Intent,
    now: Timestamp,
    outcome: CommitOutcome,
}

impl Job<'_> {
    async fn run(&mut self, plan: &Plan) -> Result<(), Failure> {
        if plan.unavailable {
            self.outcome.refusal = Some(Refusal::Unavailable);
            return Ok(());
        }
        for (found, reason) in
            [(&self.opened.login, plan.end_login), (&self.opened.visitor, plan.end_visitor)]
        {
            if let Some(reason) = reason {
                Box::pin(self.end(found, reason)).await?;
            }
        }
        self.write(plan.write).await?;
        if plan.remove_cookies {
            self.remove_cookies();
        }
        Ok(())
    }

    async fn write(&mut self, write: Write) -> Result<(), Failure> {
        match write {
            Write::Nothing => Ok(()),
            Write::Touch(which) => {
                self.touch(self.live(which)).await;
                Ok(())
            }
            Write::Update(which) => self.update(self.live(which)).await,
            // Apart, as ends are, so that touches and updates, which are most, need no room for them.
            Write::Renew(which) => Box::pin(self.renew(which, self.live(which))).await,
            Write::Relogin => Box::pin(self.relogin()).await,
            Write::CreateVisitor => Box::pin(self.create_visitor()).await,
            Write::CreateLogin { from_visitor } => Box::pin(self.create_login(from_visitor)).await,
        }
    }

    /// Ends the row that a token led to. One that has run out is refused anyway, so failing to remove it is no failure.
    async fn end(&self, found: &Found, reason: EndReason) -> Result<(), Failure> {
        let Some(key) = found.key() else { return Ok(()) };
        let client = self.slot.client();
        let ended = match found.live() {
            Some(record) => self.manager.revoke_session(record, reason, Some(&client)).await.map(drop),
            None => self.manager.revoke(&key, reason, Some(&client)).await.map(drop),
        };
        match ended {
            Ok(()) => Ok(()),
            Err(error) if reason.is_timeout() || reason == EndReason::EndedForAll => {
                tracing::warn!(target: "hallpass", error = &error as &dyn std::error::Error, "a session that has run out was not removed");
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The live session that the plan writes to.
    fn live(&self, which: Which) -> Option<Arc<Record>> {
        match which {
            Which::Login => self.opened.login.live().cloned(),
            Which::Visitor => self.opened.visitor.live().cloned(),
        }
    }

    /// How the token travels of what is created or renewed.
    fn issued_by(&self) -> Transport {
        if self.intent.bearer.is_some() { Transport::Bearer } else { Transport::Cookie }
    }

    fn set_cookie(&mut self, kind: CookieKind, token: &SessionToken, record: &Record) {
        let remembered = record.identity.as_ref().is_some_and(|identity| identity.remembered);
        let max_age = remembered.then(|| record.absolute_until.since(self.now));
        *self.outcome.cookie(kind) = Some(self.manager.cookies().set(kind, token, max_age));
    }

    fn remove_cookie(&mut self, kind: CookieKind) {
        *self.outcome.cookie(kind) = Some(Zeroizing::new(self.manager.cookies().remove(kind).to_owned()));
    }

    /// Removes what was sent, unless something new is set under the same name.
    fn remove_cookies(&mut self) {
        if self.slot.transport() == Transport::Bearer {
            return;
        }
        for kind in [CookieKind::Login, CookieKind::Visitor] {
            if self.slot.0.presented.of(kind).was_sent() && self.outcome.cookie(kind).is_none() {
                self.remove_cookie(kind);
            }
        }
    }

    /// Gives the client what was issued, and keeps it, so that a logout later in the same request ends it. A logout that
    /// has begun since the commit did could not know of it: then it is ended here, and nobody has its token.
    async fn issue(
        &mut self,
        kind: CookieKind,
        token: &SessionToken,
        record: &Arc<Record>,
        event: EventKind,
    ) -> Result<(), Failure> {
        if self.keep(record) {
            if record.transport == Transport::Cookie {
                self.set_cookie(kind, token, record);
            }
            self.tell(event, record);
            return Ok(());
        }
        self.manager.revoke(&record.key, EndReason::LoggedOut, Some(&self.slot.client())).await?;
        Ok(())
    }

    fn keep(&self, record: &Arc<Record>) -> bool {
        let mut intent = self.slot.peek_intent();
        let wanted = intent.era == self.intent.era;
        if wanted {
            intent.issued = Some(Arc::clone(record));
        }
        wanted
    }
}
