//! Nanoseconds, all rows interleaved.

use crate::results::Results;
use crate::row::Row;
use crate::threads;
use benches::{Trial, Workload, measure};
use rand::seq::SliceRandom;

/// What is measured, in the order of the table.
pub const WORKLOADS: [Workload; 6] = [
    Workload::User,
    Workload::Public,
    Workload::Login,
    Workload::Write,
    Workload::Malformed,
    Workload::Unknown,
];

/// How many requests one sample is of.
const REQUESTS: u64 = 64;

/// How many samples are taken in a row of one application and workload, after one that does not count.
const SAMPLES: usize = 15;

/// How many rounds of [`threads`] a gain is taken from.
const THREAD_ROUNDS: usize = 4;

/// Measures all workloads with so many users logged in, and adds the samples to `results`.
///
/// Every round visits each application and workload once, in an order of its own, so that whatever the machine does
/// meanwhile meets all of them.
///
/// # Panics
///
/// If an application does not do what it should.
pub fn measure_requests(rows: &[Row], users: u64, rounds: usize, results: &mut Results) {
    let mut trials: Vec<Box<dyn Trial>> = rows.iter().map(|row| row.trial(users)).collect();
    trials.iter_mut().for_each(|trial| trial.check());
    let mut visits = visits(&trials);
    for round in 1..=rounds {
        eprintln!("requests, round {round} of {rounds}");
        visits.shuffle(&mut rand::rng());
        for (place, workload) in &visits {
            let trial = trials[*place].as_mut();
            let samples = results.lines[*place].speed.entry(*workload).or_default();
            measure::time(trial, *workload, REQUESTS);
            for _ in 0..SAMPLES {
                let taken = measure::time(trial, *workload, REQUESTS);
                samples.push(taken.as_secs_f64() * 1e9 / REQUESTS as f64);
            }
        }
    }
}

fn visits(trials: &[Box<dyn Trial>]) -> Vec<(usize, Workload)> {
    let all = (0..trials.len()).flat_map(|place| WORKLOADS.map(|workload| (place, workload)));
    all.filter(|(place, workload)| trials[*place].supports(*workload)).collect()
}

/// Measures how many threads two threads are worth, as often as `rounds` says, and adds it to `results`.
pub fn measure_threads(rows: &[Row], rounds: usize, results: &mut Results) {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    for round in 1..=rounds {
        eprintln!("threads, round {round} of {rounds}");
        order.shuffle(&mut rand::rng());
        for place in &order {
            results.lines[*place].gains.push(threads::gain(&rows[*place], 2, THREAD_ROUNDS));
        }
    }
}
