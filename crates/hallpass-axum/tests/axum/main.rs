//! Sessions, logins and guards as an axum application sees them.

mod areas;
mod extract;
mod guard;
mod log;
mod logout;
mod scene;
