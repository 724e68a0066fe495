//! The results as a drawing, for pages in light and in dark.

use crate::results::{Line, Results};
use crate::row::{Base, Kind};
use crate::table::grouped;
use benches::Workload;
use std::fmt::{self, Write};

/// What is drawn: one column of bars each.
const COLUMNS: [(Workload, &str); 3] = [
    (Workload::User, "authenticated GET"),
    (Workload::Public, "public route with a cookie"),
    (Workload::Login, "login + logout"),
];

const WIDTH: f64 = 880.0;
const NAMES: f64 = 216.0;
const COLUMN: f64 = 220.0;
/// What is left of a column for the figure behind the longest bar.
const LONGEST: f64 = 150.0;
const TOP: f64 = 84.0;
const ROW: f64 = 24.0;
const BAR: f64 = 14.0;
const GAP: f64 = 26.0;

const STYLE: &str = "\
text { font: 13px system-ui, 'Segoe UI', Helvetica, Arial, sans-serif; fill: #1f2328 }
.title { font-size: 16px; font-weight: 600 }
.quiet { fill: #59636e }
.ours { font-weight: 600 }
rect { fill: #afb8c1 }
rect.ours { fill: #0969da }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc }
  .quiet { fill: #9198a1 }
  rect { fill: #656c76 }
  rect.ours { fill: #4493f8 }
}
";

/// Nanoseconds over the bare framework as bars, library by library.
#[must_use]
pub fn draw(results: &Results) -> String {
    let mut drawing = Drawing { results, text: String::new(), y: TOP };
    // Writing to a string does not fail.
    _ = drawing.write();
    drawing.text
}

struct Drawing<'a> {
    results: &'a Results,
    text: String,
    y: f64,
}

impl Drawing<'_> {
    fn write(&mut self) -> fmt::Result {
        let bars = self.bars()?;
        let height = self.y;
        writeln!(
            self.text,
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" aria-labelledby="title description">"#
        )?;
        writeln!(self.text, r#"<title id="title">What sessions cost per request</title>"#)?;
        writeln!(self.text, r#"<desc id="description">{}</desc>"#, self.description())?;
        writeln!(self.text, "<style>\n{STYLE}</style>")?;
        self.label(0.0, 20.0, "title", "What sessions cost per request")?;
        let users = grouped(self.results.users);
        let subtitle =
            format!("nanoseconds over the bare framework, {users} sessions in memory; less is better");
        self.label(0.0, 40.0, "quiet", &subtitle)?;
        for (place, (_, title)) in COLUMNS.iter().enumerate() {
            self.label(left(place), TOP - 16.0, "quiet", title)?;
        }
        self.text.push_str(&bars);
        self.text.push_str("</svg>\n");
        Ok(())
    }

    /// All groups of bars; leaves `y` at the end of the last.
    fn bars(&mut self) -> Result<String, fmt::Error> {
        for base in [Base::Axum, Base::Actix, Base::Warp] {
            self.y += GAP - ROW / 2.0;
            self.label(0.0, self.y, "quiet", base.name())?;
            self.y += ROW / 2.0 - 4.0;
            for line in entrants(self.results).filter(|line| group(line) == base) {
                self.row(line)?;
            }
        }
        Ok(std::mem::take(&mut self.text))
    }

    fn row(&mut self, line: &Line) -> fmt::Result {
        let class = if line.kind == Kind::Hallpass { "ours" } else { "peer" };
        let (bar, text) = (self.y + (ROW - BAR) / 2.0, self.y + ROW / 2.0 + 4.5);
        self.label(12.0, text, class, &line.label)?;
        for (place, (workload, _)) in COLUMNS.into_iter().enumerate() {
            let Some(cost) = self.results.over_bare(line, workload) else { continue };
            let cost = cost.max(0.0);
            let length = (cost / self.longest(workload) * LONGEST).max(1.0);
            let x = left(place);
            writeln!(
                self.text,
                r#"<rect class="{class}" x="{x}" y="{bar:.1}" width="{length:.1}" height="{BAR}" rx="2"/>"#
            )?;
            self.label(x + length + 6.0, text, class, &grouped(cost.round() as u64))?;
        }
        self.y += ROW;
        Ok(())
    }

    fn label(&mut self, x: f64, y: f64, class: &str, text: &str) -> fmt::Result {
        writeln!(self.text, r#"<text class="{class}" x="{x:.1}" y="{y:.1}">{}</text>"#, escaped(text))
    }

    fn longest(&self, workload: Workload) -> f64 {
        let costs = entrants(self.results).filter_map(|line| self.results.over_bare(line, workload));
        costs.fold(1.0, f64::max)
    }

    /// The figures in words, for those who do not see the bars.
    fn description(&self) -> String {
        let of_line = |line: &Line| {
            let cost = |(workload, title): (Workload, &str)| {
                let cost = self.results.over_bare(line, workload)?.max(0.0).round();
                Some(format!("{title} {cost} ns"))
            };
            let costs: Vec<String> = COLUMNS.into_iter().filter_map(cost).collect();
            format!("{} on {}: {}.", line.label, group(line).name(), costs.join(", "))
        };
        escaped(&entrants(self.results).map(of_line).collect::<Vec<_>>().join(" "))
    }
}

fn entrants(results: &Results) -> impl Iterator<Item = &Line> {
    results.lines.iter().filter(|line| line.kind.has_sessions())
}

/// The group of bars that it is drawn in.
fn group(line: &Line) -> Base {
    if line.base == Base::AxumInRuntime { Base::Axum } else { line.base }
}

fn left(column: usize) -> f64 {
    NAMES + COLUMN * column as f64
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numbers::Samples;
    use std::collections::BTreeMap;

    fn line(label: &str, kind: Kind, nanoseconds: f64) -> Line {
        let mut samples = Samples::default();
        samples.push(nanoseconds);
        Line {
            key: format!("axum/{label}"),
            label: label.to_owned(),
            base: Base::Axum,
            kind,
            speed: COLUMNS.into_iter().map(|(workload, _)| (workload, samples.clone())).collect(),
            allocations: BTreeMap::new(),
            bytes: None,
            gains: Samples::default(),
        }
    }

    #[test]
    fn bars_are_as_long_as_the_costs_over_the_bare_framework() {
        let lines = vec![
            line("bare", Kind::Bare, 100.0),
            line("slow <1>", Kind::Peer, 1100.0),
            line("hallpass", Kind::Hallpass, 600.0),
        ];
        let drawing = draw(&Results { lines, users: 10, memory_users: 0 });
        assert_eq!(drawing.matches(r#"width="150.0""#).count(), 3);
        assert_eq!(drawing.matches(r#"class="ours" x="216" y="#).count(), 1);
        assert_eq!(drawing.matches(r#"width="75.0""#).count(), 3);
        assert!(drawing.contains("slow &lt;1&gt;") && drawing.contains("authenticated GET 500 ns"));
        assert!(!drawing.contains(">bare<"));
    }
}
