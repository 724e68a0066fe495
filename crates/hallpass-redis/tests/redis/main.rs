//! The store on real servers. Those that a test changes or breaks are its own; `cargo xtask test` starts the others.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cluster;
mod conformance;
mod cost;
mod damage;
mod faults;
mod feed;
mod full;
mod keys;
mod setup;
mod shared;
mod throttle;
