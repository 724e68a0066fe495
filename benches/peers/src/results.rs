//! What was measured.

use crate::entrants::key;
use crate::numbers::Samples;
use crate::row::{Base, Kind, Row};
use benches::Workload;
use std::collections::BTreeMap;

/// What was measured of one row.
#[derive(Debug, Clone)]
pub struct Line {
    /// `framework/name`.
    pub key: String,
    /// What it is called in the table.
    pub label: String,
    /// The framework under it.
    pub base: Base,
    /// What it is here for.
    pub kind: Kind,
    /// Nanoseconds per request.
    pub speed: BTreeMap<Workload, Samples>,
    /// Allocations per request.
    pub allocations: BTreeMap<Workload, f64>,
    /// Bytes that a session keeps.
    pub bytes: Option<f64>,
    /// How many threads two threads are worth.
    pub gains: Samples,
}

impl Line {
    /// Nothing measured yet.
    #[must_use]
    pub fn new(row: &Row) -> Self {
        Self {
            key: key(row),
            label: row.label(),
            base: row.base(),
            kind: row.kind(),
            speed: BTreeMap::new(),
            allocations: BTreeMap::new(),
            bytes: None,
            gains: Samples::default(),
        }
    }

    /// Nanoseconds per request, if this was measured.
    #[must_use]
    pub fn nanoseconds(&self, workload: Workload) -> Option<f64> {
        self.speed.get(&workload).map(Samples::typical)
    }
}

/// What was measured in one run.
#[derive(Debug, Clone, Default)]
pub struct Results {
    /// One line a row.
    pub lines: Vec<Line>,
    /// How many users were logged in.
    pub users: u64,
    /// How many sessions the memory was measured with.
    pub memory_users: u64,
}

impl Results {
    /// The bare framework under `line`.
    ///
    /// # Panics
    ///
    /// If it was not measured.
    #[must_use]
    pub fn bare(&self, line: &Line) -> &Line {
        let bare = self.lines.iter().find(|other| other.kind == Kind::Bare && other.base == line.base);
        bare.expect("every run has the bare frameworks")
    }

    /// Nanoseconds per request over the bare framework.
    #[must_use]
    pub fn over_bare(&self, line: &Line, workload: Workload) -> Option<f64> {
        Some(line.nanoseconds(workload)? - self.bare(line).nanoseconds(workload)?)
    }

    /// Nanoseconds per request over a layer that does nothing.
    #[must_use]
    pub fn over_idle(&self, line: &Line, workload: Workload) -> Option<f64> {
        let idle = |other: &&Line| other.kind == Kind::Nothing && other.base == line.base;
        Some(line.nanoseconds(workload)? - self.lines.iter().find(idle)?.nanoseconds(workload)?)
    }

    /// Allocations per request over the bare framework.
    #[must_use]
    pub fn allocations_over_bare(&self, line: &Line, workload: Workload) -> Option<f64> {
        Some(line.allocations.get(&workload)? - self.bare(line).allocations.get(&workload)?)
    }

    /// How many threads two threads are worth, if this was measured.
    #[must_use]
    pub fn gain(&self, line: &Line) -> Option<f64> {
        Some(line.gains.median()).filter(|gain| gain.is_finite())
    }

    /// Notes a figure of `allocations`: how many a workload makes, or the bytes that a session keeps.
    pub fn note(&mut self, key: &str, what: &str, figure: f64) {
        let Some(line) = self.lines.iter_mut().find(|line| line.key == key) else { return };
        match Workload::from_name(what) {
            Some(workload) => _ = line.allocations.insert(workload, figure),
            None => line.bytes = Some(figure),
        }
    }
}
