//! The store as a plain list of records: slow, and easy to believe.

use super::super::visitors::footprint;
use super::*;
use crate::store::{
    Ended, FeedEvent, SessionLimit, SessionSummary, SubjectRevoked, Swept, Taken, WhenReached, Which,
};
use std::collections::BTreeMap;
use std::time::Duration;

pub(super) struct Model {
    pub(super) rows: Vec<Record>,
    pub(super) events: Vec<FeedEvent>,
    epochs: Vec<(SubjectKey, Epoch, Timestamp)>,
    not_before: BTreeMap<Realm, Timestamp>,
    max_visitors: usize,
    max_bytes: usize,
}

impl Model {
    pub(super) fn new(max_visitors: usize, max_bytes: usize) -> Self {
        let (rows, events, epochs) = (Vec::new(), Vec::new(), Vec::new());
        Self { rows, events, epochs, not_before: BTreeMap::new(), max_visitors, max_bytes }
    }

    pub(super) fn create(
        &mut self,
        record: &Record,
        ticket: Option<&Ticket>,
        limit: Option<SessionLimit>,
        now: Timestamp,
    ) -> Created {
        if self.is_void(ticket, record) {
            return Created::EpochMoved;
        }
        if self.load(&record.key).is_some() {
            return Created::AlreadyExists;
        }
        let evicted = match record.subject_key() {
            Some(subject) => self.make_room_for_login(&subject, record, limit, now),
            None => self.make_room_for_visitor(self.max_visitors.checked_sub(1), record, now),
        };
        let Some(evicted) = evicted else { return Created::LimitReached };
        self.rows.push(record.clone());
        Created::Created { evicted }
    }

    pub(super) fn load(&self, key: &SessionKey) -> Option<&Record> {
        self.rows.iter().find(|row| row.key == *key)
    }

    /// `None` for an error.
    pub(super) fn update(&mut self, record: &Record, expected: Revision, now: Timestamp) -> Option<Updated> {
        let Some(row) = self.live(&record.key, now).filter(|row| is_same(row, record)) else {
            return Some(Updated::Gone);
        };
        if row.revision != expected {
            return Some(Updated::Conflict);
        }
        let last_seen = record.last_seen.max(row.last_seen);
        let idle_until = record.idle_until.max(row.idle_until);
        self.put(&record.key, Record { last_seen, idle_until, ..record.clone() }, now)?;
        Some(Updated::Written)
    }

    pub(super) fn touch(&mut self, key: &SessionKey, idle_until: Timestamp, now: Timestamp) -> bool {
        let Some(row) = self.live(key, now) else { return false };
        let idle_until = row.idle_until.max(idle_until.min(row.absolute_until));
        let touched = Record { last_seen: row.last_seen.max(now), idle_until, ..row.clone() };
        self.put(key, touched, now).is_some()
    }

    /// `None` for an error.
    pub(super) fn replace(
        &mut self,
        old: &SessionKey,
        record: &Record,
        expected: Revision,
        ticket: Option<&Ticket>,
        limit: Option<SessionLimit>,
        now: Timestamp,
    ) -> Option<Replaced> {
        if self.is_void(ticket, record) {
            return Some(Replaced::EpochMoved);
        }
        let is_free = record.key.shard() == old.shard() && self.load(&record.key).is_none();
        let Some(row) = self.live(old, now).filter(|row| is_free && is_same(row, record)) else {
            return Some(Replaced::Gone);
        };
        if row.revision != expected {
            return Some(Replaced::Conflict);
        }
        let limit = limit.filter(|_| ticket.is_some());
        let evicted = match record.subject_key() {
            Some(subject) => self.make_room_for_login(&subject, record, limit, now),
            None => Some(Vec::new()),
        };
        let Some(evicted) = evicted else { return Some(Replaced::LimitReached) };
        self.put(old, record.clone(), now)?;
        let (old, new, handle) = (*old, record.key, record.handle);
        self.events.push(FeedEvent::Replaced { old, new, handle });
        Some(Replaced::Replaced { evicted })
    }

    pub(super) fn take(
        &mut self,
        key: &SessionKey,
        expected: Revision,
        reason: EndReason,
        now: Timestamp,
    ) -> Taken {
        match self.load(key).map(|row| row.revision) {
            None => Taken::Gone,
            Some(revision) if revision != expected => Taken::Conflict,
            Some(_) => Taken::Taken(self.end(key, reason, now)),
        }
    }

    pub(super) fn revoke(&mut self, key: &SessionKey, reason: EndReason, now: Timestamp) -> Option<Ended> {
        self.load(key)?;
        Some(self.end(key, reason, now))
    }

    pub(super) fn subject(&self, subject: &SubjectKey, now: Timestamp) -> Vec<SessionSummary> {
        let mut rows: Vec<_> =
            self.logins(subject).into_iter().filter(|row| self.is_live(row, now)).collect();
        rows.sort_by_key(|row| std::cmp::Reverse((row.last_seen, row.created, row.key)));
        rows.iter().filter_map(SessionSummary::of).collect()
    }

    pub(super) fn epoch(&self, subject: &SubjectKey) -> Epoch {
        self.epochs.iter().find(|(raised, ..)| raised == subject).map_or(Epoch::NONE, |(_, epoch, _)| *epoch)
    }

    pub(super) fn revoke_subject(
        &mut self,
        subject: &SubjectKey,
        actor: Option<SessionHandle>,
        which: Which,
        reason: EndReason,
        op: Op,
    ) -> SubjectRevoked {
        let logins = self.logins(subject);
        let is_live = |handle| logins.iter().any(|row| row.handle == handle && self.is_live(row, op.now));
        if actor.is_some_and(|actor| !is_live(actor)) {
            return SubjectRevoked::ActorGone;
        }
        let meant = |row: &&Record| match which {
            Which::All => true,
            Which::AllBut(handle) => row.handle != handle,
            Which::One(handle) => row.handle == handle,
        };
        let keys: Vec<_> = logins.iter().filter(meant).map(|row| row.key).collect();
        let ended = keys.iter().map(|key| self.end(key, reason, op.now)).collect();
        let previous = self.epoch(subject);
        let raises = !matches!(which, Which::One(_));
        let current = if raises { Epoch::from(op.id) } else { previous };
        if raises {
            self.epochs.retain(|(raised, ..)| raised != subject);
            self.epochs.push((subject.clone(), current, op.now));
        }
        SubjectRevoked::Done { previous, current, ended }
    }

    pub(super) fn raise_not_before(&mut self, realm: &Realm, at: Timestamp) -> Timestamp {
        let known = self.not_before.get(realm).copied();
        if known < Some(at) {
            self.not_before.insert(realm.clone(), at);
            self.events.push(FeedEvent::NotBefore { realm: realm.clone(), at });
        }
        self.not_before[realm]
    }

    /// What has run out goes in the order in which `swept` went, which is the store's choice.
    pub(super) fn sweep(&mut self, limit: usize, swept: &[Ended], now: Timestamp) -> Swept {
        let expired = |model: &Self| model.rows.iter().filter(|row| !row.is_live(now)).count();
        let before = expired(self);
        let chosen: Vec<_> =
            swept.iter().map(|ended| ended.key).filter(|key| self.load(key).is_some()).collect();
        let ended: Vec<_> = chosen.iter().map(|key| self.end(key, EndReason::Unknown, now)).collect();
        let more = before > limit;
        if !more {
            let day = Duration::from_secs(24 * 60 * 60);
            self.epochs.retain(|(.., at)| now.since(*at) <= day);
        }
        assert_eq!(before - expired(self), before.min(limit));
        Swept { ended, more }
    }

    fn live(&self, key: &SessionKey, now: Timestamp) -> Option<&Record> {
        self.load(key).filter(|row| self.is_live(row, now))
    }

    pub(super) fn is_live(&self, row: &Record, now: Timestamp) -> bool {
        let not_before = self.not_before.get(&row.realm).copied().unwrap_or_default();
        row.is_live(now) && row.identity.as_ref().is_none_or(|identity| identity.authenticated >= not_before)
    }

    fn logins(&self, subject: &SubjectKey) -> Vec<Record> {
        self.rows.iter().filter(|row| row.subject_key().as_ref() == Some(subject)).cloned().collect()
    }

    fn is_void(&self, ticket: Option<&Ticket>, record: &Record) -> bool {
        let Some(ticket) = ticket else { return false };
        let not_before = self.not_before.get(&record.realm).copied().unwrap_or_default();
        let epoch = record.subject_key().map(|subject| self.epoch(&subject));
        ticket.started_at < not_before || epoch.is_some_and(|epoch| epoch != ticket.epoch)
    }

    fn end(&mut self, key: &SessionKey, reason: EndReason, now: Timestamp) -> Ended {
        let index = self.rows.iter().position(|row| row.key == *key).unwrap();
        let row = self.rows.remove(index);
        let ended = Ended::new(&row, reason, now, self.not_before.get(&row.realm).copied());
        self.events.push(FeedEvent::Ended(ended.clone()));
        ended
    }

    fn make_room_for_login(
        &mut self,
        subject: &SubjectKey,
        record: &Record,
        limit: Option<SessionLimit>,
        now: Timestamp,
    ) -> Option<Vec<Ended>> {
        let Some(limit) = limit else { return Some(Vec::new()) };
        let others = self.logins(subject).into_iter().filter(|row| row.handle != record.handle);
        let (mut live, expired): (Vec<_>, Vec<_>) = others.partition(|row| self.is_live(row, now));
        let level = |row: &Record| row.identity.as_ref().map(|identity| identity.level);
        live.retain(|row| level(row) == level(record));
        let too_many = (live.len() + 1).saturating_sub(limit.max.get() as usize);
        if too_many > 0 && limit.when_reached == WhenReached::Refuse {
            return None;
        }
        live.sort_by_key(|row| (row.last_seen, row.created, row.key));
        let gone = expired.iter().chain(&live[..too_many]);
        Some(gone.map(|row| self.end(&row.key, EndReason::SessionLimit, now)).collect())
    }

    /// Ends visitors until at most `others` are left and `record` fits beside them; `None` if it never does.
    fn make_room_for_visitor(
        &mut self,
        others: Option<usize>,
        record: &Record,
        now: Timestamp,
    ) -> Option<Vec<Ended>> {
        let (others, bytes) = (others?, self.max_bytes.checked_sub(footprint(record))?);
        let mut ended = Vec::new();
        loop {
            let visitors: Vec<_> = self.rows.iter().filter(|row| row.identity.is_none()).collect();
            if visitors.len() <= others && visitors.iter().map(|row| footprint(row)).sum::<usize>() <= bytes {
                return Some(ended);
            }
            let oldest = visitors.iter().min_by_key(|row| (row.last_seen, row.key))?.key;
            ended.push(self.end(&oldest, EndReason::SessionLimit, now));
        }
    }

    fn put(&mut self, old: &SessionKey, record: Record, now: Timestamp) -> Option<()> {
        if record.identity.is_none() && footprint(&record) > self.max_bytes {
            return None;
        }
        self.rows.retain(|row| row.key != *old);
        if record.identity.is_none() {
            self.make_room_for_visitor(Some(self.max_visitors), &record, now)?;
        }
        self.rows.push(record);
        Some(())
    }
}

fn is_same(row: &Record, record: &Record) -> bool {
    row.handle == record.handle && row.subject_key() == record.subject_key() && row.realm == record.realm
}
