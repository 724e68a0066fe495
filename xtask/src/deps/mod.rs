//! The dependencies: licences, sources, versions, number.
//!
//! The policy is `deny.toml`, which cargo-deny reads too. What is checked here needs neither that
//! program nor a network.

mod budgets;
mod policy;
mod spdx;

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};

use policy::Policy;

use crate::cargo::{cargo, has_subcommand, run};
use crate::metadata::{Metadata, Package};
use crate::report::{Findings, Result};

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

pub(crate) fn check() -> Result<Findings> {
    let metadata = Metadata::of_everything()?;
    let policy = Policy::read(Path::new("deny.toml"))?;
    let dependencies: Vec<&Package> =
        metadata.packages.iter().filter(|package| !package.is_member()).collect();
    let mut findings = Findings::default();
    check_licenses(&dependencies, &policy, &mut findings);
    check_origins(&dependencies, &mut findings);
    check_duplicates(&dependencies, &policy, &mut findings);
    budgets::check(&metadata, &mut findings)?;
    cargo_deny(&mut findings);
    Ok(findings)
}

fn check_licenses(dependencies: &[&Package], policy: &Policy, findings: &mut Findings) {
    for package in dependencies {
        let (name, version) = (&package.name, &package.version);
        match package.license.as_deref().map(|license| (license, spdx::permits(license, policy.allowed()))) {
            Some((_, Ok(true))) => {}
            Some((license, Ok(false))) => {
                findings.problem(format!(
                    "{name} {version}: the licence {license:?} is not allowed by deny.toml"
                ));
            }
            Some((license, Err(error))) => {
                findings.problem(format!("{name} {version}: licence {license:?}: {error}"))
            }
            None => findings.problem(format!("{name} {version}: no licence expression")),
        }
    }
    let used = |allowed: &str| dependencies.iter().any(|package| mentions(package, allowed));
    for license in policy.allowed().iter().filter(|license| !used(license)) {
        findings.warning(format!("deny.toml allows the licence {license}, which no dependency has"));
    }
}

fn mentions(package: &Package, license: &str) -> bool {
    package.license.as_deref().is_some_and(|expression| spdx::terms(expression).any(|term| term == license))
}

fn check_origins(dependencies: &[&Package], findings: &mut Findings) {
    for package in dependencies {
        let (name, version) = (&package.name, &package.version);
        match package.source.as_deref() {
            Some(CRATES_IO) => {}
            other => findings.problem(format!("{name} {version}: comes from {}", other.unwrap_or("nowhere"))),
        }
        if is_pre_release(version) {
            findings.problem(format!("{name} {version}: is a pre-release"));
        }
    }
}

fn is_pre_release(version: &str) -> bool {
    version.split('+').next().is_some_and(|version| version.contains('-'))
}

fn check_duplicates(dependencies: &[&Package], policy: &Policy, findings: &mut Findings) {
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in dependencies.iter().filter(|package| !policy.skips(&package.name, &package.version)) {
        versions.entry(&package.name).or_default().push(&package.version);
    }
    for (name, versions) in versions.iter().filter(|(_, versions)| versions.len() > 1) {
        findings.warning(format!("{name}: {} versions: {}", versions.len(), versions.join(", ")));
    }
}

/// The advisories need a database, which is used if there is one but never fetched.
fn cargo_deny(findings: &mut Findings) {
    if !has_subcommand("deny") {
        println!("cargo-deny is not installed: advisories are not checked");
        return;
    }
    let mut command = cargo(["deny", "--frozen", "check", "bans", "licenses", "sources"]);
    if has_advisories() {
        command.arg("advisories");
    } else {
        println!("cargo-deny has no local database: advisories are not checked");
    }
    if let Err(error) = run(&mut command) {
        findings.problem(error.to_string());
    }
}

fn has_advisories() -> bool {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| env::home_dir().map(|home| home.join(".cargo")));
    home.is_some_and(|home| home.join("advisory-dbs").is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, version: &str, license: &str, source: &str) -> Package {
        let text = format!(
            r#"{{"name":"{name}","version":"{version}","license":"{license}","source":"{source}",
                "features":{{}},"manifest_path":"Cargo.toml"}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    fn policy() -> Policy {
        "[licenses]\nallow = ['MIT', 'ISC']\n[bans]\nskip = [{ crate = 'old@1' }]".parse().unwrap()
    }

    #[test]
    fn a_licence_has_to_be_allowed() {
        let packages =
            [package("good", "1.0.0", "MIT", CRATES_IO), package("bad", "1.0.0", "GPL-3.0", CRATES_IO)];
        let mut findings = Findings::default();
        check_licenses(&packages.iter().collect::<Vec<_>>(), &policy(), &mut findings);
        assert_eq!(findings.problems(), ["bad 1.0.0: the licence \"GPL-3.0\" is not allowed by deny.toml"]);
        assert_eq!(findings.warnings(), ["deny.toml allows the licence ISC, which no dependency has"]);
    }

    #[test]
    fn only_releases_from_the_registry_are_accepted() {
        let git = package("git", "1.0.0", "MIT", "git+https://example.org/git");
        let early = package("early", "1.0.0-rc.1", "MIT", CRATES_IO);
        let release = package("release", "1.0.0+spec-1.1", "MIT", CRATES_IO);
        let mut findings = Findings::default();
        check_origins(&[&git, &early, &release], &mut findings);
        assert_eq!(findings.problems().len(), 2, "{findings:?}");
    }

    #[test]
    fn two_versions_are_noted_unless_listed() {
        let packages = ["1.0.0", "2.0.0"].map(|version| package("new", version, "MIT", CRATES_IO));
        let listed = ["1.4.0", "2.0.0"].map(|version| package("old", version, "MIT", CRATES_IO));
        let mut findings = Findings::default();
        check_duplicates(&packages.iter().chain(&listed).collect::<Vec<_>>(), &policy(), &mut findings);
        assert_eq!(findings.warnings(), ["new: 2 versions: 1.0.0, 2.0.0"]);
    }
}
