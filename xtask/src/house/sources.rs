//! The size of source files, and paths that exist on one machine only.

use std::path::Path;

use super::TextFile;
use crate::report::Findings;

/// Longer files are hard to review: worth a look.
const LONG: usize = 400;

/// Longer files have to be split.
const TOO_LONG: usize = 600;

/// Folders at the root of somebody's machine.
const FOREIGN_FOLDERS: [&str; 2] = ["root", "work"];

pub(super) fn check(files: &[TextFile], findings: &mut Findings) {
    for file in files {
        if has_size_limit(file) {
            check_size(file, findings);
        }
        check_paths(file, findings);
    }
}

fn has_size_limit(file: &TextFile) -> bool {
    let mut folders = file.path.iter();
    let in_sources = match folders.next().and_then(|folder| folder.to_str()) {
        Some("crates") => folders.nth(1).is_some_and(|folder| folder == Path::new("src")),
        Some("examples") => true,
        _ => false,
    };
    in_sources && file.has_extension("rs")
}

fn check_size(file: &TextFile, findings: &mut Findings) {
    let (path, lines) = (file.path.display(), file.text.lines().count());
    if lines > TOO_LONG {
        findings.problem(format!("{path}: {lines} lines, at most {TOO_LONG} are allowed"));
    } else if lines > LONG {
        findings.warning(format!("{path}: {lines} lines, more than {LONG}"));
    }
}

fn check_paths(file: &TextFile, findings: &mut Findings) {
    for (index, line) in file.text.lines().enumerate() {
        if FOREIGN_FOLDERS.iter().any(|folder| names_folder(line, folder)) {
            findings.problem(format!("{}:{}: a path of one machine", file.path.display(), index + 1));
        }
    }
}

/// Whether a path in the line begins with `/folder/`, rather than having it further down.
fn names_folder(line: &str, folder: &str) -> bool {
    let is_path = |c: char| c.is_alphanumeric() || "._-~}$".contains(c);
    let path = format!("/{folder}/");
    line.match_indices(&path).any(|(place, _)| !line[..place].ends_with(is_path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, lines: usize) -> Findings {
        let mut findings = Findings::default();
        check(&[TextFile::new(path, &"line\n".repeat(lines))], &mut findings);
        findings
    }

    #[test]
    fn a_source_file_is_warned_about_and_then_refused() {
        let path = "crates/hallpass-core/src/plan/mod.rs";
        assert!(findings(path, LONG).warnings().is_empty());
        assert_eq!(findings(path, LONG + 1).warnings().len(), 1);
        assert!(findings(path, TOO_LONG).problems().is_empty());
        assert_eq!(findings(path, TOO_LONG + 1).problems().len(), 1);
    }

    #[test]
    fn sources_and_examples_have_a_limit_and_tests_have_none() {
        assert_eq!(findings("examples/axum/src/main.rs", 1000).problems().len(), 1);
        assert!(findings("crates/hallpass-core/tests/races.rs", 1000).problems().is_empty());
        assert!(findings("crates/hallpass-core/src/table.csv", 1000).problems().is_empty());
    }

    #[test]
    fn a_path_of_one_machine_is_found_at_its_line() {
        for folder in FOREIGN_FOLDERS {
            let text = format!("first\nsee `/{folder}/notes.txt`\n");
            let mut findings = Findings::default();
            check(&[TextFile::new("README.md", &text)], &mut findings);
            assert_eq!(findings.problems(), ["README.md:2: a path of one machine"]);
        }
    }

    #[test]
    fn a_folder_further_down_is_no_path_of_one_machine() {
        for folder in FOREIGN_FOLDERS {
            for before in ["https://example.org", "frame", "..", "${HOME}"] {
                assert!(!names_folder(&format!("{before}/{folder}/x"), folder), "{before}");
            }
            assert!(names_folder(&format!("https://example.org and /{folder}/x"), folder));
        }
    }
}
