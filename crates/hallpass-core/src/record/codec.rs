//! A whole record as bytes, for stores that keep one value under one key.

use super::data::{take, take_slice};
use super::{AuthLevel, ClientInfo, Identity, Record, SessionData, Transport};
use crate::ids::{Realm, Revision, SessionHandle, Stamp, Subject};
use crate::time::Timestamp;
use crate::token::SessionKey;
use sha2::{Digest, Sha256};
use std::fmt;
use std::net::IpAddr;

const FORMAT: u8 = 1;
const CHECK_LEN: usize = 8;

impl Record {
    /// Writes the record as bytes: a version, the fields, and a checksum over both.
    ///
    /// ```
    /// # use hallpass_core::*;
    /// # fn read(record: &Record) -> Result<(), DecodeError> {
    /// let bytes = record.encode();
    /// assert_eq!(&Record::decode(&bytes)?, record);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(192 + self.data.len());
        out.push(FORMAT);
        out.extend_from_slice(self.key.as_bytes());
        out.extend_from_slice(self.handle.as_bytes());
        for at in [self.created, self.last_seen, self.idle_until, self.absolute_until] {
            out.extend_from_slice(&at.as_millis().to_be_bytes());
        }
        out.extend_from_slice(&self.revision.0.to_be_bytes());
        out.push(matches!(self.transport, Transport::Bearer).into());
        put_short(&mut out, self.realm.as_str().as_bytes());
        put_identity(&mut out, self.identity.as_ref());
        put_client(&mut out, &self.client);
        out.extend_from_slice(self.data.as_bytes());
        let check = checksum(&out);
        out.extend_from_slice(&check);
        out
    }

    /// Reads a record that [`Record::encode`] wrote.
    ///
    /// # Errors
    ///
    /// When the version is unknown or a single bit is not as it was written: damage never becomes a later deadline or
    /// another user.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let (version, _) = bytes.split_first().ok_or(DecodeError::Damaged)?;
        if *version != FORMAT {
            return Err(DecodeError::UnknownVersion(*version));
        }
        let (body, check) = bytes.split_last_chunk::<CHECK_LEN>().ok_or(DecodeError::Damaged)?;
        if checksum(body) != *check {
            return Err(DecodeError::Damaged);
        }
        read_fields(&mut body.get(1..).ok_or(DecodeError::Damaged)?)
    }
}

fn read_fields(rest: &mut &[u8]) -> Result<Record, DecodeError> {
    Ok(Record {
        key: SessionKey::from_bytes(take(rest)?),
        handle: SessionHandle::from_bytes(take(rest)?),
        created: read_time(rest)?,
        last_seen: read_time(rest)?,
        idle_until: read_time(rest)?,
        absolute_until: read_time(rest)?,
        revision: Revision(u64::from_be_bytes(take(rest)?)),
        transport: if read_bool(rest)? { Transport::Bearer } else { Transport::Cookie },
        realm: Realm::new(read_short(rest)?).map_err(|_| DecodeError::Damaged)?,
        identity: read_identity(rest)?,
        client: read_client(rest)?,
        data: SessionData::decode(rest)?,
    })
}

fn put_short(out: &mut Vec<u8>, text: &[u8]) {
    // Realms, subjects and user agents are all bounded; the cut is only for the type's sake.
    let text = &text[..text.len().min(usize::from(u16::MAX))];
    out.extend_from_slice(&(text.len() as u16).to_be_bytes());
    out.extend_from_slice(text);
}

fn put_identity(out: &mut Vec<u8>, identity: Option<&Identity>) {
    out.push(identity.is_some().into());
    let Some(identity) = identity else { return };
    put_short(out, identity.subject.as_str().as_bytes());
    out.extend_from_slice(&identity.authenticated.as_millis().to_be_bytes());
    out.extend_from_slice(identity.stamp.as_bytes());
    out.push(matches!(identity.level, AuthLevel::Pending).into());
    out.push(identity.remembered.into());
}

fn put_client(out: &mut Vec<u8>, client: &ClientInfo) {
    put_short(out, client.user_agent().unwrap_or_default().as_bytes());
    match client.address() {
        None => out.push(0),
        Some(IpAddr::V4(address)) => {
            out.push(4);
            out.extend_from_slice(&address.octets());
        }
        Some(IpAddr::V6(address)) => {
            out.push(6);
            out.extend_from_slice(&address.octets());
        }
    }
}

fn read_time(rest: &mut &[u8]) -> Result<Timestamp, DecodeError> {
    Ok(Timestamp::from_millis(u64::from_be_bytes(take(rest)?)))
}

fn read_bool(rest: &mut &[u8]) -> Result<bool, DecodeError> {
    match take(rest)? {
        [0] => Ok(false),
        [1] => Ok(true),
        _ => Err(DecodeError::Damaged),
    }
}

fn read_short<'a>(rest: &mut &'a [u8]) -> Result<&'a str, DecodeError> {
    let len = u16::from_be_bytes(take(rest)?);
    let text = take_slice(rest, usize::from(len))?;
    std::str::from_utf8(text).map_err(|_| DecodeError::Damaged)
}

fn read_identity(rest: &mut &[u8]) -> Result<Option<Identity>, DecodeError> {
    if !read_bool(rest)? {
        return Ok(None);
    }
    Ok(Some(Identity {
        subject: Subject::new(read_short(rest)?).map_err(|_| DecodeError::Damaged)?,
        authenticated: read_time(rest)?,
        stamp: Stamp::from_bytes(take(rest)?),
        level: if read_bool(rest)? { AuthLevel::Pending } else { AuthLevel::Full },
        remembered: read_bool(rest)?,
    }))
}

fn read_client(rest: &mut &[u8]) -> Result<ClientInfo, DecodeError> {
    let user_agent = read_short(rest)?;
    let address = match take(rest)? {
        [0] => None,
        [4] => Some(IpAddr::from(take::<4>(rest)?)),
        [6] => Some(IpAddr::from(take::<16>(rest)?)),
        _ => return Err(DecodeError::Damaged),
    };
    Ok(ClientInfo::new(Some(user_agent), address))
}

fn checksum(bytes: &[u8]) -> [u8; CHECK_LEN] {
    let digest = Sha256::digest(bytes);
    let mut check = [0; CHECK_LEN];
    check.copy_from_slice(&digest[..CHECK_LEN]);
    check
}

/// Bytes from a store are not a record or not its values.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// They were written in a format that this version does not read.
    UnknownVersion(u8),
    /// They are not what was written.
    Damaged,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownVersion(version) => {
                write!(
                    f,
                    "the record is of format {version}, which this version of hallpass does not read; upgrade this node"
                )
            }
            Self::Damaged => f.write_str("the record is damaged; logging out or in replaces it"),
        }
    }
}

impl std::error::Error for DecodeError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::DataChange;
    use proptest::prelude::*;

    fn record(identity: Option<Identity>, address: Option<IpAddr>) -> Record {
        Record {
            key: SessionKey::from_bytes([7; 34]),
            handle: SessionHandle::from_bytes([9; 16]),
            created: Timestamp::from_millis(1),
            last_seen: Timestamp::from_millis(2),
            idle_until: Timestamp::from_millis(3),
            absolute_until: Timestamp::MAX,
            revision: Revision(5),
            identity,
            data: SessionData::default().with(&[DataChange::Set("n", b"1"[..].into())]),
            realm: Realm::new("shop").unwrap(),
            client: ClientInfo::new(Some("curl"), address),
            transport: Transport::Bearer,
        }
    }

    fn identity() -> Identity {
        Identity {
            subject: Subject::from(42_u32),
            authenticated: Timestamp::from_millis(6),
            stamp: Stamp::from(8),
            level: AuthLevel::Pending,
            remembered: true,
        }
    }

    #[test]
    fn a_record_reads_back_as_it_was_written() {
        let v6 = Some("2001:db8::1".parse().unwrap());
        for record in
            [record(None, None), record(Some(identity()), Some([127, 0, 0, 1].into())), record(None, v6)]
        {
            assert_eq!(Record::decode(&record.encode()), Ok(record));
        }
    }

    #[test]
    fn a_single_flipped_bit_is_an_error() {
        let bytes = record(Some(identity()), None).encode();
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(Record::decode(&damaged).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_record_that_was_cut_off_is_an_error() {
        let bytes = record(Some(identity()), None).encode();
        for end in 0..bytes.len() {
            assert!(Record::decode(&bytes[..end]).is_err(), "{end}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_under_a_valid_checksum_never_panic(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut bytes = vec![FORMAT];
            bytes.extend(body);
            bytes.extend(checksum(&bytes));
            let _ = Record::decode(&bytes);
        }
    }
}
