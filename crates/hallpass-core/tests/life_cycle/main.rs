//! The life cycle of sessions, through the manager: what the promises say, without a web framework.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod admin;
mod at_once;
mod bearer;
mod certain;
mod ended;
mod feeds;
mod flood;
mod logins;
mod logout;
mod quiet;
mod support;
mod visitors;
mod writes;
