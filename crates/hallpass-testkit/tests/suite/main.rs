//! The suite itself on trial: a right store passes it, and every case has a wrong store that it finds out.

#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

mod conformance;
mod found_by;
mod mutants;
mod naive;
mod throttles;
