//! What the benchmarks measure: one small application with and without sessions, driven in process.

pub mod app;
pub mod drive;
pub mod users;
