//! What hallpass adds to a request, in instructions and allocations, against committed bounds.
//!
//! Both are the same on a busy machine and on a quiet one. Instructions are counted by callgrind, which emulates a
//! processor, so that they differ little between machines: the emulated one has no instructions for SHA-256, and what a
//! C library chooses for copying depends on what callgrind finds to emulate.

mod bounds;
mod compare;
mod figures;
mod measure;

use std::fs;

use crate::report::{Findings, Result};
use figures::Figures;

/// Relative to the root of the workspace.
const BOUNDS: &str = "benches/bounds.toml";

/// Compares the figures of now with the bounds.
pub(crate) fn check() -> Result<Findings> {
    let text = fs::read_to_string(BOUNDS).map_err(|error| format!("{BOUNDS}: {error}"))?;
    let bounds = bounds::parse(&text).map_err(|error| format!("{BOUNDS}: {error}"))?;
    let now = measure::all()?;
    println!("{}", compare::table(&bounds, &now));
    Ok(compare::compare(&bounds, &now))
}

/// Makes bounds of the figures of now.
pub(crate) fn write() -> Result<Findings> {
    let now = measure::all()?;
    println!("{}", compare::table(&Figures::default(), &now));
    fs::write(BOUNDS, bounds::render(&now)).map_err(|error| format!("{BOUNDS}: {error}"))?;
    println!("written: {BOUNDS}");
    Ok(Findings::default())
}
