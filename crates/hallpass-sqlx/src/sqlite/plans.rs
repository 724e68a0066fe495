//! Every statement finds its rows by an index.

use super::SqliteStore;
use sqlx::{AssertSqlSafe, Row};

#[tokio::test]
async fn no_statement_reads_a_whole_table() {
    let store = SqliteStore::connect("sqlite::memory:").await.unwrap();
    store.migrate().await.unwrap();
    for (name, sql) in store.inner.sql.all() {
        let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", sql.as_str()));
        let rows = sqlx::query(explain).fetch_all(&store.inner.readers).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
        // The lists of keys and ids come as JSON; the oldest events are the first ones.
        let scans =
            |step: &&String| step.starts_with("SCAN") && !step.contains("json_each") && name != "tidy_events";
        assert_eq!(plan.iter().find(scans), None, "{name}: {plan:#?}");
        let sorts = |step: &&String| step.contains("TEMP B-TREE") && name != "list";
        assert_eq!(plan.iter().find(sorts), None, "{name}: {plan:#?}");
    }
}
