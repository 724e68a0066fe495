//! The allocations and bytes of one round of every workload on every application: one line each, of the application, the
//! workload, the allocations and the bytes.
//!
//! A program that names the counting allocator has it for everything, and every allocation takes longer by it. So this
//! is one of its own, and reads no clock.

use allocation_counter::{AllocationInfo, measure};
use benches::{Trial, Workload, drive, entries};

const USERS: u64 = 1000;

/// Rounds before those that count: what is made at first use is made then.
const WARM_UP: u64 = 256;

const ROUNDS: u64 = 1024;

fn main() {
    let runtime = drive::runtime();
    let _inside = runtime.enter();
    for entry in entries() {
        let mut trial = entry.prepare(USERS);
        trial.check();
        for workload in Workload::ALL {
            let info = count(trial.as_mut(), workload);
            let per_round = |total: u64| total as f64 / ROUNDS as f64;
            let (count, bytes) = (per_round(info.count_total), per_round(info.bytes_total));
            println!("{} {} {count:.2} {bytes:.0}", entry.name(), workload.name());
        }
    }
}

fn count(trial: &mut dyn Trial, workload: Workload) -> AllocationInfo {
    let mut all = AllocationInfo::default();
    trial.run(workload, WARM_UP, &mut |work| work());
    trial.run(workload, ROUNDS, &mut |work| all += measure(work));
    all
}
