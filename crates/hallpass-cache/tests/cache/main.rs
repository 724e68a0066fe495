//! What a cache promises, on stores that lose messages, are slow, or fail.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod feed;
mod held;
mod nodes;
mod own;
mod scene;
mod suite;
