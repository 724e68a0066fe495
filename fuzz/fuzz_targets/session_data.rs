//! Bytes from a store are refused or kept exactly, and changing them does what it does to a map.

#![no_main]

use hallpass_core::{DataChange, SessionData};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(data) = SessionData::decode(bytes) else { return };
    assert_eq!(data.as_bytes(), bytes);
    assert_eq!(data.is_empty(), data.iter().count() == 0);
    let changed = data.with(&[DataChange::Set("fuzz", b"value".into())]);
    assert_eq!(changed.get("fuzz"), Some(&b"value"[..]));
    assert_eq!(SessionData::decode(changed.as_bytes()), Ok(changed.clone()));
    assert_eq!(changed.with(&[DataChange::Remove("fuzz")]).get("fuzz"), None);
    assert!(changed.with(&[DataChange::Clear]).is_empty());
});
