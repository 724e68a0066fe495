//! The checks that are one call of cargo.

use crate::cargo::{cargo, run};
use crate::report::{Findings, Result};

pub(crate) fn fmt() -> Result<Findings> {
    run(&mut cargo(["fmt", "--all", "--check"]))?;
    Ok(Findings::default())
}

pub(crate) fn clippy() -> Result<Findings> {
    let scope = ["--workspace", "--all-targets", "--all-features", "--locked"];
    run(cargo(["clippy"]).args(scope).args(["--", "-D", "warnings"]))?;
    Ok(Findings::default())
}

pub(crate) fn docs() -> Result<Findings> {
    let scope = ["--workspace", "--no-deps", "--all-features", "--locked"];
    run(cargo(["doc"]).args(scope).env("RUSTDOCFLAGS", "-D warnings"))?;
    Ok(Findings::default())
}
