//! Who runs a server: root never does.

use std::process::{Command, Stdio};

use crate::Result;

/// A user of this machine and his group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl Account {
    /// `None` where this program runs unprivileged already; for root the user `name`, or `nobody`.
    pub(crate) fn for_server(name: &str) -> Result<Option<Self>> {
        if id(&["-u"]) != Some(0) {
            return Ok(None);
        }
        let account = Self::of(name).or_else(|| Self::of("nobody"));
        Ok(Some(account.ok_or_else(|| format!("neither the user {name} nor nobody exists"))?))
    }

    fn of(name: &str) -> Option<Self> {
        Some(Self { uid: id(&["-u", name])?, gid: id(&["-g", name])? }).filter(|account| account.uid != 0)
    }
}

fn id(arguments: &[&str]) -> Option<u32> {
    let output = Command::new("id").args(arguments).stderr(Stdio::null()).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_server_runs_as_root() {
        assert_eq!(Account::of("root"), None);
        assert_eq!(Account::of("no-such-user-here"), None);
        if let Some(account) = Account::for_server("no-such-user-here").unwrap() {
            assert_ne!(account.uid, 0);
        }
    }
}
