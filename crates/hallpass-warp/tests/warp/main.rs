//! Sessions, logins and guards as a warp application sees them.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod areas;
mod branches;
mod filters;
mod guard;
mod hang_up;
mod log;
mod logout;
mod scene;
mod serve;
mod socket;
