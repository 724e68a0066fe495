//! Every statement finds its rows by an index.

use super::PostgresStore;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};

/// Enough rows for the planner to prefer an index where there is one.
const FILL: [&str; 4] = [
    "INSERT INTO plans_subject (realm, subject) SELECT 'shop', 's' || n FROM generate_series(1, 20000) n",
    "INSERT INTO plans_session (session_key, handle, realm, subject, revision, created, last_seen, idle_until, \
     absolute_until, authenticated, stamp, level, remembered, transport, format, data, checksum) \
     SELECT decode(lpad(to_hex(n), 68, '0'), 'hex'), decode(lpad(to_hex(n), 32, '0'), 'hex'), 'shop', 's' || n, 1, n, n, \
     n, n, n, '', 0, 0, 0, 1, '', '' FROM generate_series(1, 20000) n",
    "INSERT INTO plans_event (xid, events) SELECT n::text::xid8, '' FROM generate_series(1, 20000) n",
    "ANALYZE plans_subject, plans_session, plans_event",
];

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn no_statement_reads_a_whole_table() {
    let url = std::env::var("HALLPASS_TEST_POSTGRES")
        .expect("HALLPASS_TEST_POSTGRES must hold the URL of a PostgreSQL database: run cargo xtask test");
    let schema = format!("hp_plans_{}", std::process::id());
    let store = PostgresStore::builder().schema(&schema).table_prefix("plans_");
    let store = store.connect(&url).await.unwrap();
    store.migrate().await.unwrap();
    let mut connection = PgConnection::connect(&url).await.unwrap();
    connection.execute(AssertSqlSafe(format!("SET search_path TO {schema}"))).await.unwrap();
    for fill in FILL {
        connection.execute(fill).await.unwrap();
    }
    connection.execute("SET plan_cache_mode = force_generic_plan").await.unwrap();
    let mut broken = Vec::new();
    for (name, sql) in store.inner.sql.all() {
        let plan = plan(&mut connection, name, sql.as_str()).await;
        let scans = ["session", "subject", "event"].map(|table| format!("Seq Scan on plans_{table}"));
        if scans.iter().any(|scan| plan.contains(scan)) {
            broken.push(format!("{name}:\n{plan}"));
        }
    }
    connection.execute(AssertSqlSafe(format!("DROP SCHEMA {schema} CASCADE"))).await.unwrap();
    assert!(broken.is_empty(), "{}", broken.join("\n\n"));
}

/// The plan for values that are not known yet.
async fn plan(connection: &mut PgConnection, name: &str, sql: &str) -> String {
    let values = (1..).take_while(|n| sql.contains(&format!("${n}"))).count();
    let nulls = vec!["NULL"; values].join(", ");
    let nulls = if values == 0 { nulls } else { format!("({nulls})") };
    connection.execute(AssertSqlSafe(format!("PREPARE s_{name} AS {sql}"))).await.unwrap();
    let explain = AssertSqlSafe(format!("EXPLAIN EXECUTE s_{name}{nulls}"));
    let rows = sqlx::raw_sql(explain).fetch_all(connection).await.unwrap();
    rows.iter().map(|row| row.get::<String, _>(0)).collect::<Vec<_>>().join("\n")
}
