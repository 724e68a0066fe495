//! Every application does what the workloads are about.

use benches::{drive, entries};

#[test]
fn every_application_answers_every_workload() {
    let runtime = drive::runtime();
    let _inside = runtime.enter();
    for entry in entries() {
        entry.prepare(10).check();
    }
}
