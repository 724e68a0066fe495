//! Sessions, logins and guards as an actix-web application sees them.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod areas;
mod cancel;
mod extract;
mod guard;
mod log;
mod logout;
mod middleware;
mod optional;
mod scene;
mod server;
