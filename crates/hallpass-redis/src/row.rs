//! A record as the fields of a hash.
//!
//! What scripts decide by are fields of their own, under a checksum that they keep. The rest is the record without its
//! data, as [`Record::encode`] writes it, and the data with a checksum over both: a device list reads the one and
//! not the other.

use crate::keys::owner;
use crate::script::{Call, decimal};
use hallpass_core::{AuthLevel, DecodeError, Record, SessionData, SessionKey, Timestamp};
use sha1_smol::Sha1;
use sha2::{Digest, Sha256};

const CHECK_LEN: usize = 8;

/// How many fields scripts decide by.
pub(crate) const FIELDS: usize = 10;

/// The user a record belongs to, as keys name him; empty for a visitor.
pub(crate) fn owner_of(record: &Record) -> String {
    record
        .identity
        .as_ref()
        .map_or_else(String::new, |identity| owner(&record.realm, identity.subject.as_str()))
}

/// Hands a record to a script.
pub(crate) fn with_record(call: Call, record: &Record) -> Call {
    let rest = encode_rest(record);
    let data = seal(&rest, record.data.as_bytes());
    let [handle, owner, _version, fields @ ..] = fields(record);
    let call = call.arg(*record.key.as_bytes()).arg(handle).arg(owner);
    fields.into_iter().fold(call, Call::arg).arg(rest).arg(data)
}

/// Fails if the fields that a script found, without looking at their checksum, are not those that scripts wrote.
pub(crate) fn verify(found: &[Vec<u8>; FIELDS], checksum: &[u8]) -> Result<(), DecodeError> {
    // Scripts have no other hash. It notices accidents: who can write to the store can make it, too.
    let mut expected = Sha1::from(found.join(&b'\n')).digest().to_string();
    expected.truncate(2 * CHECK_LEN);
    if expected.as_bytes() == checksum { Ok(()) } else { Err(DecodeError::Damaged) }
}

/// The record that scripts found, with the data.
pub(crate) fn decode(
    key: &SessionKey,
    rest: &[u8],
    data: &[u8],
    found: &[Vec<u8>; FIELDS],
) -> Result<Record, DecodeError> {
    let mut record = decode_rest(key, rest, found)?;
    record.data = SessionData::decode(open(rest, data)?)?;
    Ok(record)
}

/// The record that scripts found, without its data.
pub(crate) fn decode_rest(
    key: &SessionKey,
    rest: &[u8],
    found: &[Vec<u8>; FIELDS],
) -> Result<Record, DecodeError> {
    let mut record = Record::decode(rest)?;
    let (idle_until, last_seen) = (time(&found[IDLE])?, time(&found[SEEN])?);
    // A touch moves both forwards, and never past the end.
    if idle_until < record.idle_until || last_seen < record.last_seen {
        return Err(DecodeError::Damaged);
    }
    (record.idle_until, record.last_seen) = (idle_until, last_seen);
    let expected = fields(&record);
    let same = expected.iter().zip(found).all(|(expected, found)| expected == found);
    if same && record.key == *key { Ok(record) } else { Err(DecodeError::Damaged) }
}

const IDLE: usize = 4;
const SEEN: usize = 6;

/// In the order in which scripts keep them: handle, owner, version, revision, idle and absolute deadline, last seen,
/// created, authenticated, level.
fn fields(record: &Record) -> [Vec<u8>; FIELDS] {
    let identity = record.identity.as_ref();
    let at = |time: Timestamp| decimal(time.as_millis());
    [
        record.handle.as_bytes().to_vec(),
        owner_of(record).into_bytes(),
        b"1".to_vec(),
        decimal(record.revision.0),
        at(record.idle_until),
        at(record.absolute_until),
        at(record.last_seen),
        at(record.created),
        identity.map_or_else(Vec::new, |identity| at(identity.authenticated)),
        identity.map_or_else(Vec::new, |identity| level(identity.level).to_vec()),
    ]
}

fn level(level: AuthLevel) -> &'static [u8] {
    match level {
        AuthLevel::Full => b"full",
        AuthLevel::Pending => b"pending",
    }
}

fn encode_rest(record: &Record) -> Vec<u8> {
    Record { data: SessionData::default(), ..record.clone() }.encode()
}

fn seal(rest: &[u8], data: &[u8]) -> Vec<u8> {
    [&check(rest, data), data].concat()
}

fn open<'a>(rest: &[u8], sealed: &'a [u8]) -> Result<&'a [u8], DecodeError> {
    let (found, data) = sealed.split_first_chunk::<CHECK_LEN>().ok_or(DecodeError::Damaged)?;
    if *found == check(rest, data) { Ok(data) } else { Err(DecodeError::Damaged) }
}

/// Over both, so that the data of one row is none of another.
fn check(rest: &[u8], data: &[u8]) -> [u8; CHECK_LEN] {
    let digest = Sha256::new().chain_update(rest).chain_update(data).finalize();
    let mut check = [0; CHECK_LEN];
    check.copy_from_slice(&digest[..CHECK_LEN]);
    check
}

fn time(field: &[u8]) -> Result<Timestamp, DecodeError> {
    let text = std::str::from_utf8(field).map_err(|_| DecodeError::Damaged)?;
    text.parse().map(Timestamp::from_millis).map_err(|_| DecodeError::Damaged)
}
