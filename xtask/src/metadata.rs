//! What cargo knows about the workspace and its dependencies.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::cargo::{capture, cargo};
use crate::report::Result;

/// The packages of the workspace, or with all they depend on.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    pub(crate) target_directory: PathBuf,
    workspace_root: PathBuf,
}

impl Metadata {
    /// The members alone.
    pub(crate) fn of_workspace() -> Result<Self> {
        Self::read(cargo(["metadata", "--format-version", "1", "--locked"]).arg("--no-deps"))
    }

    /// The members and everything that they need on any platform with any feature.
    pub(crate) fn of_everything() -> Result<Self> {
        Self::read(cargo(["metadata", "--format-version", "1", "--locked"]).arg("--all-features"))
    }

    /// The members that go to the registry.
    pub(crate) fn published(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| package.is_member() && package.is_published())
    }

    /// The member of this name.
    pub(crate) fn member(&self, name: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.is_member() && package.name == name)
    }

    /// The folder of a member, relative to the root.
    pub(crate) fn folder<'a>(&self, package: &'a Package) -> &'a Path {
        let manifest = &package.manifest_path;
        manifest.strip_prefix(&self.workspace_root).unwrap_or(manifest).parent().unwrap_or(Path::new(""))
    }

    fn read(command: &mut Command) -> Result<Self> {
        Ok(serde_json::from_str(&capture(command)?)?)
    }
}

/// One package of [`Metadata`].
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) license: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) readme: Option<PathBuf>,
    pub(crate) rust_version: Option<String>,
    pub(crate) source: Option<String>,
    pub(crate) features: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    dependencies: Vec<Dependency>,
    publish: Option<Vec<String>>,
    pub(crate) manifest_path: PathBuf,
}

impl Package {
    /// Whether this is a package of this repository rather than a dependency.
    pub(crate) fn is_member(&self) -> bool {
        self.source.is_none()
    }

    /// The names of what only its tests depend on.
    pub(crate) fn dev_dependencies(&self) -> impl Iterator<Item = &str> {
        let for_tests =
            self.dependencies.iter().filter(|dependency| dependency.kind.as_deref() == Some("dev"));
        for_tests.map(|dependency| dependency.name.as_str())
    }

    /// `publish = false` is an empty list of registries.
    pub(crate) fn is_published(&self) -> bool {
        self.publish.as_ref().is_none_or(|registries| !registries.is_empty())
    }
}

#[derive(Debug, Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
}

/// The name and version of everything that a member pulls in, itself included.
///
/// `options` are those of `cargo tree` and say which edges, features and platforms count.
pub(crate) fn tree(package: &str, options: &[&str]) -> Result<Vec<(String, String)>> {
    let mut command = cargo(["tree", "--locked", "--prefix", "none", "--package", package]);
    let mut packages = parse_tree(&capture(command.args(options))?);
    packages.sort();
    packages.dedup();
    Ok(packages)
}

/// Lines like `syn v3.0.9 (proc-macro) (*)`.
fn parse_tree(text: &str) -> Vec<(String, String)> {
    let package = |line: &str| {
        let mut words = line.split_whitespace();
        let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
        Some((name.to_owned(), version.to_owned()))
    };
    text.lines().filter_map(package).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_read_without_its_remarks() {
        let text = "hallpass-core v0.1.0 (some/folder)\nsyn v3.0.9 (proc-macro) (*)\n\n[dev-dependencies]\n";
        let expected = [("hallpass-core", "0.1.0"), ("syn", "3.0.9")];
        assert_eq!(parse_tree(text), expected.map(|(name, version)| (name.to_owned(), version.to_owned())));
    }

    #[test]
    fn publish_false_is_an_empty_list_of_registries() {
        let package = |publish: &str| -> Package {
            let text = format!(
                r#"{{"name":"x","version":"0.1.0","features":{{}},"publish":{publish},"manifest_path":"crates/x/Cargo.toml"}}"#
            );
            serde_json::from_str(&text).unwrap()
        };
        assert!(package("null").is_published());
        assert!(package(r#"["crates-io"]"#).is_published());
        assert!(!package("[]").is_published());
    }
}
