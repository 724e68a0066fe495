//! What the benchmarks measure: one small application on each framework, with and without sessions, driven in process.

pub mod actix;
pub mod axum;
pub mod contender;
pub mod cookies;
pub mod crowd;
pub mod drive;
pub mod measure;
pub mod trial;
pub mod users;
pub mod warp;
pub mod watches;
pub mod workload;

pub use contender::{Call, Contender};
pub use trial::{Entry, Prepared, Trial};
pub use workload::Workload;

/// Every application on every framework; the bare one of each comes first.
pub fn entries() -> impl Iterator<Item = Entry> {
    axum::ENTRIES.into_iter().chain(actix::ENTRIES).chain(warp::ENTRIES)
}
