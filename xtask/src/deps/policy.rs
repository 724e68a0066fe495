//! The part of `deny.toml` that is checked here.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::str::FromStr;

use serde::Deserialize;

use crate::report::Result;

#[derive(Debug, Deserialize)]
pub(super) struct Policy {
    licenses: Licenses,
    #[serde(default)]
    bans: Bans,
}

impl Policy {
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(text.parse().map_err(|error| format!("{}: {error}", path.display()))?)
    }

    /// The SPDX identifiers that a dependency may have.
    pub(super) fn allowed(&self) -> &BTreeSet<String> {
        &self.licenses.allow
    }

    /// Whether this version is listed as a known duplicate.
    pub(super) fn skips(&self, name: &str, version: &str) -> bool {
        self.bans.skip.iter().any(|skip| skip.covers(name, version))
    }
}

impl FromStr for Policy {
    type Err = toml::de::Error;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        toml::from_str(text)
    }
}

#[derive(Debug, Deserialize)]
struct Licenses {
    allow: BTreeSet<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Bans {
    #[serde(default)]
    skip: Vec<Skip>,
}

/// `"name"`, `"name@1.2"`, or one of these with a reason.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Skip {
    Plain(String),
    Explained {
        #[serde(rename = "crate")]
        spec: String,
    },
}

impl Skip {
    fn covers(&self, name: &str, version: &str) -> bool {
        let (Self::Plain(spec) | Self::Explained { spec }) = self;
        match spec.split_once('@') {
            None => spec == name,
            Some((listed, prefix)) => listed == name && begins_with(version, prefix.trim_start_matches('=')),
        }
    }
}

/// Whole numbers only: `0.5` begins `0.5.3` but not `0.52.0`.
fn begins_with(version: &str, prefix: &str) -> bool {
    version.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '+']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_duplicates_are_listed_by_name_or_version() {
        let text =
            "[licenses]\nallow = []\n[bans]\nskip = ['a', 'b@0.5', { crate = 'c@=1.2.3', reason = 'x' }]";
        let policy: Policy = text.parse().unwrap();
        assert!(policy.skips("a", "7.0.0"));
        assert!(policy.skips("b", "0.5.1") && !policy.skips("b", "0.52.0"));
        assert!(policy.skips("c", "1.2.3") && !policy.skips("c", "1.2.4"));
        assert!(!policy.skips("d", "1.0.0"));
    }

    #[test]
    fn a_policy_without_licences_is_refused() {
        assert!("[bans]\nskip = []".parse::<Policy>().is_err());
    }
}
