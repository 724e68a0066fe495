//! The tests: with only a Rust toolchain and a C compiler.

use crate::cargo::{cargo, run};
use crate::report::{Findings, Report, Result};

/// Runs the tests of all targets, then the documentation tests.
///
/// `extra` goes to `cargo test`. Naming packages there replaces the whole workspace, and choosing
/// targets leaves the documentation tests out.
pub(crate) fn run_all(report: &mut Report, extra: &[String]) {
    let selection = Selection::of(extra);
    report.step("tests", || all_targets(selection, extra));
    if !selection.targets {
        report.step("doctests", || doctests(selection, extra));
    }
}

fn all_targets(selection: Selection, extra: &[String]) -> Result<Findings> {
    let mut command = cargo(["test", "--locked", "--no-fail-fast"]);
    if !selection.packages {
        command.args(["--workspace", "--exclude", "benches"]);
    }
    if !selection.targets {
        command.arg("--all-targets");
    }
    run(command.args(extra))?;
    Ok(Findings::default())
}

fn doctests(selection: Selection, extra: &[String]) -> Result<Findings> {
    let mut command = cargo(["test", "--locked", "--no-fail-fast", "--doc", "--all-features"]);
    if !selection.packages {
        command.arg("--workspace");
    }
    run(command.args(extra))?;
    Ok(Findings::default())
}

/// What the caller's own arguments choose already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Selection {
    packages: bool,
    targets: bool,
}

impl Selection {
    fn of(extra: &[String]) -> Self {
        const TARGETS: [&str; 11] = [
            "--doc",
            "--lib",
            "--bin",
            "--bins",
            "--test",
            "--tests",
            "--example",
            "--examples",
            "--bench",
            "--benches",
            "--all-targets",
        ];
        let options = || extra.iter().take_while(|word| *word != "--").map(|word| name(word));
        Self {
            packages: options().any(|option| option.starts_with("-p") || option == "--package"),
            targets: options().any(|option| TARGETS.contains(&option)),
        }
    }
}

fn name(option: &str) -> &str {
    option.split_once('=').map_or(option, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selection(line: &str) -> Selection {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Selection::of(&words)
    }

    #[test]
    fn a_name_alone_searches_the_whole_workspace() {
        assert_eq!(selection("logout"), Selection { packages: false, targets: false });
    }

    #[test]
    fn packages_and_targets_are_seen_in_every_spelling() {
        for line in ["-p hallpass-core", "-phallpass-core", "--package x", "--package=x"] {
            assert_eq!(selection(line), Selection { packages: true, targets: false }, "{line}");
        }
        for line in ["--doc", "--lib", "--test sql", "--test=sql"] {
            assert_eq!(selection(line), Selection { packages: false, targets: true }, "{line}");
        }
    }

    #[test]
    fn what_goes_to_the_test_programs_selects_nothing() {
        assert_eq!(selection("-- --test -p"), Selection { packages: false, targets: false });
    }
}
