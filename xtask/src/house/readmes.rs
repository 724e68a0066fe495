//! Rust code in a README is compiled, because a crate includes that README in its documentation.

use std::path::{Component, Path, PathBuf};

use super::TextFile;
use crate::report::Findings;

pub(super) fn check(files: &[TextFile], findings: &mut Findings) {
    let included: Vec<PathBuf> =
        files.iter().filter(|file| file.has_extension("rs")).flat_map(inclusions).collect();
    for file in files.iter().filter(|file| file.is_named("README.md")) {
        let path = file.path.display();
        let fences: Vec<_> = rust_fences(&file.text).collect();
        if fences.iter().any(|options| options.contains("ignore")) {
            findings.problem(format!("{path}: Rust code that is ignored proves nothing"));
        }
        if !fences.is_empty() && !included.contains(&file.path) {
            findings.problem(format!("{path}: its Rust code is not tested, no crate has include_str! of it"));
        }
    }
}

/// What follows "rust" where a block of Rust code begins, such as `,no_run`.
fn rust_fences(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let options = line.trim_start().strip_prefix("```rust")?;
        (options.is_empty() || options.starts_with([',', ' '])).then_some(options)
    })
}

/// The files that a source file includes, relative to the root.
fn inclusions(file: &TextFile) -> Vec<PathBuf> {
    let folder = file.path.parent().unwrap_or(Path::new(""));
    let quoted = file.text.split("include_str!(\"").skip(1).filter_map(|rest| rest.split_once('"'));
    quoted.map(|(path, _)| normal(&folder.join(path))).collect()
}

/// Without `..`, which need not exist on disk.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => _ = normal.pop(),
            Component::CurDir => {}
            other => normal.push(other),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "# Title\n\n```rust\nfn main() {}\n```\n";

    fn problems(readme: &str, source: &str) -> usize {
        let files = [TextFile::new("README.md", readme), TextFile::new("crates/hallpass/src/lib.rs", source)];
        let mut findings = Findings::default();
        check(&files, &mut findings);
        findings.problems().len()
    }

    #[test]
    fn rust_code_has_to_be_part_of_a_crates_documentation() {
        assert_eq!(problems(CODE, ""), 1);
        assert_eq!(problems(CODE, r#"#![doc = include_str!("../../../README.md")]"#), 0);
        assert_eq!(problems(CODE, r#"#![doc = include_str!("../README.md")]"#), 1);
    }

    #[test]
    fn other_code_needs_no_test() {
        assert_eq!(problems("```sh\ncargo xtask test\n```\n```rustfmt\n```\n", ""), 0);
    }

    #[test]
    fn ignored_code_is_refused() {
        let ignored = CODE.replace("```rust", "```rust,ignore");
        assert_eq!(problems(&ignored, r#"#![doc = include_str!("../../../README.md")]"#), 1);
    }
}
