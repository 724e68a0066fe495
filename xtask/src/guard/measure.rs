//! Running the programs that count.

use std::env::consts::EXE_SUFFIX;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::thread;

use super::figures::{Figure, Figures, over_bare};
use crate::cargo::{capture, cargo, run};
use crate::metadata::Metadata;
use crate::report::Result;

/// How many rounds of a workload are counted.
const ROUNDS: u32 = 256;

/// How many users are logged in meanwhile.
const USERS: u32 = 500;

/// What is of no interest here: the layer that does nothing.
const LEFT_OUT: &str = "/nothing";

/// Builds the programs, and counts everything.
///
/// # Errors
///
/// If a program is missing, fails, or prints what nobody expects.
pub(super) fn all() -> Result<Figures> {
    let valgrind = hallpass_servers::install_program("valgrind", "valgrind")?;
    run(&mut cargo([
        "build",
        "--release",
        "--locked",
        "-p",
        "benches",
        "--bin",
        "once",
        "--bin",
        "allocations",
    ]))?;
    let folder = Metadata::of_workspace()?.target_directory.join("release");
    let program = |name: &str| folder.join(format!("{name}{EXE_SUFFIX}"));
    let counted = allocations(&capture(&mut Command::new(program("allocations")))?)?;
    let jobs: Vec<Job> = counted.into_iter().filter(|job| !job.app.ends_with(LEFT_OUT)).collect();
    let totals = in_parallel(jobs, |job| count(&valgrind, &program("once"), job))?;
    Ok(over_bare(&totals)?)
}

/// What is left to count: the instructions.
#[derive(Debug, Clone, PartialEq)]
struct Job {
    app: String,
    workload: String,
    allocations: f64,
}

/// Lines like `axum/layer user 5.00 1024`.
fn allocations(text: &str) -> Result<Vec<Job>> {
    let job = |line: &str| {
        let mut words = line.split_whitespace();
        let (app, workload) = (words.next()?.to_owned(), words.next()?.to_owned());
        Some(Job { app, workload, allocations: words.next()?.parse().ok()? })
    };
    let lines = text.lines();
    lines.map(|line| job(line).ok_or_else(|| format!("no line of figures: {line:?}").into())).collect()
}

/// A process each, as many at once as there are cores.
fn in_parallel(jobs: Vec<Job>, work: impl Fn(&Job) -> Result<Figure> + Sync) -> Result<Figures> {
    let (left, done) = (Mutex::new(jobs), Mutex::new(Figures::new()));
    let next = || left.lock().map_or(None, |mut left| left.pop());
    let worker = || {
        while let Some(job) = next() {
            let figure = work(&job).map_err(|error| format!("{} {}: {error}", job.app, job.workload))?;
            let mut done = done.lock().map_err(|_| "another worker panicked")?;
            done.entry(job.app).or_default().insert(job.workload, figure);
        }
        Ok::<_, String>(())
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(worker)).collect();
        let panicked = || Err("a worker panicked".to_owned());
        workers.into_iter().try_for_each(|worker| worker.join().unwrap_or_else(|_| panicked()))
    })?;
    Ok(done.into_inner().map_err(|_| "a worker panicked")?)
}

fn count(valgrind: &Path, once: &PathBuf, job: &Job) -> Result<Figure> {
    let mut command = Command::new(valgrind);
    // Counting is on inside of the function of this name only.
    command.args([
        "--tool=callgrind",
        "--toggle-collect=*counted*",
        "--callgrind-out-file=/dev/null",
        "--log-fd=1",
    ]);
    command.arg(once).args([&job.app, &job.workload, &ROUNDS.to_string(), &USERS.to_string()]);
    let instructions = collected(&capture(&mut command)?)?;
    Ok(Figure { instructions: instructions / f64::from(ROUNDS), allocations: job.allocations })
}

/// A line like `==42== Collected : 5347331`.
fn collected(log: &str) -> Result<f64> {
    let number = log.lines().find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok());
    let number = number.filter(|instructions| *instructions > 0.0);
    Ok(number.ok_or_else(|| format!("callgrind counted nothing:\n{log}"))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_allocations_are_read_or_refused() {
        let jobs = allocations("axum/bare user 10.00 1006\nwarp/hallpass login 85.04 10052\n").unwrap();
        let job = Job { app: "warp/hallpass".into(), workload: "login".into(), allocations: 85.04 };
        assert_eq!(jobs.len(), 2);
        assert_eq!(jobs[1], job);
        for line in ["axum/bare", "axum/bare user", "axum/bare user many"] {
            assert!(allocations(line).is_err(), "{line}");
        }
    }

    #[test]
    fn what_callgrind_collected_is_read_and_nothing_is_an_error() {
        let log = |number| format!("==7== Events    : Ir\n==7== Collected : {number}\n==7== \n");
        assert_eq!(collected(&log("5347331")).unwrap(), 5_347_331.0);
        assert!(collected(&log("0")).is_err());
        assert!(collected("==7== Events    : Ir\n").is_err());
    }

    #[test]
    fn every_job_is_done_once_and_a_failure_names_its_own() {
        let job =
            |number: u32| Job { app: format!("app/{number}"), workload: "user".into(), allocations: 1.0 };
        let jobs: Vec<Job> = (0..20).map(job).collect();
        let figure = |job: &Job| Ok(Figure { instructions: 1.0, allocations: job.allocations });
        assert_eq!(in_parallel(jobs.clone(), figure).unwrap().len(), 20);
        let fails = |job: &Job| if job.app == "app/7" { Err("broken".into()) } else { figure(job) };
        assert_eq!(in_parallel(jobs, fails).unwrap_err().to_string(), "app/7 user: broken");
    }
}
