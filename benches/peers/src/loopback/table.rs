//! The result, as a table in Markdown.

use super::Plan;
use super::server::Introduction;
use super::wrk::Report;
use crate::lock;
use crate::numbers::Samples;
use std::fmt::Write as _;

/// What was measured of one application.
#[derive(Debug, Clone)]
pub(super) struct Line {
    introduction: Introduction,
    rate: Samples,
    median: Samples,
    p99: Samples,
    busy: Samples,
}

impl Line {
    pub(super) fn new(introduction: &Introduction) -> Self {
        let none = Samples::default;
        Self { introduction: introduction.clone(), rate: none(), median: none(), p99: none(), busy: none() }
    }

    pub(super) fn label(&self) -> &str {
        &self.introduction.label
    }

    pub(super) fn push(&mut self, report: &Report, busy: f64) {
        self.rate.push(report.rate);
        self.median.push(report.median);
        self.p99.push(report.p99);
        self.busy.push(busy);
    }

    fn is_bare_of(&self, framework: &str) -> bool {
        !self.introduction.has_sessions && self.introduction.framework == framework
    }
}

pub(super) fn print(plan: &Plan, lines: &[Line], wrk: &str) -> String {
    let mut table = format!(
        "{} sessions in {}, {} connections of wrk {wrk}, medians of {} runs of {} s\n\n\
         | | requests/s | of the framework's | 50 %, ms | 99 %, ms | core busy |\n|---|--:|--:|--:|--:|--:|\n",
        plan.users, plan.store, plan.connections, plan.rounds, plan.seconds,
    );
    for line in lines {
        let Introduction { framework, label, .. } = &line.introduction;
        let bare =
            lines.iter().find(|line| line.is_bare_of(framework)).map_or(f64::NAN, |bare| bare.rate.median());
        let rate = line.rate.median();
        _ = writeln!(
            table,
            "| {framework} {}: {label} | {rate:.0} | {:.0} % | {:.2} | {:.2} | {:.0} % |",
            lock::version(framework),
            100.0 * rate / bare,
            line.median.median(),
            line.p99.median(),
            100.0 * line.busy.median(),
        );
    }
    for (name, reason) in plan.store.absent() {
        _ = writeln!(table, "| {name} {}: {reason} | – | – | – | – | – |", lock::version(name));
    }
    table
}
