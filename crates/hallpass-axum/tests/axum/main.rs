//! Sessions, logins and guards as an axum application sees them.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod areas;
mod extract;
mod guard;
mod log;
mod logout;
mod scene;
#[cfg(feature = "ws")]
mod ws_http2;
