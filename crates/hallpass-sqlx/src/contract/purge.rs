//! Removing what counts for nothing since everybody was logged out.

use super::end::{delete, note_ends};
use super::retry::{Flow, Verdict, repeat, run};
use super::{Database, Rows, Transaction};
use hallpass_core::{EndReason, Ended, Purged, Realm, StoreError, Timestamp};

/// How many rows one call looks at most, so that its transaction is short.
const BATCH: usize = 1000;

pub(crate) async fn purge<D: Database>(
    database: &D,
    realm: &Realm,
    from: u64,
    limit: usize,
    now: Timestamp,
) -> Result<Purged, StoreError> {
    let from = i64::try_from(from).unwrap_or(i64::MAX);
    let batch = limit.clamp(1, BATCH);
    let rows = repeat(database, || database.rows_from(from, batch)).await?;
    let Some(to) = rows.last().copied() else { return Ok(Purged::default()) };
    let ended = run(database, &Purge { realm, from, to, now }).await?;
    // What is made meanwhile counts, so that nothing is left to do behind the last.
    let next = u64::try_from(to).ok().filter(|_| rows.len() == batch);
    Ok(Purged { ended, next })
}

struct Purge<'a> {
    realm: &'a Realm,
    from: i64,
    to: i64,
    now: Timestamp,
}

impl Flow for Purge<'_> {
    type Answer = Vec<Ended>;

    async fn run<T: Transaction>(&self, tx: &mut T) -> sqlx::Result<Verdict<Vec<Ended>>> {
        let rows = tx.lock_rows(Rows::Earlier(self.realm, self.from, self.to)).await?;
        if rows.is_empty() {
            return Ok(Verdict::Abandon(Vec::new()));
        }
        delete(tx, &rows).await?;
        note_ends(tx, &rows, EndReason::EndedForAll, self.now).await.map(Verdict::Commit)
    }
}
