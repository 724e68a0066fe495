//! The bytes of a session and of a watch, as a counting allocator sees them.
//!
//! `memory <sessions> <watches>`
//!
//! Every allocation takes longer by being counted, so this reads no clock.

use allocation_counter::{AllocationInfo, measure};
use axum::body::Body;
use benches::crowd::Crowd;
use benches::drive::Tower;
use benches::{axum as app, drive, users, watches};
use std::env;
use std::process::ExitCode;

fn main() -> ExitCode {
    let numbers: Option<Vec<u64>> = env::args().skip(1).map(|number| number.parse().ok()).collect();
    let Some([sessions, watches]) = numbers.as_deref() else {
        eprintln!("usage: memory <sessions> <watches>");
        return ExitCode::from(2);
    };
    println!("| sessions | bytes per session | watches | bytes per watch |");
    println!("|--:|--:|--:|--:|");
    let (session, watch) = bytes(*sessions, (*watches).min(*sessions));
    println!("| {sessions} | {session:.0} | {watches} | {watch:.0} |");
    ExitCode::SUCCESS
}

fn bytes(users: u64, watched: u64) -> (f64, f64) {
    let runtime = drive::runtime();
    let _inside = runtime.enter();
    let manager = users::sessions();
    let mut app = Tower::<_, Body>::new(app::around(manager.clone()));
    let mut crowd = Crowd::with_room(&mut app, users as usize);
    let sessions = measure(|| {
        crowd.log_in(&mut app, 1..users + 1);
        crowd.visit_all(&mut app);
    });
    let mut tasks = Vec::new();
    let watches = measure(|| tasks = watches::watch(&runtime, &manager, &crowd, watched as usize));
    (per(sessions, users), per(watches, watched))
}

/// What is still there afterwards.
fn per(info: AllocationInfo, count: u64) -> f64 {
    info.bytes_current as f64 / count as f64
}
