//! What only the store itself can see: plans of its statements, its open transactions and its connections.

use super::*;
use crate::contract::{Rows, Transaction};
use crate::names::Sql;
use hallpass_core::{Created, Epoch, SessionLimit, SessionStore, Subject, Ticket, WhenReached};
use hallpass_testkit::{Sample, op};
use sqlx::Row;
use sqlx::mysql::MySqlPoolOptions;
use std::future::Future;
use std::num::NonZeroU32;
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Waker};
use std::time::SystemTime;

const TABLES: [&str; 5] = ["event", "session", "subject", "realm", "schema"];

/// A store with tables of its own in the database that the environment names, on connections as the server gives them: at
/// REPEATABLE READ. The test removes the tables at its end.
async fn store(connections: u32) -> MySqlStore {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let prefix = format!("t{}_{}_", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let url = std::env::var("HALLPASS_TEST_MYSQL")
        .expect("HALLPASS_TEST_MYSQL is not set: run the tests by `cargo xtask test`");
    // Who waits for a lock in vain is not to wait long.
    let pool = MySqlPoolOptions::new().max_connections(connections).after_connect(|connection, _| {
        let wait = sqlx::raw_sql("SET SESSION innodb_lock_wait_timeout = 1");
        Box::pin(async move { wait.execute(connection).await.map(drop) })
    });
    let pool = pool.connect(&url).await.unwrap();
    let store = MySqlStore::builder().table_prefix(prefix).pool(pool).unwrap();
    store.migrate().await.unwrap();
    store
}

async fn remove(store: MySqlStore) {
    for table in TABLES {
        run(&store, &format!("DROP TABLE hallpass_{table}")).await;
    }
}

async fn run(store: &MySqlStore, statement: &str) {
    sqlx::raw_sql(&store.inner.names.statement(statement)).execute(&store.inner.pool).await.unwrap();
}

fn now() -> Timestamp {
    SystemTime::now().into()
}

fn user(id: u32) -> SubjectKey {
    SubjectKey::new(Realm::new("shop").unwrap(), Subject::from(id))
}

async fn log_in(store: &MySqlStore, user: &SubjectKey) -> SessionKey {
    let record = Sample::login(user, now()).build();
    let ticket = Ticket { epoch: Epoch::NONE, started_at: record.created };
    let limit = SessionLimit { max: NonZeroU32::MAX, when_reached: WhenReached::EndLeastRecent };
    let created = store.create(record.clone(), Some(&ticket), Some(limit), op(record.created)).await.unwrap();
    assert_eq!(created, Created::Created { evicted: vec![] });
    record.key
}

#[tokio::test]
#[ignore = "needs MySQL or MariaDB: run cargo xtask test"]
async fn a_logout_of_nothing_holds_nobody_off() {
    let store = store(4).await;
    log_in(&store, &user(1)).await;
    let mut logout = store.begin(false).await.unwrap();
    for _ in 0..8 {
        let garbage = Sample::login(&user(1), now()).build().key;
        assert!(logout.lock_rows(Rows::Key(&garbage)).await.unwrap().is_empty());
    }
    // While its transaction is open:
    for id in 1..40 {
        log_in(&store, &user(id)).await;
    }
    logout.rollback().await.unwrap();
    remove(store).await;
}

#[tokio::test]
#[ignore = "needs MySQL or MariaDB: run cargo xtask test"]
async fn a_locked_user_holds_off_no_other() {
    let store = store(4).await;
    let mut login = store.begin(false).await.unwrap();
    let _ = login.lock_subject(&user(1)).await.unwrap();
    login.commit().await.unwrap();
    let mut login = store.begin(false).await.unwrap();
    let _ = login.lock_subject(&user(1)).await.unwrap();
    log_in(&store, &user(2)).await;
    let mut swept = store.begin(false).await.unwrap();
    assert!(swept.lock_rows(Rows::Expired(now(), 10)).await.unwrap().is_empty());
    swept.rollback().await.unwrap();
    login.rollback().await.unwrap();
    remove(store).await;
}

#[tokio::test]
#[ignore = "needs MySQL or MariaDB: run cargo xtask test"]
async fn a_login_and_the_end_of_everybody_wait_for_each_other() {
    const WAITED_IN_VAIN: Option<u16> = Some(1205);
    let store = store(4).await;
    log_in(&store, &user(1)).await;
    let mut login = store.begin(false).await.unwrap();
    let _ = login.lock_subject(&user(1)).await.unwrap();
    // Other users' logins do not: only the end of everybody.
    log_in(&store, &user(2)).await;
    let mut end = store.begin(true).await.unwrap();
    let waited = end.lock_realm(user(1).realm()).await.unwrap_err();
    assert_eq!(schema::number(&waited), WAITED_IN_VAIN);
    login.commit().await.unwrap();
    assert_eq!(end.lock_realm(user(1).realm()).await.unwrap(), None);

    let mut login = store.begin(false).await.unwrap();
    let waited = login.lock_subject(&user(1)).await.unwrap_err();
    assert_eq!(schema::number(&waited), WAITED_IN_VAIN);
    end.set_not_before(user(1).realm(), now()).await.unwrap();
    end.commit().await.unwrap();
    assert!(login.lock_subject(&user(1)).await.unwrap().not_before.is_some());
    login.rollback().await.unwrap();
    remove(store).await;
}

#[tokio::test]
#[ignore = "needs MySQL or MariaDB: run cargo xtask test"]
async fn a_sweep_skips_what_others_have_locked() {
    let store = store(4).await;
    let long_ago = Timestamp::from_millis(1);
    let records: [_; 2] = std::array::from_fn(|_| Sample::visitor(user(1).realm(), long_ago).build());
    for record in &records {
        assert!(store.insert(record).await.unwrap());
    }
    let mut holder = store.begin(false).await.unwrap();
    assert_eq!(holder.lock_rows(Rows::Key(&records[0].key)).await.unwrap().len(), 1);
    let swept = store.sweep(10, op(now())).await.unwrap();
    assert_eq!(swept.ended.iter().map(|ended| ended.key).collect::<Vec<_>>(), [records[1].key]);
    holder.rollback().await.unwrap();
    remove(store).await;
}

#[tokio::test]
#[ignore = "needs MySQL or MariaDB: run cargo xtask test"]
async fn a_connection_whose_call_was_dropped_is_never_used_again() {
    let store = store(1).await;
    let connection = || store.inner.names.statement("SELECT CONNECTION_ID()");
    let id = async || {
        let rows = store.inner.fetch(query(&connection())).await.unwrap();
        rows[0].try_get::<u64, _>(0).unwrap()
    };
    let first = id().await;
    assert_eq!(id().await, first);

    let lease = store.inner.lease().await.unwrap();
    // However fast the server prepares it, the answer takes a second.
    let ask = query(&store.inner.names.statement("SELECT SLEEP(1), CONNECTION_ID()"));
    assert!(pin!(lease.fetch(ask)).poll(&mut Context::from_waker(Waker::noop())).is_pending());
    let second = id().await;
    assert_ne!(second, first);

    drop(store.begin(false).await.unwrap());
    assert_ne!(id().await, second);
    remove(store).await;
}

#[tokio::test]
#[ignore = "needs MySQL or MariaDB: run cargo xtask test"]
async fn a_transaction_that_was_dropped_leaves_nothing_behind() {
    let store = store(4).await;
    let record = Sample::visitor(user(1).realm(), now()).build();
    let mut dropped = store.begin(false).await.unwrap();
    let _ = dropped.lock_subject(&user(1)).await.unwrap();
    assert!(dropped.insert(&record).await.unwrap());
    drop(dropped);
    assert!(store.insert(&record).await.unwrap());
    log_in(&store, &user(1)).await;
    remove(store).await;
}

#[tokio::test]
#[ignore = "needs MySQL or MariaDB: run cargo xtask test"]
async fn no_statement_reads_more_than_its_index_says() {
    let store = store(2).await;
    fill(&store).await;
    for (name, statement) in statements(&store) {
        let mut reads = 0;
        for row in &statement.fetch_all(&store.inner.pool).await.unwrap() {
            let cell = |name| row.try_get_unchecked::<Option<String>, _>(name).unwrap();
            // What is known without reading has no table.
            let Some(table) = cell("table") else { continue };
            let (access, key) = (cell("type"), cell("key"));
            println!("{name:<16} {table:<18} {:<8} {}", shown(&access), shown(&key));
            assert!(
                key.is_some() && access.is_some_and(|access| access != "ALL"),
                "{name} reads {table} without an index"
            );
            reads += 1;
        }
        assert!(reads > 0, "{name} reads nothing");
    }
    remove(store).await;
}

fn shown(text: &Option<String>) -> &str {
    text.as_deref().unwrap_or("-")
}

/// Ten thousand sessions of two thousand users, and as many events.
async fn fill(store: &MySqlStore) {
    let numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900), \
         m AS (SELECT a.i * 10 + b.i AS i FROM n a JOIN n b WHERE b.i <= 10)";
    let fill = |into: &str, values: &str| format!("INSERT INTO {into} {numbers} SELECT {values} FROM m");
    run(store, "INSERT INTO hallpass_realm (realm, not_before) VALUES ('shop', 1)").await;
    for statement in [
        fill(
            "hallpass_session (session_key, handle, realm, subject, revision, created, last_seen, idle_until, \
             absolute_until, authenticated, level, remembered, transport, format, checksum, data)",
            "UNHEX(LPAD(HEX(i), 68, '0')), UNHEX(LPAD(HEX(i), 32, '0')), 'shop', i DIV 5, 1, 1, 1, i, i, 1, 0, 0, 0, 1, \
             '', ''",
        ),
        fill(
            "hallpass_subject (realm, subject, epoch, raised_at)",
            "'shop', i, UNHEX(LPAD(HEX(i), 32, '0')), i",
        ),
        fill("hallpass_event (seq, noted_at, events)", "i, i, ''"),
    ] {
        run(store, &statement).await;
    }
    run(store, "ANALYZE TABLE hallpass_session, hallpass_subject, hallpass_event").await;
}

/// Every statement that looks for something, with values that are there, to be explained.
fn statements(store: &MySqlStore) -> Vec<(&'static str, Prepared)> {
    let sql = &store.inner.sql;
    let explained = |text: &Sql| store.inner.names.statement(&format!("EXPLAIN {}", text.as_str()));
    let explain = |text: &Sql| query(&explained(text));
    let key = |number: u64| {
        let mut key = vec![0; 34];
        key[26..].copy_from_slice(&number.to_be_bytes());
        key
    };
    let session = |query: Prepared| query.bind(key(77)).bind(key(77)[18..].to_vec()).bind("shop").bind("15");
    let user = |query: Prepared| query.bind("shop").bind("15");
    let live = |query: Prepared| query.bind(1_i64).bind(1_i64);
    let record = Sample::login(&self::user(15), now()).build();
    let ids =
        |(text, count): (Sql, usize)| (0..count).fold(explain(&text), |query, id| query.bind(id as i64 + 50));
    let keys = |(text, count): (Sql, usize)| {
        (0..count).fold(live(explain(&text)), |query, id| query.bind(key(id as u64 + 50)))
    };
    vec![
        ("load", explain(&sql.load).bind(key(77))),
        ("update", live(session(with_record(&explained(&sql.update), &record)).bind(1_i64))),
        ("has_live", live(session(explain(&sql.has_live)))),
        ("touch", live(explain(&sql.touch).bind(1_i64).bind(2_i64).bind(key(77)))),
        ("list", live(user(explain(&sql.list)))),
        ("epoch", user(explain(&sql.epoch))),
        ("not_before", explain(&sql.not_before).bind("shop")),
        ("live_keys", keys(sql.live_keys.of(16))),
        ("share_realm", explain(&sql.share_realm).bind("shop")),
        ("read_realm", explain(&sql.read_realm).bind("shop")),
        ("lock_subject", user(explain(&sql.lock_subject))),
        ("row_by_key", explain(&sql.row_by_key).bind(key(77))),
        ("rows_of_subject", user(explain(&sql.rows_of_subject))),
        ("rows_expired", explain(&sql.rows_expired).bind(400_i64).bind(100_i64)),
        ("overwrite", with_record(&explained(&sql.overwrite), &record).bind(77_i64)),
        ("delete", ids(sql.delete.of(16))),
        ("newest_events", explain(&sql.newest_events).bind(1_i64).bind(100_i64)),
        ("later_events", explain(&sql.later_events).bind(9000_i64).bind(100_i64)),
        ("events", ids(sql.events.of(16))),
        ("subjects_after", {
            let query = explain(&sql.subjects_after).bind(1_i64);
            query.bind("shop").bind("shop").bind("15").bind(100_i64)
        }),
        ("tidy_subject", user(explain(&sql.tidy_subject)).bind(1_i64)),
        ("oldest_events", explain(&sql.oldest_events).bind(1_i64).bind(100_i64)),
        ("tidy_events", explain(&sql.tidy_events).bind(100_i64).bind(1_i64)),
    ]
}
