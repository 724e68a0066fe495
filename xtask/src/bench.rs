//! The benchmarks.

use crate::cargo::{cargo, run};
use crate::report::{Findings, Result};

/// The time of every workload, and before it the allocations, unless `extra` chooses something.
pub(crate) fn run_all(extra: &[String]) -> Result<Findings> {
    if extra.is_empty() {
        let allocations =
            ["run", "--profile", "bench", "--package", "benches", "--bin", "allocations", "--locked"];
        run(&mut cargo(allocations))?;
    }
    run(cargo(["bench", "--package", "benches", "--locked"]).args(extra))?;
    Ok(Findings::default())
}
