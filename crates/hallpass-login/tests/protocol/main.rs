//! The order of a login, and what it withstands.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod at_once;
mod bearer;
mod order;
mod support;
mod throttle;
mod within;
