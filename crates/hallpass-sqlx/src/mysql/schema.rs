//! Creating, upgrading and checking the tables, and what else the server has to be like.

use super::rows::query;
use super::{Inner, MySqlStore};
use crate::SetupError;
use crate::row::Cells;
use crate::schema::{self, Migration, VERSION};
use sqlx::Row;
use sqlx::mysql::{MySqlConnection, MySqlDatabaseError};

const MIGRATIONS: &[Migration] =
    &[Migration { version: 1, text: include_str!("../../migrations/mysql/0001_sessions.sql") }];

/// One process at a time, on the connection that holds the lock. A name has 64 characters at most.
const LOCK: &str = "SELECT GET_LOCK(SHA1(CONCAT('hallpass', DATABASE(), '.', ?)), 60)";
const UNLOCK: &str = "SELECT RELEASE_LOCK(SHA1(CONCAT('hallpass', DATABASE(), '.', ?)))";

const SETTINGS: &str = "SHOW VARIABLES WHERE Variable_name IN ('autocommit', 'log_bin', 'binlog_format', 'tx_read_only', 'transaction_read_only')";

/// Error 1146.
const NO_SUCH_TABLE: u16 = 1146;

impl MySqlStore {
    /// Creates the tables, or upgrades them to what this release needs. Nothing happens if they are. Several processes
    /// may do so at once. The server cannot undo a half of it; every step may be repeated instead.
    ///
    /// # Errors
    ///
    /// When the tables are newer than this release, or the database refuses or is [unsuitable](SetupError::Unsuitable).
    pub async fn migrate(&self) -> Result<(), SetupError> {
        let mut lease = self.inner.lease().await.map_err(SetupError::Connect)?;
        check_settings(&mut lease).await?;
        let prefix = self.inner.names.to_string();
        let locked = sqlx::query(LOCK).bind(prefix.clone()).fetch_one(&mut *lease).await;
        let locked = locked.and_then(|row| row.opt_int(0)).map_err(SetupError::Schema)?;
        if locked != Some(1) {
            return Err(SetupError::Schema(sqlx::Error::PoolTimedOut));
        }
        // Dropped with the lease, the lock is released by the server.
        apply(&self.inner, &mut lease).await?;
        sqlx::query(UNLOCK).bind(prefix).fetch_one(&mut *lease).await.map_err(SetupError::Schema)?;
        lease.give_back();
        Ok(())
    }

    /// Checks that the database can be reached, that it is set as the store needs it, and that its tables are those of
    /// this release.
    ///
    /// # Errors
    ///
    /// When they are missing, older or newer, or the server is [unsuitable](SetupError::Unsuitable). The message says what
    /// to do.
    pub async fn check(&self) -> Result<(), SetupError> {
        let mut lease = self.inner.lease().await.map_err(SetupError::Connect)?;
        check_settings(&mut lease).await?;
        let found = version(&self.inner, &mut lease).await?;
        lease.give_back();
        schema::check(found, &self.inner.names)
    }

    /// The version of the tables that this release works with.
    #[must_use]
    pub fn schema_version() -> i64 {
        VERSION
    }
}

async fn apply(store: &Inner, connection: &mut MySqlConnection) -> Result<(), SetupError> {
    let found = version(store, connection).await?;
    for migration in schema::missing(found, MIGRATIONS)? {
        let text = store.names.migration(migration.text);
        sqlx::raw_sql(&text).execute(&mut *connection).await.map_err(SetupError::Schema)?;
    }
    Ok(())
}

async fn version(store: &Inner, connection: &mut MySqlConnection) -> Result<Option<i64>, SetupError> {
    match query(&store.sql.version).fetch_one(connection).await {
        Ok(row) => row.opt_int(0).map_err(SetupError::Schema),
        Err(error) if number(&error) == Some(NO_SUCH_TABLE) => Ok(None),
        Err(error) => Err(SetupError::Schema(error)),
    }
}

/// The server's own number for an error.
pub(super) fn number(error: &sqlx::Error) -> Option<u16> {
    let error = error.as_database_error()?.try_downcast_ref::<MySqlDatabaseError>()?;
    Some(error.number())
}

async fn check_settings(connection: &mut MySqlConnection) -> Result<(), SetupError> {
    let rows = sqlx::raw_sql(SETTINGS).fetch_all(connection).await.map_err(SetupError::Connect)?;
    let mut settings = Settings::default();
    for row in &rows {
        let setting = |at| row.try_get_unchecked::<String, _>(at).map_err(SetupError::Schema);
        settings.note(&setting(0)?, &setting(1)?);
    }
    settings.fault().map_or(Ok(()), |reason| Err(SetupError::Unsuitable { reason: reason.into() }))
}

/// What would make every write fail, or go nowhere.
#[derive(Debug, Default)]
struct Settings {
    open_ended: bool,
    binary_log: bool,
    statements: bool,
    read_only: bool,
}

impl Settings {
    fn note(&mut self, name: &str, value: &str) {
        let is = |wanted: &str| value.eq_ignore_ascii_case(wanted);
        match name {
            "autocommit" => self.open_ended = is("OFF"),
            "log_bin" => self.binary_log = is("ON"),
            "binlog_format" => self.statements = is("STATEMENT"),
            "tx_read_only" | "transaction_read_only" => self.read_only |= is("ON"),
            _ => {}
        }
    }

    fn fault(&self) -> Option<&'static str> {
        match () {
            () if self.open_ended => {
                Some("the session store needs connections with autocommit: without it a write is not kept")
            }
            () if self.binary_log && self.statements => Some(
                "the session store needs binlog_format ROW or MIXED: the server refuses writes at READ COMMITTED with \
                 STATEMENT",
            ),
            () if self.read_only => Some("the session store needs connections that may write"),
            () => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(settings: &[(&str, &str)]) -> Option<&'static str> {
        let mut noted = Settings::default();
        settings.iter().for_each(|(name, value)| noted.note(name, value));
        noted.fault()
    }

    #[test]
    fn a_server_on_which_writes_go_nowhere_is_unsuitable() {
        assert!(fault(&[("autocommit", "OFF")]).is_some_and(|fault| fault.contains("autocommit")));
        let log = fault(&[("log_bin", "ON"), ("binlog_format", "STATEMENT")]);
        assert!(log.is_some_and(|fault| fault.contains("binlog_format")));
        assert!(fault(&[("transaction_read_only", "ON")]).is_some());
    }

    #[test]
    fn a_server_as_it_comes_is_suitable() {
        let settings = [
            ("autocommit", "ON"),
            ("log_bin", "OFF"),
            ("binlog_format", "STATEMENT"),
            ("tx_read_only", "OFF"),
        ];
        assert_eq!(fault(&settings), None);
        assert_eq!(fault(&[("autocommit", "ON"), ("log_bin", "ON"), ("binlog_format", "ROW")]), None);
    }
}
