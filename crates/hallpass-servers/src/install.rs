//! Where the programs are, and Debian's packages for those that are missing.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{Kind, Result};

/// Keeps what is being installed from starting: the servers of the system are none of our business.
const INSTALL: &str = r#"
set -e
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 1' INT TERM
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
apt-get update
apt-get install --yes --no-install-recommends "$@"
"#;

/// Installs the programs that these kinds miss, where that is allowed.
///
/// # Errors
///
/// With the command that helps, if it is not.
pub fn install(kinds: &[Kind]) -> Result<()> {
    install_while(|| missing_packages(kinds, &folders()))
}

/// The path of a program, which is installed from Debian's `package` if it is missing and that is allowed.
///
/// # Errors
///
/// With the command that helps, if it is not.
pub fn install_program(name: &str, package: &'static str) -> Result<PathBuf> {
    install_while(|| if find(name, &folders()).is_none() { vec![package] } else { Vec::new() })?;
    program(name)
}

/// Installs what is missing, and looks whether it still is.
fn install_while(missing: impl Fn() -> Vec<&'static str>) -> Result<()> {
    let packages = missing();
    if packages.is_empty() {
        return Ok(());
    }
    let Some(mut command) = privileged_shell() else {
        return Err(advice(&packages).into());
    };
    eprintln!("installing {}", packages.join(", "));
    let status = command.args(["-c", INSTALL, "sh"]).args(&packages).stdin(Stdio::null()).status();
    if !status.is_ok_and(|status| status.success()) {
        return Err(advice(&packages).into());
    }
    match missing() {
        packages if packages.is_empty() => Ok(()),
        packages => Err(advice(&packages).into()),
    }
}

/// The path of a program.
pub(crate) fn program(name: &str) -> Result<PathBuf> {
    let missing = || format!("{name} is not installed; `cargo xtask test` installs it, or says how");
    Ok(find(name, &folders()).ok_or_else(missing)?)
}

fn missing_packages(kinds: &[Kind], folders: &[PathBuf]) -> Vec<&'static str> {
    let is_missing = |kind: &&Kind| kind.programs().iter().any(|name| find(name, folders).is_none());
    let mut packages: Vec<_> = kinds.iter().filter(is_missing).map(|kind| kind.package()).collect();
    packages.sort_unstable();
    packages.dedup();
    packages
}

fn find(name: &str, folders: &[PathBuf]) -> Option<PathBuf> {
    folders.iter().map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// Those of the path, and where Debian puts servers: in no user's path.
fn folders() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/sbin", "/usr/local/sbin", "/sbin"].map(PathBuf::from);
    postgres_versions(Path::new("/usr/lib/postgresql"))
        .into_iter()
        .chain(env::split_paths(&path))
        .chain(system)
        .collect()
}

/// The newest first, so that all programs come from one version.
fn postgres_versions(root: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, folder)| folder.join("postgres").is_file())
        .collect();
    versions.sort_unstable_by(|a, b| b.cmp(a));
    versions.into_iter().map(|(_, folder)| folder).collect()
}

/// A shell that may install packages without asking anybody.
fn privileged_shell() -> Option<Command> {
    find("apt-get", &folders())?;
    if succeeds(Command::new("sh").args(["-c", "[ \"$(id -u)\" = 0 ]"])) {
        return Some(Command::new("sh"));
    }
    if succeeds(Command::new("sudo").args(["-n", "true"])) {
        let mut command = Command::new("sudo");
        command.args(["-n", "sh"]);
        return Some(command);
    }
    None
}

fn succeeds(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

fn advice(packages: &[&str]) -> String {
    format!(
        "programs are needed that are not installed and could not be: \
         sudo apt-get install --no-install-recommends {}",
        packages.join(" ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_once_and_with_the_command_that_helps() {
        let missing = missing_packages(&Kind::ALL, &[]);
        assert_eq!(missing, ["chromium-driver", "mariadb-server", "postgresql", "redis-server"]);
        let advice = advice(&missing);
        assert!(advice.ends_with(
            "apt-get install --no-install-recommends chromium-driver mariadb-server postgresql redis-server"
        ));
    }

    #[test]
    fn only_what_is_needed_is_missing() {
        assert_eq!(missing_packages(&[Kind::Redis, Kind::RedisCluster], &[]), ["redis-server"]);
        assert!(missing_packages(&[], &[]).is_empty());
    }

    #[test]
    fn programs_are_found_in_the_path() {
        assert!(program("sh").is_ok());
        assert!(program("no-such-program").is_err());
    }

    #[test]
    fn a_program_that_is_there_is_not_installed() {
        assert_eq!(install_program("sh", "no-such-package").unwrap(), program("sh").unwrap());
    }
}
