//! Changing a row that is there and live, or nothing.

use super::Database;
use super::retry::repeat;
use hallpass_core::{Record, Revision, SessionKey, StoreError, Timestamp, Updated};

pub(crate) async fn update<D: Database>(
    database: &D,
    record: &Record,
    expected: Revision,
    now: Timestamp,
) -> Result<Updated, StoreError> {
    if repeat(database, || database.update(record, expected, now)).await? {
        return Ok(Updated::Written);
    }
    // Only to tell why nothing was written: a row that comes back in between is a conflict too.
    Ok(match repeat(database, || database.has_live(record, now)).await? {
        true => Updated::Conflict,
        false => Updated::Gone,
    })
}

pub(crate) async fn touch<D: Database>(
    database: &D,
    key: &SessionKey,
    idle_until: Timestamp,
    now: Timestamp,
) -> Result<bool, StoreError> {
    repeat(database, || database.touch(key, idle_until, now)).await
}
