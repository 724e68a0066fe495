//! One way to ask three databases.

#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

use super::UserTableError;
use super::name::Dialect;
use super::sql::{Statement, Values};
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// The connections that a [`UserTable`](super::UserTable) asks: made of a `sqlx::SqlitePool`, `PgPool` or `MySqlPool`,
/// which the application may use for anything else besides.
#[derive(Clone)]
pub struct UserPool(Pool);

#[derive(Clone)]
enum Pool {
    #[cfg(feature = "sqlite")]
    Sqlite(sqlx::SqlitePool),
    #[cfg(feature = "postgres")]
    Postgres(sqlx::PgPool),
    #[cfg(feature = "mysql")]
    MySql(sqlx::MySqlPool),
}

/// A value to bind. Text has no declared type, so that it becomes that of the column.
#[derive(Clone, Copy, Default)]
pub(super) enum Value<'a> {
    #[default]
    Null,
    Text(&'a str),
    Integer(i64),
}

/// What was read, column by column.
pub(super) type Row = Vec<Option<String>>;

impl UserPool {
    pub(super) fn dialect(&self) -> Dialect {
        match &self.0 {
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(_) => Dialect::Sqlite,
            #[cfg(feature = "postgres")]
            Pool::Postgres(_) => Dialect::Postgres,
            #[cfg(feature = "mysql")]
            Pool::MySql(_) => Dialect::MySql,
        }
    }

    /// The rows that a statement finds.
    pub(super) async fn rows(
        &self,
        limit: Duration,
        sql: &Arc<str>,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, Failed> {
        let sql = checked(sql);
        let rows = async {
            match &self.0 {
                #[cfg(feature = "sqlite")]
                Pool::Sqlite(pool) => sqlite::rows(pool, sql, values).await,
                #[cfg(feature = "postgres")]
                Pool::Postgres(pool) => postgres::rows(pool, sql, values).await,
                #[cfg(feature = "mysql")]
                Pool::MySql(pool) => mysql::rows(pool, sql, values).await,
            }
        };
        within(limit, rows).await
    }

    /// The rows that a statement of a table finds.
    pub(super) async fn find(
        &self,
        limit: Duration,
        statement: &Statement,
        values: &Values<'_>,
    ) -> Result<Vec<Row>, Failed> {
        self.rows(limit, &statement.sql, &bound(statement, values)).await
    }

    /// The number of rows that a statement changes, or that it would have changed if they had not been so already.
    pub(super) async fn change(
        &self,
        limit: Duration,
        statement: &Statement,
        values: &Values<'_>,
    ) -> Result<u64, Failed> {
        let (sql, values) = (checked(&statement.sql), bound(statement, values));
        let change = async {
            match &self.0 {
                #[cfg(feature = "sqlite")]
                Pool::Sqlite(pool) => sqlite::change(pool, sql, &values).await,
                #[cfg(feature = "postgres")]
                Pool::Postgres(pool) => postgres::change(pool, sql, &values).await,
                #[cfg(feature = "mysql")]
                Pool::MySql(pool) => mysql::change(pool, sql, &values).await,
            }
        };
        within(limit, change).await
    }
}

/// The names in a statement have been checked, and nothing else in it varies.
fn checked(sql: &Arc<str>) -> SqlStr {
    AssertSqlSafe(Arc::clone(sql)).into_sql_str()
}

fn bound<'a>(statement: &Statement, values: &Values<'a>) -> Vec<Value<'a>> {
    statement.slots.iter().map(|slot| values.of(*slot)).collect()
}

async fn within<T>(limit: Duration, call: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, Failed> {
    match timeout(limit, call).await {
        Ok(result) => result.map_err(Failed::Database),
        Err(_) => Err(Failed::TimedOut),
    }
}

/// Why a statement was not run.
#[derive(Debug)]
pub(super) enum Failed {
    Database(sqlx::Error),
    TimedOut,
}

impl Failed {
    /// The row would have been the second of its kind.
    pub(super) fn is_duplicate(&self) -> bool {
        self.database().is_some_and(sqlx::error::DatabaseError::is_unique_violation)
    }

    /// A text is too long for its column, or has characters that the database or the column cannot store: no row holds
    /// it.
    pub(super) fn is_unstorable(&self) -> bool {
        let code = self.database().and_then(|error| error.code());
        // String data right truncation, character not in repertoire, untranslatable character.
        matches!(code.as_deref(), Some("22001" | "22021" | "22P05")) || self.is_unstorable_in_mysql()
    }

    #[cfg(feature = "mysql")]
    fn is_unstorable_in_mysql(&self) -> bool {
        let error =
            self.database().and_then(|error| error.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>());
        // Illegal mix of collations, incorrect string value, impossible conversion.
        error.is_some_and(|error| matches!(error.number(), 1267 | 1366 | 3854 | 3988))
    }

    #[cfg(not(feature = "mysql"))]
    fn is_unstorable_in_mysql(&self) -> bool {
        false
    }

    fn database(&self) -> Option<&dyn sqlx::error::DatabaseError> {
        match self {
            Self::Database(error) => error.as_database_error(),
            Self::TimedOut => None,
        }
    }
}

impl From<Failed> for UserTableError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Database(error) => Self::database(error),
            Failed::TimedOut => Self::TimedOut,
        }
    }
}

#[cfg(feature = "sqlite")]
impl From<sqlx::SqlitePool> for UserPool {
    fn from(pool: sqlx::SqlitePool) -> Self {
        Self(Pool::Sqlite(pool))
    }
}

#[cfg(feature = "postgres")]
impl From<sqlx::PgPool> for UserPool {
    fn from(pool: sqlx::PgPool) -> Self {
        Self(Pool::Postgres(pool))
    }
}

#[cfg(feature = "mysql")]
impl From<sqlx::MySqlPool> for UserPool {
    fn from(pool: sqlx::MySqlPool) -> Self {
        Self(Pool::MySql(pool))
    }
}

/// The pool's own output has the options of its connections.
impl fmt::Debug for UserPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserPool({:?})", self.dialect())
    }
}

/// It may be a hash.
impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Value(..)")
    }
}
