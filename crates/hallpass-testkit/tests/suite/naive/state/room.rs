//! Who gives way to a login, and who is over.

use super::{Bug, Row, State};
use hallpass_core::*;
use hallpass_testkit::Method;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

impl State {
    /// What was ended for `record`, at whose level there has to be room; `None` if it is refused.
    pub(super) fn make_room(
        &mut self,
        record: &Record,
        limit: Option<SessionLimit>,
        now: Timestamp,
    ) -> Option<Vec<Ended>> {
        let (Some(limit), Some(subject)) = (limit, record.subject_key()) else { return Some(Vec::new()) };
        if self.has(Bug::LimitIsIgnored) {
            return Some(Vec::new());
        }
        let mut others = match self.has(Bug::LimitCountsEverybody) {
            true => self.rows.values().cloned().collect(),
            false => self.logins(&subject),
        };
        others.retain(|row| row.handle != record.handle || self.has(Bug::ReplaceTakesRoomItself));
        let (live, mut gone): (Vec<_>, Vec<_>) =
            others.into_iter().partition(|row| self.is_counted(row, now));
        if self.has(Bug::LimitLeavesWhatIsOver) {
            gone.clear();
        }
        let rivals = live.into_iter().filter(|row| self.competes(row, record)).collect();
        gone.extend(self.gives_way(rivals, record, limit, now)?);
        Some(gone.iter().map(|row| self.end(row, EndReason::SessionLimit, now)).collect())
    }

    fn gives_way(
        &mut self,
        mut rivals: Vec<Row>,
        record: &Record,
        limit: SessionLimit,
        now: Timestamp,
    ) -> Option<Vec<Row>> {
        let allowed = limit.max.get() as usize - usize::from(self.has(Bug::LimitIsOneTooLow));
        let excess = (rivals.len() + 1).saturating_sub(allowed);
        rivals.sort_by_key(|row| self.rank(row, now));
        if self.has(Bug::LimitEvictsTheMostRecent) {
            rivals.reverse();
        }
        if self.has(Bug::LimitEvictsTheNewest) {
            rivals.retain(|row| row.last_seen < record.last_seen);
        }
        let most = if self.has(Bug::LimitEvictsOne) { 1 } else { usize::MAX };
        rivals.truncate(excess.min(most));
        let stays = |row: &Row| !self.is_unseen(row, now) || self.has(Bug::LimitRefusesForTheUnseen);
        if limit.when_reached == WhenReached::Refuse && rivals.iter().any(stays) {
            if self.has(Bug::LimitRefusalEndsTheUnseen) {
                rivals.retain(|row| self.is_unseen(row, now));
                rivals.iter().for_each(|row| drop(self.end(row, EndReason::SessionLimit, now)));
            }
            return None;
        }
        Some(rivals)
    }

    /// The lowest gives way first.
    fn rank(&self, row: &Row, now: Timestamp) -> (bool, Timestamp, Timestamp, SessionKey) {
        let waits = !self.is_unseen(row, now) || self.has(Bug::LimitLetsTheUnseenWait);
        let created = if self.has(Bug::LimitForgetsWhoCameFirst) { now } else { row.created };
        let backwards = row.key.as_bytes().map(|byte| !byte);
        let key = if self.has(Bug::LimitReversesKeys) { SessionKey::from_bytes(backwards) } else { row.key };
        (waits, row.last_seen, created, key)
    }

    /// Whether it was not seen to be used within a minute of its creation.
    fn is_unseen(&self, row: &Record, now: Timestamp) -> bool {
        let age = now.since(row.created);
        let is_old = age > MINUTE || (age == MINUTE && self.has(Bug::LimitForgetsTheUnseenAtAMinute));
        is_old && (row.last_seen <= row.created || self.has(Bug::LimitNeverSeesAnybody))
    }

    fn is_counted(&self, row: &Record, now: Timestamp) -> bool {
        let is_live = row.is_live(now) || self.has(Bug::LimitCountsExpired);
        is_live && (!self.is_void(row) || self.has(Bug::LimitCountsTheVoid))
    }

    fn competes(&self, row: &Record, record: &Record) -> bool {
        let level_of = |record: &Record| record.identity.as_ref().map(|identity| identity.level);
        match self.bug {
            Bug::LimitCountsBothLevels | Bug::LimitCountsEverybody => true,
            Bug::LimitIgnoresThePending => level_of(row) == Some(AuthLevel::Full),
            Bug::LimitGoesByTheFirstLevel => level_of(self.first_of(row)) == level_of(record),
            _ => level_of(row) == level_of(record),
        }
    }

    /// Whether it counts as live for `method`.
    pub(super) fn is_live_for(&self, method: Method, row: &Record, now: Timestamp) -> bool {
        row.is_live(now) && (!self.is_void(row) || self.has(Bug::ForgetsNotBefore(method)))
    }

    /// Whether it is a login from before everybody was ended.
    fn is_void(&self, row: &Record) -> bool {
        let Some(at) = self.not_before(&row.realm) else { return false };
        let Some(identity) = &row.identity else {
            return self.has(Bug::NotBeforeEndsVisitors) && row.created < at;
        };
        let first = || self.first_of(row).identity.as_ref().map_or(at, |first| first.authenticated);
        match self.bug {
            Bug::NotBeforeGoesByTheFirstLogin => first() < at,
            Bug::NotBeforeEndsItsMoment => identity.authenticated <= at,
            Bug::NotBeforeGoesByCreation => row.created < at,
            _ => identity.authenticated < at,
        }
    }

    fn first_of<'a>(&'a self, row: &'a Record) -> &'a Record {
        self.first.get(&row.handle).map_or(row, |first| first)
    }

    /// What ending it amounts to.
    pub(super) fn ended(&self, row: &Record, reason: EndReason, now: Timestamp) -> Ended {
        let not_before = self.not_before(&row.realm).filter(|_| !self.has(Bug::EndsForgetNotBefore));
        let ended = Ended::new(row, reason, now, not_before);
        match self.has(Bug::NotBeforeHidesTimeouts) && self.is_void(row) {
            true => Ended { reason: EndReason::EndedForAll, ..ended },
            false => ended,
        }
    }
}
