//! A conformance suite, a fake clock and a faulty store for people who write hallpass session stores.

mod clock;
mod faulty;
mod fixture;
mod sample;
pub mod suite;

pub use clock::FakeClock;
pub use faulty::{Fault, FaultyStore, Gate, Method, Times};
pub use fixture::Fixture;
pub use sample::{Sample, op, renewed, rewritten, ticket};
