//! Records to try a store with.

use hallpass_core::{
    AuthLevel, ClientInfo, DataChange, Epoch, Identity, Op, OpId, OsRandom, Realm, Record, Revision,
    SessionData, SessionHandle, SessionKey, SessionToken, Shard, Stamp, Subject, SubjectKey, Ticket,
    Timestamp, Transport,
};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

/// Builds a [`Record`] with a key and a handle of its own: idle after one hour and ended after twelve, no data.
///
/// ```
/// use hallpass_core::{Realm, Subject, SubjectKey, Timestamp};
/// use hallpass_testkit::Sample;
///
/// let ada = SubjectKey::new(Realm::new("shop").unwrap(), Subject::from(1));
/// let now = Timestamp::from_millis(1_767_225_600_000);
/// let record = Sample::login(&ada, now).value("cart", b"3 apples").remembered().build();
/// assert_eq!(record.subject_key(), Some(ada));
/// assert!(record.is_live(now));
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Sample(Record);

impl Sample {
    /// A login of `subject` that was just created at `now`.
    pub fn login(subject: &SubjectKey, now: Timestamp) -> Self {
        let mut sample = Self::at(subject.realm(), subject.shard(), now);
        sample.0.identity = Some(Identity {
            subject: subject.subject().clone(),
            authenticated: now,
            stamp: Stamp::from(1),
            level: AuthLevel::Full,
            remembered: false,
        });
        sample
    }

    /// A visitor's session that was just created at `now`.
    pub fn visitor(realm: &Realm, now: Timestamp) -> Self {
        let shard = u16::from_be_bytes(random_bytes());
        Self::at(realm, Shard(shard), now)
    }

    fn at(realm: &Realm, shard: Shard, now: Timestamp) -> Self {
        Self(Record {
            key: key_in(shard, realm),
            handle: SessionHandle::from_bytes(random_bytes()),
            idle_until: now + HOUR,
            absolute_until: now + 12 * HOUR,
            last_seen: now,
            created: now,
            revision: Revision(1),
            identity: None,
            data: SessionData::default(),
            realm: realm.clone(),
            client: ClientInfo::default(),
            transport: Transport::Cookie,
        })
    }

    /// It ends at `at` unless it is used before.
    pub fn idle_until(mut self, at: Timestamp) -> Self {
        self.0.idle_until = at;
        self
    }

    /// It ends at `at` however much it is used.
    pub fn absolute_until(mut self, at: Timestamp) -> Self {
        self.0.absolute_until = at;
        self
    }

    /// It was last seen to be used at `at`.
    pub fn last_seen(mut self, at: Timestamp) -> Self {
        self.0.last_seen = at;
        self
    }

    /// Its user's credentials were last checked at `at`. Changes nothing for a visitor.
    pub fn authenticated(self, at: Timestamp) -> Self {
        self.identity(|identity| identity.authenticated = at)
    }

    /// It holds this value. The name has 1 to 255 bytes.
    pub fn value(mut self, name: &str, value: &[u8]) -> Self {
        self.0.data = self.0.data.with(&[DataChange::Set(name, value.into())]);
        self
    }

    /// Its user agent and address.
    pub fn client(mut self, user_agent: &str, address: impl Into<IpAddr>) -> Self {
        self.0.client = ClientInfo::new(Some(user_agent), Some(address.into()));
        self
    }

    /// Its token travels in `Authorization: Bearer`.
    pub fn bearer(mut self) -> Self {
        self.0.transport = Transport::Bearer;
        self
    }

    /// Its user still owes a factor. Changes nothing for a visitor.
    pub fn pending(self) -> Self {
        self.identity(|identity| identity.level = AuthLevel::Pending)
    }

    /// Its user asked to be remembered. Changes nothing for a visitor.
    pub fn remembered(self) -> Self {
        self.identity(|identity| identity.remembered = true)
    }

    fn identity(mut self, change: impl FnOnce(&mut Identity)) -> Self {
        if let Some(identity) = &mut self.0.identity {
            change(identity);
        }
        self
    }

    /// The record.
    #[must_use]
    pub fn build(self) -> Arc<Record> {
        Arc::new(self.0)
    }
}

/// `record` as its next revision, after `change`.
///
/// ```
/// # use hallpass_core::{Realm, Timestamp};
/// use hallpass_testkit::{Sample, rewritten};
///
/// # let (realm, now) = (Realm::new("shop").unwrap(), Timestamp::from_millis(1_767_225_600_000));
/// let record = Sample::visitor(&realm, now).build();
/// let next = rewritten(&record, |record| record.last_seen = now);
/// assert_eq!(next.revision, record.revision.next());
/// assert_eq!(next.key, record.key);
/// ```
#[must_use]
pub fn rewritten(record: &Record, change: impl FnOnce(&mut Record)) -> Arc<Record> {
    let mut next = record.clone();
    next.revision = record.revision.next();
    change(&mut next);
    Arc::new(next)
}

/// `record` as its next revision, under another key of the same shard: what a renewal writes.
///
/// ```
/// # use hallpass_core::{Realm, Timestamp};
/// use hallpass_testkit::{Sample, renewed};
///
/// # let (realm, now) = (Realm::new("shop").unwrap(), Timestamp::from_millis(1_767_225_600_000));
/// let record = Sample::visitor(&realm, now).build();
/// let next = renewed(&record);
/// assert_ne!(next.key, record.key);
/// assert_eq!((next.key.shard(), next.handle), (record.key.shard(), record.handle));
/// ```
#[must_use]
pub fn renewed(record: &Record) -> Arc<Record> {
    rewritten(record, |next| next.key = key_in(record.key.shard(), &record.realm))
}

/// A call of its own, made at `now`.
///
/// ```
/// # use hallpass_core::Timestamp;
/// # let now = Timestamp::from_millis(1_767_225_600_000);
/// assert_ne!(hallpass_testkit::op(now).id, hallpass_testkit::op(now).id);
/// ```
#[must_use]
pub fn op(now: Timestamp) -> Op {
    let mut id: [u8; 16] = random_bytes();
    id[0] |= 1;
    Op { id: OpId::from_bytes(id), now }
}

/// The right to create a login that began at `now`, of a subject whose epoch was `epoch` then.
///
/// ```
/// # use hallpass_core::{Epoch, Timestamp};
/// # let now = Timestamp::from_millis(1_767_225_600_000);
/// assert_eq!(hallpass_testkit::ticket(Epoch::NONE, now).started_at, now);
/// ```
#[must_use]
pub fn ticket(epoch: Epoch, now: Timestamp) -> Ticket {
    Ticket { epoch, started_at: now }
}

pub(crate) fn unknown_key(realm: &Realm) -> SessionKey {
    key_in(Shard(u16::from_be_bytes(random_bytes())), realm)
}

pub(crate) fn unknown_handle() -> SessionHandle {
    SessionHandle::from_bytes(random_bytes())
}

pub(crate) fn subject(realm: &Realm, id: &str) -> SubjectKey {
    SubjectKey::new(realm.clone(), Subject::new(id).expect("the suite uses valid subjects only"))
}

fn key_in(shard: Shard, realm: &Realm) -> SessionKey {
    SessionToken::random(shard, &OsRandom).expect("tests need the random source of the system").key(realm)
}

fn random_bytes<const N: usize>() -> [u8; N] {
    use hallpass_core::RandomSource;
    let mut bytes = [0; N];
    OsRandom.fill(&mut bytes).expect("tests need the random source of the system");
    bytes
}
