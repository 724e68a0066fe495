//! Pictures of the demo's pages.

use std::env::consts::EXE_SUFFIX;

use hallpass_servers::{Kind, Servers};

use crate::cargo::{cargo, run, run_with};
use crate::metadata::Metadata;
use crate::report::{Findings, Result};

const DEMO: &str = "example-axum";

const FOLDER: &str = "docs/screenshots";

/// Takes them anew.
pub(crate) fn take() -> Result<Findings> {
    let servers = Servers::start(&[Kind::WebDriver])?;
    run(&mut cargo(["build", "--locked", "--package", DEMO]))?;
    let demo = Metadata::of_workspace()?.target_directory.join("debug").join(format!("{DEMO}{EXE_SUFFIX}"));
    let mut command =
        cargo(["run", "--locked", "--package", "hallpass-browser", "--bin", "screenshots", "--"]);
    run_with(command.arg(demo).arg(FOLDER), servers.addresses())?;
    Ok(Findings::default())
}
