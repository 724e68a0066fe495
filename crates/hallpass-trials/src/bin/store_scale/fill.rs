//! The sessions that are in the store.

use hallpass_core::{
    Created, Epoch, Realm, Record, SessionKey, SessionLimit, SessionStore, StoreError, Subject, SubjectKey,
    Timestamp, WhenReached,
};
use hallpass_testkit::{Sample, op, ticket};
use std::error::Error;
use std::num::NonZeroU32;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;
use tokio::task::JoinSet;

/// How many write at the same time.
const WRITERS: u64 = 32;

/// What a device list and a small basket take.
const USER_AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const VALUE: &[u8] = &[b'x'; 100];

/// As many as a user may have by default.
const LIMIT: SessionLimit = SessionLimit {
    max: NonZeroU32::new(100).expect("it is not zero"),
    when_reached: WhenReached::EndLeastRecent,
};

/// A store and what was put into it.
pub(crate) struct Filling {
    store: Arc<dyn SessionStore>,
    realm: Realm,
    per_user: u64,
    users: u64,
    keys: Vec<SessionKey>,
    random: AtomicU64,
}

impl Filling {
    pub(crate) fn new(store: Arc<dyn SessionStore>, per_user: u64) -> Self {
        let realm = Realm::new("scale").expect("it is a name");
        Self { store, realm, per_user, users: 0, keys: Vec::new(), random: AtomicU64::new(1) }
    }

    /// Adds users until there are so many sessions.
    pub(crate) async fn grow_to(&mut self, sessions: u64) -> Result<(), Box<dyn Error>> {
        let users = self.users..sessions / self.per_user;
        let mut writing = JoinSet::new();
        for writer in 0..WRITERS {
            let part = part(&users, writer);
            writing.spawn(fill(self.store.clone(), self.realm.clone(), part, self.per_user));
        }
        while let Some(keys) = writing.join_next().await {
            self.keys.extend(keys??);
        }
        self.users = users.end;
        Ok(())
    }

    /// One of the sessions, any.
    pub(crate) fn some_key(&self) -> SessionKey {
        self.keys[self.below(self.keys.len() as u64) as usize]
    }

    /// One of the users, any.
    pub(crate) fn some_user(&self) -> SubjectKey {
        user(&self.realm, self.below(self.users))
    }

    /// A user who is none of them, and whom nobody has seen yet.
    pub(crate) fn stranger(&self) -> SubjectKey {
        user(&self.realm, u64::MAX / 2 + self.below(u64::MAX / 2))
    }

    /// The same numbers in every run, evenly spread (SplitMix64).
    fn below(&self, bound: u64) -> u64 {
        let mut x = self.random.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)) % bound
    }
}

pub(crate) fn now() -> Timestamp {
    SystemTime::now().into()
}

/// A login as a browser's.
pub(crate) fn login(user: &SubjectKey, now: Timestamp) -> Sample {
    Sample::login(user, now).client(USER_AGENT, [192, 0, 2, 1]).value("basket", VALUE)
}

/// Puts it in at `now`, in the way that a login does.
pub(crate) async fn create(
    store: &dyn SessionStore,
    record: Arc<Record>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let created = store.create(record, Some(&ticket(Epoch::NONE, now)), Some(LIMIT), op(now)).await?;
    assert!(matches!(created, Created::Created { .. }), "nothing stands in the way of a login: {created:?}");
    Ok(())
}

fn user(realm: &Realm, number: u64) -> SubjectKey {
    SubjectKey::new(realm.clone(), Subject::from(number))
}

fn part(all: &Range<u64>, writer: u64) -> Range<u64> {
    let place = |writer: u64| all.start + (all.end - all.start) * writer / WRITERS;
    place(writer)..place(writer + 1)
}

async fn fill(
    store: Arc<dyn SessionStore>,
    realm: Realm,
    users: Range<u64>,
    per_user: u64,
) -> Result<Vec<SessionKey>, StoreError> {
    let mut keys = Vec::new();
    for number in users {
        let user = user(&realm, number);
        for _ in 0..per_user {
            let now = now();
            let record = login(&user, now).build();
            keys.push(record.key);
            create(&*store, record, now).await?;
        }
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_are_the_whole() {
        let parts: Vec<_> = (0..WRITERS).flat_map(|writer| part(&(7..1000), writer)).collect();
        assert_eq!(parts, (7..1000).collect::<Vec<_>>());
    }
}
