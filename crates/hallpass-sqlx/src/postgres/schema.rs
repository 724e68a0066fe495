//! Creating, upgrading and checking the tables.

use super::lease::Lease;
use super::rows::query;
use super::{Inner, PostgresStore};
use crate::SetupError;
use crate::names::Sql;
use crate::schema::{self, Migration, VERSION};
use sqlx::{PgConnection, Row};

const MIGRATIONS: &[Migration] =
    &[Migration { version: 1, text: include_str!("../../migrations/postgres/0001_sessions.sql") }];

/// Row locks with `SKIP LOCKED` are older; the type `xid8` is not.
const OLDEST_SERVER: i64 = 130_000;

impl PostgresStore {
    /// Creates the tables, and their schema if one was named, or upgrades them to what this release needs. Nothing happens
    /// if they are. Several nodes may do so at once.
    ///
    /// # Errors
    ///
    /// When the tables are newer than this release, or the database refuses or is unsuitable.
    pub async fn migrate(&self) -> Result<(), SetupError> {
        let mut lease =
            Lease::begin(&self.inner.pool, &self.inner.begin_migration).await.map_err(SetupError::Schema)?;
        match migrate(&self.inner, &mut lease).await {
            Ok(()) => lease.commit().await.map_err(SetupError::Schema),
            Err(error) => {
                // What could not be rolled back is closed with its connection.
                let _ = lease.rollback().await;
                Err(error)
            }
        }
    }

    /// Checks that the server can be reached, and that its tables are those of this release.
    ///
    /// # Errors
    ///
    /// When they are missing, older or newer, or the database is unsuitable. The message says what to do.
    pub async fn check(&self) -> Result<(), SetupError> {
        let mut connection = self.inner.pool.acquire().await.map_err(SetupError::Connect)?;
        suits(&mut connection).await?;
        schema::check(version(&self.inner, &mut connection).await?, &self.inner.names)
    }

    /// The version of the tables that this release works with.
    #[must_use]
    pub fn schema_version() -> i64 {
        VERSION
    }
}

async fn migrate(store: &Inner, connection: &mut PgConnection) -> Result<(), SetupError> {
    suits(connection).await?;
    if store.names.schema().is_some() {
        enter_schema(store, connection).await?;
    }
    let found = version(store, connection).await?;
    for migration in schema::missing(found, MIGRATIONS)? {
        run(connection, &store.names.migration(migration.text)).await?;
    }
    Ok(())
}

/// Whether the contract can be kept on this database.
async fn suits(connection: &mut PgConnection) -> Result<(), SetupError> {
    let ask = sqlx::query(
        "SELECT current_setting('server_encoding'), current_setting('server_version_num')::bigint, \
         current_setting('fsync')",
    );
    let row = ask.fetch_one(connection).await.map_err(SetupError::Schema)?;
    let (encoding, version, fsync): (String, i64, String) =
        (column(&row, 0)?, column(&row, 1)?, column(&row, 2)?);
    if encoding != "UTF8" {
        let reason =
            format!("the session database has the encoding {encoding}; create it with the encoding UTF8");
        return Err(SetupError::Unsuitable { reason });
    }
    if version < OLDEST_SERVER {
        let reason = "the session store needs PostgreSQL 13 or newer: upgrade the server".into();
        return Err(SetupError::Unsuitable { reason });
    }
    if fsync != "on" {
        tracing::warn!("PostgreSQL runs with fsync=off: a crash of the server can undo logouts");
    }
    Ok(())
}

/// Creates the schema if it is not there. Asking first: creating it needs a privilege even if it is.
async fn enter_schema(store: &Inner, connection: &mut PgConnection) -> Result<(), SetupError> {
    let name = store.names.schema().unwrap_or_default();
    let ask = sqlx::query("SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)").bind(name);
    let row = ask.fetch_one(&mut *connection).await.map_err(SetupError::Schema)?;
    if !column::<bool>(&row, 0)? {
        run(connection, &store.create_schema).await?;
    }
    run(connection, &store.enter_schema).await
}

/// The version of the tables. A missing table must not be asked for: that would end the transaction.
async fn version(store: &Inner, connection: &mut PgConnection) -> Result<Option<i64>, SetupError> {
    let ask = sqlx::query("SELECT to_regclass($1) IS NOT NULL").bind(format!("{}schema", store.names));
    let row = ask.fetch_one(&mut *connection).await.map_err(SetupError::Schema)?;
    if !column::<bool>(&row, 0)? {
        return Ok(None);
    }
    let row = query(&store.sql.version).fetch_one(connection).await.map_err(SetupError::Schema)?;
    column(&row, 0)
}

async fn run(connection: &mut PgConnection, sql: &Sql) -> Result<(), SetupError> {
    sqlx::raw_sql(sql).execute(connection).await.map(drop).map_err(SetupError::Schema)
}

fn column<'r, T>(row: &'r sqlx::postgres::PgRow, at: usize) -> Result<T, SetupError>
where
    T: sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    row.try_get(at).map_err(SetupError::Schema)
}
