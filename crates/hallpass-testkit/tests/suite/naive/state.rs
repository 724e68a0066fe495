mod room;

use super::Bug;
use hallpass_core::*;
use hallpass_testkit::Method;
use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

type Row = Arc<Record>;

#[derive(Debug, Clone)]
pub(crate) struct State {
    bug: Bug,
    pub(crate) rows: BTreeMap<SessionKey, Row>,
    /// A copy of every login, so that forgetting to keep it up has consequences.
    index: HashMap<SubjectKey, HashMap<SessionHandle, Row>>,
    epochs: HashMap<SubjectKey, Epoch>,
    not_before: HashMap<Realm, Timestamp>,
    answers: HashMap<OpId, Arc<dyn Any + Send + Sync>>,
    /// Every record as it was created, for those who never look again.
    pub(crate) first: HashMap<SessionHandle, Row>,
    renewals: HashMap<SessionKey, SessionKey>,
    pub(crate) locked: bool,
    pub(crate) outbox: Vec<FeedEvent>,
    pub(crate) told: Vec<FeedEvent>,
}

impl State {
    pub(crate) fn new(bug: Bug) -> Self {
        Self {
            bug,
            rows: BTreeMap::new(),
            index: HashMap::new(),
            epochs: HashMap::new(),
            not_before: HashMap::new(),
            answers: HashMap::new(),
            first: HashMap::new(),
            renewals: HashMap::new(),
            locked: false,
            outbox: Vec::new(),
            told: Vec::new(),
        }
    }

    /// Answers a call that is sent again as it was answered the first time.
    pub(crate) fn once<T: Clone + Send + Sync + 'static>(
        &mut self,
        op: Op,
        call: impl FnOnce(&mut Self) -> T,
    ) -> T {
        if let Some(answer) = self.answers.get(&op.id).filter(|_| !self.has(Bug::ForgetsOperations)) {
            return answer.downcast_ref::<T>().expect("an operation is of one kind").clone();
        }
        let answer = call(self);
        self.answers.insert(op.id, Arc::new(answer.clone()));
        answer
    }

    pub(crate) fn knows(&self, op: Op) -> bool {
        self.answers.contains_key(&op.id)
    }

    pub(crate) fn create(
        &mut self,
        record: Row,
        ticket: Option<&Ticket>,
        limit: Option<SessionLimit>,
        op: Op,
    ) -> Created {
        if self.has(Bug::CreateEvictsBeforeItLooks) {
            self.make_room(&record, limit, op.now);
        }
        let taken = self.rows.get(&record.key).is_some_and(|row| {
            !self.has(Bug::CreateOverwrites)
                && (row.is_live(op.now) || !self.has(Bug::CreateOverwritesExpired))
        });
        if taken {
            return Created::AlreadyExists;
        }
        let unneeded = self.has(Bug::CreateAsksVisitorsForATicket) && !self.epochs.is_empty();
        if !self.admits(&record, ticket) || (ticket.is_none() && unneeded) {
            return Created::EpochMoved;
        }
        let Some(evicted) = self.make_room(&record, limit, op.now) else {
            if self.has(Bug::LimitRefusalWrites) {
                self.insert(record);
            }
            return Created::LimitReached;
        };
        self.insert(record);
        Created::Created { evicted }
    }

    pub(crate) fn load(&mut self, key: &SessionKey) -> Option<Row> {
        if self.has(Bug::LoadInventsUnknown) && !self.rows.contains_key(key) {
            return self.rows.values().next().cloned();
        }
        let row = self.rows.get(key)?.clone();
        if self.has(Bug::LoadTouches) {
            let later = Record { last_seen: row.last_seen + Duration::from_secs(1), ..(*row).clone() };
            self.insert(Arc::new(later));
        }
        let now = Timestamp::from(std::time::SystemTime::now());
        let hidden = (self.has(Bug::LoadHidesExpired) && !row.is_live(now))
            || (self.has(Bug::LoadHidesTheVoid) && !self.is_live_for(Method::Load, &row, now));
        (!hidden).then_some(row)
    }

    pub(crate) fn update(&mut self, record: Row, expected: Revision, op: Op) -> Updated {
        let mut record = record;
        if let Some(new) = self.renewals.get(&record.key).filter(|_| self.has(Bug::UpdateFollowsRenewals)) {
            Arc::make_mut(&mut record).key = *new;
        }
        let Some(row) = self.live(&record.key, op.now, Method::Update, Bug::UpdateRevives) else {
            if self.has(Bug::UpdateUpserts) {
                self.insert(record);
                return Updated::Written;
            }
            return Updated::Gone;
        };
        if row.revision != expected && !self.has(Bug::UpdateIgnoresRevisions) {
            return Updated::Conflict;
        }
        let mut next = if self.has(Bug::UpdateWritesDataOnly) {
            let (data, revision, times) =
                (record.data.clone(), record.revision, (record.last_seen, record.idle_until));
            Record { data, revision, last_seen: times.0, idle_until: times.1, ..(*row).clone() }
        } else {
            (*record).clone()
        };
        if self.has(Bug::UpdateNeverMovesDeadlines) {
            (next.last_seen, next.idle_until) = (row.last_seen, row.idle_until);
        } else if !self.has(Bug::UpdateMovesBack) {
            next.last_seen = next.last_seen.max(row.last_seen);
            next.idle_until = next.idle_until.max(row.idle_until);
        }
        if !self.has(Bug::UpdateForgetsToWrite) {
            self.insert(Arc::new(next));
        }
        Updated::Written
    }

    pub(crate) fn touch(&mut self, key: &SessionKey, idle_until: Timestamp, op: Op) -> bool {
        let Some(row) = self.live(key, op.now, Method::Touch, Bug::TouchRevives) else {
            if self.has(Bug::TouchUpserts) {
                let realm = Realm::new("suite").unwrap();
                let mut invented = (*hallpass_testkit::Sample::visitor(&realm, op.now).build()).clone();
                invented.key = *key;
                self.insert(Arc::new(invented));
            }
            return false;
        };
        let mut next = (*row).clone();
        next.last_seen = op.now;
        next.idle_until = idle_until;
        if !self.has(Bug::TouchIgnoresTheAbsoluteDeadline) {
            next.idle_until = next.idle_until.min(row.absolute_until);
        }
        if !self.has(Bug::TouchMovesBack) {
            next.last_seen = next.last_seen.max(row.last_seen);
            next.idle_until = next.idle_until.max(row.idle_until);
        }
        if self.has(Bug::TouchRaisesTheRevision) {
            next.revision = next.revision.next();
        }
        if self.has(Bug::TouchKeepsLastSeen) {
            next.last_seen = row.last_seen;
        }
        let changed = next != *row;
        self.insert(Arc::new(next));
        changed || !self.has(Bug::TouchReportsChangesOnly)
    }

    pub(crate) fn replace(
        &mut self,
        old: &SessionKey,
        record: Row,
        expected: Revision,
        ticket: Option<&Ticket>,
        limit: Option<SessionLimit>,
        op: Op,
    ) -> Replaced {
        let limit = limit.filter(|_| ticket.is_some() || self.has(Bug::ReplaceLimitsPlainRenewals));
        if self.has(Bug::ReplaceEvictsBeforeItLooks) {
            self.make_room(&record, limit, op.now);
        }
        let Some(row) = self.live(old, op.now, Method::Replace, Bug::ReplaceRevives) else {
            if self.has(Bug::ReplaceUpserts) {
                self.insert(record);
                return Replaced::Replaced { evicted: Vec::new() };
            }
            return Replaced::Gone;
        };
        if row.revision != expected && !self.has(Bug::ReplaceIgnoresRevisions) {
            return Replaced::Conflict;
        }
        let raised = record.subject_key().is_some_and(|subject| self.epoch(&subject) != Epoch::NONE);
        let epoch_moved = !self.admits(&record, ticket) && !self.has(Bug::ReplaceIgnoresTheTicket);
        if epoch_moved || (raised && ticket.is_none() && self.has(Bug::ReplaceAlwaysComparesTheEpoch)) {
            return Replaced::EpochMoved;
        }
        let rival = if self.has(Bug::ReplaceKeepsTheLevelItHad) { &row } else { &record };
        let room = match self.has(Bug::ReplaceIgnoresTheLimit) {
            true => Some(Vec::new()),
            false => self.make_room(rival, limit, op.now),
        };
        if room.is_none() && !self.has(Bug::ReplaceRefusalWrites) {
            return Replaced::LimitReached;
        }
        let stale = self.index.get(&self.owner(&row)).and_then(|logins| logins.get(&row.handle)).cloned();
        if !self.has(Bug::ReplaceLeavesTheOldKey) {
            self.remove(&row);
        }
        self.renewals.insert(*old, record.key);
        let mut next = (*record).clone();
        if self.has(Bug::ReplaceWritesTheKeyOnly) {
            next = Record { key: record.key, revision: record.revision, ..(*row).clone() };
        }
        if self.has(Bug::ReplaceMakesANewHandle) {
            next.handle = SessionHandle::random(&OsRandom).unwrap();
        }
        self.insert(Arc::new(next));
        if let Some(stale) = stale.filter(|_| self.has(Bug::ReplaceLeavesTheIndex)) {
            self.index.entry(self.owner(&stale)).or_default().insert(stale.handle, stale);
        }
        self.tell(FeedEvent::Replaced { old: *old, new: record.key, handle: row.handle });
        match room {
            Some(evicted) => Replaced::Replaced { evicted },
            None => Replaced::LimitReached,
        }
    }

    pub(crate) fn take(&mut self, key: &SessionKey, expected: Revision, reason: EndReason, op: Op) -> Taken {
        let Some(row) = self.rows.get(key).cloned() else {
            return match self.has(Bug::TakeInventsUnknown) {
                true => Taken::Taken(Ended::damaged(*key, reason)),
                false => Taken::Gone,
            };
        };
        if self.has(Bug::TakeFindsNothingExpired) && !row.is_live(op.now) {
            return Taken::Gone;
        }
        if row.revision != expected && !self.has(Bug::TakeIgnoresRevisions) {
            return Taken::Conflict;
        }
        if self.has(Bug::EndsForgetTheRevision) && row.revision != Revision(1) {
            return Taken::Conflict;
        }
        Taken::Taken(self.end(&row, reason, op.now))
    }

    pub(crate) fn revoke(&mut self, key: &SessionKey, reason: EndReason, op: Op) -> Option<Ended> {
        if self.has(Bug::FeedTellsOfNothing) {
            self.tell(FeedEvent::Ended(Ended::damaged(*key, reason)));
        }
        let Some(row) = self.rows.get(key).cloned() else {
            return self.has(Bug::RevokeAnswersTwice).then(|| Ended::damaged(*key, reason));
        };
        if self.has(Bug::RevokeEndsTheWholeSubject)
            && let Some(subject) = row.subject_key()
        {
            let logins = self.logins(&subject);
            logins.iter().for_each(|row| drop(self.end(row, reason, op.now)));
        }
        let reason = if self.has(Bug::RevokeForgetsReasons) { EndReason::LoggedOut } else { reason };
        let ended = self.end(&row, reason, op.now);
        if self.has(Bug::RevokeLeavesTheRow) {
            self.rows.insert(*key, row.clone());
        }
        if self.has(Bug::RevokeLeavesTheIndex) && row.identity.is_some() {
            self.index.entry(self.owner(&row)).or_default().insert(row.handle, row.clone());
        }
        Some(match self.has(Bug::RevokeReportsExpiredAsLive) {
            true => Ended { reason, ..ended },
            false => ended,
        })
    }

    pub(crate) fn subject(&self, subject: &SubjectKey, now: Timestamp) -> Vec<SessionSummary> {
        let mut logins = self.logins(subject);
        logins.retain(|row| self.is_live_for(Method::Subject, row, now) || self.has(Bug::ListShowsExpired));
        logins.sort_by_key(|row| std::cmp::Reverse(row.last_seen));
        if self.has(Bug::ListIsUnsorted) {
            logins.reverse();
        }
        logins.iter().filter_map(|row| SessionSummary::of(row)).collect()
    }

    pub(crate) fn epoch(&self, subject: &SubjectKey) -> Epoch {
        let subject = if self.has(Bug::EpochIsGlobal) { &anybody() } else { &self.known_as(subject.clone()) };
        self.epochs.get(subject).copied().unwrap_or_default()
    }

    pub(crate) fn revoke_subject(
        &mut self,
        subject: &SubjectKey,
        actor: Option<SessionHandle>,
        which: Which,
        reason: EndReason,
        op: Op,
    ) -> SubjectRevoked {
        let logins = self.logins(subject);
        if actor.is_some_and(|actor| !self.may_act(&logins, actor, op.now)) {
            return SubjectRevoked::ActorGone;
        }
        let previous = self.epoch(subject);
        let chosen = self.chosen(logins, which, op.now);
        let ended = chosen.iter().map(|row| self.end(row, reason, op.now)).collect::<Vec<_>>();
        let raises = match which {
            Which::All => true,
            Which::AllBut(_) => !self.has(Bug::EpochIsNotRaisedByAllBut),
            Which::One(_) => self.has(Bug::EpochIsRaisedByOne),
        };
        if raises && (!self.has(Bug::EpochNeedsALogin) || !ended.is_empty()) {
            let subject =
                if self.has(Bug::EpochIsGlobal) { anybody() } else { self.known_as(subject.clone()) };
            self.epochs.insert(subject, self.raised(previous, op));
        }
        SubjectRevoked::Done { previous, current: self.epoch(subject), ended }
    }

    pub(crate) fn not_before(&self, realm: &Realm) -> Option<Timestamp> {
        let start = self.has(Bug::NotBeforeStartsAtZero).then(Timestamp::default);
        self.not_before.get(&self.area(realm)).copied().or(start)
    }

    pub(crate) fn raise_not_before(&mut self, realm: &Realm, at: Timestamp) -> Timestamp {
        let area = self.area(realm);
        let known = self.not_before.get(&area).copied().filter(|_| !self.has(Bug::NotBeforeMovesBack));
        let at = known.map_or(at, |known| known.max(at));
        if !self.has(Bug::NotBeforeIsForgotten) {
            self.not_before.insert(area, at);
        }
        self.tell(FeedEvent::NotBefore { realm: realm.clone(), at });
        at
    }

    pub(crate) fn alive(&self, keys: &[SessionKey], now: Timestamp) -> Vec<Option<bool>> {
        let is_alive =
            |row: &Row| self.is_live_for(Method::Alive, row, now) || self.has(Bug::AliveIgnoresDeadlines);
        let mut answers: Vec<_> =
            keys.iter().map(|key| Some(self.rows.get(key).is_some_and(is_alive))).collect();
        if self.has(Bug::AliveLeavesOutTheDead) {
            answers.retain(|alive| *alive == Some(true));
        }
        if self.has(Bug::AliveAnswersForAThousand) {
            answers.truncate(1_000);
        }
        if self.has(Bug::AliveOfNothingIsSomething) && keys.is_empty() {
            answers.push(Some(false));
        }
        answers
    }

    pub(crate) fn sweep(&mut self, limit: usize, op: Op) -> Swept {
        if self.has(Bug::EpochIsSwept) {
            self.epochs.clear();
        }
        let now = match self.bug {
            Bug::SweepBelievesItsOwnClock => op.now.max(Timestamp::from(std::time::SystemTime::now())),
            _ => op.now,
        };
        let over = |state: &Self, row: &Row| match state.bug {
            Bug::SweepRemovesLiveOnes => row.deadline() <= now + Duration::from_secs(60),
            Bug::SweepUsesTheFirstDeadline => state.first[&row.handle].deadline() <= now,
            _ => !row.is_live(now),
        };
        let rows: Vec<_> = self.rows.values().filter(|row| over(self, row)).cloned().collect();
        let limit = if self.has(Bug::SweepIgnoresTheLimit) { rows.len() } else { limit };
        let mut ended: Vec<_> =
            rows.iter().take(limit).map(|row| self.end(row, EndReason::Unknown, now)).collect();
        if self.has(Bug::SweepLeavesTheIndex) {
            for row in rows.iter().take(limit).filter(|row| row.identity.is_some()) {
                self.index.entry(self.owner(row)).or_default().insert(row.handle, row.clone());
            }
        }
        let wrong_clock = op.now > Timestamp::from(std::time::SystemTime::now()) + Duration::from_secs(3600);
        if self.has(Bug::SweepForgetsToTell)
            || (wrong_clock && self.has(Bug::SweepHidesWhatAWrongClockRemoved))
        {
            ended.clear();
        }
        if self.has(Bug::SweepReportsWhatIsNotThere) && limit > 0 {
            ended.push(Ended::damaged(SessionKey::from_bytes([0; 34]), EndReason::IdleTimeout));
        }
        Swept { ended, more: rows.len() > limit }
    }

    /// Goes by the first eight bytes of the keys.
    pub(crate) fn purge(&mut self, realm: &Realm, from: u64, limit: usize, op: Op) -> Purged {
        let from = if self.has(Bug::PurgeAlwaysBeginsAtTheFirst) { 0 } else { from };
        let moment = match (self.not_before(realm), self.bug) {
            (None, Bug::PurgeNeedsNoMoment) => Timestamp::MAX,
            (None, _) => return Purged::default(),
            (Some(_), Bug::PurgeRemovesLaterLogins) => Timestamp::MAX,
            (Some(moment), _) => moment,
        };
        let place = |row: &Row| u64::from_be_bytes(std::array::from_fn(|at| row.key.as_bytes()[at + 2]));
        let mut rows: Vec<_> = self.rows.values().filter(|row| place(row) > from).cloned().collect();
        rows.sort_by_key(place);
        let next = rows.get(limit.max(1) - 1).map(place).filter(|_| rows.len() > limit);
        let is_meant = |state: &Self, row: &Row| {
            let early = match &row.identity {
                Some(identity) => identity.authenticated < moment,
                None => state.has(Bug::PurgeRemovesVisitors),
            };
            early && (row.realm == *realm || state.has(Bug::PurgeCrossesRealms))
        };
        rows.truncate(limit.max(1));
        rows.retain(|row| is_meant(self, row));
        let mut ended = Vec::new();
        for row in rows {
            let told = self.told.len();
            ended.push(self.end(&row, EndReason::EndedForAll, op.now));
            if self.has(Bug::PurgeTellsTheFeedNothing) {
                self.told.truncate(told);
                self.outbox.clear();
            }
        }
        if self.has(Bug::PurgeHidesTimeouts) {
            ended.iter_mut().for_each(|ended| ended.reason = EndReason::EndedForAll);
        }
        if self.has(Bug::PurgeForgetsToTell) {
            ended.clear();
        }
        Purged { ended, next: next.filter(|_| !self.has(Bug::PurgeStopsAfterTheFirstStep)) }
    }

    fn has(&self, bug: Bug) -> bool {
        self.bug == bug
    }

    fn live(&self, key: &SessionKey, now: Timestamp, method: Method, revives: Bug) -> Option<Row> {
        let is_live = |row: &&Row| self.is_live_for(method, row, now) || self.has(revives);
        self.rows.get(key).filter(is_live).cloned()
    }

    fn insert(&mut self, record: Row) {
        let record = self.spoiled(record);
        if record.subject_key().is_some() {
            self.index.entry(self.owner(&record)).or_default().insert(record.handle, record.clone());
        }
        self.first.entry(record.handle).or_insert_with(|| record.clone());
        self.rows.insert(record.key, record);
    }

    /// The record as a store with too small columns would keep it.
    fn spoiled(&self, record: Row) -> Row {
        let mut kept = (*record).clone();
        let whole = |at: Timestamp| Timestamp::from_millis(at.as_millis() / 1000 * 1000);
        match self.bug {
            Bug::SpoilsForeignSubjects => {
                if let Some(identity) = &mut kept.identity {
                    identity.subject =
                        Subject::new(identity.subject.as_str().replace(|c: char| !c.is_ascii(), "?"))
                            .unwrap();
                }
            }
            Bug::DropsData => kept.data = SessionData::default(),
            Bug::CutsDataAtZeroBytes if kept.data.as_bytes().contains(&0) => {
                kept.data = SessionData::default()
            }
            Bug::CutsDataAt64K if kept.data.len() > 0xffff => kept.data = SessionData::default(),
            Bug::KeepsWholeSecondsOnly => kept.idle_until = whole(kept.idle_until),
            Bug::FailsBeyondTheYear9999 => {
                kept.absolute_until = kept.absolute_until.min(Timestamp::from_millis(253_402_300_799_999));
            }
            Bug::DropsTheClient => kept.client = ClientInfo::default(),
            _ => {}
        }
        Arc::new(kept)
    }

    fn remove(&mut self, row: &Row) {
        self.rows.remove(&row.key);
        if let Some(logins) = self.index.get_mut(&self.owner(row)) {
            logins.remove(&row.handle);
        }
    }

    fn end(&mut self, row: &Row, reason: EndReason, now: Timestamp) -> Ended {
        self.remove(row);
        let ended = self.ended(row, reason, now);
        self.tell(FeedEvent::Ended(ended.clone()));
        if let Some(subject) = row.subject_key().filter(|_| self.has(Bug::EndsRaiseTheEpoch)) {
            self.epochs.insert(subject, Epoch::from_bytes([9; 16]));
        }
        ended
    }

    fn tell(&mut self, event: FeedEvent) {
        self.outbox.push(event.clone());
        self.told.push(event);
    }

    /// Whether a login with this ticket may be created.
    fn admits(&self, record: &Record, ticket: Option<&Ticket>) -> bool {
        let not_before = self.not_before(&record.realm).filter(|_| !self.has(Bug::NotBeforeIsNotCompared));
        let Some(ticket) = ticket else {
            return not_before.is_none() || !self.has(Bug::NotBeforeRefusesEverything);
        };
        let early = not_before.is_some_and(|at| match self.bug {
            Bug::NotBeforeExcludesItsMoment => ticket.started_at <= at,
            _ => ticket.started_at < at,
        });
        let epoch = record.subject_key().map(|subject| self.epoch(&subject)).unwrap_or_default();
        let holds = self.has(Bug::CreateIgnoresTheEpoch)
            || epoch == ticket.epoch
            || (epoch == Epoch::NONE && self.has(Bug::CreateTakesAnyEpochOfUnraised));
        holds && !early && !(self.has(Bug::EpochOnceRaisedRefusesAll) && epoch != Epoch::NONE)
    }

    fn may_act(&self, logins: &[Row], actor: SessionHandle, now: Timestamp) -> bool {
        let everybody: Vec<_> = self.rows.values().cloned().collect();
        let logins = if self.has(Bug::ActorMayBeAnybody) { &everybody } else { logins };
        let is_live = |row: &Row| {
            self.is_live_for(Method::RevokeSubject, row, now) || self.has(Bug::ActorMayHaveRunOut)
        };
        let found = logins.iter().any(|row| row.handle == actor && is_live(row));
        self.has(Bug::ActorIsNotChecked) || (found && !self.has(Bug::ActorIsNeverFound))
    }

    fn chosen(&self, mut logins: Vec<Row>, which: Which, now: Timestamp) -> Vec<Row> {
        let known = |handle: SessionHandle| logins.iter().any(|row| row.handle == handle);
        match which {
            Which::All if self.has(Bug::AllKeepsOne) => drop(logins.pop()),
            Which::All => {}
            Which::AllBut(_) if self.has(Bug::AllButEndsAll) => {}
            Which::AllBut(kept) if !known(kept) && self.has(Bug::AllButUnknownEndsNothing) => logins.clear(),
            Which::AllBut(kept) => logins.retain(|row| row.handle != kept),
            Which::One(_) if self.has(Bug::OneEndsAll) => {}
            Which::One(handle) if !known(handle) && self.has(Bug::OneUnknownEndsAll) => {}
            Which::One(handle) => logins.retain(|row| row.handle == handle),
        }
        match self.bug {
            Bug::AllEndsFullLoginsOnly => {
                logins.retain(|row| row.identity.as_ref().is_some_and(|of| of.level == AuthLevel::Full));
            }
            Bug::AllEndsVisitorsToo => {
                logins.extend(self.rows.values().filter(|row| row.identity.is_none()).cloned());
            }
            Bug::AllEndsLiveOnly => logins.retain(|row| row.is_live(now)),
            Bug::AllEndsAHundred => logins.truncate(100),
            _ => {}
        }
        logins
    }

    fn raised(&self, previous: Epoch, op: Op) -> Epoch {
        if self.has(Bug::EpochIsACounter) {
            let mut bytes = *previous.as_bytes();
            bytes[15] = bytes[15].wrapping_add(1);
            return Epoch::from_bytes(bytes);
        }
        Epoch::from(op.id)
    }

    fn logins(&self, subject: &SubjectKey) -> Vec<Row> {
        let logins = self.index.get(&self.known_as(subject.clone()));
        logins.map(|logins| logins.values().cloned().collect()).unwrap_or_default()
    }

    fn owner(&self, row: &Record) -> SubjectKey {
        row.subject_key().map_or_else(anybody, |subject| self.known_as(subject))
    }

    /// The subject under the name by which the store, rightly or wrongly, knows it.
    fn known_as(&self, subject: SubjectKey) -> SubjectKey {
        let (realm, id) = (subject.realm(), subject.subject());
        let realm_named = |name: &str| Realm::new(name).unwrap();
        let id_named = |name: &str| Subject::new(name).unwrap();
        match self.bug {
            Bug::ComparesSubjectsWithoutCase => {
                let realm = realm_named(&realm.as_str().to_lowercase());
                SubjectKey::new(realm, id_named(&id.as_str().to_lowercase()))
            }
            Bug::IgnoresRealms => SubjectKey::new(realm_named("any"), id.clone()),
            Bug::JoinsRealmAndSubject => {
                let name = format!("{realm}:{id}").chars().take(60).collect::<String>();
                SubjectKey::new(realm_named("any"), id_named(&name))
            }
            _ => subject,
        }
    }

    fn area(&self, realm: &Realm) -> Realm {
        match self.bug {
            Bug::NotBeforeIsGlobal => Realm::new("any").unwrap(),
            _ => realm.clone(),
        }
    }
}

fn anybody() -> SubjectKey {
    SubjectKey::new(Realm::new("nobody").unwrap(), Subject::new("nobody").unwrap())
}
