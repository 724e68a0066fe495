//! A connection that is only given back in a known state.

use super::rows::Prepared;
use sqlx::mysql::{MySqlConnection, MySqlRow};
use sqlx::pool::PoolConnection;
use sqlx::{MySql, MySqlPool};
use std::ops::{Deref, DerefMut};

/// In full, so that `completion_type` changes nothing.
pub(super) const ROLLBACK: &str = "ROLLBACK AND NO CHAIN NO RELEASE";

/// A connection of the pool for one call.
///
/// The driver may lose its place in the server's answers when a call is dropped half-way; the next user of the connection
/// could then read an answer that was meant for somebody else. Dropped before [`give_back`](Self::give_back), the
/// connection is closed, and the server undoes what was not committed.
#[derive(Debug)]
pub(super) struct Lease(Option<PoolConnection<MySql>>);

impl Lease {
    /// Takes a connection that nobody else uses.
    pub(super) async fn own(pool: &MySqlPool) -> sqlx::Result<Self> {
        Ok(Self(Some(pool.acquire().await?)))
    }

    /// Takes a connection of the application, and undoes what may be left on it: the driver puts a connection back with its
    /// transaction open when the future of `begin` is dropped. What is read there is as old as the transaction, and what is
    /// written is lost with it.
    pub(super) async fn shared(pool: &MySqlPool) -> sqlx::Result<Self> {
        let mut lease = Self::own(pool).await?;
        sqlx::raw_sql(ROLLBACK).execute(&mut *lease).await?;
        Ok(lease)
    }

    pub(super) fn give_back(mut self) {
        drop(self.0.take());
    }

    /// Runs one statement and returns its rows.
    pub(super) async fn fetch(mut self, query: Prepared) -> sqlx::Result<Vec<MySqlRow>> {
        let rows = query.fetch_all(&mut *self).await;
        self.settle(rows)
    }

    /// Runs one statement and returns how many rows it matched or made.
    pub(super) async fn execute(mut self, query: Prepared) -> sqlx::Result<u64> {
        let done = query.execute(&mut *self).await.map(|done| done.rows_affected());
        self.settle(done)
    }

    /// Gives the connection back if the server has had its say.
    fn settle<T>(self, done: sqlx::Result<T>) -> sqlx::Result<T> {
        if matches!(done, Ok(_) | Err(sqlx::Error::Database(_))) {
            self.give_back();
        }
        done
    }
}

const HELD: &str = "only giving it back takes the connection, and consumes the lease";

impl Deref for Lease {
    type Target = MySqlConnection;

    fn deref(&self) -> &MySqlConnection {
        self.0.as_deref().expect(HELD)
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut MySqlConnection {
        self.0.as_deref_mut().expect(HELD)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(connection.detach());
        }
    }
}
