//! Removing what has run out, a little at a time.

use super::end::{delete, note_ends};
use super::retry::{Flow, Verdict, repeat, run};
use super::{Database, Rows, Transaction};
use hallpass_core::{EndReason, Ended, StoreError, Swept, Timestamp};
use std::time::Duration;

/// How many rows one call removes at most, so that its transaction is short.
const BATCH: usize = 1000;

/// How much the clocks of a node and of the database may differ.
const SKEW: Duration = Duration::from_secs(5 * 60);

/// How long an epoch is kept after its raise. A login takes ten minutes at most.
const OLD_EPOCH: Duration = Duration::from_secs(24 * 60 * 60);

/// How long an event is kept for nodes that were cut off.
const OLD_EVENT: Duration = Duration::from_secs(10 * 60);

pub(crate) async fn sweep<D: Database>(
    database: &D,
    limit: usize,
    now: Timestamp,
) -> Result<Swept, StoreError> {
    let clock = repeat(database, || database.clock()).await?;
    if clock.since(now).max(now.since(clock)) > SKEW {
        return Err(StoreError::clock_skew());
    }
    let batch = limit.min(BATCH);
    if batch == 0 {
        return Ok(Swept::default());
    }
    let ended = run(database, &Sweep { batch, now }).await?;
    let more = ended.len() == batch;
    if let Err(error) = repeat(database, || database.tidy(clock - OLD_EPOCH, clock - OLD_EVENT)).await {
        // What has been removed is reported all the same; the next sweep tidies up again.
        tracing::warn!(%error, "old rows of the session store could not be removed");
    }
    Ok(Swept { ended, more })
}

struct Sweep {
    batch: usize,
    now: Timestamp,
}

impl Flow for Sweep {
    type Answer = Vec<Ended>;

    async fn run<T: Transaction>(&self, tx: &mut T) -> sqlx::Result<Verdict<Vec<Ended>>> {
        let rows = tx.lock_rows(Rows::Expired(self.now, self.batch)).await?;
        if rows.is_empty() {
            return Ok(Verdict::Abandon(Vec::new()));
        }
        delete(tx, &rows).await?;
        note_ends(tx, &rows, EndReason::IdleTimeout, self.now).await.map(Verdict::Commit)
    }
}
