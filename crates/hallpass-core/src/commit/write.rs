//! Writing a session that is there, or a visitor's new one.

use super::{Failure, Job};
use crate::cookie::CookieKind;
use crate::event::{Event, EventKind};
use crate::ids::{Revision, SessionHandle, Shard};
use crate::plan::Which;
use crate::policy::LifetimeKind;
use crate::random::{Drawn, RandomSource};
use crate::record::{ClientInfo, Identity, Record, SessionData, Transport};
use crate::session::SessionError;
use crate::store::{Created, Freshness, Replaced, StoreError, Updated};
use crate::time::Timestamp;
use crate::token::{SessionKey, SessionToken};
use std::sync::Arc;
use std::time::Duration;

/// How often a write is tried against other writers of the same session. A hundred at once need up to a dozen.
const ATTEMPTS: u32 = 64;
/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_millis(32);

impl Job<'_> {
    /// Notes the use of a session. Failing to is no failure: the answer is right all the same.
    pub(super) async fn touch(&self, live: Option<Arc<Record>>) {
        let Some(record) = live else { return };
        let touched = async {
            let op = self.manager.op()?;
            self.manager.limited(self.manager.0.store.touch(&record.key, self.idle_until(&record), op)).await
        };
        match touched.await {
            Ok(true) => self.tell(EventKind::Touched, &record),
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(target: "hallpass", error = &error as &dyn std::error::Error, "the use of a session was not noted");
            }
        }
    }

    /// Writes the data over the live session, or on top of what others have left of it.
    pub(super) async fn update(&mut self, live: Option<Arc<Record>>) -> Result<(), Failure> {
        let Some(mut base) = live else { return Ok(()) };
        let mut data = self.intended_data(&base);
        for attempt in 0..ATTEMPTS {
            let record = Arc::new(Record { data, ..self.used(&base) });
            let op = self.manager.op()?;
            match self.manager.limited(self.manager.0.store.update(record, base.revision, op)).await? {
                Updated::Written | Updated::Gone => return Ok(()),
                Updated::Conflict => {
                    self.pause(attempt).await?;
                    let Some(current) = self.reload(&base.key).await? else { return Ok(()) };
                    data = self.merged(&current.data, self.data_limit(&current))?;
                    base = current;
                }
            }
        }
        Err(Failure::Contended)
    }

    /// Gives the live session a new id. If it is gone by now, nothing is written and no cookie is set.
    pub(super) async fn renew(&mut self, which: Which, live: Option<Arc<Record>>) -> Result<(), Failure> {
        let Some(mut base) = live else { return Ok(()) };
        let mut data = self.intended_data(&base);
        for attempt in 0..ATTEMPTS {
            let random = self.draw()?;
            let token = self.new_token(base.key.shard(), &random)?;
            let record = Arc::new(Record { key: self.key_of(&token), data, ..self.used(&base) });
            let op = self.manager.op_from(&random)?;
            let renewing =
                self.manager.0.store.replace(&base.key, Arc::clone(&record), base.revision, None, None, op);
            match self.manager.limited(renewing).await? {
                Replaced::Replaced { evicted } => {
                    self.manager.tell_ended(&evicted, Some(record.handle), Some(&record.client));
                    let kind = match which {
                        Which::Login => CookieKind::Login,
                        Which::Visitor => CookieKind::Visitor,
                    };
                    return self.issue(kind, &token, &record, EventKind::Renewed).await;
                }
                Replaced::Gone | Replaced::EpochMoved | Replaced::LimitReached => return self.not_renewed(),
                Replaced::Conflict => {
                    self.pause(attempt).await?;
                    let Some(current) = self.reload(&base.key).await? else { return self.not_renewed() };
                    data = self.merged(&current.data, self.data_limit(&current))?;
                    base = current;
                }
            }
        }
        Err(Failure::Contended)
    }

    /// A browser keeps the cookie that it has. A bearer client would take the token in the answer for its new one.
    fn not_renewed(&self) -> Result<(), Failure> {
        match self.issued_by() {
            Transport::Cookie => Ok(()),
            Transport::Bearer => Err(Failure::Gone),
        }
    }

    pub(super) async fn create_visitor(&mut self) -> Result<(), Failure> {
        if self.slot.transport() == Transport::Bearer {
            return Err(Failure::Gone);
        }
        self.count_visitor().await?;
        let random = self.draw()?;
        let token = self.new_token(random_shard(&random)?, &random)?;
        let data = self.intent.data.clone().unwrap_or_default();
        let record = Arc::new(self.new_record(&token, new_handle(&random)?, None, data));
        let op = self.manager.op_from(&random)?;
        match self.manager.limited(self.manager.0.store.create(Arc::clone(&record), None, None, op)).await? {
            Created::Created { evicted } => {
                self.manager.tell_ended(&evicted, None, None);
                self.issue(CookieKind::Visitor, &token, &record, EventKind::VisitorCreated).await
            }
            refused => Err(unexpected(&refused)),
        }
    }

    /// Counts a visitor's new row, unless it takes the place of a login that this request has ended.
    async fn count_visitor(&self) -> Result<(), Failure> {
        if self.intent.ended_login {
            return Ok(());
        }
        let (address, login) = (self.slot.address(), self.opened.login.live());
        let wait = self.manager.visitor_wait(address, login.map(|login| &login.handle)).await?;
        let Some(retry_after) = wait else { return Ok(()) };
        let client = Some(self.slot.client()).filter(|client| client.address().is_some());
        let client = client.unwrap_or_else(|| ClientInfo::new(None, address));
        let client = Some(&client);
        self.manager.tell(&Event { client, ..self.manager.event(EventKind::VisitorThrottled) });
        Err(Failure::TooManyVisitors(retry_after))
    }

    /// The data as the handler left them, if what it saw was `base`.
    pub(super) fn intended_data(&self, base: &Record) -> SessionData {
        self.intent.data.clone().unwrap_or_else(|| base.data.clone())
    }

    /// This request's changes on top of what another has written. Both together may be too much.
    pub(super) fn merged(&mut self, current: &SessionData, limit: usize) -> Result<SessionData, Failure> {
        let data = self.intent.replay(current)?;
        if data.len() > limit && data.len() > current.len() {
            return Err(SessionError::TooLarge { limit }.into());
        }
        Ok(data)
    }

    pub(super) fn data_limit(&self, record: &Record) -> usize {
        let policy = self.manager.policy();
        if record.identity.is_some() { policy.max_data } else { policy.max_visitor_data }
    }

    /// `base` as used now, at the next revision.
    pub(super) fn used(&self, base: &Record) -> Record {
        Record {
            last_seen: base.last_seen.max(self.now),
            idle_until: base.idle_until.max(self.idle_until(base)),
            revision: base.revision.next(),
            ..base.clone()
        }
    }

    fn idle_until(&self, record: &Record) -> Timestamp {
        let lifetime = self.manager.policy().lifetime(lifetime_kind(record.identity.as_ref()));
        (self.now + lifetime.idle).min(record.absolute_until)
    }

    /// A record that no store has seen, with both of its clocks started now.
    pub(super) fn new_record(
        &self,
        token: &SessionToken,
        handle: SessionHandle,
        identity: Option<Identity>,
        data: SessionData,
    ) -> Record {
        let lifetime = self.manager.policy().lifetime(lifetime_kind(identity.as_ref()));
        let absolute_until = self.now + lifetime.absolute;
        Record {
            key: self.key_of(token),
            handle,
            created: self.now,
            last_seen: self.now,
            idle_until: (self.now + lifetime.idle).min(absolute_until),
            absolute_until,
            revision: Revision::default(),
            identity,
            data,
            realm: self.manager.realm().clone(),
            client: self.slot.client(),
            transport: self.issued_by(),
        }
    }

    pub(super) fn draw(&self) -> Result<Drawn, Failure> {
        Ok(Drawn::from(&*self.manager.0.random).map_err(StoreError::unavailable)?)
    }

    /// The one that the handler has, or a new one in `shard`.
    pub(super) fn new_token(&self, shard: Shard, random: &Drawn) -> Result<SessionToken, Failure> {
        match &self.intent.bearer {
            Some(token) => Ok(token.clone()),
            None => Ok(SessionToken::random(shard, random).map_err(StoreError::unavailable)?),
        }
    }

    pub(super) fn key_of(&self, token: &SessionToken) -> SessionKey {
        token.key_by(self.manager.realm(), self.issued_by())
    }

    /// The session as the store has it now, if it is still live.
    pub(super) async fn reload(&self, key: &SessionKey) -> Result<Option<Arc<Record>>, Failure> {
        let record = self.manager.load(key, Freshness::Latest).await?;
        Ok(record.filter(|record| record.is_live(self.now)))
    }

    /// Lets the other writer pass: at once the first time, then for a random while that grows.
    pub(super) async fn pause(&self, attempt: u32) -> Result<(), Failure> {
        if attempt == 0 {
            tokio::task::yield_now().await;
            return Ok(());
        }
        let mut jitter = [0];
        self.manager.0.random.fill(&mut jitter).map_err(StoreError::unavailable)?;
        let longest = Duration::from_millis(1 << attempt.min(5)).min(LONGEST_PAUSE);
        self.manager.0.tasks.sleep(longest * u32::from(jitter[0]) / 256).await;
        Ok(())
    }

    pub(super) fn tell(&self, kind: EventKind, record: &Record) {
        self.manager.tell(&Event {
            subject: record.identity.as_ref().map(|identity| &identity.subject),
            handle: Some(record.handle),
            client: Some(&self.slot.client()),
            ..self.manager.event(kind)
        });
    }
}

pub(super) fn new_handle(random: &Drawn) -> Result<SessionHandle, Failure> {
    Ok(SessionHandle::random(random).map_err(StoreError::unavailable)?)
}

fn random_shard(random: &Drawn) -> Result<Shard, Failure> {
    let mut bytes = [0; 2];
    random.fill(&mut bytes).map_err(StoreError::unavailable)?;
    Ok(Shard(u16::from_be_bytes(bytes)))
}

/// What no store answers to a call that it is given, unless it breaks its contract or 256 random bits repeat.
pub(super) fn unexpected(answer: &Created) -> Failure {
    Failure::Store(StoreError::unavailable(format!("the store answered {answer:?} to a new session")))
}

fn lifetime_kind(identity: Option<&Identity>) -> LifetimeKind {
    match identity {
        Some(identity) => LifetimeKind::Login { remembered: identity.remembered },
        None => LifetimeKind::Visitor,
    }
}
