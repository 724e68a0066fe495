//! Creating logins.

use super::{Failure, Job};
use crate::commit::write::{new_handle, unexpected};
use crate::cookie::CookieKind;
use crate::event::{Event, EventKind};
use crate::record::{EndReason, Record, SessionData, Transport};
use crate::session::LoginGrant;
use crate::store::{Created, Replaced, SessionLimit, StoreErrorKind, Taken, Updated, WhenReached};
use crate::token::SessionToken;
use std::sync::Arc;

/// How often a visitor's data are merged again because another request of the visitor wrote them meanwhile.
const MERGES: u32 = 16;
/// How often a login is written against other writers of the same session.
const ATTEMPTS: u32 = 64;

impl Job<'_> {
    /// A user of another realm is nobody here, whatever number they share with one who is.
    fn grant(&self) -> Result<Option<Arc<LoginGrant>>, Failure> {
        let grant = self.intent.log_in.clone();
        match &grant {
            Some(grant) if grant.subject.realm() != self.manager.realm() => Err(Failure::Superseded),
            _ => Ok(grant),
        }
    }

    /// The same user again: the session stays, under a new id, with fresh deadlines. If somebody ended it meanwhile, the
    /// ticket decides whether the user may have a new one.
    pub(super) async fn relogin(&mut self) -> Result<(), Failure> {
        let (Some(grant), Some(mut base)) = (self.grant()?, self.opened.login.live().cloned()) else {
            return Ok(());
        };
        let mut data = self.intended_data(&base);
        for attempt in 0..ATTEMPTS {
            let random = self.draw()?;
            let token = self.new_token(base.key.shard(), &random)?;
            let record = Arc::new(self.reauthenticated(&base, &token, &grant, data));
            let op = self.manager.op_from(&random)?;
            let store = &self.manager.0.store;
            let (ticket, limit) = (Some(&grant.ticket), limit_of_relogin(&base, &grant));
            let replacing = store.replace(&base.key, Arc::clone(&record), base.revision, ticket, limit, op);
            match self.manager.limited(replacing).await? {
                Replaced::Replaced { evicted } => {
                    self.manager.tell_ended(&evicted, Some(record.handle), Some(&grant.client));
                    return self.issue_login(&grant, &token, &record, EventKind::Reauthenticated).await;
                }
                Replaced::EpochMoved => return Err(Failure::Superseded),
                Replaced::LimitReached => return Err(Failure::LimitReached),
                Replaced::Gone => return self.create_login_anew(&grant).await,
                Replaced::Conflict => {
                    self.pause(attempt).await?;
                    let Some(current) = self.reload(&base.key).await? else {
                        return self.create_login_anew(&grant).await;
                    };
                    data = self.merged(&current.data, self.data_limit(&current))?;
                    base = current;
                }
            }
        }
        Err(Failure::Contended)
    }

    /// `base` under a new id, authenticated now.
    fn reauthenticated(
        &self,
        base: &Record,
        token: &SessionToken,
        grant: &LoginGrant,
        data: SessionData,
    ) -> Record {
        let fresh = self.new_record(token, base.handle, Some(grant.identity()), data);
        let (created, revision) = (base.created, base.revision.next());
        Record { created, revision, client: grant.client.clone(), ..fresh }
    }

    /// What was ended meanwhile stays ended, with its data; only what this request has set is kept.
    async fn create_login_anew(&mut self, grant: &LoginGrant) -> Result<(), Failure> {
        let data = self.intent.replay(&SessionData::default())?;
        let (token, record) = self.create(grant, data).await?;
        self.issue_login(grant, &token, &record, EventKind::LoginSucceeded).await
    }

    pub(super) async fn create_login(&mut self, from_visitor: bool) -> Result<(), Failure> {
        let Some(grant) = self.grant()? else { return Ok(()) };
        let visitor = self.opened.visitor.live().filter(|_| from_visitor).cloned();
        let data = match &visitor {
            Some(visitor) => self.intended_data(visitor),
            None => self.intent.data.clone().unwrap_or_default(),
        };
        let (token, mut record) = self.create(&grant, data).await?;
        if let Some(visitor) = visitor {
            match self.absorb(visitor, Arc::clone(&record)).await {
                Ok(merged) => record = merged,
                Err(failure) => return Err(self.abandon(&record, failure).await),
            }
        }
        // A visitor's cookie that led to a session which is now part of this one, or is damaged, leads nowhere.
        let damaged = matches!(self.opened.visitor, crate::manager::lookup::Found::Undecodable(_));
        if from_visitor || damaged && self.issued_by() == Transport::Cookie {
            self.remove_cookie(CookieKind::Visitor);
        }
        self.issue_login(&grant, &token, &record, EventKind::LoginSucceeded).await
    }

    async fn create(
        &self,
        grant: &LoginGrant,
        data: SessionData,
    ) -> Result<(SessionToken, Arc<Record>), Failure> {
        let random = self.draw()?;
        let token = self.new_token(grant.subject.shard(), &random)?;
        let fresh = self.new_record(&token, new_handle(&random)?, Some(grant.identity()), data);
        let record = Arc::new(Record { client: grant.client.clone(), ..fresh });
        let op = self.manager.op_from(&random)?;
        let store = &self.manager.0.store;
        let creating = store.create(Arc::clone(&record), Some(&grant.ticket), Some(grant.limit), op);
        match self.manager.limited(creating).await? {
            Created::Created { evicted } => {
                self.manager.tell_ended(&evicted, Some(record.handle), Some(&grant.client));
                Ok((token, record))
            }
            Created::EpochMoved => Err(Failure::Superseded),
            Created::LimitReached => Err(Failure::LimitReached),
            refused @ Created::AlreadyExists => Err(unexpected(&refused)),
        }
    }

    /// Ends the visitor's session, whose data `login` carries. If another request of the visitor wrote it meanwhile,
    /// that is merged in first: ended only as it was copied, nothing in it is lost.
    async fn absorb(
        &mut self,
        mut visitor: Arc<Record>,
        mut login: Arc<Record>,
    ) -> Result<Arc<Record>, Failure> {
        for attempt in 0..MERGES {
            let op = self.manager.op()?;
            let store = &self.manager.0.store;
            let taking = store.take(&visitor.key, visitor.revision, EndReason::Superseded, op);
            match self.manager.limited(taking).await? {
                Taken::Taken(ended) => {
                    self.manager.tell_ended(&[ended], Some(login.handle), Some(&login.client));
                    return Ok(login);
                }
                Taken::Gone => return Ok(login),
                Taken::Conflict => {
                    self.pause(attempt).await?;
                    let Some(current) = self.reload(&visitor.key).await? else { return Ok(login) };
                    login = self.merge(&current, &login).await?;
                    visitor = current;
                }
            }
        }
        Err(Failure::Contended)
    }

    /// Writes the visitor's newer data into the login that nobody has been told of yet.
    async fn merge(&mut self, visitor: &Record, login: &Record) -> Result<Arc<Record>, Failure> {
        let data = self.merged(&visitor.data, self.data_limit(login))?;
        let merged = Arc::new(Record { data, revision: login.revision.next(), ..login.clone() });
        let op = self.manager.op()?;
        let store = &self.manager.0.store;
        match self.manager.limited(store.update(Arc::clone(&merged), login.revision, op)).await? {
            Updated::Written => Ok(merged),
            // Only ending all of the user's sessions reaches one whose token nobody has.
            Updated::Gone | Updated::Conflict => Err(Failure::Superseded),
        }
    }

    /// Ends a login that could not be completed. Nobody has its token, so failing to is no danger.
    async fn abandon(&self, record: &Record, failure: Failure) -> Failure {
        match self.manager.revoke(&record.key, EndReason::Abandoned, Some(&record.client)).await {
            Ok(_) => {}
            Err(error) if error.kind() == StoreErrorKind::Undecodable => {}
            Err(error) => {
                tracing::warn!(target: "hallpass", error = &error as &dyn std::error::Error, "an incomplete login was not removed");
            }
        }
        failure
    }

    pub(super) fn tell_failed_login(&self, failure: &Failure) {
        let Some(grant) = &self.intent.log_in else { return };
        let reason = match failure {
            Failure::LimitReached => Some(EndReason::SessionLimit),
            Failure::Superseded => Some(EndReason::Superseded),
            Failure::Store(_)
            | Failure::Session(_)
            | Failure::Contended
            | Failure::TooManyVisitors(_)
            | Failure::Gone => None,
        };
        self.manager.tell(&Event {
            subject: Some(grant.subject.subject()),
            reason,
            client: Some(&grant.client),
            ..self.manager.event(EventKind::LoginFailed)
        });
    }
}

/// A login that is there already adds none: where too many are refused, it is not one too many. It may be when its last
/// factor has been shown, for then it counts among others than before.
fn limit_of_relogin(base: &Record, grant: &LoginGrant) -> Option<SessionLimit> {
    let is_counted = base.identity.as_ref().is_some_and(|identity| identity.level == grant.level);
    Some(grant.limit).filter(|limit| !is_counted || limit.when_reached == WhenReached::EndLeastRecent)
}
