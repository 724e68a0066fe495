//! The versions that are measured, from the lock file.

const LOCK: &str = include_str!("../Cargo.lock");

/// The version of the crate `name`; of several, the newest.
///
/// # Panics
///
/// If the lock file has none.
///
/// ```
/// assert!(peers::lock::version("axum").starts_with("0.8"));
/// assert!(peers::lock::version("tower-sessions").starts_with("0.15"));
/// ```
#[must_use]
pub fn version(name: &str) -> &'static str {
    let versions = LOCK.split("[[package]]").filter(|package| value(package, "name") == Some(name));
    let newest =
        versions.filter_map(|package| value(package, "version")).max_by_key(|version| numbers(version));
    newest.expect("every row's crate is a dependency")
}

fn value<'a>(package: &'a str, key: &str) -> Option<&'a str> {
    let line = package.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "))?;
    Some(line.trim_matches('"'))
}

fn numbers(version: &str) -> Vec<u64> {
    version.split(['.', '-', '+']).filter_map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(numbers("0.15.0") > numbers("0.9.1"));
        assert!(numbers("1.0.22") > numbers("1.0.3+build"));
    }
}
