//! Whatever is read as a token is the one spelling of that token.

#![no_main]

use hallpass_core::SessionToken;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    if let Some(token) = SessionToken::decode(text) {
        assert_eq!(token.encode().as_bytes(), text);
    }
});
