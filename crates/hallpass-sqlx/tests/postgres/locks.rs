//! Who waits for whom, made visible by locks that the test holds.

use super::server::{self, Schema};
use super::shared_damage::{ada, later, login, now};
use hallpass_core::{Created, EndReason, Epoch, SessionStore, StoreErrorKind, Ticket};
use hallpass_sqlx::PostgresStore;
use hallpass_testkit::{Sample, op};
use sqlx::{AssertSqlSafe, Executor, PgConnection, Row};
use std::sync::Arc;
use std::time::Duration;

/// Waits until as many connections of this name wait for a lock.
async fn until_waiting(connection: &mut PgConnection, name: &str, count: i64) {
    let ask =
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock'";
    for _ in 0..1000 {
        let row = sqlx::query(ask).bind(name).fetch_one(&mut *connection).await.unwrap();
        if row.get::<i64, _>(0) == count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{count} connections of {name} do not come to wait");
}

async fn named_store(schema: &Schema) -> Arc<PostgresStore> {
    let url = format!("{}?application_name={}", server::url(), schema.name());
    let store = PostgresStore::builder().schema(schema.name()).connect(&url).await.unwrap();
    store.migrate().await.unwrap();
    Arc::new(store)
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn ending_everybody_waits_for_the_login_that_was_let_in_before() {
    let schema = Schema::new();
    let (store, mut other) = (named_store(&schema).await, server::connection().await);
    let mut watcher = server::connection().await;
    let record = Sample::login(&ada(), now()).build();
    // Somebody else is about to insert the same key, so that the login has to wait after its ticket was accepted.
    let insert = format!(
        "BEGIN; INSERT INTO {}.hallpass_session (session_key, handle, realm, revision, created, last_seen, idle_until, \
         absolute_until, level, remembered, transport, format, data, checksum) \
         VALUES (decode('{}', 'hex'), decode('{}', 'hex'), 'x', 1, 1, 1, 1, 1, 0, 0, 0, 1, '', '')",
        schema.name(),
        record.key.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
        "00".repeat(16),
    );
    other.execute(AssertSqlSafe(insert)).await.unwrap();
    let ticket = Ticket { epoch: Epoch::NONE, started_at: record.created };
    let login = tokio::spawn({
        let (store, record) = (Arc::clone(&store), Arc::clone(&record));
        async move { store.create(record, Some(&ticket), None, later()).await }
    });
    until_waiting(&mut watcher, &schema.name(), 1).await;
    let raise = tokio::spawn({
        let (store, realm) = (Arc::clone(&store), record.realm.clone());
        async move { store.raise_not_before(&realm, now() + Duration::from_secs(1), later()).await }
    });
    until_waiting(&mut watcher, &schema.name(), 2).await;
    assert!(!raise.is_finished() && !login.is_finished());
    other.execute("ROLLBACK").await.unwrap();
    assert_eq!(login.await.unwrap().unwrap(), Created::Created { evicted: vec![] });
    raise.await.unwrap().unwrap();
    assert_eq!(
        store.alive(&[record.key], now()).await.unwrap(),
        [Some(false)],
        "it is over as soon as it is there"
    );
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn a_lock_that_is_not_given_up_is_an_error_in_time() {
    let schema = Schema::new();
    let record = login(&server::store(&schema).await).await;
    let store = PostgresStore::builder().schema(schema.name()).lock_timeout(Duration::from_millis(50));
    let own = store.clone().connect(&server::url()).await.unwrap();
    let foreign = store.pool(server::pool("repeatable read").await).unwrap();
    let mut other = server::connection().await;
    let lock = format!("BEGIN; SELECT 1 FROM {}.hallpass_session FOR UPDATE", schema.name());
    other.execute(AssertSqlSafe(lock)).await.unwrap();
    for store in [&own, &foreign] {
        let revoked = store.revoke(&record.key, EndReason::LoggedOut, op(now())).await;
        assert_eq!(revoked.map_err(|error| error.kind()), Err(StoreErrorKind::Timeout));
    }
    other.execute("ROLLBACK").await.unwrap();
    assert!(foreign.revoke(&record.key, EndReason::LoggedOut, op(now())).await.unwrap().is_some());
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn a_sweep_leaves_what_is_locked_to_others() {
    let schema = Schema::new();
    let store = server::store(&schema).await;
    let long_ago = now() - Duration::from_secs(7200);
    let mut keys = Vec::new();
    for _ in 0..2 {
        let record = Sample::visitor(ada().realm(), long_ago).build();
        keys.push(record.key);
        let _ = store.create(record, None, None, op(long_ago)).await.unwrap();
    }
    let mut other = server::connection().await;
    let lock =
        format!("BEGIN; SELECT 1 FROM {}.hallpass_session ORDER BY id LIMIT 1 FOR UPDATE", schema.name());
    other.execute(AssertSqlSafe(lock)).await.unwrap();
    let swept = store.sweep(10, later()).await.unwrap();
    assert_eq!(swept.ended.iter().map(|ended| ended.key).collect::<Vec<_>>(), keys[1..]);
    other.execute("ROLLBACK").await.unwrap();
    assert_eq!(store.sweep(10, later()).await.unwrap().ended.len(), 1);
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn a_dropped_call_leaves_no_connection_in_a_transaction() {
    let schema = Schema::new();
    let url = format!("{}?application_name={}", server::url(), schema.name());
    let store =
        PostgresStore::builder().schema(schema.name()).max_connections(1).connect(&url).await.unwrap();
    store.migrate().await.unwrap();
    let mut watcher = server::connection().await;
    let ask = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND state LIKE 'idle in%'";
    for polls in 0..24 {
        let record = Sample::login(&ada(), now()).build();
        let ticket = Ticket { epoch: Epoch::NONE, started_at: record.created };
        drop_after(polls, store.create(record, Some(&ticket), None, later())).await;
        // The only connection serves again, and a statement that commits on its own is seen by others.
        let visible = Sample::visitor(ada().realm(), now()).build();
        let created = store.create(visible.clone(), None, None, later()).await.unwrap();
        assert_eq!(created, Created::Created { evicted: vec![] });
        let key = sqlx::query(AssertSqlSafe(format!(
            "SELECT 1 FROM {}.hallpass_session WHERE session_key = $1",
            schema.name()
        )));
        let seen = key.bind(&visible.key.as_bytes()[..]).fetch_optional(&mut watcher).await.unwrap();
        assert!(seen.is_some(), "after {polls} polls, what was answered was not committed");
        let row = sqlx::query(ask).bind(schema.name()).fetch_one(&mut watcher).await.unwrap();
        assert_eq!(row.get::<i64, _>(0), 0, "after {polls} polls");
    }
}

/// Drops a call after so many polls, each of them when it was woken.
async fn drop_after<T>(polls: usize, call: impl Future<Output = T>) {
    let (mut call, mut left) = (std::pin::pin!(call), polls);
    std::future::poll_fn(|cx| {
        if left == 0 || call.as_mut().poll(cx).is_ready() {
            return std::task::Poll::Ready(());
        }
        left -= 1;
        std::task::Poll::Pending
    })
    .await;
}
