//! Rows that no store of this version has written, in every database.

use hallpass_core::{
    EndReason, Freshness, Op, Realm, Record, SessionStore, StoreErrorKind, Subject, SubjectKey,
    SubjectRevoked, Timestamp, Which,
};
use hallpass_testkit::{Sample, op, ticket};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// What may happen to a row's columns: each must be an error, never another session.
pub(crate) const DAMAGES: [&str; 20] = [
    "realm = 'staff'",
    "subject = 'eve'",
    "subject = NULL",
    "revision = revision + 1",
    "created = created + 1",
    "last_seen = -1",
    "idle_until = -1",
    "absolute_until = absolute_until + 1",
    "authenticated = authenticated + 1",
    "authenticated = NULL",
    "stamp = NULL",
    "level = 1",
    "level = 2",
    "remembered = 1",
    "transport = 1",
    "transport = 7",
    "user_agent = 'other'",
    "address = '127.0.0.2'",
    "address = 'nowhere'",
    "checksum = data",
];

/// What each database writes in its own way.
pub(crate) const FLIPPED_DATA: &str = "data = {flipped}";

pub(crate) fn now() -> Timestamp {
    SystemTime::now().into()
}

pub(crate) fn ada() -> SubjectKey {
    SubjectKey::new(Realm::new("shop").expect("a realm"), Subject::from(1))
}

pub(crate) fn later() -> Op {
    op(now())
}

pub(crate) async fn login(store: &dyn SessionStore) -> Arc<Record> {
    let record = Sample::login(&ada(), now()).client("curl", [127, 0, 0, 1]).value("n", b"12").build();
    let ticket = ticket(store.epoch(&ada()).await.expect("the epoch"), record.created);
    let created = store.create(record.clone(), Some(&ticket), None, op(record.created)).await;
    assert!(created.is_ok(), "{created:?}");
    record
}

/// The row cannot be loaded, and everything that ends it still does.
pub(crate) async fn is_undecodable_and_can_be_ended(store: &dyn SessionStore, record: &Record, what: &str) {
    let loaded = store.load(&record.key, Freshness::Latest).await;
    let kind = loaded.map_err(|error| error.kind());
    assert_eq!(kind, Err(StoreErrorKind::Undecodable), "{what}");
    let ended = store.revoke(&record.key, EndReason::LoggedOut, later()).await.expect(what);
    assert_eq!(ended.map(|ended| ended.key), Some(record.key), "{what}");
    let loaded = store.load(&record.key, Freshness::Latest).await.expect(what);
    assert_eq!(loaded, None, "{what}");
}

pub(crate) async fn is_ended_with_its_user(store: &dyn SessionStore, record: &Record) {
    let all = store.revoke_subject(&ada(), None, Which::All, EndReason::Administrator, later()).await;
    let Ok(SubjectRevoked::Done { ended, .. }) = all else { panic!("{all:?}") };
    assert_eq!(ended.iter().map(|ended| ended.key).collect::<Vec<_>>(), [record.key]);
}

/// After it was made to run out an hour ago.
pub(crate) async fn is_swept(store: &dyn SessionStore, record: &Record) {
    let swept = store.sweep(10, later()).await.expect("a sweep");
    assert_eq!(swept.ended.iter().map(|ended| ended.key).collect::<Vec<_>>(), [record.key]);
}

pub(crate) fn an_hour_ago() -> u64 {
    (now() - Duration::from_secs(3600)).as_millis()
}
