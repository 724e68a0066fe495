//! Figures beside their bounds.

use std::fmt::Write;

use super::figures::{Figure, Figures};
use crate::report::Findings;

/// How far instructions may be from their bound: 10 %. Keys and tokens are random, so that tables are probed differently,
/// and processors differ a little even when emulated.
const SLACK: f64 = 0.1;

/// How far allocations may be from their bound: less than one a round, but more than what a growing table costs.
const ALLOCATIONS: f64 = 0.5;

const LOWER: &str = "lower these bounds, by cargo xtask guard --write";

const RAISE: &str = "if that is worth it: cargo xtask guard --write, and say why";

/// Finds figures above their bounds, and those far below, whose bounds should follow.
pub(super) fn compare(bounds: &Figures, now: &Figures) -> Findings {
    let mut findings = Findings::default();
    for (app, workload) in keys(bounds, now) {
        let row = format!("{app} {workload}");
        match (of(bounds, app, workload), of(now, app, workload)) {
            (Some(bound), Some(now)) => compare_one(&row, bound, now, &mut findings),
            (Some(_), None) => findings.problem(format!("{row}: was not measured")),
            (None, _) => findings.problem(format!("{row}: has no bound")),
        }
    }
    if findings.has_warnings() {
        findings.warning(LOWER);
    }
    if findings.has_problems() {
        findings.problem(RAISE);
    }
    findings
}

/// All figures, their bounds, and how they differ.
pub(super) fn table(bounds: &Figures, now: &Figures) -> String {
    let mut text = format!(
        "over the bare framework        instructions                   allocations\n{:<15} {:<11}{:>10}{:>9}{:>9}{:>12}{:>7}\n",
        "", "", "bound", "now", "", "bound", "now"
    );
    for (app, workload) in keys(bounds, now) {
        let (bound, now) = (of(bounds, app, workload), of(now, app, workload));
        let change = bound.zip(now).map(|(bound, now)| percent(bound.instructions, now.instructions));
        let instructions = |figure: Option<Figure>| shown(figure.map(|figure| figure.instructions), 0);
        let allocations = |figure: Option<Figure>| shown(figure.map(|figure| figure.allocations), 1);
        _ = writeln!(
            text,
            "{app:<15} {workload:<11}{:>10}{:>9}{:>9}{:>12}{:>7}",
            instructions(bound),
            instructions(now),
            change.unwrap_or_default(),
            allocations(bound),
            allocations(now),
        );
    }
    text
}

fn compare_one(row: &str, bound: Figure, now: Figure, findings: &mut Findings) {
    let change = percent(bound.instructions, now.instructions);
    let instructions =
        format!("{row}: {:.0} instructions, bound {:.0}, {change}", now.instructions, bound.instructions);
    let allocations = format!("{row}: {:.1} allocations, bound {:.1}", now.allocations, bound.allocations);
    let slack = bound.instructions.abs() * SLACK;
    judge(now.instructions - bound.instructions, slack, instructions, findings);
    judge(now.allocations - bound.allocations, ALLOCATIONS, allocations, findings);
}

/// More is a problem. Less is good, and a warning as long as the bound would let it be lost again.
fn judge(difference: f64, slack: f64, text: String, findings: &mut Findings) {
    if difference > slack {
        findings.problem(text);
    } else if difference < -slack {
        findings.warning(text);
    }
}

fn percent(bound: f64, now: f64) -> String {
    format!("{:+.1} %", (now / bound - 1.0) * 100.0)
}

fn shown(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.decimals$}"))
}

fn of(figures: &Figures, app: &str, workload: &str) -> Option<Figure> {
    figures.get(app)?.get(workload).copied()
}

/// Of both, each once.
fn keys<'a>(bounds: &'a Figures, now: &'a Figures) -> Vec<(&'a str, &'a str)> {
    let keys = |figures: &'a Figures| {
        let apps = figures.iter();
        apps.flat_map(|(app, workloads)| workloads.keys().map(|workload| (app.as_str(), workload.as_str())))
    };
    let mut keys: Vec<_> = keys(bounds).chain(keys(now)).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::figures::figures;

    fn compared(bound: (f64, f64), now: (f64, f64)) -> Findings {
        let of = |(instructions, allocations)| figures(&[("axum/layer", "user", instructions, allocations)]);
        compare(&of(bound), &of(now))
    }

    #[test]
    fn the_bound_itself_and_a_little_more_or_less_pass() {
        for instructions in [1000.0, 1090.0, 910.0] {
            let findings = compared((1000.0, 5.0), (instructions, 5.0));
            assert!(findings.problems().is_empty() && findings.warnings().is_empty(), "{findings:?}");
        }
    }

    #[test]
    fn more_instructions_than_the_slack_allows_fail_with_the_figures_and_the_way_out() {
        let findings = compared((1000.0, 5.0), (1110.0, 5.0));
        assert_eq!(findings.problems(), ["axum/layer user: 1110 instructions, bound 1000, +11.0 %", RAISE]);
    }

    #[test]
    fn one_more_allocation_fails_and_a_growing_table_does_not() {
        let findings = compared((1000.0, 50.0), (1000.0, 51.0));
        assert_eq!(findings.problems(), ["axum/layer user: 51.0 allocations, bound 50.0", RAISE]);
        assert!(compared((1000.0, 50.0), (1000.0, 50.3)).problems().is_empty());
    }

    #[test]
    fn a_gain_asks_for_a_lower_bound_and_passes() {
        let findings = compared((1000.0, 5.0), (890.0, 4.0));
        assert!(findings.problems().is_empty(), "{findings:?}");
        let gains = [
            "axum/layer user: 890 instructions, bound 1000, -11.0 %",
            "axum/layer user: 4.0 allocations, bound 5.0",
        ];
        assert_eq!(findings.warnings(), [gains[0], gains[1], LOWER]);
    }

    #[test]
    fn a_workload_that_is_missing_on_either_side_fails() {
        let some = figures(&[("axum/layer", "user", 1000.0, 5.0), ("axum/layer", "write", 1000.0, 5.0)]);
        let fewer = figures(&[("axum/layer", "user", 1000.0, 5.0)]);
        for (bounds, now, problem) in [
            (&some, &fewer, "axum/layer write: was not measured"),
            (&fewer, &some, "axum/layer write: has no bound"),
        ] {
            assert_eq!(compare(bounds, now).problems(), [problem, RAISE]);
        }
    }

    #[test]
    fn the_table_has_a_row_for_each_of_both() {
        let bounds = figures(&[("axum/layer", "user", 1000.0, 5.0)]);
        let now = figures(&[("axum/layer", "user", 1050.0, 6.0), ("warp/hallpass", "user", 700.0, 3.0)]);
        let table = table(&bounds, &now);
        let rows: Vec<Vec<&str>> =
            table.lines().skip(2).map(|row| row.split_whitespace().collect()).collect();
        assert_eq!(rows[0], ["axum/layer", "user", "1000", "1050", "+5.0", "%", "5.0", "6.0"]);
        assert_eq!(rows[1], ["warp/hallpass", "user", "-", "700", "-", "3.0"]);
    }
}
