//! A connection with a transaction on it.

use crate::names::Sql;
use sqlx::pool::PoolConnection;
use sqlx::{PgPool, Postgres};
use std::ops::{Deref, DerefMut};

/// A connection that is given back to its pool only after its transaction has ended.
///
/// The driver's own transaction is not used: when the future of its `begin` is dropped, the connection goes back to the
/// pool with the transaction open, and everything that is written on it afterwards is lost in the end. Here a connection
/// whose transaction did not come to its end is closed, which the server takes as a rollback.
#[derive(Debug)]
pub(super) struct Lease {
    connection: PoolConnection<Postgres>,
    ended: bool,
}

impl Lease {
    /// Takes a connection and begins a transaction with these statements, in one round trip.
    pub(super) async fn begin(pool: &PgPool, begin: &Sql) -> sqlx::Result<Self> {
        let mut lease = Self { connection: pool.acquire().await?, ended: false };
        sqlx::raw_sql(begin).execute(&mut *lease.connection).await?;
        Ok(lease)
    }

    pub(super) async fn commit(self) -> sqlx::Result<()> {
        self.end("COMMIT").await
    }

    pub(super) async fn rollback(self) -> sqlx::Result<()> {
        self.end("ROLLBACK").await
    }

    async fn end(mut self, statement: &'static str) -> sqlx::Result<()> {
        sqlx::raw_sql(statement).execute(&mut *self.connection).await?;
        self.ended = true;
        Ok(())
    }
}

impl Deref for Lease {
    type Target = sqlx::PgConnection;

    fn deref(&self) -> &Self::Target {
        &self.connection
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.connection
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if !self.ended {
            self.connection.close_on_drop();
        }
    }
}
