//! Steps that run one after another, whatever the result of the one before, and their summary.

use std::error::Error;
use std::fmt;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// The error of a step that could not do its work.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What a step found: problems fail it, warnings do not.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    problems: Vec<String>,
    warnings: Vec<String>,
}

impl Findings {
    pub(crate) fn problem(&mut self, text: impl Into<String>) {
        self.problems.push(text.into());
    }

    pub(crate) fn warning(&mut self, text: impl Into<String>) {
        self.warnings.push(text.into());
    }

    pub(crate) fn has_problems(&self) -> bool {
        !self.problems.is_empty()
    }

    pub(crate) fn has_warnings(&self) -> bool {
        !self.warnings.is_empty()
    }

    #[cfg(test)]
    pub(crate) fn problems(&self) -> &[String] {
        &self.problems
    }

    #[cfg(test)]
    pub(crate) fn warnings(&self) -> &[String] {
        &self.warnings
    }

    fn print(&self) {
        self.warnings.iter().for_each(|text| println!("warning: {text}"));
        self.problems.iter().for_each(|text| println!("error: {text}"));
    }
}

/// The results so far.
#[derive(Debug, Default)]
pub(crate) struct Report {
    outcomes: Vec<Outcome>,
}

impl Report {
    /// Runs one step and notes its result.
    pub(crate) fn step(&mut self, name: &'static str, work: impl FnOnce() -> Result<Findings>) {
        println!("\n==> {name}");
        let started = Instant::now();
        let verdict = Verdict::of(work());
        self.outcomes.push(Outcome { name, verdict, took: started.elapsed() });
    }

    /// Prints the summary; the exit code fails if a step did.
    pub(crate) fn finish(self) -> ExitCode {
        println!("\n{self}");
        if self.failed() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }

    fn failed(&self) -> bool {
        self.outcomes.iter().any(|outcome| matches!(outcome.verdict, Verdict::Failed(_)))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<10} {:<7} {:>9}", "step", "result", "time")?;
        self.outcomes.iter().try_for_each(|outcome| writeln!(f, "{outcome}"))?;
        let took: Duration = self.outcomes.iter().map(|outcome| outcome.took).sum();
        let result = if self.failed() { "FAILED" } else { "ok" };
        write!(f, "{:<10} {result:<7} {:>7.1} s", "all", took.as_secs_f64())
    }
}

#[derive(Debug)]
struct Outcome {
    name: &'static str,
    verdict: Verdict,
    took: Duration,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (result, remark) = match &self.verdict {
            Verdict::Passed => ("ok", ""),
            Verdict::Warned(remark) => ("ok", remark.as_str()),
            Verdict::Failed(remark) => ("FAILED", remark.as_str()),
        };
        let line = format!("{:<10} {result:<7} {:>7.1} s  {remark}", self.name, self.took.as_secs_f64());
        f.write_str(line.trim_end())
    }
}

#[derive(Debug)]
enum Verdict {
    Passed,
    Warned(String),
    Failed(String),
}

impl Verdict {
    fn of(result: Result<Findings>) -> Self {
        match result {
            Ok(findings) => {
                findings.print();
                Self::counted(findings.problems.len(), findings.warnings.len())
            }
            Err(error) => {
                println!("error: {error}");
                Self::Failed(error.to_string().lines().next().unwrap_or_default().to_owned())
            }
        }
    }

    fn counted(problems: usize, warnings: usize) -> Self {
        match (problems, warnings) {
            (0, 0) => Self::Passed,
            (0, _) => Self::Warned(format!("warnings: {warnings}")),
            (_, 0) => Self::Failed(format!("errors: {problems}")),
            _ => Self::Failed(format!("errors: {problems}, warnings: {warnings}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_step_fails_the_report_and_stops_no_other() {
        let mut report = Report::default();
        report.step("first", || Err("broken".into()));
        report.step("second", || Ok(Findings::default()));
        assert!(report.failed());
        let summary = report.to_string();
        assert!(summary.contains("first      FAILED") && summary.contains("broken"), "{summary}");
        assert!(summary.contains("second     ok"), "{summary}");
    }

    #[test]
    fn a_problem_fails_a_step_and_a_warning_does_not() {
        let mut report = Report::default();
        let mut findings = Findings::default();
        findings.warning("odd");
        report.step("warned", || Ok(findings));
        assert!(!report.failed());
        assert!(report.to_string().contains("warnings: 1"));

        let mut findings = Findings::default();
        findings.problem("wrong");
        report.step("wrong", || Ok(findings));
        assert!(report.failed());
    }
}
