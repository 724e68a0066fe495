//! hallpass and its peers, measured side by side.
//!
//! The same small application is written for each library as that library's own documentation recommends, with its
//! store in memory. All are driven in process: see [`Row`].

pub mod allocations;
pub mod chart;
pub mod entrants;
pub mod lock;
pub mod numbers;
pub mod peer;
pub mod peers;
pub mod results;
pub mod row;
#[cfg(feature = "served")]
pub mod served;
pub mod spawning;
pub mod speed;
pub mod table;
pub mod threads;

pub use results::Results;
pub use row::{Base, Kind, Row};
