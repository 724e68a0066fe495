//! Ending the session under a key.

use super::retry::{Flow, Verdict};
use super::{Database, Rows, Transaction};
use crate::feed::wire;
use crate::row::Found;
use hallpass_core::{EndReason, Ended, FeedEvent, Revision, SessionKey, StoreError, Taken, Timestamp};

pub(crate) async fn revoke<D: Database>(
    database: &D,
    key: &SessionKey,
    reason: EndReason,
    now: Timestamp,
) -> Result<Option<Ended>, StoreError> {
    Ok(match database.end(&EndOne { key, expected: None, reason, now }).await? {
        OneEnded::Ended(ended) => Some(ended),
        OneEnded::Conflict | OneEnded::Gone => None,
    })
}

pub(crate) async fn take<D: Database>(
    database: &D,
    key: &SessionKey,
    expected: Revision,
    reason: EndReason,
    now: Timestamp,
) -> Result<Taken, StoreError> {
    Ok(match database.end(&EndOne { key, expected: Some(expected), reason, now }).await? {
        OneEnded::Ended(ended) => Taken::Taken(ended),
        OneEnded::Conflict => Taken::Conflict,
        OneEnded::Gone => Taken::Gone,
    })
}

/// Ends the row under a key, if it is at the expected revision.
#[derive(Debug)]
pub(crate) struct EndOne<'a> {
    pub(crate) key: &'a SessionKey,
    pub(crate) expected: Option<Revision>,
    pub(crate) reason: EndReason,
    pub(crate) now: Timestamp,
}

/// What came of it.
#[derive(Debug, Clone)]
pub(crate) enum OneEnded {
    Ended(Ended),
    Conflict,
    Gone,
}

impl Flow for EndOne<'_> {
    type Answer = OneEnded;

    async fn run<T: Transaction>(&self, tx: &mut T) -> sqlx::Result<Verdict<OneEnded>> {
        let rows = tx.lock_rows(Rows::Key(self.key)).await?;
        let Some(row) = rows.first() else { return Ok(Verdict::Abandon(OneEnded::Gone)) };
        if self.expected.is_some_and(|expected| expected != row.revision) {
            return Ok(Verdict::Abandon(OneEnded::Conflict));
        }
        delete(tx, &rows).await?;
        let ended = note_ends(tx, &rows, self.reason, self.now).await?;
        Ok(Verdict::Commit(ended.into_iter().next().map_or(OneEnded::Gone, OneEnded::Ended)))
    }
}

pub(super) async fn delete<T: Transaction>(tx: &mut T, rows: &[Found]) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    tx.delete(&ids).await
}

/// Tells the feed what has been deleted.
pub(super) async fn note_ends<T: Transaction>(
    tx: &mut T,
    rows: &[Found],
    reason: EndReason,
    now: Timestamp,
) -> sqlx::Result<Vec<Ended>> {
    let ended: Vec<Ended> = rows.iter().map(|row| row.ended(reason, now)).collect();
    if !ended.is_empty() {
        let events: Vec<_> = ended.iter().cloned().map(FeedEvent::Ended).collect();
        tx.note(&wire::encode(&events)).await?;
    }
    Ok(ended)
}
