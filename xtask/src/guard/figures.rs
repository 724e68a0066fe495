//! Figures of applications and workloads.

use std::collections::BTreeMap;

use serde::Deserialize;

/// By application, such as `axum/layer`, and workload, such as `user`.
pub(super) type Figures = BTreeMap<String, BTreeMap<String, Figure>>;

/// Of one round.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Figure {
    pub(super) instructions: f64,
    pub(super) allocations: f64,
}

impl Figure {
    fn over(self, bare: Self) -> Self {
        Self {
            instructions: self.instructions - bare.instructions,
            allocations: self.allocations - bare.allocations,
        }
    }
}

/// The application without sessions on the same framework: `axum/bare` of `axum/layer`. `None` for itself.
pub(super) fn bare_of(app: &str) -> Option<String> {
    let (framework, what) = app.split_once('/')?;
    (what != "bare").then(|| format!("{framework}/bare"))
}

/// What each application adds to the bare one.
///
/// # Errors
///
/// If the bare one was not measured.
pub(super) fn over_bare(totals: &Figures) -> Result<Figures, String> {
    let mut over = Figures::new();
    for (app, workloads) in totals {
        let Some(bare) = bare_of(app) else { continue };
        for (workload, figure) in workloads {
            let bare = totals.get(&bare).and_then(|workloads| workloads.get(workload));
            let bare =
                bare.ok_or_else(|| format!("{app} {workload}: the bare framework was not measured"))?;
            over.entry(app.clone()).or_default().insert(workload.clone(), figure.over(*bare));
        }
    }
    Ok(over)
}

#[cfg(test)]
pub(super) fn figures(rows: &[(&str, &str, f64, f64)]) -> Figures {
    let mut figures = Figures::new();
    for &(app, workload, instructions, allocations) in rows {
        let workloads = figures.entry(app.to_owned()).or_default();
        workloads.insert(workload.to_owned(), Figure { instructions, allocations });
    }
    figures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bare_framework_is_taken_off_workload_by_workload() {
        let totals = figures(&[
            ("axum/bare", "user", 1000.0, 10.0),
            ("axum/bare", "write", 1200.0, 11.0),
            ("axum/layer", "user", 5000.0, 15.0),
            ("axum/layer", "write", 9200.0, 19.0),
        ]);
        let expected = figures(&[("axum/layer", "user", 4000.0, 5.0), ("axum/layer", "write", 8000.0, 8.0)]);
        assert_eq!(over_bare(&totals).unwrap(), expected);
    }

    #[test]
    fn without_the_bare_framework_there_is_no_figure() {
        let totals = figures(&[("axum/layer", "user", 5000.0, 15.0), ("warp/bare", "user", 500.0, 1.0)]);
        assert!(over_bare(&totals).unwrap_err().starts_with("axum/layer user"));
    }
}
