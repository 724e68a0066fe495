//! What other nodes hear of, and when.

use super::database::Database;
use hallpass_core::{EndReason, FeedEvent, Realm, Record, SessionFeed, SessionKey, SessionStore, Timestamp};
use hallpass_sqlx::MySqlStore;
use hallpass_testkit::{Sample, op};
use sqlx::mysql::MySqlConnection;
use sqlx::{Connection, Executor};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Far more than a reading of the outbox takes.
const PATIENCE: Duration = Duration::from_secs(20);

fn now() -> Timestamp {
    SystemTime::now().into()
}

async fn visitor(store: &MySqlStore) -> Arc<Record> {
    let record = Sample::visitor(&Realm::new("shop").expect("a plain name"), now()).build();
    let _ = store.create(record.clone(), None, None, op(now())).await.expect("a session");
    record
}

async fn end(store: &MySqlStore, record: &Record) {
    let ended = store.revoke(&record.key, EndReason::LoggedOut, op(now())).await.expect("a revocation");
    assert!(ended.is_some());
}

async fn next(feed: &mut Box<dyn SessionFeed>) -> FeedEvent {
    tokio::time::timeout(PATIENCE, feed.next()).await.expect("the feed is silent")
}

/// What is heard until this key has ended, that included.
async fn until_end_of(feed: &mut Box<dyn SessionFeed>, key: SessionKey) -> Vec<FeedEvent> {
    let mut heard = Vec::new();
    loop {
        let event = next(feed).await;
        let is_it = matches!(&event, FeedEvent::Ended(ended) if ended.key == key);
        heard.push(event);
        if is_it {
            return heard;
        }
    }
}

fn hex(key: SessionKey) -> String {
    key.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn note(key: SessionKey) -> sqlx::AssertSqlSafe<String> {
    let text = format!("E {} - logged_out -", hex(key));
    sqlx::AssertSqlSafe(format!(
        "INSERT INTO hallpass_event (noted_at, events) VALUES (UNIX_TIMESTAMP() * 1000, '{text}')"
    ))
}

#[tokio::test]
#[ignore = "needs MySQL or MariaDB: run cargo xtask test"]
async fn an_end_on_one_node_is_heard_once_on_the_others() {
    let database = Database::new().await;
    let (here, there) = (database.store().await, database.store().await);
    let mut feed = there.feed().await.unwrap();
    let [first, second] = [visitor(&here).await, visitor(&here).await];
    end(&here, &first).await;
    assert_eq!(until_end_of(&mut feed, first.key).await.len(), 1);
    end(&here, &second).await;
    assert_eq!(until_end_of(&mut feed, second.key).await.len(), 1);
}

#[tokio::test]
#[ignore = "needs MySQL or MariaDB: run cargo xtask test"]
async fn a_late_commit_is_heard_whether_it_began_before_the_feed_or_after() {
    let database = Database::new().await;
    let store = database.store().await;
    let before = visitor(&store).await;
    end(&store, &before).await;
    let [early, late] = [SessionKey::from_bytes([1; 34]), SessionKey::from_bytes([2; 34])];
    let mut first = MySqlConnection::connect(&database.url()).await.unwrap();
    let mut first = first.begin().await.unwrap();
    first.execute(note(early)).await.unwrap();
    let overtaking = visitor(&store).await;
    end(&store, &overtaking).await;

    let mut feed = store.feed().await.unwrap();
    let mut second = MySqlConnection::connect(&database.url()).await.unwrap();
    let mut second = second.begin().await.unwrap();
    second.execute(note(late)).await.unwrap();
    let overtaking = visitor(&store).await;
    end(&store, &overtaking).await;
    assert_eq!(until_end_of(&mut feed, overtaking.key).await.len(), 1);

    first.commit().await.unwrap();
    assert_eq!(until_end_of(&mut feed, early).await.len(), 1);
    second.commit().await.unwrap();
    assert_eq!(until_end_of(&mut feed, late).await.len(), 1);
}

#[tokio::test]
#[ignore = "needs MySQL or MariaDB: run cargo xtask test"]
async fn an_outbox_that_cannot_be_read_is_a_gap_and_nothing_in_it_is_lost() {
    let database = Database::new().await;
    let store = database.store().await;
    let mut feed = store.feed().await.unwrap();
    database.execute("RENAME TABLE hallpass_event TO hidden").await;
    assert_eq!(next(&mut feed).await, FeedEvent::Gap);
    let key = SessionKey::from_bytes([3; 34]);
    let mut connection = MySqlConnection::connect(&database.url()).await.unwrap();
    let note = note(key).0.replace("hallpass_event", "hidden");
    connection.execute(sqlx::AssertSqlSafe(note)).await.unwrap();
    database.execute("RENAME TABLE hidden TO hallpass_event").await;
    let heard = until_end_of(&mut feed, key).await;
    assert!(heard.contains(&FeedEvent::Gap), "{heard:?}");
}

#[tokio::test]
#[ignore = "needs MySQL or MariaDB: run cargo xtask test"]
async fn what_a_newer_node_writes_is_a_gap() {
    let database = Database::new().await;
    let store = database.store().await;
    let mut feed = store.feed().await.unwrap();
    database.execute("INSERT INTO hallpass_event (noted_at, events) VALUES (1, 'Z something new')").await;
    assert_eq!(next(&mut feed).await, FeedEvent::Gap);
}

#[tokio::test]
#[ignore = "needs MySQL or MariaDB: run cargo xtask test"]
async fn a_sweep_removes_old_events_and_keeps_those_that_are_still_to_be_read() {
    let database = Database::new().await;
    let store = database.store().await;
    let record = visitor(&store).await;
    end(&store, &record).await;
    database.execute("INSERT INTO hallpass_event (noted_at, events) VALUES (1, ''), (2, '')").await;
    let _ = store.sweep(10, op(now())).await.unwrap();
    assert_eq!(database.execute("UPDATE hallpass_event SET noted_at = 3").await, 1);
    let _ = store.sweep(10, op(now())).await.unwrap();
    assert_eq!(database.execute("UPDATE hallpass_event SET noted_at = 4").await, 0);
}
