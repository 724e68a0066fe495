//! The demo in a real browser.

hallpass_browser::browser_tests!(env!("CARGO_BIN_EXE_example-axum"));
