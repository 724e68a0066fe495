//! An authenticated GET with one session, and with ten million.

use axum::Router;
use axum::body::Body;
use benches::axum as app;
use benches::crowd::Crowd;
use benches::drive::{self, Tower};
use benches::measure::{percentile, resident_bytes};
use benches::users;
use std::env;
use std::process::{Command, ExitCode};

/// How many times each application is measured, in turn.
const SAMPLES: usize = 25;

/// Requests of a sample.
const ROUNDS: u32 = 8192;

/// A process for each number of sessions, so that none has memory left from the one before.
pub(crate) fn run(numbers: &[usize]) -> ExitCode {
    println!(
        "An authenticated GET on axum, around the router, by the number of sessions; bytes as Linux counts them.\n"
    );
    println!("| sessions | bare, ns | hallpass, ns | over bare, ns | bytes per session |");
    println!("|--:|--:|--:|--:|--:|");
    let row = |sessions: &usize| {
        let program = env::current_exe()?;
        Command::new(program).args(["row", &sessions.to_string()]).status()
    };
    let is_done = numbers.iter().all(|sessions| row(sessions).is_ok_and(|status| status.success()));
    if is_done { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints the row for so many sessions.
pub(crate) fn row(sessions: usize) {
    let runtime = drive::runtime();
    let _inside = runtime.enter();
    let mut bare = Tower::<Router, Body>::new(app::bare());
    let mut app = Tower::<_, Body>::new(app::around(users::sessions()));
    let mut crowd = Crowd::with_room(&mut app, sessions);
    let before = resident_bytes();
    crowd.log_in(&mut app, 1..sessions as u64 + 1);
    crowd.visit_all(&mut app);
    let bytes = resident_bytes().saturating_sub(before) as f64 / sessions as f64;
    let (mut bares, mut ours) = (Vec::new(), Vec::new());
    let mut visitors = crowd.visitors(1);
    for _ in 0..SAMPLES {
        bares.push(visitors.time(&mut bare, ROUNDS).as_nanos());
        ours.push(visitors.time(&mut app, ROUNDS).as_nanos());
    }
    let (bare, ours) = (percentile(&mut bares, 0.5), percentile(&mut ours, 0.5));
    let over = ours.saturating_sub(bare);
    // Below that, what the process needs anyway is more than its sessions.
    let bytes = if sessions < 10_000 { "-".to_owned() } else { format!("{bytes:.0}") };
    println!("| {sessions} | {bare} | {ours} | {over} | {bytes} |");
}
