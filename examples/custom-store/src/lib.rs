//! A small session store: every session is a file in a folder.
//!
//! It is here to be read and copied by people who write a store of their own. It keeps every promise of
//! [`SessionStore`], proven by the one line in `tests/conformance.rs`, and is good enough for one small server:
//!
//! * **One process** owns the folder. A second one would not see the first one's lock, and not hear its feed.
//! * **One change at a time.** Each is a write or two and as many `fsync`s. Loads read one file and wait for nobody.
//! * A user's logins are found by the shard in the files' names, and a sweep reads every session there is.
//! * **A crash** leaves whole files. A renewal that it interrupts may cost the login, and ending several of a user's
//!   logins may be half done; neither call has answered then. Epochs are never removed.
//! * No network lies between the calls and the folder, so none is ever sent twice.
//!
//! ```
//! use example_custom_store::FolderStore;
//! use hallpass_core::{Realm, SessionStore};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = std::env::temp_dir().join(format!("folder-store-{}", std::process::id()));
//! let store = FolderStore::open(&folder)?;
//! assert_eq!(store.not_before(&Realm::new("shop")?).await?, None);
//! # std::fs::remove_dir_all(folder)?;
//! # Ok(())
//! # }
//! ```

mod folder;

use async_trait::async_trait;
use folder::{Folder, decode, epoch_name, not_before_name, session_name};
use hallpass_core::{
    Created, EndReason, Ended, Epoch, FeedEvent, Freshness, Op, Purged, Realm, Record, Replaced, Revision,
    SessionFeed, SessionHandle, SessionKey, SessionLimit, SessionStore, SessionSummary, StoreError,
    SubjectKey, SubjectRevoked, Swept, Taken, Ticket, Timestamp, Updated, Which,
};
use std::cmp::Reverse;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::broadcast;
use tokio::task::spawn_blocking;

type Result<T> = std::result::Result<T, StoreError>;

/// Keeps sessions as files in a folder. Clones share it.
#[derive(Debug, Clone)]
pub struct FolderStore(Arc<Folder>);

impl FolderStore {
    /// Takes possession of `root`, which is made if it is not there. Keep it out of reach of other users.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made.
    pub fn open(root: impl Into<PathBuf>) -> io::Result<Self> {
        Ok(Self(Arc::new(Folder::open(root.into())?)))
    }

    /// Reads without waiting for changes. A file is always whole, so one file is always a consistent answer.
    async fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Folder) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let folder = Arc::clone(&self.0);
        // A job that has begun goes on to its end, whether or not somebody still waits for it.
        spawn_blocking(move || job(&folder)).await.map_err(StoreError::unavailable)?
    }

    /// Runs `job` alone: what it reads is true until it has written.
    async fn change<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Folder) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.read(|folder| {
            let _turn = folder.turn();
            job(folder)
        })
        .await
    }
}

#[async_trait]
impl SessionStore for FolderStore {
    async fn create(
        &self,
        record: Arc<Record>,
        ticket: Option<&Ticket>,
        limit: Option<SessionLimit>,
        op: Op,
    ) -> Result<Created> {
        let ticket = ticket.copied();
        self.change(move |folder| {
            if folder.bytes(&record.key)?.is_some() {
                return Ok(Created::AlreadyExists);
            }
            if !folder.admits(&record, ticket)? {
                return Ok(Created::EpochMoved);
            }
            let Some(in_the_way) = folder.in_the_way(&record, limit, op)? else {
                return Ok(Created::LimitReached);
            };
            folder.keep(&record)?;
            Ok(Created::Created { evicted: folder.end_all(&in_the_way, EndReason::SessionLimit, op)? })
        })
        .await
    }

    async fn load(&self, key: &SessionKey, _: Freshness) -> Result<Option<Arc<Record>>> {
        let key = *key;
        self.read(move |folder| Ok(folder.load(&key)?.map(Arc::new))).await
    }

    async fn update(&self, record: Arc<Record>, expected: Revision, op: Op) -> Result<Updated> {
        self.change(move |folder| {
            let Some(row) = folder.load_live(&record.key, op.now)? else { return Ok(Updated::Gone) };
            if row.revision != expected {
                return Ok(Updated::Conflict);
            }
            let last_seen = record.last_seen.max(row.last_seen);
            let idle_until = record.idle_until.max(row.idle_until);
            folder.keep(&Record { last_seen, idle_until, ..Record::clone(&record) })?;
            Ok(Updated::Written)
        })
        .await
    }

    async fn touch(&self, key: &SessionKey, idle_until: Timestamp, op: Op) -> Result<bool> {
        let key = *key;
        self.change(move |folder| {
            let Some(row) = folder.load_live(&key, op.now)? else { return Ok(false) };
            let last_seen = op.now.max(row.last_seen);
            let idle_until = idle_until.min(row.absolute_until).max(row.idle_until);
            folder.keep(&Record { last_seen, idle_until, ..row })?;
            Ok(true)
        })
        .await
    }

    async fn replace(
        &self,
        old: &SessionKey,
        record: Arc<Record>,
        expected: Revision,
        ticket: Option<&Ticket>,
        limit: Option<SessionLimit>,
        op: Op,
    ) -> Result<Replaced> {
        let (old, ticket) = (*old, ticket.copied());
        let limit = limit.filter(|_| ticket.is_some());
        self.change(move |folder| {
            let Some(row) = folder.load_live(&old, op.now)? else { return Ok(Replaced::Gone) };
            if row.revision != expected {
                return Ok(Replaced::Conflict);
            }
            if !folder.admits(&record, ticket)? {
                return Ok(Replaced::EpochMoved);
            }
            let Some(in_the_way) = folder.in_the_way(&record, limit, op)? else {
                return Ok(Replaced::LimitReached);
            };
            // Never both: a crash in between costs the login, the other order would leave the old key alive.
            let file = folder.prepare(&record.encode())?;
            folder.remove(&old)?;
            folder.publish(&file, &session_name(&record.key))?;
            folder.tell(FeedEvent::Replaced { old, new: record.key, handle: record.handle });
            Ok(Replaced::Replaced { evicted: folder.end_all(&in_the_way, EndReason::SessionLimit, op)? })
        })
        .await
    }

    async fn take(&self, key: &SessionKey, expected: Revision, reason: EndReason, op: Op) -> Result<Taken> {
        let key = *key;
        self.change(move |folder| match folder.load(&key)? {
            None => Ok(Taken::Gone),
            Some(row) if row.revision != expected => Ok(Taken::Conflict),
            Some(row) => Ok(Taken::Taken(folder.end(&row, reason, op)?)),
        })
        .await
    }

    async fn revoke(&self, key: &SessionKey, reason: EndReason, op: Op) -> Result<Option<Ended>> {
        let key = *key;
        self.change(move |folder| {
            let Some(bytes) = folder.bytes(&key)? else { return Ok(None) };
            // A damaged file says no more than its name, and can still be ended.
            let row = decode(&key, &bytes);
            let ended = row.map_or(Ended::damaged(key, reason), |row| folder.ended(&row, reason, op));
            folder.remove(&key)?;
            folder.tell(FeedEvent::Ended(ended.clone()));
            Ok(Some(ended))
        })
        .await
    }

    async fn subject(&self, subject: &SubjectKey, now: Timestamp) -> Result<Vec<SessionSummary>> {
        let subject = subject.clone();
        // A renewal moves a login from one file to another: without the lock it could be seen in neither or in both.
        self.change(move |folder| {
            let not_before = folder.not_before(subject.realm())?;
            let mut logins = folder.logins(&subject)?;
            logins.retain(|row| row.over(now, not_before).is_none());
            logins.sort_by_key(|row| Reverse(row.last_seen));
            Ok(logins.iter().filter_map(SessionSummary::of).collect())
        })
        .await
    }

    async fn epoch(&self, subject: &SubjectKey) -> Result<Epoch> {
        let subject = subject.clone();
        self.read(move |folder| folder.epoch(&subject)).await
    }

    async fn revoke_subject(
        &self,
        subject: &SubjectKey,
        actor: Option<SessionHandle>,
        which: Which,
        reason: EndReason,
        op: Op,
    ) -> Result<SubjectRevoked> {
        let subject = subject.clone();
        self.change(move |folder| {
            let logins = folder.logins(&subject)?;
            let not_before = folder.not_before(subject.realm())?;
            let is_actor = |row: &Record| Some(row.handle) == actor && row.over(op.now, not_before).is_none();
            if actor.is_some() && !logins.iter().any(is_actor) {
                return Ok(SubjectRevoked::ActorGone);
            }
            let previous = folder.epoch(&subject)?;
            let mut current = previous;
            if !matches!(which, Which::One(_)) {
                current = Epoch::from(op.id);
                folder.write(&epoch_name(&subject), current.as_bytes())?;
            }
            let chosen = logins.iter().filter(|row| match which {
                Which::All => true,
                Which::AllBut(kept) => row.handle != kept,
                Which::One(handle) => row.handle == handle,
            });
            let ended = folder.end_all(chosen, reason, op)?;
            Ok(SubjectRevoked::Done { previous, current, ended })
        })
        .await
    }

    async fn not_before(&self, realm: &Realm) -> Result<Option<Timestamp>> {
        let realm = realm.clone();
        self.read(move |folder| folder.not_before(&realm)).await
    }

    async fn raise_not_before(&self, realm: &Realm, at: Timestamp, _: Op) -> Result<Timestamp> {
        let realm = realm.clone();
        self.change(move |folder| {
            let at = folder.not_before(&realm)?.map_or(at, |known| known.max(at));
            folder.write(&not_before_name(&realm), &at.as_millis().to_be_bytes())?;
            folder.tell(FeedEvent::NotBefore { realm, at });
            Ok(at)
        })
        .await
    }

    async fn alive(&self, keys: &[SessionKey], now: Timestamp) -> Result<Vec<Option<bool>>> {
        let keys = keys.to_vec();
        self.read(move |folder| keys.iter().map(|key| Ok(Some(folder.is_live(key, now)?))).collect()).await
    }

    async fn sweep(&self, limit: usize, op: Op) -> Result<Swept> {
        self.change(move |folder| {
            let mut swept = Swept::default();
            for row in folder.rows("s-")?.iter().filter(|row| !row.is_live(op.now)) {
                if swept.ended.len() == limit {
                    return Ok(Swept { more: true, ..swept });
                }
                swept.ended.push(folder.end(row, EndReason::Unknown, op)?);
            }
            Ok(swept)
        })
        .await
    }

    async fn purge(&self, realm: &Realm, from: u64, _limit: usize, op: Op) -> Result<Purged> {
        let realm = realm.clone();
        self.change(move |folder| {
            let mut purged = Purged::default();
            let Some(not_before) = folder.not_before(&realm)?.filter(|_| from == 0) else {
                return Ok(purged);
            };
            for row in folder.rows("s-")?.iter().filter(|row| row.realm == realm) {
                if row.identity.as_ref().is_some_and(|identity| identity.authenticated < not_before) {
                    purged.ended.push(folder.end(row, EndReason::EndedForAll, op)?);
                }
            }
            Ok(purged)
        })
        .await
    }

    async fn feed(&self) -> Result<Box<dyn SessionFeed>> {
        Ok(Box::new(FolderFeed(self.0.subscribe())))
    }
}

#[derive(Debug)]
struct FolderFeed(broadcast::Receiver<FeedEvent>);

#[async_trait]
impl SessionFeed for FolderFeed {
    async fn next(&mut self) -> FeedEvent {
        match self.0.recv().await {
            Ok(event) => event,
            Err(broadcast::error::RecvError::Lagged(_)) => FeedEvent::Gap,
            // The store is gone, and with it all that could end.
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}
