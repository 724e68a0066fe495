//! Reading the clock and the memory around what counts.

use crate::trial::Trial;
use crate::workload::Workload;
use std::fs;
use std::time::{Duration, Instant};

/// How long so many rounds of `workload` take.
pub fn time(trial: &mut dyn Trial, workload: Workload, rounds: u64) -> Duration {
    let mut taken = Duration::ZERO;
    trial.run(workload, rounds, &mut |work| {
        let started = Instant::now();
        work();
        taken += started.elapsed();
    });
    taken
}

/// The value that `part` of all are not above: 0.5 for the median. Sorts `values`.
///
/// ```
/// use benches::measure::percentile;
///
/// let mut values = [3, 1, 2, 5, 4];
/// assert_eq!((percentile(&mut values, 0.5), percentile(&mut values, 0.99)), (3, 5));
/// ```
///
/// # Panics
///
/// If there is no value.
pub fn percentile<T: PartialOrd + Copy>(values: &mut [T], part: f64) -> T {
    values.sort_unstable_by(|a, b| a.partial_cmp(b).expect("values can be compared"));
    let place = (values.len() as f64 * part).ceil() as usize;
    values[place.clamp(1, values.len()) - 1]
}

/// The bytes of memory that this process has, as Linux counts them.
///
/// # Panics
///
/// On other systems.
#[must_use]
pub fn resident_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number of kB");
    kilobytes * 1024
}
