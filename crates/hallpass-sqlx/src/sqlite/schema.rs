//! Creating, upgrading and checking the tables.

use super::rows::query;
use super::{Inner, SqliteStore};
use crate::SetupError;
use crate::schema::{self, Migration, VERSION};
use sqlx::{Executor, Row, Sqlite};

const MIGRATIONS: &[Migration] =
    &[Migration { version: 1, text: include_str!("../../migrations/sqlite/0001_sessions.sql") }];

impl SqliteStore {
    /// Creates the tables, or upgrades them to what this release needs. Nothing happens if they are. Several processes
    /// may do so at once.
    ///
    /// # Errors
    ///
    /// When the tables are newer than this release, or the database refuses.
    pub async fn migrate(&self) -> Result<(), SetupError> {
        let (_turn, writer) = self.inner.writer.turn().await.map_err(SetupError::Connect)?;
        let mut tx = writer.begin_with("BEGIN IMMEDIATE").await.map_err(SetupError::Schema)?;
        let found = version(&self.inner, &mut *tx).await?;
        for migration in schema::missing(found, MIGRATIONS)? {
            let text = self.inner.names.migration(migration.text);
            sqlx::raw_sql(&text).execute(&mut *tx).await.map_err(SetupError::Schema)?;
        }
        tx.commit().await.map_err(SetupError::Schema)
    }

    /// Checks that the database can be reached and that its tables are those of this release.
    ///
    /// # Errors
    ///
    /// When they are missing, older or newer. The message says what to do.
    pub async fn check(&self) -> Result<(), SetupError> {
        schema::check(version(&self.inner, &self.inner.readers).await?, &self.inner.names)
    }

    /// The version of the tables that this release works with.
    #[must_use]
    pub fn schema_version() -> i64 {
        VERSION
    }
}

async fn version<'e>(
    store: &Inner,
    executor: impl Executor<'e, Database = Sqlite>,
) -> Result<Option<i64>, SetupError> {
    match query(&store.sql.version).fetch_one(executor).await {
        Ok(row) => row.try_get(0).map_err(SetupError::Schema),
        Err(error) if is_missing_table(&error) => Ok(None),
        Err(error) => Err(SetupError::Schema(error)),
    }
}

fn is_missing_table(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.message().starts_with("no such table"))
}
