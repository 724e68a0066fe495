//! What changes nothing.

use super::Database;
use super::retry::repeat;
use hallpass_core::{
    DecodeError, Epoch, Realm, Record, SessionKey, SessionSummary, StoreError, SubjectKey, Timestamp,
};
use std::collections::HashSet;
use std::sync::Arc;

pub(crate) async fn load<D: Database>(
    database: &D,
    key: &SessionKey,
) -> Result<Option<Arc<Record>>, StoreError> {
    repeat(database, || database.load(key)).await?.transpose()
}

pub(crate) async fn subject<D: Database>(
    database: &D,
    subject: &SubjectKey,
    now: Timestamp,
) -> Result<Vec<SessionSummary>, StoreError> {
    repeat(database, || database.list(subject, now)).await?
}

pub(crate) async fn epoch<D: Database>(database: &D, subject: &SubjectKey) -> Result<Epoch, StoreError> {
    let Some(bytes) = repeat(database, || database.epoch(subject)).await? else { return Ok(Epoch::NONE) };
    Ok(Epoch::from_bytes(bytes.try_into().map_err(|_| DecodeError::Damaged)?))
}

pub(crate) async fn not_before<D: Database>(
    database: &D,
    realm: &Realm,
) -> Result<Option<Timestamp>, StoreError> {
    let Some(millis) = repeat(database, || database.not_before(realm)).await? else { return Ok(None) };
    let millis = u64::try_from(millis).map_err(|_| DecodeError::Damaged)?;
    Ok(Some(Timestamp::from_millis(millis)))
}

pub(crate) async fn alive<D: Database>(
    database: &D,
    keys: &[SessionKey],
    now: Timestamp,
) -> Result<Vec<Option<bool>>, StoreError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let live: HashSet<_> = repeat(database, || database.live_keys(keys, now)).await?.into_iter().collect();
    Ok(keys.iter().map(|key| Some(live.contains(&key.as_bytes()[..]))).collect())
}
