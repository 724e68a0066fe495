//! The suite itself on trial: a right store passes it, and every case has a wrong store that it finds out.

mod conformance;
mod mutants;
mod naive;
