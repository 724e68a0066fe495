//! A record as one string.
//!
//! It begins with a head, under a checksum that scripts keep: what they decide by. After it comes the record without its
//! data, as [`Record::encode`] writes it, and the data with a checksum over both: a device list reads the one and not the
//! other. `scripts/read.lua` says where in the string each of them is.

use crate::keys::owner;
use crate::script::{Call, decimal};
use hallpass_core::{AuthLevel, DecodeError, Record, SessionData, SessionKey, Timestamp};
use sha1_smol::Sha1;
use sha2::{Digest, Sha256};
use std::fmt::Display;
use std::io::Write;

const VERSION: u64 = 1;
const HEAD_CHECK_LEN: usize = 16;
const HANDLE_LEN: usize = 16;
const DATA_CHECK_LEN: usize = 8;

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
    let data = record.data.as_bytes();
    let body = [&rest, &check(&rest, data)[..], data].concat();
    let call = call.arg(*record.key.as_bytes()).arg(*record.handle.as_bytes()).arg(owner_of(record));
    let numbers = numbers(record).map(|number| number.map_or_else(Vec::new, decimal));
    numbers.into_iter().fold(call, Call::arg).arg(level(record)).arg(decimal(rest.len())).arg(body)
}

/// Reads a row as it lies on the server.
pub(crate) fn decode(key: &SessionKey, row: &[u8]) -> Result<Record, DecodeError> {
    let (checksum, rest) =
        after_version(row)?.split_at_checked(HEAD_CHECK_LEN).ok_or(DecodeError::Damaged)?;
    let (head, body) = Head::split_from(rest)?;
    head.verify(checksum)?;
    let (rest, sealed) = body.split_at_checked(head.rest_len).ok_or(DecodeError::Damaged)?;
    let mut record = head.record(key, rest)?;
    record.data = SessionData::decode(open(rest, sealed)?)?;
    Ok(record)
}

/// Reads a row's head, which a script has found to be sound, and what follows it up to the data.
pub(crate) fn decode_without_data(key: &SessionKey, row: &[u8]) -> Result<Record, DecodeError> {
    let (head, rest) = Head::split_from(row)?;
    head.record(key, rest)
}

fn after_version(row: &[u8]) -> Result<&[u8], DecodeError> {
    let mut rest = row;
    match number(line(&mut rest)?)? {
        VERSION => Ok(rest),
        version => Err(u8::try_from(version).map_or(DecodeError::Damaged, DecodeError::UnknownVersion)),
    }
}

/// What scripts decide by.
struct Head<'a> {
    text: &'a [u8],
    idle_until: Timestamp,
    last_seen: Timestamp,
    rest_len: usize,
}

impl<'a> Head<'a> {
    /// From the head's beginning on.
    fn split_from(row: &'a [u8]) -> Result<(Self, &'a [u8]), DecodeError> {
        let mut rest = row.get(HANDLE_LEN..).ok_or(DecodeError::Damaged)?;
        let mut next = || line(&mut rest);
        let (_realm, _subject, _revision) = (next()?, next()?, next()?);
        let (idle_until, _absolute_until, last_seen) = (number(next()?)?, next()?, number(next()?)?);
        let (_created, _authenticated, _level) = (next()?, next()?, next()?);
        let rest_len = usize::try_from(number(next()?)?).map_err(|_| DecodeError::Damaged)?;
        let (text, rest) = row.split_at(row.len() - rest.len());
        let (idle_until, last_seen) = (Timestamp::from_millis(idle_until), Timestamp::from_millis(last_seen));
        Ok((Self { text, idle_until, last_seen, rest_len }, rest))
    }

    fn verify(&self, checksum: &[u8]) -> Result<(), DecodeError> {
        // Scripts have no other hash. It notices accidents: who can write to the store can make it, too.
        let expected = Sha1::from(self.text).digest().to_string();
        if expected.as_bytes().starts_with(checksum) { Ok(()) } else { Err(DecodeError::Damaged) }
    }

    /// The record that `rest` is of, as touches left it.
    fn record(&self, key: &SessionKey, rest: &[u8]) -> Result<Record, DecodeError> {
        let mut record = Record::decode(rest)?;
        // A touch moves both forwards, and never past the end.
        if self.idle_until < record.idle_until || self.last_seen < record.last_seen {
            return Err(DecodeError::Damaged);
        }
        (record.idle_until, record.last_seen) = (self.idle_until, self.last_seen);
        let same = record.key == *key && self.text == head(&record, rest.len());
        if same { Ok(record) } else { Err(DecodeError::Damaged) }
    }
}

/// As scripts write it.
fn head(record: &Record, rest_len: usize) -> Vec<u8> {
    let mut head = Vec::with_capacity(256);
    head.extend_from_slice(record.handle.as_bytes());
    match &record.identity {
        None => head.extend_from_slice(b"\n\n"),
        Some(identity) => push_lines(&mut head, [record.realm.as_str(), identity.subject.as_str()]),
    }
    for number in numbers(record) {
        match number {
            None => head.push(b'\n'),
            Some(number) => push_lines(&mut head, [number]),
        }
    }
    push_lines(&mut head, [level(record)]);
    push_lines(&mut head, [rest_len]);
    head
}

fn push_lines(head: &mut Vec<u8>, lines: impl IntoIterator<Item = impl Display>) {
    for line in lines {
        // Memory takes whatever is written.
        let _ = writeln!(head, "{line}");
    }
}

/// Revision, idle and absolute deadline, last seen, created, authenticated.
fn numbers(record: &Record) -> [Option<u64>; 6] {
    [
        Some(record.revision.0),
        Some(record.idle_until.as_millis()),
        Some(record.absolute_until.as_millis()),
        Some(record.last_seen.as_millis()),
        Some(record.created.as_millis()),
        record.identity.as_ref().map(|identity| identity.authenticated.as_millis()),
    ]
}

fn level(record: &Record) -> &'static str {
    match record.identity.as_ref().map(|identity| identity.level) {
        None => "",
        Some(AuthLevel::Full) => "full",
        Some(AuthLevel::Pending) => "pending",
    }
}

fn encode_rest(record: &Record) -> Vec<u8> {
    Record { data: SessionData::default(), ..record.clone() }.encode()
}

fn open<'a>(rest: &[u8], sealed: &'a [u8]) -> Result<&'a [u8], DecodeError> {
    let (found, data) = sealed.split_first_chunk::<DATA_CHECK_LEN>().ok_or(DecodeError::Damaged)?;
    if *found == check(rest, data) { Ok(data) } else { Err(DecodeError::Damaged) }
}

/// Over both, so that the data of one row is none of another.
fn check(rest: &[u8], data: &[u8]) -> [u8; DATA_CHECK_LEN] {
    let digest = Sha256::new().chain_update(rest).chain_update(data).finalize();
    let mut check = [0; DATA_CHECK_LEN];
    check.copy_from_slice(&digest[..DATA_CHECK_LEN]);
    check
}

/// What comes before the next line feed.
fn line<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], DecodeError> {
    let end = rest.iter().position(|byte| *byte == b'\n').ok_or(DecodeError::Damaged)?;
    let (line, after) = (&rest[..end], &rest[end + 1..]);
    *rest = after;
    Ok(line)
}

fn number(line: &[u8]) -> Result<u64, DecodeError> {
    let text = std::str::from_utf8(line).map_err(|_| DecodeError::Damaged)?;
    text.parse().map_err(|_| DecodeError::Damaged)
}
