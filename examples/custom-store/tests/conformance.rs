//! The store keeps the contract, and a damaged file is an error that can be ended.

#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use example_custom_store::FolderStore;
use hallpass_core::{
    Created, EndReason, Ended, Freshness, Realm, Record, SessionStore, StoreErrorKind, Subject, SubjectKey,
    Timestamp,
};
use hallpass_testkit::{Fixture, Sample, op, ticket};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

async fn make_store() -> Fixture {
    let folder = TempFolder::new();
    Fixture::new(FolderStore::open(&folder.0).unwrap()).keep(folder)
}

hallpass_testkit::store_tests!(make_store);

/// A folder of its own that is removed when it is dropped.
struct TempFolder(PathBuf);

impl TempFolder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("folder-store-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }
}

impl Drop for TempFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const NOW: Timestamp = Timestamp::from_millis(1_767_225_600_000);

fn ada() -> SubjectKey {
    SubjectKey::new(Realm::new("shop").unwrap(), Subject::from(1))
}

async fn log_in(store: &FolderStore) -> Arc<Record> {
    let record = Sample::login(&ada(), NOW).value("cart", b"3 apples").build();
    let ticket = ticket(store.epoch(&ada()).await.unwrap(), NOW);
    let created = store.create(record.clone(), Some(&ticket), None, op(NOW)).await.unwrap();
    assert_eq!(created, Created::Created { evicted: vec![] });
    record
}

fn session_files(folder: &TempFolder) -> Vec<PathBuf> {
    let entries = fs::read_dir(&folder.0).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("s-")).collect()
}

#[tokio::test]
async fn sessions_and_epochs_outlive_the_process() {
    let folder = TempFolder::new();
    let store = FolderStore::open(&folder.0).unwrap();
    let record = log_in(&store).await;
    let which = hallpass_core::Which::AllBut(record.handle);
    let _ = store.revoke_subject(&ada(), None, which, EndReason::Administrator, op(NOW)).await.unwrap();
    let epoch = store.epoch(&ada()).await.unwrap();
    drop(store);

    let store = FolderStore::open(&folder.0).unwrap();
    assert_eq!(store.load(&record.key, Freshness::Latest).await.unwrap(), Some(record));
    assert_eq!(store.epoch(&ada()).await.unwrap(), epoch);
}

#[tokio::test]
async fn a_damaged_file_is_an_error_and_can_be_ended() {
    let folder = TempFolder::new();
    let store = FolderStore::open(&folder.0).unwrap();
    let record = log_in(&store).await;
    let [file] = &session_files(&folder)[..] else { panic!("one session is one file") };
    let whole = fs::read(file).unwrap();
    fs::write(file, &whole[..whole.len() / 2]).unwrap();

    let error = store.load(&record.key, Freshness::Latest).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Undecodable);
    assert_eq!(store.alive(&[record.key], NOW).await.unwrap(), [Some(false)]);
    assert_eq!(store.subject(&ada(), NOW).await.unwrap(), []);
    let ended = store.revoke(&record.key, EndReason::LoggedOut, op(NOW)).await.unwrap();
    assert_eq!(ended, Some(Ended::damaged(record.key, EndReason::LoggedOut)));
    assert_eq!(store.load(&record.key, Freshness::Latest).await.unwrap(), None);
}

#[tokio::test]
async fn a_file_under_another_sessions_name_opens_nothing() {
    let folder = TempFolder::new();
    let store = FolderStore::open(&folder.0).unwrap();
    let record = log_in(&store).await;
    let [file] = &session_files(&folder)[..] else { panic!("one session is one file") };
    let other = log_in(&store).await;
    let [_, _] = &session_files(&folder)[..] else { panic!("two sessions are two files") };
    let own_name = file.clone();
    let other_name = session_files(&folder).into_iter().find(|path| *path != own_name).unwrap();
    fs::copy(&own_name, &other_name).unwrap();

    assert_eq!(
        store.load(&other.key, Freshness::Latest).await.unwrap_err().kind(),
        StoreErrorKind::Undecodable
    );
    assert_eq!(store.load(&record.key, Freshness::Latest).await.unwrap(), Some(record));
}

#[tokio::test]
async fn a_write_that_a_crash_interrupted_changes_nothing() {
    let folder = TempFolder::new();
    let store = FolderStore::open(&folder.0).unwrap();
    let record = log_in(&store).await;
    fs::write(folder.0.join("unfinished"), b"half a rec").unwrap();

    let store = FolderStore::open(&folder.0).unwrap();
    assert_eq!(store.load(&record.key, Freshness::Latest).await.unwrap(), Some(record));
    assert_eq!(store.subject(&ada(), NOW).await.unwrap().len(), 1);
    log_in(&store).await;
    assert_eq!(store.subject(&ada(), NOW).await.unwrap().len(), 2);
}
