//! The demo on real servers that stop, die and fill up.

hallpass_trials::trials!(env!("CARGO_BIN_EXE_example-axum"));
