//! Counts the allocations of every workload, and the bytes that a session keeps, for `peers` to read.
//!
//! `allocations NAME USERS SESSIONS`: the rows whose name contains NAME, so many users logged in, and so many sessions to
//! measure the memory with (0: not at all).

use allocation_counter::measure;
use benches::{Trial, Workload, drive};
use peers::Row;
use peers::allocations::line;
use peers::entrants::{key, matching};
use peers::speed::WORKLOADS;
use std::env;
use std::process::ExitCode;

/// How many requests are counted. What a table allocates when it grows is spread over them.
const REQUESTS: u64 = 2048;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [only, users, sessions] = arguments.as_slice() else {
        eprintln!("usage: allocations NAME USERS SESSIONS");
        return ExitCode::FAILURE;
    };
    let (Ok(users), Ok(sessions)) = (users.parse(), sessions.parse()) else {
        eprintln!("USERS and SESSIONS have to be numbers");
        return ExitCode::FAILURE;
    };
    let runtime = drive::runtime();
    let _inside = runtime.enter();
    matching(only).iter().for_each(|row| count(row, users));
    if sessions > 0 {
        // Fresh rows, so that the stores are empty; one at a time, so that they fit into the memory.
        matching(only).into_iter().for_each(|row| weigh(&row, sessions));
    }
    ExitCode::SUCCESS
}

fn count(row: &Row, users: u64) {
    let mut trial = row.trial(users);
    for workload in WORKLOADS {
        if trial.supports(workload) {
            println!("{}", line(&key(row), workload.name(), allocations(trial.as_mut(), workload)));
        }
    }
}

/// Allocations per request; of a login, per login and logout.
fn allocations(trial: &mut dyn Trial, workload: Workload) -> f64 {
    // What is made once is not counted.
    trial.run(workload, REQUESTS, &mut |work| work());
    let mut count = 0;
    trial.run(workload, REQUESTS, &mut |work| count += measure(work).count_total);
    count as f64 / REQUESTS as f64
}

/// Bytes that a session keeps in its row's store.
fn weigh(row: &Row, sessions: u64) {
    if row.kind().has_sessions() {
        eprintln!("memory of {sessions} sessions: {}", row.label());
        let kept = measure(|| row.fill(sessions)).bytes_current;
        println!("{}", line(&key(row), "bytes", kept as f64 / sessions as f64));
    }
}
