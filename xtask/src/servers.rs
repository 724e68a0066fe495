//! The servers that the tests talk to.

use std::convert::Infallible;
use std::fs;
use std::path::Path;
use std::thread;

use hallpass_servers::{Kind, Servers};

use crate::metadata::Metadata;
use crate::report::Result;

/// Starts all servers, prints the lines that tell a shell where they are, and stays until it is interrupted.
pub(crate) fn keep() -> Result<Infallible> {
    let servers = Servers::start(&Kind::ALL)?;
    for (name, address) in servers.addresses() {
        println!("export {name}='{address}'");
    }
    println!("# they end with this program: Ctrl-C");
    loop {
        thread::park();
    }
}

/// The servers whose variables the sources of these packages name; all of them if no package is named, or one that is not
/// a member by its plain name.
pub(crate) fn needed(packages: &[&str]) -> Result<Vec<Kind>> {
    let metadata = Metadata::of_workspace()?;
    let folder = |name: &&str| {
        let package = metadata.packages.iter().find(|package| package.name == **name)?;
        Some(metadata.folder(package))
    };
    let folders: Option<Vec<&Path>> = packages.iter().map(folder).collect();
    match folders {
        Some(folders) if !folders.is_empty() => named_in(&folders),
        _ => Ok(Kind::ALL.to_vec()),
    }
}

fn named_in(folders: &[&Path]) -> Result<Vec<Kind>> {
    let mut text = String::new();
    for folder in folders {
        gather(folder, &mut text)?;
    }
    Ok(Kind::ALL.into_iter().filter(|kind| names(&text, kind.variable())).collect())
}

fn gather(folder: &Path, text: &mut String) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            gather(&entry.path(), text)?;
        } else if entry.path().extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(entry.path())?);
        }
    }
    Ok(())
}

/// Whether the text has this word, rather than a longer one that begins with it.
fn names(text: &str, variable: &str) -> bool {
    let goes_on = |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    text.match_indices(variable).any(|(place, _)| !goes_on(&text[place + variable.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_name_is_another_variable() {
        assert!(names("env!(\"HALLPASS_TEST_REDIS\")", Kind::Redis.variable()));
        assert!(!names("env!(\"HALLPASS_TEST_REDIS_CLUSTER\")", Kind::Redis.variable()));
        assert!(names("HALLPASS_TEST_REDIS_CLUSTER", Kind::RedisCluster.variable()));
    }

    #[test]
    fn a_package_without_such_tests_needs_no_server() {
        let core = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/hallpass-core");
        assert!(named_in(&[&core]).unwrap().is_empty());
    }

    #[test]
    fn an_unknown_package_or_none_may_need_every_server() {
        assert_eq!(needed(&[]).unwrap(), Kind::ALL);
        assert_eq!(needed(&["no-such-package"]).unwrap(), Kind::ALL);
    }
}
