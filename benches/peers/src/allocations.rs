//! Allocations and bytes, from a process of their own: counting makes every allocation slower, so that nothing can be
//! timed beside it.

use crate::results::Results;
use std::env;
use std::io;
use std::process::{Command, Stdio};

/// Runs the program `allocations` of this package and adds its figures to `results`.
///
/// # Errors
///
/// When it cannot be run or fails.
pub fn measure(only: &str, users: u64, memory_users: u64, results: &mut Results) -> io::Result<()> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["run", "--quiet", "--release", "--locked", "--bin", "allocations"]);
    command.args(["--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"), "--"]);
    command.args([only, &users.to_string(), &memory_users.to_string()]);
    let output = command.stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(io::Error::other(format!("allocations: {}", output.status)));
    }
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        if let Some((key, what, figure)) = parse(line) {
            results.note(key, what, figure);
        }
    }
    Ok(())
}

/// A line that [`parse`] understands: `what` is a workload's name, or `bytes`.
#[must_use]
pub fn line(key: &str, what: &str, figure: f64) -> String {
    format!("{key}\t{what}\t{figure}")
}

/// What [`line`] was made of.
///
/// ```
/// use peers::allocations::{line, parse};
///
/// assert_eq!(parse(&line("axum/bare", "user", 4.5)), Some(("axum/bare", "user", 4.5)));
/// assert_eq!(parse("something else"), None);
/// ```
#[must_use]
pub fn parse(line: &str) -> Option<(&str, &str, f64)> {
    let mut parts = line.split('\t');
    Some((parts.next()?, parts.next()?, parts.next()?.parse().ok()?))
}
