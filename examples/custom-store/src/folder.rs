//! The folder: what is read and written there, in single steps.

use super::Result;
use hallpass_core::{
    AuthLevel, EndReason, Ended, Epoch, FeedEvent, LastUse, Op, Realm, Record, SessionKey, SessionLimit,
    Stamp, StoreError, StoreErrorKind, SubjectKey, Ticket, Timestamp,
};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::broadcast;

/// Files named `s-<key>`, `e-<realm and subject>` and `n-<realm>`, in hexadecimal.
#[derive(Debug)]
pub(crate) struct Folder {
    root: PathBuf,
    turn: Mutex<()>,
    events: broadcast::Sender<FeedEvent>,
}

impl Folder {
    pub(crate) fn open(root: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&root)?;
        Ok(Self { root, turn: Mutex::new(()), events: broadcast::Sender::new(1024) })
    }

    /// While it is held nobody else changes anything.
    pub(crate) fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<FeedEvent> {
        self.events.subscribe()
    }

    pub(crate) fn load(&self, key: &SessionKey) -> Result<Option<Record>> {
        self.bytes(key)?.map(|bytes| decode(key, &bytes)).transpose()
    }

    pub(crate) fn load_live(&self, key: &SessionKey, now: Timestamp) -> Result<Option<Record>> {
        let Some(row) = self.load(key)? else { return Ok(None) };
        let over = row.over(now, self.not_before(&row.realm)?);
        Ok(over.is_none().then_some(row))
    }

    pub(crate) fn is_live(&self, key: &SessionKey, now: Timestamp) -> Result<bool> {
        match self.load_live(key, now) {
            Err(error) if error.kind() == StoreErrorKind::Undecodable => Ok(false),
            row => Ok(row?.is_some()),
        }
    }

    /// A key begins with its shard, and all logins of a user are in one.
    pub(crate) fn logins(&self, subject: &SubjectKey) -> Result<Vec<Record>> {
        let mut rows = self.rows(&format!("s-{:04x}", subject.shard().0))?;
        rows.retain(|row| row.subject_key().as_ref() == Some(subject));
        Ok(rows)
    }

    pub(crate) fn keep(&self, record: &Record) -> Result<()> {
        self.write(&session_name(&record.key), &record.encode())
    }

    pub(crate) fn end_all<'a>(
        &self,
        rows: impl IntoIterator<Item = &'a Record>,
        reason: EndReason,
        op: Op,
    ) -> Result<Vec<Ended>> {
        rows.into_iter().map(|row| self.end(row, reason, op)).collect()
    }

    pub(crate) fn end(&self, row: &Record, reason: EndReason, op: Op) -> Result<Ended> {
        let ended = self.ended(row, reason, op);
        self.remove(&row.key)?;
        self.tell(FeedEvent::Ended(ended.clone()));
        Ok(ended)
    }

    pub(crate) fn ended(&self, row: &Record, reason: EndReason, op: Op) -> Ended {
        // A better reason is not worth a logout that fails.
        let not_before = self.not_before(&row.realm).unwrap_or_default();
        Ended::new(row, reason, op.now, not_before)
    }

    /// Whether a login with this ticket may be written; without one, nothing is asked.
    pub(crate) fn admits(&self, record: &Record, ticket: Option<Ticket>) -> Result<bool> {
        let (Some(ticket), Some(subject)) = (ticket, record.subject_key()) else { return Ok(true) };
        let began_before = self.not_before(&record.realm)?.is_some_and(|at| ticket.started_at < at);
        Ok(!began_before && self.epoch(&subject)? == ticket.epoch)
    }

    /// The other logins that have to go: those that are over, and those that give way; `None` if `new` is refused.
    pub(crate) fn in_the_way(
        &self,
        new: &Record,
        limit: Option<SessionLimit>,
        op: Op,
    ) -> Result<Option<Vec<Record>>> {
        let (Some(limit), Some(subject)) = (limit, new.subject_key()) else { return Ok(Some(vec![])) };
        let not_before = self.not_before(&new.realm)?;
        let mut others = self.logins(&subject)?;
        others.retain(|row| row.handle != new.handle);
        let (live, mut gone): (Vec<_>, Vec<_>) =
            others.into_iter().partition(|row| row.over(op.now, not_before).is_none());
        let rivals = live.into_iter().filter(|row| level_of(row) == level_of(new)).collect();
        let Some(give_way) = limit.gives_way(rivals, op.now, LastUse::of) else { return Ok(None) };
        gone.extend(give_way);
        Ok(Some(gone))
    }

    pub(crate) fn epoch(&self, subject: &SubjectKey) -> Result<Epoch> {
        Ok(self.value(&epoch_name(subject))?.map(Epoch::from_bytes).unwrap_or_default())
    }

    pub(crate) fn not_before(&self, realm: &Realm) -> Result<Option<Timestamp>> {
        let millis = self.value(&not_before_name(realm))?.map(u64::from_be_bytes);
        Ok(millis.map(Timestamp::from_millis))
    }

    /// Nobody listening is fine.
    pub(crate) fn tell(&self, event: FeedEvent) {
        let _ = self.events.send(event);
    }

    pub(crate) fn bytes(&self, key: &SessionKey) -> Result<Option<Vec<u8>>> {
        read(&self.root.join(session_name(key)))
    }

    fn value<const N: usize>(&self, name: &str) -> Result<Option<[u8; N]>> {
        let Some(bytes) = read(&self.root.join(name))? else { return Ok(None) };
        bytes.try_into().map(Some).map_err(|_| StoreError::undecodable("the file is damaged"))
    }

    /// Every record whose file's name begins so. A damaged one opens nothing, so nobody has to end it.
    pub(crate) fn rows(&self, prefix: &str) -> Result<Vec<Record>> {
        let mut rows = Vec::new();
        for entry in fs::read_dir(&self.root).map_err(StoreError::unavailable)? {
            let entry = entry.map_err(StoreError::unavailable)?;
            if entry.file_name().to_str().is_some_and(|name| name.starts_with(prefix)) {
                rows.extend(read(&entry.path())?.and_then(|bytes| Record::decode(&bytes).ok()));
            }
        }
        Ok(rows)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        self.publish(&self.prepare(bytes)?, name)
    }

    /// What can fail for want of space is done first, where it changes nothing.
    pub(crate) fn prepare(&self, bytes: &[u8]) -> Result<PathBuf> {
        let path = self.root.join("unfinished");
        let write = File::create(&path).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        });
        write.map(|()| path).map_err(StoreError::unavailable)
    }

    /// A rename is all or nothing, for readers and for a power cut.
    pub(crate) fn publish(&self, file: &Path, name: &str) -> Result<()> {
        let renamed = fs::rename(file, self.root.join(name));
        renamed.and_then(|()| self.sync()).map_err(StoreError::unavailable)
    }

    pub(crate) fn remove(&self, key: &SessionKey) -> Result<()> {
        let removed = fs::remove_file(self.root.join(session_name(key)));
        removed.and_then(|()| self.sync()).map_err(StoreError::unavailable)
    }

    fn sync(&self) -> io::Result<()> {
        // Elsewhere a folder cannot be opened like a file, and a rename is as durable as the system makes it.
        if cfg!(unix) { File::open(&self.root)?.sync_all() } else { Ok(()) }
    }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        read => read.map(Some).map_err(StoreError::unavailable),
    }
}

fn level_of(row: &Record) -> Option<AuthLevel> {
    row.identity.as_ref().map(|identity| identity.level)
}

pub(crate) fn decode(key: &SessionKey, bytes: &[u8]) -> Result<Record> {
    let row = Record::decode(bytes)?;
    if row.key == *key {
        Ok(row)
    } else {
        Err(StoreError::undecodable("the file has another session's name"))
    }
}

pub(crate) fn session_name(key: &SessionKey) -> String {
    format!("s-{}", hex(key.as_bytes()))
}

/// A digest, because a subject may be longer than a file's name. A realm has no space in it.
pub(crate) fn epoch_name(subject: &SubjectKey) -> String {
    let name = format!("{} {}", subject.realm(), subject.subject());
    format!("e-{}", hex(Stamp::digest(name.as_bytes()).as_bytes()))
}

pub(crate) fn not_before_name(realm: &Realm) -> String {
    format!("n-{}", hex(realm.as_str().as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
