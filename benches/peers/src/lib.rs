//! hallpass and its peers, measured side by side.
//!
//! The same small application is written for each library as that library's own documentation recommends, with its
//! store in memory. All are driven in process: see [`Row`].

pub mod allocations;
pub mod chart;
pub mod entrants;
pub mod lock;
pub mod loopback;
pub mod numbers;
pub mod peer;
pub mod peers;
pub mod results;
pub mod row;
pub mod serving;
pub mod spawning;
pub mod speed;
pub mod stores;
pub mod table;
pub mod threads;

pub use results::Results;
pub use row::{Base, Kind, Row};
