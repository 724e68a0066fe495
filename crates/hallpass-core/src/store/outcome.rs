use crate::ids::{Epoch, Realm, SessionHandle, Subject};
use crate::record::{ClientInfo, EndReason, Record, Transport};
use crate::time::Timestamp;
use crate::token::SessionKey;

/// The outcome of [`SessionStore::create`](super::SessionStore::create).
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Created {
    /// It is there. `evicted` were ended to make room.
    Created {
        /// What was ended, with [`EndReason::SessionLimit`] or what had ended it before.
        evicted: Vec<Ended>,
    },
    /// The key is taken; nothing was written.
    AlreadyExists,
    /// The subject's sessions were all ended after the ticket was made; nothing was written.
    EpochMoved,
    /// The user has as many live logins as allowed; nothing was written.
    LimitReached,
}

/// The outcome of [`SessionStore::update`](super::SessionStore::update).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Updated {
    /// It is written.
    Written,
    /// The row is at another revision; nothing was written.
    Conflict,
    /// There is no live row; nothing was written.
    Gone,
}

/// The outcome of [`SessionStore::replace`](super::SessionStore::replace).
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Replaced {
    /// The new key opens the session, the old one is dead. `evicted` were ended to make room.
    Replaced {
        /// What was ended, as in [`Created::Created`].
        evicted: Vec<Ended>,
    },
    /// The row is at another revision; nothing was written.
    Conflict,
    /// There is no live row under the old key; nothing was written.
    Gone,
    /// The subject's sessions were all ended after the ticket was made; nothing was written.
    EpochMoved,
    /// The user has as many live logins as allowed; nothing was written.
    LimitReached,
}

/// The outcome of [`SessionStore::take`](super::SessionStore::take).
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Taken {
    /// It is ended.
    Taken(Ended),
    /// The row is at another revision; nothing was ended.
    Conflict,
    /// There is no row.
    Gone,
}

/// The outcome of [`SessionStore::revoke_subject`](super::SessionStore::revoke_subject).
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum SubjectRevoked {
    /// They are ended.
    Done {
        /// The subject's epoch before.
        previous: Epoch,
        /// The subject's epoch now; the same as before for [`Which::One`](super::Which::One).
        current: Epoch,
        /// What was ended, live ones and those that were over already.
        ended: Vec<Ended>,
    },
    /// The acting session is no longer live; nothing was ended.
    ActorGone,
}

/// What a bounded sweep removed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Swept {
    /// The rows that had run out.
    pub ended: Vec<Ended>,
    /// Whether there may be more to remove now.
    pub more: bool,
}

/// What one step of a purge removed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Purged {
    /// The logins that counted for nothing.
    pub ended: Vec<Ended>,
    /// Where to go on; `None` when all is done.
    pub next: Option<u64>,
}

/// A session that a store has just ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The key that is dead.
    pub key: SessionKey,
    /// Its public name; `None` if the row was too damaged to tell.
    pub handle: Option<SessionHandle>,
    /// The user, if it was a login and the row could tell.
    pub subject: Option<Subject>,
    /// Why: what was asked for, or what had ended the session before.
    pub reason: EndReason,
}

impl Ended {
    /// What ending `record` at `now` amounts to, where logins from before `not_before` no longer count.
    #[must_use]
    pub fn new(record: &Record, reason: EndReason, now: Timestamp, not_before: Option<Timestamp>) -> Self {
        Self {
            key: record.key,
            handle: Some(record.handle),
            subject: record.identity.as_ref().map(|identity| identity.subject.clone()),
            reason: record.over(now, not_before).unwrap_or(reason),
        }
    }

    /// What ending a row amounts to that is too damaged to tell more.
    #[must_use]
    pub fn damaged(key: SessionKey, reason: EndReason) -> Self {
        Self { key, handle: None, subject: None, reason }
    }

    /// Whether the session could still be used when it was ended.
    #[must_use]
    pub fn was_live(&self) -> bool {
        !self.reason.is_timeout() && self.reason != EndReason::EndedForAll
    }
}

/// A login as device lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionSummary {
    /// The key that opens it now.
    pub key: SessionKey,
    /// Its public name.
    pub handle: SessionHandle,
    /// When it was created.
    pub created: Timestamp,
    /// When the credentials were last checked.
    pub authenticated: Timestamp,
    /// When it was last seen to be used.
    pub last_seen: Timestamp,
    /// When it ends unless it is used.
    pub idle_until: Timestamp,
    /// When it ends however much it is used.
    pub absolute_until: Timestamp,
    /// Whether the user asked to be remembered.
    pub remembered: bool,
    /// How its token travels.
    pub transport: Transport,
    /// What was known of the client at login.
    pub client: ClientInfo,
}

impl SessionSummary {
    /// The summary of a login; `None` for a visitor's record.
    #[must_use]
    pub fn of(record: &Record) -> Option<Self> {
        let identity = record.identity.as_ref()?;
        Some(Self {
            key: record.key,
            handle: record.handle,
            created: record.created,
            authenticated: identity.authenticated,
            last_seen: record.last_seen,
            idle_until: record.idle_until,
            absolute_until: record.absolute_until,
            remembered: identity.remembered,
            transport: record.transport,
            client: record.client.clone(),
        })
    }
}

/// What a [`SessionFeed`](super::SessionFeed) tells.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FeedEvent {
    /// A session ended.
    Ended(Ended),
    /// A session was renewed: another key opens it.
    Replaced {
        /// The key that is dead.
        old: SessionKey,
        /// The key that opens the session now.
        new: SessionKey,
        /// Its public name, which stays.
        handle: SessionHandle,
    },
    /// Logins from before this moment no longer count.
    NotBefore {
        /// The area this is about.
        realm: Realm,
        /// The moment.
        at: Timestamp,
    },
    /// Something may have been missed: check everything that is watched again.
    Gap,
}
