//! The commands that people and CI run.
//!
//! `cargo xtask test` is the one test command, `cargo xtask ci` is that and every other check.
//! They need a Rust toolchain, a C compiler and the servers that the tests talk to, and no network once the dependencies
//! are fetched and the servers are installed.

mod bench;
mod cargo;
mod checks;
mod deps;
mod features;
mod guard;
mod house;
mod metadata;
mod msrv;
mod report;
mod screenshots;
mod servers;
mod test;

use std::env;
use std::path::Path;
use std::process::ExitCode;

use report::{Findings, Report, Result};

const USAGE: &str = "\
usage: cargo xtask <command> [-- <arguments for cargo>]

  ci           every check below, then the tests
  test         the tests, on private servers, and the documentation tests; takes arguments
  servers      starts these servers, prints how to reach them, and ends them at Ctrl-C
  stores       prints which promises of a store each store keeps, on private servers
  bench        the benchmarks; takes arguments
  screenshots  pictures of the demo's pages, in docs/screenshots

  fmt          formatting
  house        the rules of the house: file sizes, manifests, README code, paths
  deps         licences, sources, versions and number of dependencies
  msrv         the declared minimum Rust version against those of the dependencies
  clippy       lints on all targets with all features
  docs         documentation without warnings
  features     every published crate with each of its features alone
  guard        instructions and allocations of a request against benches/bounds.toml; --write makes new bounds
";

type Check = fn() -> Result<Findings>;

/// Cheap ones first, then those that build, in an order in which each finds the artefacts of the one before.
const CHECKS: [(&str, Check); 8] = [
    ("fmt", checks::fmt),
    ("house", house::check),
    ("deps", deps::check),
    ("msrv", msrv::check),
    ("clippy", checks::clippy),
    ("docs", checks::docs),
    ("features", features::check),
    ("guard", guard::check),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let Some(task) = Task::parse(&arguments) else {
        eprint!("{USAGE}");
        return ExitCode::from(2);
    };
    if let Err(error) = enter_workspace() {
        eprintln!("error: {error}");
        return ExitCode::FAILURE;
    }
    task.run()
}

/// What the command line asks for.
#[derive(Debug)]
enum Task<'a> {
    Help,
    Ci,
    Test(&'a [String]),
    Servers,
    Stores,
    Bench(&'a [String]),
    Screenshots,
    WriteBounds,
    Check(&'static str, Check),
}

impl<'a> Task<'a> {
    fn parse(arguments: &'a [String]) -> Option<Self> {
        let (command, rest) = arguments.split_first()?;
        match (command.as_str(), rest) {
            ("test", rest) => Some(Self::Test(after_dashes(rest)?)),
            ("bench", rest) => Some(Self::Bench(after_dashes(rest)?)),
            ("ci", []) => Some(Self::Ci),
            ("servers", []) => Some(Self::Servers),
            ("stores", []) => Some(Self::Stores),
            ("screenshots", []) => Some(Self::Screenshots),
            ("guard", [flag]) if flag == "--write" => Some(Self::WriteBounds),
            ("help" | "--help" | "-h", []) => Some(Self::Help),
            (command, []) => {
                let (name, check) = CHECKS.into_iter().find(|(name, _)| *name == command)?;
                Some(Self::Check(name, check))
            }
            _ => None,
        }
    }

    fn run(self) -> ExitCode {
        let mut report = Report::default();
        match self {
            Self::Help => {
                print!("{USAGE}");
                return ExitCode::SUCCESS;
            }
            Self::Ci => {
                CHECKS.into_iter().for_each(|(name, check)| report.step(name, check));
                test::run_all(&mut report, &[]);
            }
            Self::Test(extra) => test::run_all(&mut report, extra),
            Self::Servers => return keep_servers(),
            Self::Stores => report.step("stores", test::compare_stores),
            Self::Bench(extra) => report.step("bench", || bench::run_all(extra)),
            Self::Screenshots => report.step("screenshots", screenshots::take),
            Self::WriteBounds => report.step("guard", guard::write),
            Self::Check(name, check) => report.step(name, check),
        }
        report.finish()
    }
}

/// Prints nothing but what a shell can read.
fn keep_servers() -> ExitCode {
    let Err(error) = servers::keep();
    eprintln!("error: {error}");
    ExitCode::FAILURE
}

fn after_dashes(arguments: &[String]) -> Option<&[String]> {
    match arguments {
        [] => Some(&[]),
        [dashes, rest @ ..] if dashes == "--" => Some(rest),
        _ => None,
    }
}

/// All steps name their files relative to the root of the workspace.
fn enter_workspace() -> Result<()> {
    let manifest_dir = env::var_os("CARGO_MANIFEST_DIR").ok_or("run this as `cargo xtask`")?;
    let root = Path::new(&manifest_dir).parent().ok_or("xtask is not inside a workspace")?;
    Ok(env::set_current_dir(root)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn arguments_after_the_dashes_go_to_cargo() {
        let line = words("test -- -p hallpass-core -- --nocapture");
        let Some(Task::Test(extra)) = Task::parse(&line) else { panic!("{line:?}") };
        assert_eq!(extra, words("-p hallpass-core -- --nocapture"));
    }

    #[test]
    fn every_check_of_the_table_is_a_command() {
        for (name, _) in CHECKS {
            assert!(matches!(Task::parse(&words(name)), Some(Task::Check(found, _)) if found == name));
            assert!(USAGE.contains(&format!("\n  {name} ")), "{name} is missing in the usage");
        }
    }

    #[test]
    fn anything_else_is_a_usage_error() {
        for line in ["", "unknown", "ci -- extra", "fmt extra", "guard --wrong", "test name-without-dashes"] {
            assert!(Task::parse(&words(line)).is_none(), "{line:?}");
        }
    }
}
