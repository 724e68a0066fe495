//! Rows of the session table as records, and back.

mod found;
mod seal;

pub(crate) use found::{Found, time as time_or_past};
pub(crate) use seal::{FORMAT, seal};

use hallpass_core::{
    AuthLevel, ClientInfo, DecodeError, Identity, Realm, Record, Revision, SessionData, SessionHandle,
    SessionKey, SessionSummary, Stamp, StoreError, Subject, Timestamp, Transport,
};
use std::sync::Arc;

/// The columns of a row of one database, by their number. Text is read as bytes, so that damaged text is no error of
/// the driver.
pub(crate) trait Cells {
    fn int(&self, at: usize) -> sqlx::Result<i64>;
    fn opt_int(&self, at: usize) -> sqlx::Result<Option<i64>>;
    fn small(&self, at: usize) -> sqlx::Result<i16>;
    fn bytes(&self, at: usize) -> sqlx::Result<Vec<u8>>;
    fn opt_bytes(&self, at: usize) -> sqlx::Result<Option<Vec<u8>>>;
}

/// What `load` selects, in the order in which [`record`] reads it.
pub(crate) const RECORD_COLUMNS: &str = "handle, realm, subject, revision, created, last_seen, idle_until, \
     absolute_until, authenticated, stamp, level, remembered, transport, user_agent, address, format, checksum, data";

/// What `subject` selects, in the order in which [`summary`] reads it.
pub(crate) const SUMMARY_COLUMNS: &str = "session_key, handle, created, authenticated, last_seen, idle_until, \
     absolute_until, remembered, transport, user_agent, address";

/// Reads what `load` selected.
pub(crate) fn record(key: &SessionKey, row: &impl Cells) -> Result<Arc<Record>, StoreError> {
    let format = row.small(15).map_err(unreadable)?;
    if format != FORMAT {
        return Err(DecodeError::UnknownVersion(u8::try_from(format).unwrap_or(u8::MAX)).into());
    }
    let record = read(key, row)?;
    let written = row.bytes(16).map_err(unreadable)?;
    if seal(&record)[..] != written[..] {
        return Err(DecodeError::Damaged.into());
    }
    Ok(Arc::new(record))
}

fn read(key: &SessionKey, row: &impl Cells) -> Result<Record, StoreError> {
    Ok(Record {
        key: *key,
        handle: SessionHandle::from_bytes(array(row.bytes(0))?),
        realm: Realm::new(&text(row.bytes(1))?).map_err(|_| DecodeError::Damaged)?,
        identity: identity(row)?,
        revision: revision(row.int(3).map_err(unreadable)?),
        created: time(row.int(4))?,
        last_seen: time(row.int(5))?,
        idle_until: time(row.int(6))?,
        absolute_until: time(row.int(7))?,
        transport: transport(row.small(12))?,
        client: client(row.opt_bytes(13), row.opt_bytes(14))?,
        data: SessionData::decode(&row.bytes(17).map_err(unreadable)?)?,
    })
}

fn identity(row: &impl Cells) -> Result<Option<Identity>, StoreError> {
    let Some(subject) = row.opt_bytes(2).map_err(unreadable)? else { return Ok(None) };
    Ok(Some(Identity {
        subject: Subject::new(text(Ok(subject))?).map_err(|_| DecodeError::Damaged)?,
        authenticated: time(row.int(8))?,
        stamp: Stamp::from_bytes(array(row.bytes(9))?),
        level: if flag(row.small(10))? { AuthLevel::Pending } else { AuthLevel::Full },
        remembered: flag(row.small(11))?,
    }))
}

/// Reads what `subject` selected.
pub(crate) fn summary(row: &impl Cells) -> Result<SessionSummary, StoreError> {
    Ok(SessionSummary {
        key: SessionKey::from_bytes(array(row.bytes(0))?),
        handle: SessionHandle::from_bytes(array(row.bytes(1))?),
        created: time(row.int(2))?,
        authenticated: time(row.int(3))?,
        last_seen: time(row.int(4))?,
        idle_until: time(row.int(5))?,
        absolute_until: time(row.int(6))?,
        remembered: flag(row.small(7))?,
        transport: transport(row.small(8))?,
        client: client(row.opt_bytes(9), row.opt_bytes(10))?,
    })
}

/// A record as the columns of its row.
pub(crate) struct Columns<'a> {
    pub(crate) key: &'a [u8],
    pub(crate) handle: &'a [u8],
    pub(crate) realm: &'a str,
    pub(crate) subject: Option<&'a str>,
    pub(crate) revision: i64,
    pub(crate) created: i64,
    pub(crate) last_seen: i64,
    pub(crate) idle_until: i64,
    pub(crate) absolute_until: i64,
    pub(crate) authenticated: Option<i64>,
    pub(crate) stamp: Option<&'a [u8]>,
    pub(crate) level: i16,
    pub(crate) remembered: i16,
    pub(crate) transport: i16,
    pub(crate) user_agent: Option<&'a str>,
    pub(crate) address: Option<String>,
    pub(crate) format: i16,
    pub(crate) checksum: [u8; 8],
    pub(crate) data: &'a [u8],
}

impl<'a> Columns<'a> {
    pub(crate) fn of(record: &'a Record) -> Self {
        let identity = record.identity.as_ref();
        Self {
            key: record.key.as_bytes(),
            handle: record.handle.as_bytes(),
            realm: record.realm.as_str(),
            subject: identity.map(|identity| identity.subject.as_str()),
            revision: record.revision.0.cast_signed(),
            created: millis(record.created),
            last_seen: millis(record.last_seen),
            idle_until: millis(record.idle_until),
            absolute_until: millis(record.absolute_until),
            authenticated: identity.map(|identity| millis(identity.authenticated)),
            stamp: identity.map(|identity| &identity.stamp.as_bytes()[..]),
            level: level(record),
            remembered: identity.is_some_and(|identity| identity.remembered).into(),
            transport: matches!(record.transport, Transport::Bearer).into(),
            user_agent: record.client.user_agent(),
            address: record.client.address().map(|address| address.to_string()),
            format: FORMAT,
            checksum: seal(record),
            data: record.data.as_bytes(),
        }
    }
}

/// 1 for a login that owes a factor.
pub(crate) fn level(record: &Record) -> i16 {
    record.identity.as_ref().is_some_and(|identity| identity.level == AuthLevel::Pending).into()
}

/// Always fits: a timestamp has 63 bits.
pub(crate) fn millis(at: Timestamp) -> i64 {
    at.as_millis().cast_signed()
}

/// A revision uses all 64 bits; in a column the upper half of its range is negative.
pub(crate) fn revision(column: i64) -> Revision {
    Revision(column.cast_unsigned())
}

fn time(column: sqlx::Result<i64>) -> Result<Timestamp, StoreError> {
    let millis = u64::try_from(column.map_err(unreadable)?).map_err(|_| DecodeError::Damaged)?;
    Ok(Timestamp::from_millis(millis))
}

fn flag(column: sqlx::Result<i16>) -> Result<bool, StoreError> {
    match column.map_err(unreadable)? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(DecodeError::Damaged.into()),
    }
}

fn transport(column: sqlx::Result<i16>) -> Result<Transport, StoreError> {
    Ok(if flag(column)? { Transport::Bearer } else { Transport::Cookie })
}

fn client(
    user_agent: sqlx::Result<Option<Vec<u8>>>,
    address: sqlx::Result<Option<Vec<u8>>>,
) -> Result<ClientInfo, StoreError> {
    let user_agent = user_agent.map_err(unreadable)?.map(|bytes| text(Ok(bytes))).transpose()?;
    let address = address.map_err(unreadable)?.map(|bytes| text(Ok(bytes))).transpose()?;
    let address = address.map(|text| text.parse()).transpose().map_err(|_| DecodeError::Damaged)?;
    Ok(ClientInfo::new(user_agent.as_deref(), address))
}

fn text(column: sqlx::Result<Vec<u8>>) -> Result<String, StoreError> {
    Ok(String::from_utf8(column.map_err(unreadable)?).map_err(|_| DecodeError::Damaged)?)
}

fn array<const N: usize>(column: sqlx::Result<Vec<u8>>) -> Result<[u8; N], StoreError> {
    Ok(column.map_err(unreadable)?.try_into().map_err(|_| DecodeError::Damaged)?)
}

/// A column that is of another type than it was created with.
fn unreadable(error: sqlx::Error) -> StoreError {
    StoreError::undecodable(error)
}
