//! What the databases make of the statements: who looks a user up reads one entry of an index, however many users there
//! are.

use super::pool::UserPool;
#[cfg(any(feature = "mysql", feature = "postgres"))]
use super::pool::Value;
use super::sql::Statement;
#[cfg(any(feature = "mysql", feature = "postgres"))]
use super::sql::Values;
use super::{ColumnType, Inner, UserTable};
#[cfg(feature = "sqlite")]
use sqlx::Row as _;
#[cfg(any(feature = "mysql", feature = "postgres"))]
use std::sync::Arc;

#[cfg(any(feature = "mysql", feature = "postgres"))]
const LIMIT: std::time::Duration = std::time::Duration::from_secs(10);

fn statements(users: &Inner) -> [&Statement; 4] {
    let Inner { statements, .. } = users;
    [&statements.by_username, &statements.by_subject, &statements.set_password, &statements.rehash]
}

fn table(pool: impl Into<UserPool>, name: &str) -> UserTable {
    let users = UserTable::builder(pool).table(name).subject("id", ColumnType::Text).username("name");
    users.password_hash("hash").stamp("stamp", ColumnType::Text).build().unwrap()
}

#[cfg(any(feature = "mysql", feature = "postgres"))]
async fn assert_by_index(pool: impl Into<UserPool>, name: &str, explain: &str, by_index: &str) {
    let users = table(pool, name);
    let values = Values { subject: Value::Text("1"), username: Value::Text("ada"), ..Values::default() };
    for statement in statements(&users.inner) {
        let sql = Arc::from(format!("{explain} {}", statement.sql));
        let values: Vec<_> = statement.slots.iter().map(|slot| values.of(*slot)).collect();
        let rows = users.inner.pool.rows(LIMIT, &sql, &values).await.unwrap();
        let plan = rows.into_iter().flatten().flatten().collect::<Vec<_>>().join("\n");
        assert!(plan.contains(by_index), "{}\n{plan}", statement.sql);
    }
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn sqlite_looks_users_up_by_index() {
    let pool =
        sqlx::sqlite::SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await.unwrap();
    for (table, collation) in [("users", ""), ("nocase", "COLLATE NOCASE")] {
        let create = format!(
            "CREATE TABLE {table} (id TEXT {collation} PRIMARY KEY, name TEXT {collation} UNIQUE, hash TEXT, stamp TEXT)"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(create)).execute(&pool).await.unwrap();
        for statement in statements(&self::table(pool.clone(), table).inner) {
            let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", statement.sql));
            let step = sqlx::query(explain).fetch_one(&pool).await.unwrap();
            let step: String = step.get("detail");
            assert!(step.starts_with(&format!("SEARCH {table} USING INDEX")), "{}\n{step}", statement.sql);
        }
    }
}

#[cfg(feature = "postgres")]
#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn postgres_looks_users_up_by_index() {
    let url = std::env::var("HALLPASS_TEST_POSTGRES")
        .expect("HALLPASS_TEST_POSTGRES is not set: run cargo xtask test");
    let pool = sqlx::postgres::PgPoolOptions::new().max_connections(1).connect(&url).await.unwrap();
    let setup = "SELECT pg_advisory_xact_lock(1); CREATE EXTENSION IF NOT EXISTS citext SCHEMA public";
    sqlx::raw_sql(setup).execute(&pool).await.unwrap();
    for (table, text) in
        [("plan_citext", "CITEXT"), ("plan_varchar", "VARCHAR(200)"), ("plan_char", "CHAR(20)")]
    {
        // Of an empty table it would rather read everything.
        let create = format!(
            "SET enable_seqscan = off; CREATE TEMPORARY TABLE {table}
                 (id {text} PRIMARY KEY, name {text} UNIQUE, hash TEXT, stamp TEXT)"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(create)).execute(&pool).await.unwrap();
        assert_by_index(pool.clone(), table, "EXPLAIN", "Index Cond").await;
    }
}

#[cfg(feature = "mysql")]
#[tokio::test]
#[ignore = "needs MySQL or MariaDB: run cargo xtask test"]
async fn mysql_looks_users_up_by_index() {
    let url =
        std::env::var("HALLPASS_TEST_MYSQL").expect("HALLPASS_TEST_MYSQL is not set: run cargo xtask test");
    let pool = sqlx::mysql::MySqlPoolOptions::new().max_connections(1).connect(&url).await.unwrap();
    for (table, set) in [("plan_utf8mb4", "utf8mb4"), ("plan_latin1", "latin1")] {
        let create = format!(
            "CREATE TEMPORARY TABLE {table} (id VARCHAR(64) CHARACTER SET {set} PRIMARY KEY,
                 name VARCHAR(64) CHARACTER SET {set} UNIQUE, hash VARCHAR(255), stamp VARCHAR(64));
             INSERT INTO {table} VALUES ('1', 'ada', '', ''), ('2', 'brian', '', ''), ('3', 'cleo', '', '')"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(create)).execute(&pool).await.unwrap();
        assert_by_index(pool.clone(), table, "EXPLAIN FORMAT=JSON", "\"key\": ").await;
    }
}
