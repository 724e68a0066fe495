//! The benchmarks.

use crate::cargo::{cargo, run};
use crate::report::{Findings, Result};

pub(crate) fn run_all(extra: &[String]) -> Result<Findings> {
    run(cargo(["bench", "--package", "benches", "--locked"]).args(extra))?;
    Ok(Findings::default())
}
