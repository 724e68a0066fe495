//! The rules of the house that no compiler checks.

mod manifests;
mod readmes;
mod sources;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::cargo::capture;
use crate::metadata::Metadata;
use crate::report::{Findings, Result};

pub(crate) fn check() -> Result<Findings> {
    let files = text_files()?;
    let mut findings = Findings::default();
    sources::check(&files, &mut findings);
    readmes::check(&files, &mut findings);
    manifests::check(&files, &Metadata::of_workspace()?, &mut findings)?;
    Ok(findings)
}

/// A file of the repository, its path relative to the root.
#[derive(Debug)]
struct TextFile {
    path: PathBuf,
    text: String,
}

impl TextFile {
    #[cfg(test)]
    fn new(path: &str, text: &str) -> Self {
        Self { path: path.into(), text: text.to_owned() }
    }

    fn has_extension(&self, extension: &str) -> bool {
        self.path.extension().is_some_and(|own| own == extension)
    }

    fn is_named(&self, name: &str) -> bool {
        self.path.file_name().is_some_and(|own| own == name)
    }
}

/// Every file that git has or would have, except binary ones.
fn text_files() -> Result<Vec<TextFile>> {
    let listed =
        capture(Command::new("git").args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]))?;
    let paths = listed.split('\0').filter(|path| !path.is_empty()).map(PathBuf::from);
    let read = |path: PathBuf| Some(TextFile { text: fs::read_to_string(&path).ok()?, path });
    Ok(paths.filter_map(read).collect())
}
