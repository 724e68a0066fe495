//! The servers that the tests talk to.

use std::convert::Infallible;
use std::fs;
use std::path::Path;
use std::thread;

use hallpass_servers::{Kind, Servers};

use crate::metadata::{Metadata, Package};
use crate::report::Result;

/// It names them all and needs none of them running.
const SERVERS: &str = "hallpass-servers";

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

/// The servers whose variables are named by the sources of these packages, or of what their tests are made with; all of
/// them if no package is named, or one that is not a member by its plain name.
pub(crate) fn needed(packages: &[&str]) -> Result<Vec<Kind>> {
    let metadata = Metadata::of_workspace()?;
    let packages: Option<Vec<&Package>> = packages.iter().map(|name| metadata.member(name)).collect();
    match packages {
        Some(packages) if !packages.is_empty() => {
            let helpers = packages.iter().flat_map(|package| package.dev_dependencies());
            let helpers = helpers.filter(|name| *name != SERVERS).filter_map(|name| metadata.member(name));
            let all = packages.iter().copied().chain(helpers);
            named_in(&all.filter_map(|package| package.manifest_path.parent()).collect::<Vec<_>>())
        }
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
    fn a_package_needs_what_its_tests_are_made_with() {
        assert_eq!(needed(&["example-warp"]).unwrap(), Kind::ALL);
        assert_eq!(needed(&["hallpass-browser"]).unwrap(), [Kind::WebDriver]);
        assert_eq!(needed(&["hallpass-redis"]).unwrap(), [Kind::Redis, Kind::RedisCluster]);
    }

    #[test]
    fn an_unknown_package_or_none_may_need_every_server() {
        assert_eq!(needed(&[]).unwrap(), Kind::ALL);
        assert_eq!(needed(&["no-such-package"]).unwrap(), Kind::ALL);
    }
}
