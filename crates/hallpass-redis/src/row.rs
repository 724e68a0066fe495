//! A record as one string.
//!
//! It begins with a head, under a checksum that scripts keep: what they decide by. After it comes the record without its
//! data, as [`Record::encode`] writes it, and the data, with a checksum that ties it to that: a device list reads the one
//! and not the other. `scripts/read.lua` says where in the string each of them is.

use crate::keys::{hex_digit, owner};
use crate::script::{Call, decimal};
use hallpass_core::{AuthLevel, DecodeError, Record, SessionData, SessionKey, Timestamp};
use sha1_smol::Sha1;
use sha2::{Digest, Sha256};

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
    handle: &'a [u8],
    realm: &'a [u8],
    subject: &'a [u8],
    /// As [`numbers`] has them.
    numbers: [Option<u64>; 6],
    level: &'a [u8],
    rest_len: usize,
}

impl<'a> Head<'a> {
    /// From the head's beginning on.
    fn split_from(row: &'a [u8]) -> Result<(Self, &'a [u8]), DecodeError> {
        let (handle, mut rest) = row.split_at_checked(HANDLE_LEN).ok_or(DecodeError::Damaged)?;
        let (realm, subject) = (line(&mut rest)?, line(&mut rest)?);
        let mut numbers = [None; 6];
        for place in &mut numbers {
            *place = Some(line(&mut rest)?).filter(|line| !line.is_empty()).map(number).transpose()?;
        }
        let level = line(&mut rest)?;
        let rest_len = usize::try_from(number(line(&mut rest)?)?).map_err(|_| DecodeError::Damaged)?;
        let (text, rest) = row.split_at(row.len() - rest.len());
        Ok((Self { text, handle, realm, subject, numbers, level, rest_len }, rest))
    }

    fn verify(&self, checksum: &[u8]) -> Result<(), DecodeError> {
        // Scripts have no other hash. It notices accidents: who can write to the store can make it, too.
        let digest = Sha1::from(self.text).digest().bytes();
        let expected = digest.iter().flat_map(|byte| [byte >> 4, byte & 0xf]).map(hex_digit);
        if checksum.iter().copied().eq(expected.take(HEAD_CHECK_LEN)) {
            Ok(())
        } else {
            Err(DecodeError::Damaged)
        }
    }

    /// The record that `rest` is of, as touches left it.
    fn record(&self, key: &SessionKey, rest: &[u8]) -> Result<Record, DecodeError> {
        let mut record = Record::decode(rest)?;
        let [_, Some(idle_until), _, Some(last_seen), ..] =
            self.numbers.map(|at| at.map(Timestamp::from_millis))
        else {
            return Err(DecodeError::Damaged);
        };
        // A touch moves both forwards, and never past the end.
        if idle_until < record.idle_until || last_seen < record.last_seen {
            return Err(DecodeError::Damaged);
        }
        (record.idle_until, record.last_seen) = (idle_until, last_seen);
        let same = record.key == *key && self.rest_len == rest.len() && self.is_of(&record);
        if same { Ok(record) } else { Err(DecodeError::Damaged) }
    }

    fn is_of(&self, record: &Record) -> bool {
        let (realm, subject) = match &record.identity {
            None => ("", ""),
            Some(identity) => (record.realm.as_str(), identity.subject.as_str()),
        };
        self.handle == record.handle.as_bytes()
            && (self.realm, self.subject) == (realm.as_bytes(), subject.as_bytes())
            && self.numbers == numbers(record)
            && self.level == level(record).as_bytes()
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

/// Over the data and the checksum that the rest ends with, so that the data of one row is none of another.
fn check(rest: &[u8], data: &[u8]) -> [u8; DATA_CHECK_LEN] {
    let of_rest = rest.last_chunk::<DATA_CHECK_LEN>().map_or(rest, |check| &check[..]);
    let digest = Sha256::new().chain_update(of_rest).chain_update(data).finalize();
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
