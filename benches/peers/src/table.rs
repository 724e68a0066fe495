//! The results as tables in Markdown.

use crate::lock;
use crate::results::{Line, Results};
use crate::row::Kind;
use crate::speed::WORKLOADS;
use benches::Workload;
use std::fmt::Write;

/// What sessions cost over the bare framework: peers and hallpass.
#[must_use]
pub fn overview(results: &Results) -> String {
    let mut table = String::from(
        "| over the bare framework | authenticated GET, ns | over an idle layer, ns | allocations \
         | public route with a cookie, ns | login + logout, ns | a write, ns | malformed cookie, ns \
         | unknown cookie, ns | bytes per session | 2 threads / 1 thread |\n\
         |---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    let entrants = results.lines.iter().filter(|line| line.kind.has_sessions());
    entrants.for_each(|line| write_row(&mut table, &name(line), &costs(results, line)));
    table.push('\n');
    table.push_str(&legend(results));
    table
}

/// What the frameworks cost by themselves, which [`overview`] leaves out.
#[must_use]
pub fn frameworks(results: &Results) -> String {
    let mut table = String::from(
        "| the frameworks alone | GET, ns | allocations | public route, ns | two POSTs, ns | a POST, ns \
         | 2 threads / 1 thread |\n|---|--:|--:|--:|--:|--:|--:|\n",
    );
    for line in results.lines.iter().filter(|line| !line.kind.has_sessions()) {
        let speed = |workload| whole(line.nanoseconds(workload));
        let cells = [
            speed(Workload::User),
            whole(line.allocations.get(&Workload::User).copied()),
            speed(Workload::Public),
            speed(Workload::Login),
            speed(Workload::Write),
            times(results.gain(line)),
        ];
        write_row(&mut table, &name(line), &cells);
    }
    table
}

/// Minimum, figure of the tables and median of every row and workload, in nanoseconds with the framework.
#[must_use]
pub fn spread(results: &Results) -> String {
    let mut table = String::from("| minimum / figure / median, ns, with the framework |");
    let titles = WORKLOADS.map(Workload::title);
    titles.iter().for_each(|title| _ = write!(table, " {title} |"));
    table.push_str("\n|---|");
    titles.iter().for_each(|_| table.push_str("--:|"));
    table.push('\n');
    for line in &results.lines {
        write_row(&mut table, &name(line), &WORKLOADS.map(|workload| samples(line, workload)));
    }
    table
}

fn costs(results: &Results, line: &Line) -> [String; 10] {
    let over = |workload| whole(results.over_bare(line, workload));
    [
        over(Workload::User),
        whole(results.over_idle(line, Workload::User)),
        whole(results.allocations_over_bare(line, Workload::User)),
        over(Workload::Public),
        over(Workload::Login),
        over(Workload::Write),
        over(Workload::Malformed),
        over(Workload::Unknown),
        whole(line.bytes),
        gain(results, line),
    ]
}

fn legend(results: &Results) -> String {
    let versions = ["axum", "actix-web", "warp"].map(|name| format!("{name} {}", lock::version(name)));
    format!(
        "{} sessions in the memory store; memory with {} sessions of a user and three small values; {}.\n\
         axum-login has tower-sessions 0.14 under it. actix-session and actix-identity have no memory store of their \
         own: a map behind an `RwLock`. axess spawns \
         tasks, so it and its bare axum are answered inside of a runtime. warp-sessions is put on single routes, so a public route does not have it; it \
         answers 500 to a cookie that it cannot decode.\n",
        grouped(results.users),
        grouped(results.memory_users),
        versions.join(", "),
    )
}

fn name(line: &Line) -> String {
    let on = line.base.name();
    match line.kind {
        Kind::Hallpass => format!("**{}** on {on}", line.label),
        Kind::Peer => line.label.clone(),
        Kind::Bare => format!("{on}, bare"),
        Kind::Nothing => format!("{on} with {}", line.label),
    }
}

fn samples(line: &Line, workload: Workload) -> String {
    let Some(samples) = line.speed.get(&workload) else { return "–".to_owned() };
    format!("{:.0} / {:.0} / {:.0}", samples.minimum(), samples.typical(), samples.median())
}

/// The gain, and how much of the bare framework's own it is.
fn gain(results: &Results, line: &Line) -> String {
    let (own, bare) = (results.gain(line), results.gain(results.bare(line)));
    match own.zip(bare) {
        Some((own, bare)) => format!("{own:.2} ({:.0} %)", 100.0 * own / bare),
        None => "–".to_owned(),
    }
}

fn times(gain: Option<f64>) -> String {
    gain.map_or("–".to_owned(), |gain| format!("{gain:.2}"))
}

/// Rounded; a dash if it was not measured.
fn whole(figure: Option<f64>) -> String {
    match figure.map(f64::round) {
        None => "–".to_owned(),
        Some(figure) if figure < 0.0 => format!("−{}", grouped(-figure as u64)),
        Some(figure) => grouped(figure as u64),
    }
}

/// With a narrow space between thousands.
pub(crate) fn grouped(number: u64) -> String {
    match (number / 1000, number % 1000) {
        (0, rest) => rest.to_string(),
        (thousands, rest) => format!("{}\u{202f}{rest:03}", grouped(thousands)),
    }
}

fn write_row(table: &mut String, name: &str, cells: &[String]) {
    _ = writeln!(table, "| {name} | {} |", cells.join(" | "));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_rounded() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(1_002_030), "1\u{202f}002\u{202f}030");
        assert_eq!(whole(Some(999.6)), "1\u{202f}000");
        assert_eq!(whole(Some(-3.4)), "−3");
        assert_eq!(whole(Some(-0.2)), "0");
        assert_eq!(whole(None), "–");
    }
}
