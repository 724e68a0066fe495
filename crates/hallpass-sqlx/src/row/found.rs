//! What is read of a row to end it.

use super::{Cells, revision};
use hallpass_core::{
    EndReason, Ended, LastUse, Realm, Record, Revision, SessionHandle, SessionKey, Subject, Timestamp,
};

/// A locked row, read leniently: whatever its state, it can be ended.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) id: i64,
    pub(crate) key: SessionKey,
    handle: Option<SessionHandle>,
    realm: Vec<u8>,
    subject: Option<Vec<u8>>,
    pub(crate) revision: Revision,
    created: Timestamp,
    last_seen: Timestamp,
    idle_until: Timestamp,
    absolute_until: Timestamp,
    authenticated: Option<Timestamp>,
    level: i16,
    not_before: Option<Timestamp>,
}

impl Found {
    /// What a statement selects, in the order in which [`Found::read`] reads it. It reads `hallpass_session s`.
    pub(crate) const COLUMNS: &str = "s.id, s.session_key, s.handle, s.realm, s.subject, s.revision, s.created, \
         s.last_seen, s.idle_until, s.absolute_until, s.authenticated, s.level, \
         (SELECT r.not_before FROM hallpass_realm r WHERE r.realm = s.realm)";

    pub(crate) fn read(row: &impl Cells) -> sqlx::Result<Self> {
        Ok(Self {
            id: row.int(0)?,
            key: SessionKey::from_bytes(array(row.bytes(1)?).unwrap_or([0; SessionKey::LEN])),
            handle: array(row.bytes(2)?).map(SessionHandle::from_bytes),
            realm: row.bytes(3)?,
            subject: row.opt_bytes(4)?,
            revision: revision(row.int(5)?),
            created: time(row.int(6)?),
            last_seen: time(row.int(7)?),
            idle_until: time(row.int(8)?),
            absolute_until: time(row.int(9)?),
            authenticated: row.opt_int(10)?.map(time),
            level: row.small(11)?,
            not_before: row.opt_int(12)?.map(time),
        })
    }

    /// Why it no longer counts, as [`Record::over`].
    pub(crate) fn over(&self, now: Timestamp) -> Option<EndReason> {
        let before = |authenticated| self.not_before.is_some_and(|at| authenticated < at);
        match () {
            () if now >= self.absolute_until => Some(EndReason::AbsoluteTimeout),
            () if now >= self.idle_until => Some(EndReason::IdleTimeout),
            () if self.authenticated.is_some_and(before) => Some(EndReason::EndedForAll),
            () => None,
        }
    }

    /// What ending it amounts to.
    pub(crate) fn ended(&self, reason: EndReason, now: Timestamp) -> Ended {
        let subject = self.subject.as_deref().and_then(|bytes| std::str::from_utf8(bytes).ok());
        Ended {
            key: self.key,
            handle: self.handle,
            subject: subject.and_then(|id| Subject::new(id).ok()),
            reason: self.over(now).unwrap_or(reason),
        }
    }

    pub(crate) fn is_named(&self, handle: SessionHandle) -> bool {
        self.handle == Some(handle)
    }

    /// Whether `record` is a later state of this session: it keeps its name and its user for good.
    pub(crate) fn is_session_of(&self, record: &Record) -> bool {
        let subject = record.identity.as_ref().map(|identity| identity.subject.as_str().as_bytes());
        self.is_named(record.handle)
            && self.realm == realm_bytes(&record.realm)
            && self.subject.as_deref() == subject
    }

    /// Whether both count against the same limit.
    pub(crate) fn has_level_of(&self, record: &Record) -> bool {
        (self.level == 1) == (super::level(record) == 1)
    }

    pub(crate) fn last_use(&self) -> LastUse {
        LastUse { last_seen: self.last_seen, created: self.created, key: self.key }
    }
}

fn realm_bytes(realm: &Realm) -> &[u8] {
    realm.as_str().as_bytes()
}

fn array<const N: usize>(bytes: Vec<u8>) -> Option<[u8; N]> {
    bytes.try_into().ok()
}

/// A time that cannot be is one long past: what depends on it is over.
pub(crate) fn time(column: i64) -> Timestamp {
    Timestamp::from_millis(u64::try_from(column).unwrap_or(0))
}
