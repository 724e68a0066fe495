use crate::builder::RedisStoreBuilder;
use crate::error::SetupError;
use crate::feed::Feeds;
use crate::keys::{Base, Names, REALM_TAG, Tag, owner_of as owner_of_subject};
use crate::link::Link;
use crate::reply::{self, Reply, strange};
use crate::row;
use crate::script::{self, Call, Script, decimal};
use async_trait::async_trait;
use hallpass_core::{
    Clock, Created, EndReason, Ended, Epoch, Freshness, Op, Purged, Realm, Record, Replaced, Revision,
    SessionFeed, SessionHandle, SessionKey, SessionLimit, SessionStore, SessionSummary, StoreError,
    SubjectKey, SubjectRevoked, Swept, Taken, Ticket, Timestamp, Updated, WhenReached, Which,
};
use redis::{Value, cmd};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

/// How long an epoch is kept: longer than any login takes, whatever happens to clocks.
const EPOCH_KEPT: Duration = Duration::from_secs(25 * 60 * 60);

/// How long the answer of a call is kept at least, so that the same call, sent again, gets the same answer.
const ANSWER_KEPT: Duration = Duration::from_secs(60);

/// Sessions in a Redis server or a Redis Cluster.
///
/// Every operation is one script on one hash slot, so it is atomic, also on a cluster; see the
/// [crate's page](crate) for what the server has to be like.
///
/// ```no_run
/// use hallpass_core::SessionManager;
/// use hallpass_redis::RedisStore;
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let store = RedisStore::connect("redis://localhost").await?;
/// let sessions = SessionManager::builder(store).build()?;
/// # Ok(())
/// # }
/// ```
pub struct RedisStore {
    pub(crate) link: Link,
    pub(crate) names: Names,
    pub(crate) clock: Option<Arc<dyn Clock>>,
    pub(crate) sweep_at: AtomicUsize,
    feeds: Feeds,
    answer_kept: Duration,
}

impl RedisStore {
    /// Connects with the defaults of [`RedisStoreBuilder`].
    ///
    /// # Errors
    ///
    /// As [`RedisStoreBuilder::connect`].
    pub async fn connect(url: &str) -> Result<Self, SetupError> {
        Self::builder().connect(url).await
    }

    /// Sets another prefix, time limits or a clock.
    pub fn builder() -> RedisStoreBuilder {
        RedisStoreBuilder::default()
    }

    pub(crate) fn new(
        link: Link,
        names: Names,
        feeds: Feeds,
        clock: Option<Arc<dyn Clock>>,
        response_timeout: Duration,
    ) -> Self {
        let answer_kept = ANSWER_KEPT.max(2 * response_timeout);
        Self { link, names, clock, sweep_at: AtomicUsize::new(0), feeds, answer_kept }
    }

    pub(crate) fn base(&self, tag: Tag) -> Base {
        Base(self.names.base(tag))
    }

    pub(crate) fn reading(&self, script: &'static Script, tag: Tag, now: Timestamp) -> Call {
        Call::reading(script, &self.names, tag, now)
    }

    pub(crate) fn changing(&self, script: &'static Script, tag: Tag, op: Op) -> Call {
        Call::changing(script, &self.names, tag, op, self.answer_kept)
    }

    async fn reply(&self, call: &Call) -> Result<Reply, StoreError> {
        Reply::read(self.link.call(call).await?)
    }

    /// A call about one row.
    fn on_row(&self, script: &'static Script, key: &SessionKey, op: Op) -> Call {
        let call = self.changing(script, Tag::of(key.shard()), op);
        let row = call.base().row(key);
        call.key(row)
    }

    /// A call that writes a record.
    fn writing(&self, script: &'static Script, record: &Record, op: Op) -> Call {
        let mut call = self.on_row(script, &record.key, op);
        let owner = row::owner_of(record);
        if !owner.is_empty() {
            let (list, epoch) = (call.base().list(&owner), call.base().epoch(&owner));
            call = call.key(list).key(epoch);
        }
        row::with_record(call, record)
    }

    /// Whether the record lies where its user's other logins do. One that does not could not be ended with them.
    fn is_at_home(record: &Record) -> bool {
        record.subject_key().is_none_or(|subject| Tag::of(subject.shard()) == Tag::of(record.key.shard()))
    }

    async fn exists(&self, key: &SessionKey) -> Result<bool, StoreError> {
        let tag = Tag::of(key.shard());
        let answer = self.link.send(tag, cmd("EXISTS").arg(self.base(tag).row(key))).await?;
        Ok(reply::number(&answer)? > 0)
    }
}

/// Shows the prefix, and nothing of the URL.
impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").field("names", &self.names).finish_non_exhaustive()
    }
}

#[async_trait]
impl SessionStore for RedisStore {
    /// A login's key in another shard than its user's is an error: it could not be ended with the others.
    async fn create(
        &self,
        record: Arc<Record>,
        ticket: Option<&Ticket>,
        limit: Option<SessionLimit>,
        op: Op,
    ) -> Result<Created, StoreError> {
        if !Self::is_at_home(&record) {
            return match self.exists(&record.key).await? {
                true => Ok(Created::AlreadyExists),
                false => Err(StoreError::unavailable("the login's key lies in another shard than its user")),
            };
        }
        let call = with_terms(self.writing(&script::CREATE, &record, op), ticket, limit, op.now);
        let mut reply = self.reply(&call).await?;
        match reply.word() {
            b"created" => Ok(Created::Created { evicted: reply.ended()? }),
            b"already_exists" => Ok(Created::AlreadyExists),
            b"epoch_moved" => Ok(Created::EpochMoved),
            b"limit_reached" => Ok(Created::LimitReached),
            _ => Err(strange()),
        }
    }

    async fn load(&self, key: &SessionKey, _freshness: Freshness) -> Result<Option<Arc<Record>>, StoreError> {
        let tag = Tag::of(key.shard());
        let call = Call::of(&script::LOAD, tag, self.base(tag).into_row(key));
        let mut reply = self.reply(&call).await?;
        if reply.word() == b"none" {
            return Ok(None);
        }
        let record = row::decode(key, &reply.bytes()?)?;
        match reply.word() {
            b"found" => Ok(Some(Arc::new(record))),
            b"unlinked" => Ok(None),
            _ => Err(strange()),
        }
    }

    /// A record with another handle, realm or subject than the row's is [`Updated::Gone`]: it is not this session.
    async fn update(&self, record: Arc<Record>, expected: Revision, op: Op) -> Result<Updated, StoreError> {
        let call = self.writing(&script::UPDATE, &record, op).arg(decimal(expected.0));
        match self.reply(&call).await?.word() {
            b"written" => Ok(Updated::Written),
            b"conflict" => Ok(Updated::Conflict),
            b"gone" => Ok(Updated::Gone),
            _ => Err(strange()),
        }
    }

    async fn touch(&self, key: &SessionKey, idle_until: Timestamp, op: Op) -> Result<bool, StoreError> {
        let call =
            self.on_row(&script::TOUCH, key, op).arg(*key.as_bytes()).arg(decimal(idle_until.as_millis()));
        match self.reply(&call).await?.word() {
            b"touched" => Ok(true),
            b"gone" => Ok(false),
            _ => Err(strange()),
        }
    }

    /// A record with another handle, realm or subject than the row's, or with a key that is taken or lies in another
    /// shard, is [`Replaced::Gone`]: it is no renewal of this session.
    async fn replace(
        &self,
        old: &SessionKey,
        record: Arc<Record>,
        expected: Revision,
        ticket: Option<&Ticket>,
        limit: Option<SessionLimit>,
        op: Op,
    ) -> Result<Replaced, StoreError> {
        if old.shard() != record.key.shard() {
            return Ok(Replaced::Gone);
        }
        let limit = limit.filter(|_| ticket.is_some());
        let call = with_terms(self.writing(&script::REPLACE, &record, op), ticket, limit, op.now);
        let row = call.base().row(old);
        let call = call.key(row).arg(*old.as_bytes()).arg(decimal(expected.0));
        let mut reply = self.reply(&call).await?;
        match reply.word() {
            b"replaced" => Ok(Replaced::Replaced { evicted: reply.ended()? }),
            b"conflict" => Ok(Replaced::Conflict),
            b"gone" => Ok(Replaced::Gone),
            b"epoch_moved" => Ok(Replaced::EpochMoved),
            b"limit_reached" => Ok(Replaced::LimitReached),
            _ => Err(strange()),
        }
    }

    async fn take(
        &self,
        key: &SessionKey,
        expected: Revision,
        reason: EndReason,
        op: Op,
    ) -> Result<Taken, StoreError> {
        let call = self.on_row(&script::TAKE, key, op).arg(*key.as_bytes());
        let mut reply = self.reply(&call.arg(decimal(expected.0)).arg(reason.as_str())).await?;
        match reply.word() {
            b"taken" => Ok(Taken::Taken(reply.ended()?.pop().ok_or_else(strange)?)),
            b"conflict" => Ok(Taken::Conflict),
            b"gone" => Ok(Taken::Gone),
            _ => Err(strange()),
        }
    }

    async fn revoke(&self, key: &SessionKey, reason: EndReason, op: Op) -> Result<Option<Ended>, StoreError> {
        let call = self.on_row(&script::REVOKE, key, op).arg(*key.as_bytes()).arg(reason.as_str());
        let mut reply = self.reply(&call).await?;
        match reply.word() {
            b"revoked" => Ok(reply.ended()?.pop()),
            _ => Err(strange()),
        }
    }

    async fn subject(&self, subject: &SubjectKey, now: Timestamp) -> Result<Vec<SessionSummary>, StoreError> {
        let owner = owner_of_subject(subject);
        let call = self.reading(&script::SUBJECT, Tag::of(subject.shard()), now);
        let list = call.base().list(&owner);
        let mut reply = self.reply(&call.key(list).arg(owner)).await?;
        let mut logins = reply.list()?.into_iter().filter_map(login).collect::<Result<Vec<_>, _>>()?;
        logins.sort_unstable_by_key(|login| std::cmp::Reverse((login.last_seen, login.created, login.key)));
        Ok(logins)
    }

    async fn epoch(&self, subject: &SubjectKey) -> Result<Epoch, StoreError> {
        let tag = Tag::of(subject.shard());
        let key = self.base(tag).epoch(&owner_of_subject(subject));
        match self.link.send(tag, cmd("GET").arg(key)).await? {
            Value::Nil => Ok(Epoch::NONE),
            epoch => reply::epoch(&reply::bytes(epoch)?),
        }
    }

    async fn revoke_subject(
        &self,
        subject: &SubjectKey,
        actor: Option<SessionHandle>,
        which: Which,
        reason: EndReason,
        op: Op,
    ) -> Result<SubjectRevoked, StoreError> {
        let owner = owner_of_subject(subject);
        let call = self.changing(&script::REVOKE_SUBJECT, Tag::of(subject.shard()), op);
        let (list, epoch) = (call.base().list(&owner), call.base().epoch(&owner));
        let (which, about) = match which {
            Which::All => ("all", Vec::new()),
            Which::AllBut(kept) => ("all_but", kept.as_bytes().to_vec()),
            Which::One(handle) => ("one", handle.as_bytes().to_vec()),
        };
        let actor = actor.map_or_else(Vec::new, |actor| actor.as_bytes().to_vec());
        let call = call.key(list).key(epoch).arg(owner).arg(actor).arg(which).arg(about).arg(reason.as_str());
        let mut reply = self.reply(&call.arg(decimal(EPOCH_KEPT.as_millis()))).await?;
        match reply.word() {
            b"actor_gone" => Ok(SubjectRevoked::ActorGone),
            b"done" => Ok(SubjectRevoked::Done {
                previous: reply.epoch()?,
                current: reply.epoch()?,
                ended: reply.ended()?,
            }),
            _ => Err(strange()),
        }
    }

    async fn not_before(&self, realm: &Realm) -> Result<Option<Timestamp>, StoreError> {
        let ask = |tag| cmd("HGET").arg(self.base(tag).not_before()).arg(realm.as_str()).take();
        // What was confirmed holds in every tag, and this one is the last to be told.
        match self.link.send_to_one(REALM_TAG, ask).await? {
            Value::Nil => Ok(None),
            at => Ok(Some(reply::time(&reply::bytes(at)?)?)),
        }
    }

    async fn raise_not_before(&self, realm: &Realm, at: Timestamp, op: Op) -> Result<Timestamp, StoreError> {
        self.raise_everywhere(realm, at, op).await
    }

    async fn alive(&self, keys: &[SessionKey], now: Timestamp) -> Result<Vec<Option<bool>>, StoreError> {
        self.are_alive(keys, now).await
    }

    async fn sweep(&self, limit: usize, op: Op) -> Result<Swept, StoreError> {
        self.sweep_tags(limit, op).await
    }

    async fn purge(&self, realm: &Realm, from: u64, limit: usize, op: Op) -> Result<Purged, StoreError> {
        self.purge_tags(realm, from, limit, op).await
    }

    async fn feed(&self) -> Result<Box<dyn SessionFeed>, StoreError> {
        Ok(Box::new(self.feeds.subscribe().await?))
    }
}

/// What a login has to keep to: its ticket, and the limit.
fn with_terms(call: Call, ticket: Option<&Ticket>, limit: Option<SessionLimit>, now: Timestamp) -> Call {
    let epoch = ticket.map(|ticket| ticket.epoch).filter(|epoch| *epoch != Epoch::NONE);
    let refuses = limit.is_some_and(|limit| limit.when_reached == WhenReached::Refuse);
    call.arg(if ticket.is_some() { "1" } else { "0" })
        .arg(epoch.map_or_else(Vec::new, |epoch| epoch.as_bytes().to_vec()))
        .arg(decimal(ticket.map_or(0, |ticket| ticket.started_at.as_millis())))
        .arg(decimal(limit.map_or(0, |limit| limit.max.get())))
        .arg(if refuses { "1" } else { "0" })
        .arg(decimal((now - SessionLimit::UNSEEN_AFTER).as_millis()))
}

/// A login of a list; `None` if what lies beside its data is damaged.
fn login(value: Value) -> Option<Result<SessionSummary, StoreError>> {
    let read = || {
        let [key, row] = reply::strings(value)?;
        Ok((reply::key(&key).ok_or_else(strange)?, row))
    };
    let (key, row) = match read() {
        Ok(parts) => parts,
        Err(error) => return Some(Err(error)),
    };
    SessionSummary::of(&row::decode_without_data(&key, &row).ok()?).map(Ok)
}
