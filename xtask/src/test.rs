//! The tests, with the servers that they need.

use std::process::Command;
use std::thread;

use hallpass_servers::Servers;

use crate::cargo::{cargo, run, run_with};
use crate::report::{Findings, Report, Result};
use crate::servers::needed;

/// Runs the tests of all targets, those that need a server included, then the documentation tests.
///
/// `extra` goes to `cargo test`. Naming packages there replaces the whole workspace and starts only the servers that
/// these packages name; choosing targets leaves the documentation tests out.
pub(crate) fn run_all(report: &mut Report, extra: &[String]) {
    let selection = Selection::of(extra);
    report.step("tests", || all_targets(&selection, extra));
    if !selection.targets {
        report.step("doctests", || doctests(&selection, extra));
    }
}

fn all_targets(selection: &Selection<'_>, extra: &[String]) -> Result<Findings> {
    let (options, filters) = split(extra);
    let command = || {
        let mut command = cargo(["test", "--locked", "--no-fail-fast", "--all-features"]);
        if selection.packages.is_empty() {
            command.args(["--workspace", "--exclude", "benches"]);
        }
        if !selection.targets {
            command.arg("--all-targets");
        }
        command.args(options);
        command
    };
    let servers = start_while(selection, command().arg("--no-run"))?;
    let mut command = command();
    command.arg("--").args(filters).args(selection.included());
    run_with(&mut command, servers.addresses())?;
    Ok(Findings::default())
}

/// Starts the servers while the tests are being built.
fn start_while(selection: &Selection<'_>, build: &mut Command) -> Result<Servers> {
    let kinds = needed(&selection.packages)?;
    thread::scope(|scope| {
        let starting = scope.spawn(|| Servers::start(&kinds));
        let built = run(build);
        let servers = starting.join().map_err(|_| "starting the servers panicked")?;
        built.and(Ok(servers?))
    })
}

/// Prints the table of all stores.
pub(crate) fn compare_stores() -> Result<Findings> {
    let servers = Servers::start(&needed(&["hallpass-stores"])?)?;
    let mut command = cargo(["run", "--locked", "--quiet", "-p", "hallpass-stores"]);
    run_with(&mut command, servers.addresses())?;
    Ok(Findings::default())
}

fn doctests(selection: &Selection<'_>, extra: &[String]) -> Result<Findings> {
    let mut command = cargo(["test", "--locked", "--no-fail-fast", "--doc", "--all-features"]);
    if selection.packages.is_empty() {
        command.arg("--workspace");
    }
    run(command.args(extra))?;
    Ok(Findings::default())
}

/// What is for cargo, and what is for the test programs.
fn split(extra: &[String]) -> (&[String], &[String]) {
    match extra.iter().position(|word| word == "--") {
        Some(place) => (&extra[..place], &extra[place + 1..]),
        None => (extra, &[]),
    }
}

/// What the caller's own arguments choose already.
#[derive(Debug, PartialEq, Eq)]
struct Selection<'a> {
    packages: Vec<&'a str>,
    targets: bool,
    documentation: bool,
    ignored: bool,
}

impl<'a> Selection<'a> {
    fn of(extra: &'a [String]) -> Self {
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
        let (options, filters) = split(extra);
        let has = |wanted: &[&str]| options.iter().any(|option| wanted.contains(&name(option)));
        let chooses_ignored = |word: &String| word == "--ignored" || word == "--include-ignored";
        Self {
            packages: packages(options),
            targets: has(&TARGETS),
            documentation: has(&["--doc"]),
            ignored: filters.iter().any(chooses_ignored),
        }
    }

    /// Nothing is skipped silently. An ignored example of the documentation is not meant to run.
    fn included(&self) -> Option<&'static str> {
        (!self.ignored && !self.documentation).then_some("--include-ignored")
    }
}

fn name(option: &str) -> &str {
    option.split_once('=').map_or(option, |(name, _)| name)
}

/// The values of `-p x`, `-px`, `--package x` and `--package=x`.
fn packages(options: &[String]) -> Vec<&str> {
    let mut options = options.iter().map(String::as_str);
    let mut packages = Vec::new();
    while let Some(option) = options.next() {
        match option.strip_prefix("--package").or_else(|| option.strip_prefix("-p")) {
            Some("") => packages.extend(options.next()),
            Some(value) => packages.push(value.trim_start_matches('=')),
            None => {}
        }
    }
    packages
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn a_name_alone_searches_the_whole_workspace() {
        let words = words("logout");
        let selection = Selection::of(&words);
        assert!(selection.packages.is_empty() && !selection.targets);
    }

    #[test]
    fn packages_are_seen_in_every_spelling() {
        for line in ["-p x", "-px", "--package x", "--package=x", "--locked -p x -- -p y"] {
            let words = words(line);
            let selection = Selection::of(&words);
            assert_eq!((selection.packages, selection.targets), (vec!["x"], false), "{line}");
        }
        assert_eq!(Selection::of(&words("-p x name --package y")).packages, ["x", "y"]);
    }

    #[test]
    fn targets_are_seen_in_every_spelling() {
        for line in ["--doc", "--lib", "--test sql", "--test=sql"] {
            let words = words(line);
            let selection = Selection::of(&words);
            assert!(selection.targets && selection.packages.is_empty(), "{line}");
        }
    }

    #[test]
    fn what_goes_to_the_test_programs_selects_nothing() {
        let words = words("-- --test -p");
        let selection = Selection::of(&words);
        assert!(selection.packages.is_empty() && !selection.targets);
    }

    #[test]
    fn ignored_tests_run_unless_the_caller_chose_or_the_documentation_is_meant() {
        for line in ["", "-p x", "logout -- --nocapture"] {
            assert_eq!(Selection::of(&words(line)).included(), Some("--include-ignored"), "{line}");
        }
        for line in ["-- --ignored", "-- --include-ignored", "--doc"] {
            assert_eq!(Selection::of(&words(line)).included(), None, "{line}");
        }
    }

    #[test]
    fn arguments_are_split_at_the_dashes() {
        let words = words("-p x -- --nocapture name");
        assert_eq!(split(&words), (&words[..2], &words[3..]));
        assert_eq!(split(&words[..2]), (&words[..2], [].as_slice()));
    }
}
