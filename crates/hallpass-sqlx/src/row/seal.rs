//! What makes a damaged row an error instead of another session.

use hallpass_core::{Record, Transport};
use sha2::{Digest, Sha256};

/// The version of the rows that this release writes. It reads no other.
pub(crate) const FORMAT: i16 = 1;

/// A checksum over every field that is written as a whole. `last_seen` and `idle_until` are left out: a touch moves
/// them without reading the rest, and neither can outlive `absolute_until`.
pub(crate) fn seal(record: &Record) -> [u8; 8] {
    let mut hash = Sha256::new();
    hash.update(FORMAT.to_be_bytes());
    hash.update(record.key.as_bytes());
    hash.update(record.handle.as_bytes());
    for number in [record.created.as_millis(), record.absolute_until.as_millis(), record.revision.0] {
        hash.update(number.to_be_bytes());
    }
    hash.update([matches!(record.transport, Transport::Bearer).into()]);
    text(&mut hash, Some(record.realm.as_str()));
    identity(&mut hash, record);
    text(&mut hash, record.client.user_agent());
    text(&mut hash, record.client.address().map(|address| address.to_string()).as_deref());
    hash.update(record.data.as_bytes());
    let mut seal = [0; 8];
    seal.copy_from_slice(&hash.finalize()[..8]);
    seal
}

fn identity(hash: &mut Sha256, record: &Record) {
    let identity = record.identity.as_ref();
    text(hash, identity.map(|identity| identity.subject.as_str()));
    let Some(identity) = identity else { return };
    hash.update(identity.authenticated.as_millis().to_be_bytes());
    hash.update(identity.stamp.as_bytes());
    hash.update([super::level(record) as u8, identity.remembered.into()]);
}

/// With its length, so that neighbours do not run together; and apart from no text at all.
fn text(hash: &mut Sha256, text: Option<&str>) {
    hash.update([text.is_some().into()]);
    if let Some(text) = text {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
}
