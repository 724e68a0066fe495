//! Calling cargo and other programs.

use std::env;
use std::ffi::OsStr;
use std::iter;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::report::Result;

/// The cargo that runs this program, with these arguments.
pub(crate) fn cargo<I>(arguments: I) -> Command
where
    I: IntoIterator<Item: AsRef<OsStr>>,
{
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Runs a command whose output goes straight through.
///
/// # Errors
///
/// If it cannot be started or does not succeed.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    run_with(command, [])
}

/// Like [`run`], with variables that are not shown.
pub(crate) fn run_with<'a>(
    command: &mut Command,
    secret: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<()> {
    let line = shown(command);
    println!("$ {line}");
    let status = command.envs(secret).status().map_err(|error| format!("`{line}`: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{line}`: {status}").into()) }
}

/// What a command writes to its standard output.
///
/// # Errors
///
/// If it cannot be started, does not succeed, or does not write UTF-8.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    let line = shown(command);
    let output = command.stderr(Stdio::inherit()).output().map_err(|error| format!("`{line}`: {error}"))?;
    if !output.status.success() {
        return Err(format!("`{line}`: {}", output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Whether `cargo NAME` is installed.
pub(crate) fn has_subcommand(name: &str) -> bool {
    let mut command = cargo([name, "--version"]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// The command as one would type it.
fn shown(command: &Command) -> String {
    let settings = command
        .get_envs()
        .filter_map(|(name, value)| Some(format!("{}={:?}", name.display(), value?.to_string_lossy())));
    let program = Path::new(command.get_program()).file_stem().unwrap_or_default();
    let words = iter::once(program).chain(command.get_args()).map(|word| word.to_string_lossy().into_owned());
    settings.chain(words).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_one_would_type_it() {
        let mut command = Command::new("some/where/cargo");
        command.args(["doc", "--locked"]).env("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(shown(&command), r#"RUSTDOCFLAGS="-D warnings" cargo doc --locked"#);
    }

    #[test]
    fn a_command_that_fails_or_cannot_start_is_an_error() {
        assert!(run(cargo(["no-such-subcommand"]).stderr(Stdio::null())).is_err());
        assert!(!has_subcommand("no-such-subcommand"));
        assert!(run(&mut Command::new("no-such-program")).is_err());
        assert!(capture(&mut Command::new("no-such-program")).is_err());
    }
}
