//! Manifests: sorted dependencies, shared lints, what is published and with what.

use std::path::Path;

use super::TextFile;
use crate::metadata::{Metadata, Package};
use crate::report::{Findings, Result};

/// Crates in `crates/` that stay here. Everything outside of it does.
const PRIVATE: [&str; 5] =
    ["hallpass-behaviour", "hallpass-browser", "hallpass-servers", "hallpass-stores", "hallpass-trials"];

pub(super) fn check(files: &[TextFile], metadata: &Metadata, findings: &mut Findings) -> Result<()> {
    for file in files.iter().filter(|file| file.is_named("Cargo.toml")) {
        let manifest: toml::Table =
            file.text.parse().map_err(|error| format!("{}: {error}", file.path.display()))?;
        check_order(&file.path, &manifest, findings);
        check_lints(&file.path, &manifest, findings);
    }
    for package in &metadata.packages {
        check_publication(package, metadata.folder(package), findings);
    }
    Ok(())
}

fn check_order(path: &Path, manifest: &toml::Table, findings: &mut Findings) {
    for table in ["dependencies", "dev-dependencies", "build-dependencies"] {
        for place in [Some(manifest), manifest.get("workspace").and_then(toml::Value::as_table)] {
            let Some(entries) = place.and_then(|place| place.get(table)?.as_table()) else { continue };
            if let Some((first, second)) = out_of_order(entries.keys().map(String::as_str)) {
                findings.problem(format!("{}: [{table}]: {second} comes after {first}", path.display()));
            }
        }
    }
}

/// The first two neighbours that should change places.
fn out_of_order<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<(&'a str, &'a str)> {
    let mut names = names.into_iter();
    let mut previous = names.next()?;
    names.find_map(|name| {
        let pair = (std::mem::replace(&mut previous, name), name);
        (pair.0 > pair.1).then_some(pair)
    })
}

fn check_lints(path: &Path, manifest: &toml::Table, findings: &mut Findings) {
    let inherits = manifest.get("lints").and_then(|lints| lints.get("workspace")?.as_bool());
    let is_member = manifest.contains_key("package") && !manifest.contains_key("workspace");
    if is_member && inherits != Some(true) {
        findings.problem(format!("{}: [lints] workspace = true is missing", path.display()));
    }
}

fn check_publication(package: &Package, folder: &Path, findings: &mut Findings) {
    let name = &package.name;
    let expected = folder.starts_with("crates") && !PRIVATE.contains(&name.as_str());
    match (expected, package.is_published()) {
        (true, true) => check_presentation(package, folder, findings),
        (true, false) => findings.problem(format!("{name}: should be published")),
        (false, true) => findings.problem(format!("{name}: publish = false is missing")),
        (false, false) => {}
    }
}

/// What the registry's page of a crate needs.
fn check_presentation(package: &Package, folder: &Path, findings: &mut Findings) {
    let name = &package.name;
    if package.license.is_none() || package.description.is_none() {
        findings.problem(format!("{name}: licence or description is missing"));
    }
    match &package.readme {
        Some(readme) if folder.join(readme).is_file() => {}
        Some(readme) => findings.problem(format!("{name}: {} does not exist", folder.join(readme).display())),
        None => findings.problem(format!("{name}: has no readme")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, publish: &str) -> Package {
        let text = format!(
            r#"{{"name":"{name}","version":"0.1.0","features":{{}},"publish":{publish},"license":"MIT",
                "description":"x","readme":"Cargo.toml","manifest_path":"Cargo.toml"}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    fn publication(package: &Package, folder: &str) -> usize {
        let mut findings = Findings::default();
        check_publication(package, Path::new(folder), &mut findings);
        findings.problems().len()
    }

    fn manifest_problems(text: &str) -> Vec<String> {
        let (path, manifest) = (Path::new("Cargo.toml"), text.parse().unwrap());
        let mut findings = Findings::default();
        check_order(path, &manifest, &mut findings);
        check_lints(path, &manifest, &mut findings);
        findings.problems().to_vec()
    }

    #[test]
    fn the_first_two_out_of_order_are_named() {
        assert_eq!(out_of_order(["a", "c", "b", "a"]), Some(("c", "b")));
        assert_eq!(out_of_order(["tower", "tower-layer", "tower-service", "tracing"]), None);
        assert_eq!(out_of_order([]), None);
    }

    #[test]
    fn dependencies_are_sorted_as_they_are_written() {
        let problems = manifest_problems("[workspace.dependencies]\nserde = '1'\nbase64 = '1'");
        assert_eq!(problems, ["Cargo.toml: [dependencies]: base64 comes after serde"]);
        let member = "[package]\nname = 'x'\n[lints]\nworkspace = true\n[dependencies]\n";
        assert_eq!(manifest_problems(&format!("{member}a = '1'\nb.workspace = true")).len(), 0);
        assert_eq!(manifest_problems(&format!("{member}b = '1'\na.workspace = true")).len(), 1);
    }

    #[test]
    fn members_share_the_lints_of_the_workspace() {
        assert_eq!(manifest_problems("[package]\nname = 'x'").len(), 1);
        assert_eq!(manifest_problems("[package]\nname = 'x'\n[workspace]").len(), 0);
    }

    #[test]
    fn crates_are_published_and_nothing_else_is() {
        assert_eq!(publication(&package("hallpass-behaviour", "[]"), "crates/hallpass-behaviour"), 0);
        assert_eq!(publication(&package("hallpass-behaviour", "null"), "crates/hallpass-behaviour"), 1);
        assert_eq!(publication(&package("hallpass-core", "[]"), "crates/hallpass-core"), 1);
        assert_eq!(publication(&package("demo", "null"), "examples/demo"), 1);
        assert_eq!(publication(&package("demo", "[]"), "examples/demo"), 0);
    }

    #[test]
    fn a_published_crate_needs_its_readme() {
        assert_eq!(publication(&package("hallpass-core", "null"), "crates/no-such-folder"), 1);
    }
}
