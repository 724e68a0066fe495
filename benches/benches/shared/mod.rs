//! All workloads on the applications of one framework.

use benches::measure::time;
use benches::{Entry, Workload, drive};
use criterion::Criterion;

/// Enough that a look-up misses the nearest cache, as it does in a server.
const USERS: u64 = 10_000;

pub(crate) fn bench(entries: &[Entry]) {
    let runtime = drive::runtime();
    let _inside = runtime.enter();
    let mut criterion = Criterion::default().configure_from_args();
    for entry in entries {
        let mut trial = entry.prepare(USERS);
        trial.check();
        let mut group = criterion.benchmark_group(entry.name());
        for workload in Workload::ALL {
            group.bench_function(workload.title(), |bencher| {
                bencher.iter_custom(|rounds| time(trial.as_mut(), workload, rounds));
            });
        }
        group.finish();
    }
    criterion.final_summary();
}
