use super::check::{Broken, Kept, ensure, ensure_eq};
use crate::fixture::Fixture;
pub(super) use crate::sample::subject as subject_named;
use crate::sample::{Sample, op, renewed, ticket};
use hallpass_core::{
    AuthLevel, Created, EndReason, Ended, Freshness, Op, Realm, Record, Replaced, SessionHandle, SessionKey,
    SessionLimit, SessionStore, Subject, SubjectKey, SubjectRevoked, Ticket, Timestamp, WhenReached, Which,
};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const HOUR: Duration = Duration::from_secs(3600);
pub(super) const TEN_YEARS: Duration = Duration::from_secs(10 * 365 * 24 * 3600);
/// The answer to a renewal to which nobody gave way.
pub(super) const RENEWED: Replaced = Replaced::Replaced { evicted: Vec::new() };
pub(super) const MILLISECOND: Duration = Duration::from_millis(1);

/// A fresh store, two users, and the time of day at which the case plays.
///
/// The time is the real one when the case began: stores with a clock of their own refuse to sweep at another. What has
/// to have run out is therefore created in the past.
#[derive(Debug, Clone)]
pub(super) struct Scene {
    pub(super) store: Arc<dyn SessionStore>,
    pub(super) now: Timestamp,
    pub(super) realm: Realm,
    pub(super) ada: SubjectKey,
    pub(super) bob: SubjectKey,
    _fixture: Arc<Fixture>,
}

impl Scene {
    pub(super) fn new(fixture: Fixture) -> Self {
        let realm = realm("suite");
        Self {
            store: Arc::clone(&fixture.store),
            now: fixture.clock.now().into(),
            ada: subject_named(&realm, "ada"),
            bob: subject_named(&realm, "bob"),
            realm,
            _fixture: Arc::new(fixture),
        }
    }

    /// A call of its own, made now.
    pub(super) fn op(&self) -> Op {
        op(self.now)
    }

    /// A login of Ada's.
    pub(super) fn login(&self) -> Sample {
        Sample::login(&self.ada, self.now)
    }

    /// A login of Ada's from a millisecond before now.
    pub(super) fn earlier_login(&self) -> Sample {
        Sample::login(&self.ada, self.now - MILLISECOND)
    }

    pub(super) fn visitor(&self) -> Sample {
        Sample::visitor(&self.realm, self.now)
    }

    /// A login of Ada's from two hours ago whose idle deadline passed an hour ago.
    pub(super) fn expired_login(&self) -> Sample {
        Sample::login(&self.ada, self.now - 2 * HOUR)
    }

    /// A visitor's session from two hours ago whose idle deadline passed an hour ago.
    pub(super) fn expired_visitor(&self) -> Sample {
        Sample::visitor(&self.realm, self.now - 2 * HOUR)
    }

    /// Creates it at the time it says, with a ticket that holds, and without a limit.
    pub(super) async fn create(&self, sample: Sample) -> Result<Arc<Record>, Broken> {
        let record = sample.build();
        let ticket = self.ticket_for(&record).await?;
        let created =
            self.store.create(Arc::clone(&record), ticket.as_ref(), None, op(record.created)).await?;
        ensure_eq!(created, Created::Created { evicted: vec![] }, "a new session was not created");
        Ok(record)
    }

    pub(super) async fn create_all<const N: usize>(
        &self,
        samples: [Sample; N],
    ) -> Result<[Arc<Record>; N], Broken> {
        let mut records = Vec::with_capacity(N);
        for sample in samples {
            records.push(self.create(sample).await?);
        }
        records.try_into().map_err(|_| Broken::new("as many records as samples"))
    }

    /// Creates a login with a ticket that holds, under a limit.
    pub(super) async fn log_in(&self, sample: Sample, limit: SessionLimit) -> Result<Created, Broken> {
        let record = sample.build();
        let ticket = self.ticket_for(&record).await?;
        let op = op(record.created);
        Ok(self.store.create(record, ticket.as_ref(), Some(limit), op).await?)
    }

    /// Writes `new` over the row `old` as a login of Ada's with a ticket that holds, under a limit.
    pub(super) async fn log_in_over(
        &self,
        old: &Record,
        new: &Arc<Record>,
        limit: SessionLimit,
    ) -> Result<Replaced, Broken> {
        let ticket = ticket(self.store.epoch(&self.ada).await?, self.now);
        let (new, expected) = (Arc::clone(new), old.revision);
        Ok(self.store.replace(&old.key, new, expected, Some(&ticket), Some(limit), self.op()).await?)
    }

    /// Ends everybody: from here on, logins from before now do not count.
    pub(super) async fn end_everybody(&self) -> Kept {
        let at = self.store.raise_not_before(&self.realm, self.now, self.op()).await?;
        ensure_eq!(at, self.now, "where `not before` is then");
        Ok(())
    }

    /// A ticket for a login of this record's user that begins when the record is created.
    pub(super) async fn ticket_for(&self, record: &Record) -> Result<Option<Ticket>, Broken> {
        let Some(subject) = record.subject_key() else { return Ok(None) };
        Ok(Some(ticket(self.store.epoch(&subject).await?, record.created)))
    }

    pub(super) async fn load(&self, key: &SessionKey) -> Result<Option<Arc<Record>>, Broken> {
        Ok(self.store.load(key, Freshness::Latest).await?)
    }

    /// The record under `key`, which must be there.
    pub(super) async fn loaded(&self, key: &SessionKey) -> Result<Arc<Record>, Broken> {
        self.load(key).await?.ok_or_else(|| Broken::new(format!("{key:?} is not there")))
    }

    pub(super) async fn is_live(&self, key: &SessionKey) -> Result<bool, Broken> {
        Ok(self.load(key).await?.is_some_and(|record| record.is_live(self.now)))
    }

    /// The row is there and as `record` says, field by field.
    pub(super) async fn holds(&self, record: &Record) -> Kept {
        let loaded = self.loaded(&record.key).await?;
        ensure_eq!(*loaded, *record, "the row is not what it should be");
        ensure_eq!(loaded.data.as_bytes(), record.data.as_bytes(), "its data is not what it should be");
        Ok(())
    }

    /// No row is there, and no list shows it.
    pub(super) async fn is_gone(&self, record: &Record) -> Kept {
        ensure_eq!(self.load(&record.key).await?, None, "it can still be loaded");
        let alive = self.store.alive(&[record.key], record.created).await?;
        ensure_eq!(alive, [Some(false)], "it still counts as alive");
        if let Some(subject) = record.subject_key() {
            let listed = self.store.subject(&subject, record.created).await?;
            ensure!(listed.iter().all(|login| login.key != record.key), "its user's list still shows it");
        }
        Ok(())
    }

    /// The handles in the list of `subject`, in order.
    pub(super) async fn listed(&self, subject: &SubjectKey) -> Result<Vec<SessionHandle>, Broken> {
        let logins = self.store.subject(subject, self.now).await?;
        Ok(logins.iter().map(|login| login.handle).collect())
    }

    /// Ends Ada's logins; nobody has to be alive for it.
    pub(super) async fn revoke_ada(&self, which: Which) -> Result<Revoked, Broken> {
        self.revoke_ada_as(None, which).await?.ok_or_else(|| Broken::new("actor gone, but there was none"))
    }

    /// Ends Ada's logins as `actor`; `None` if the actor is gone.
    pub(super) async fn revoke_ada_as(
        &self,
        actor: Option<SessionHandle>,
        which: Which,
    ) -> Result<Option<Revoked>, Broken> {
        let (reason, op) = (EndReason::Administrator, self.op());
        Ok(match self.store.revoke_subject(&self.ada, actor, which, reason, op).await? {
            SubjectRevoked::Done { previous, current, ended } => {
                Some(Revoked { op, previous, current, ended })
            }
            SubjectRevoked::ActorGone => None,
        })
    }

    pub(super) async fn log_out(&self, key: &SessionKey) -> Result<Option<Ended>, Broken> {
        Ok(self.store.revoke(key, EndReason::LoggedOut, self.op()).await?)
    }

    /// Sweeps until nothing is left to sweep.
    pub(super) async fn sweep_all(&self, limit: usize) -> Result<Vec<Ended>, Broken> {
        let mut ended = Vec::new();
        for _ in 0..10_000 {
            let swept = self.store.sweep(limit, self.op()).await?;
            ensure!(swept.ended.len() <= limit, "{} rows in a sweep of {limit}", swept.ended.len());
            ended.extend(swept.ended);
            if !swept.more {
                return Ok(ended);
            }
        }
        Err(Broken::new("sweeping never comes to an end"))
    }

    /// Purges until it has come past the last row.
    pub(super) async fn purge_all(&self, limit: usize) -> Result<Vec<Ended>, Broken> {
        let (mut ended, mut from) = (Vec::new(), 0);
        for _ in 0..10_000 {
            let purged = self.store.purge(&self.realm, from, limit, self.op()).await?;
            ended.extend(purged.ended);
            let Some(next) = purged.next else { return Ok(ended) };
            ensure!(next > from, "from {from} it went on at {next}");
            from = next;
        }
        Err(Broken::new("purging never comes to an end"))
    }
}

/// What ending a subject's logins did.
#[derive(Debug)]
pub(super) struct Revoked {
    pub(super) op: Op,
    pub(super) previous: hallpass_core::Epoch,
    pub(super) current: hallpass_core::Epoch,
    pub(super) ended: Vec<Ended>,
}

pub(super) fn realm(name: &str) -> Realm {
    Realm::new(name).expect("the suite uses valid realms only")
}

pub(super) fn limit(max: u32, when_reached: WhenReached) -> SessionLimit {
    SessionLimit { max: NonZeroU32::new(max).expect("the suite uses positive limits only"), when_reached }
}

/// What is written when its user has shown the factor that was due: another key, and the full level.
pub(super) fn upgraded(record: &Record) -> Arc<Record> {
    let mut next = renewed(record);
    if let Some(identity) = &mut Arc::make_mut(&mut next).identity {
        identity.level = AuthLevel::Full;
    }
    next
}

/// What ending this live record amounts to.
pub(super) fn ended(record: &Record, reason: EndReason) -> Ended {
    let subject: Option<Subject> = record.identity.as_ref().map(|identity| identity.subject.clone());
    Ended { key: record.key, handle: Some(record.handle), subject, reason }
}

/// In an order that does not depend on the store.
pub(super) fn sorted(mut ended: Vec<Ended>) -> Vec<Ended> {
    ended.sort_by_key(|ended| ended.key);
    ended
}
