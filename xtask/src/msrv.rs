//! The minimum Rust version that the published crates declare.
//!
//! Building with that version needs a second toolchain. What can be checked without one: that it is
//! declared, and that no dependency of a published crate declares a later one.

use std::fs;

use crate::metadata::{Metadata, Package, tree};
use crate::report::{Findings, Result};

pub(crate) fn check() -> Result<Findings> {
    let mut findings = Findings::default();
    if !is_declared(&fs::read_to_string("Cargo.toml")?)? {
        findings.problem("Cargo.toml: rust-version is missing in [workspace.package]");
    }
    let metadata = Metadata::of_everything()?;
    for package in metadata.published() {
        check_package(package, &metadata, &mut findings)?;
    }
    Ok(findings)
}

fn is_declared(manifest: &str) -> Result<bool> {
    let manifest: toml::Table = manifest.parse()?;
    let workspace = manifest.get("workspace").and_then(|workspace| workspace.get("package"));
    Ok(workspace.is_some_and(|package| package.get("rust-version").is_some()))
}

fn check_package(package: &Package, metadata: &Metadata, findings: &mut Findings) -> Result<()> {
    let name = &package.name;
    let Some(ours) = package.rust_version.as_deref() else {
        findings.problem(format!("{name} declares no rust-version"));
        return Ok(());
    };
    let needed = tree(name, &["--edges", "normal,build", "--all-features", "--target", "all"])?;
    for dependency in &metadata.packages {
        let key = (dependency.name.clone(), dependency.version.clone());
        let Some(theirs) = dependency.rust_version.as_deref() else { continue };
        if needed.contains(&key) && numbers(theirs)? > numbers(ours)? {
            findings.problem(format!("{name} promises Rust {ours}, {} {} needs {theirs}", key.0, key.1));
        }
    }
    Ok(())
}

/// `1.88` is `1.88.0`.
fn numbers(version: &str) -> Result<[u32; 3]> {
    let mut numbers = [0; 3];
    for (number, text) in numbers.iter_mut().zip(version.split('.')) {
        *number = text.parse().map_err(|_| format!("rust-version {version:?} is no version"))?;
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number() {
        assert!(numbers("1.9").unwrap() < numbers("1.88").unwrap());
        assert_eq!(numbers("1.88").unwrap(), numbers("1.88.0").unwrap());
        assert!(numbers("1.88.1").unwrap() > numbers("1.88").unwrap());
        assert!(numbers("stable").is_err());
    }

    #[test]
    fn the_declaration_is_that_of_the_workspace() {
        assert!(is_declared("[workspace.package]\nrust-version = '1.88'").unwrap());
        assert!(!is_declared("[workspace.package]\nedition = '2024'").unwrap());
        assert!(!is_declared("[package]\nrust-version = '1.88'").unwrap());
    }
}
