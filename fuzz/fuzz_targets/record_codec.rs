//! Bytes from a store are refused or are a record that writes back to something that reads the same.
//!
//! Each input is read as it is, and once more with the right checksum behind it: otherwise nothing would ever get past
//! the checksum.

#![no_main]

use hallpass_core::Record;
use libfuzzer_sys::fuzz_target;
use sha2::{Digest, Sha256};

const CHECK_LEN: usize = 8;

fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    let mut sealed = bytes.to_vec();
    sealed.extend_from_slice(&Sha256::digest(bytes)[..CHECK_LEN]);
    check(&sealed);
});

fn check(bytes: &[u8]) {
    let Ok(record) = Record::decode(bytes) else { return };
    let written = record.encode();
    assert_eq!(Record::decode(&written), Ok(record));
    for at in [0, written.len() / 2, written.len() - 1] {
        let mut damaged = written.clone();
        damaged[at] ^= 1;
        assert!(Record::decode(&damaged).is_err());
    }
}
