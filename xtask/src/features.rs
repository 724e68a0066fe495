//! Every published crate has to build, without warnings, with no feature and with each one alone.

use std::process::Command;

use crate::cargo::{cargo, run};
use crate::metadata::{Metadata, Package};
use crate::report::{Findings, Result};

pub(crate) fn check() -> Result<Findings> {
    let metadata = Metadata::of_workspace()?;
    let mut findings = Findings::default();
    for package in metadata.published() {
        for feature in choices(package) {
            if let Err(error) = run(&mut command(&package.name, feature)) {
                findings.problem(error.to_string());
            }
        }
    }
    Ok(findings)
}

/// No feature, then each. The defaults and all together are built by the tests and by clippy.
fn choices(package: &Package) -> impl Iterator<Item = Option<&str>> {
    let features = package.features.keys().map(String::as_str).filter(|name| *name != "default");
    std::iter::once(None).chain(features.map(Some))
}

/// Clippy rather than check: it denies warnings here and leaves the built dependencies as they are.
fn command(package: &str, feature: Option<&str>) -> Command {
    let mut command = cargo(["clippy", "--quiet", "--locked", "--package", package, "--no-default-features"]);
    if let Some(feature) = feature {
        command.args(["--features", feature]);
    }
    command.args(["--", "-D", "warnings"]);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_feature_is_tried_alone_and_none_at_all() {
        let text = r#"{"name":"x","version":"0.1.0","manifest_path":"crates/x/Cargo.toml",
            "features":{"default":["a"],"a":[],"b":["a"]}}"#;
        let package: Package = serde_json::from_str(text).unwrap();
        let tried: Vec<_> = choices(&package).collect();
        assert_eq!(tried, [None, Some("a"), Some("b")]);
    }
}
