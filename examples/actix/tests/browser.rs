//! The demo in a real browser.

hallpass_browser::smoke_tests!(env!("CARGO_BIN_EXE_example-actix"));
