//! A connection that is only given back in a known state.

use super::rows::Prepared;
use crate::names::Sql;
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgRow;
use sqlx::{PgPool, Postgres};
use std::ops::{Deref, DerefMut};

/// A connection of the pool for one call. Dropped before the server has had its say, it is closed, and the server undoes
/// what was not committed.
///
/// The driver's own transaction is not used: when the future of its `begin` is dropped, the connection goes back to the
/// pool with the transaction open, and everything that is written on it afterwards is lost in the end. And a call that was
/// given up because the server is silent would keep its connection from all others for as long as the silence lasts.
#[derive(Debug)]
pub(super) struct Lease(Option<PoolConnection<Postgres>>);

/// Undoes a transaction that is open, and warns of nothing where none is.
pub(super) const UNDO: &str = "BEGIN; ROLLBACK";

impl Lease {
    /// Takes a connection that nobody else uses.
    pub(super) async fn own(pool: &PgPool) -> sqlx::Result<Self> {
        Ok(Self(Some(pool.acquire().await?)))
    }

    /// Takes a connection of the application, and undoes what may be left open on it: what is read there may be as old as
    /// the transaction, and what is written is lost with it.
    pub(super) async fn shared(pool: &PgPool) -> sqlx::Result<Self> {
        let mut lease = Self::own(pool).await?;
        sqlx::raw_sql(UNDO).execute(&mut *lease).await?;
        Ok(lease)
    }

    /// Begins a transaction with these statements, in one round trip.
    pub(super) async fn begin(pool: &PgPool, begin: &Sql) -> sqlx::Result<Self> {
        let mut lease = Self::own(pool).await?;
        sqlx::raw_sql(begin).execute(&mut *lease).await?;
        Ok(lease)
    }

    pub(super) async fn commit(self) -> sqlx::Result<()> {
        self.end("COMMIT").await
    }

    pub(super) async fn rollback(self) -> sqlx::Result<()> {
        self.end("ROLLBACK").await
    }

    async fn end(mut self, statement: &'static str) -> sqlx::Result<()> {
        sqlx::raw_sql(statement).execute(&mut *self).await?;
        self.give_back();
        Ok(())
    }

    /// Runs one statement and returns its rows.
    pub(super) async fn fetch(mut self, query: Prepared<'_>) -> sqlx::Result<Vec<PgRow>> {
        let rows = query.fetch_all(&mut *self).await;
        self.settle(rows)
    }

    /// Runs one statement and returns how many rows it changed.
    pub(super) async fn execute(mut self, query: Prepared<'_>) -> sqlx::Result<u64> {
        let done = query.execute(&mut *self).await.map(|done| done.rows_affected());
        self.settle(done)
    }

    fn settle<T>(self, done: sqlx::Result<T>) -> sqlx::Result<T> {
        if matches!(done, Ok(_) | Err(sqlx::Error::Database(_))) {
            self.give_back();
        }
        done
    }

    fn give_back(mut self) {
        drop(self.0.take());
    }
}

const HELD: &str = "only giving it back takes the connection, and consumes the lease";

impl Deref for Lease {
    type Target = sqlx::PgConnection;

    fn deref(&self) -> &Self::Target {
        self.0.as_deref().expect(HELD)
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut Self::Target {
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
