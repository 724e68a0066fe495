//! Very many sessions whose end somebody waits for.

use axum::body::Body;
use benches::crowd::Crowd;
use benches::drive::{self, Tower};
use benches::measure::{percentile, resident_bytes};
use benches::{axum as app, users, watches};
use hallpass_core::{EndReason, SessionManager};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

/// How many sessions are ended one by one.
const SINGLE_ENDS: usize = 100;

/// Prints memory and times with so many watches.
pub(crate) fn run(count: usize) {
    let runtime = drive::runtime();
    let _inside = runtime.enter();
    let manager = users::sessions();
    let mut app = Tower::<_, Body>::new(app::around(manager.clone()));
    let mut crowd = Crowd::with_room(&mut app, count);
    crowd.log_in(&mut app, 1..count as u64 + 1);

    let before = resident_bytes();
    let started = Instant::now();
    let mut tasks = watches::watch(&runtime, &manager, &crowd, count);
    let (registering, bytes) = (started.elapsed(), resident_bytes().saturating_sub(before));

    let others = tasks.split_off(SINGLE_ENDS.min(count));
    let ends = tasks.into_iter().enumerate();
    let mut single: Vec<Duration> =
        ends.map(|(index, task)| end_one(&runtime, &manager, &crowd, index, task)).collect();
    let all = (!others.is_empty()).then(|| end_all(&runtime, &manager, others));

    println!(
        "| watches | bytes per watch, its task included | registering all | an end: p50 | p99 | everybody's end |"
    );
    println!("|--:|--:|--:|--:|--:|--:|");
    println!(
        "| {count} | {:.0} | {registering:.1?} | {:.1?} | {:.1?} | {:.1?} |",
        bytes as f64 / count as f64,
        percentile(&mut single, 0.5),
        percentile(&mut single, 0.99),
        all.unwrap_or_default(),
    );
}

/// The time from the logout until the task has heard of it.
fn end_one(
    runtime: &Runtime,
    manager: &SessionManager,
    crowd: &Crowd,
    index: usize,
    task: JoinHandle<EndReason>,
) -> Duration {
    let session = watches::session(manager, &crowd.cookie(index));
    let started = Instant::now();
    let reason = runtime.block_on(async {
        let receipt = session.log_out().await.expect("a store in memory answers");
        assert_eq!(receipt.sessions_ended, 1, "user {}", index + 1);
        task.await.expect("the task does not panic")
    });
    let taken = started.elapsed();
    assert_eq!(reason, EndReason::LoggedOut);
    taken
}

/// The time from ending everybody's logins until every task has heard of it.
fn end_all(runtime: &Runtime, manager: &SessionManager, tasks: Vec<JoinHandle<EndReason>>) -> Duration {
    let started = Instant::now();
    runtime.block_on(async {
        // Their rows stay until they are swept; who waits hears of the end now.
        let _logins = manager.admin().end_everybody().await.expect("a store in memory answers");
        for task in tasks {
            task.await.expect("the task does not panic");
        }
    });
    started.elapsed()
}
