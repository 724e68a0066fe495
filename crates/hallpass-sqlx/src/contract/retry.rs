//! Running statements and transactions, again if the database undid them.

use super::{Database, Transaction};
use hallpass_core::{OsRandom, RandomSource, StoreError};
use std::future::Future;
use std::time::Duration;

/// How often an operation is tried that the database undoes each time, because of a deadlock or a lock that it did not
/// get. Later attempts wait longer, all of them together about a second.
const ATTEMPTS: u32 = 10;

/// One operation of the contract, in a transaction.
pub(crate) trait Flow: Sync {
    /// What it answers.
    type Answer: Send;

    /// Whether it changes what logins of all users are compared with.
    const EXCLUSIVE: bool = false;

    /// Does it. May be called again from the start.
    fn run<T: Transaction>(
        &self,
        tx: &mut T,
    ) -> impl Future<Output = sqlx::Result<Verdict<Self::Answer>>> + Send;
}

/// How a transaction is to end.
pub(crate) enum Verdict<A> {
    /// What it did stands.
    Commit(A),
    /// Nothing is written.
    Abandon(A),
}

/// Runs a flow in a transaction.
pub(crate) async fn run<D: Database, F: Flow>(database: &D, flow: &F) -> Result<F::Answer, StoreError> {
    repeat(database, || attempt(database, flow)).await
}

async fn attempt<D: Database, F: Flow>(database: &D, flow: &F) -> sqlx::Result<F::Answer> {
    let mut tx = database.begin(F::EXCLUSIVE).await?;
    match flow.run(&mut tx).await {
        Ok(Verdict::Commit(answer)) => tx.commit().await.map(|()| answer),
        Ok(Verdict::Abandon(answer)) => tx.rollback().await.map(|()| answer),
        Err(error) => {
            // What could not be rolled back is closed with its connection.
            let _ = tx.rollback().await;
            Err(error)
        }
    }
}

/// Runs one statement, or whatever else may be run again when the database undid it.
pub(crate) async fn repeat<D, T, F>(database: &D, step: impl Fn() -> F) -> Result<T, StoreError>
where
    D: Database,
    F: Future<Output = sqlx::Result<T>>,
{
    for attempt in 1..ATTEMPTS {
        match step().await {
            Err(error) if database.is_transient(&error) => pause(attempt).await,
            done => return done.map_err(store_error),
        }
    }
    step().await.map_err(store_error)
}

/// Waits a random part of a time that doubles: those that met once should not meet again.
async fn pause(attempt: u32) {
    let mut random = [0];
    // Without randomness they still wait.
    let _ = OsRandom.fill(&mut random);
    let longest = 2_u32 << attempt.min(8);
    tokio::time::sleep(Duration::from_millis(1) * longest * (u32::from(random[0]) + 1) / 256).await;
}

/// Whether an error's code is one of these.
pub(crate) fn is_undone(error: &sqlx::Error, codes: &[&str]) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| codes.contains(&code.as_ref()))
}

/// What a failure of the database is to hallpass.
pub(crate) fn store_error(error: sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => StoreError::undecodable(error),
        // The server's own time limits for a statement and for a lock (PostgreSQL).
        error if is_undone(&error, &["57014", "55P03"]) => StoreError::timeout(),
        error => StoreError::unavailable(error),
    }
}
