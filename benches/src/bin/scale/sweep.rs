//! What requests wait while expired sessions are being removed by another thread.

use crate::clock::AheadClock;
use axum::body::Body;
use benches::Contender;
use benches::axum as app;
use benches::crowd::{Crowd, Visitors};
use benches::drive::{self, Tower};
use benches::measure::percentile;
use hallpass_core::{MemoryStore, SessionManager};
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Users who are there while the others' sessions are swept.
const LIVE: usize = 10_000;

/// Requests before the sweep.
const ROUNDS: usize = 200_000;

/// As many as the background sweep of a manager removes in one call.
const BATCH: usize = 1000;

/// More than sessions may be idle.
const LATER: Duration = Duration::from_secs(31 * 60);

/// Prints what requests wait before and during a sweep of so many sessions.
pub(crate) fn run(expired: usize) {
    let runtime = drive::runtime();
    let _inside = runtime.enter();
    let clock = AheadClock::default();
    let builder = SessionManager::builder(MemoryStore::new()).clock(clock.clone()).sweep_every(None);
    let manager = builder.build().expect("the defaults work");
    let mut app = Tower::<_, Body>::new(app::around(manager.clone()));
    let users = expired as u64 + 1;
    Crowd::with_room(&mut app, expired).log_in(&mut app, 1..users);
    clock.advance(LATER);
    let mut crowd = Crowd::with_room(&mut app, LIVE);
    // Others, for a login removes what has run out of its own user's.
    crowd.log_in(&mut app, users..users + LIVE as u64);
    crowd.visit_all(&mut app);
    let mut visitors = crowd.visitors(1);

    let mut without = waits(&mut visitors, &mut app, |rounds| rounds < ROUNDS);
    let is_done = AtomicBool::new(false);
    let (mut during, (swept, taken)) = thread::scope(|scope| {
        let sweeping = scope.spawn(|| {
            let _inside = runtime.handle().enter();
            let started = Instant::now();
            let swept = sweep_all(&manager);
            is_done.store(true, Ordering::Release);
            (swept, started.elapsed())
        });
        let during = waits(&mut visitors, &mut app, |_| !is_done.load(Ordering::Acquire));
        (during, sweeping.join().expect("the sweep does not panic"))
    });
    println!("Sweeping {swept} expired sessions took {taken:.1?}, in another thread than the requests.\n");
    println!("| | requests | p50, ns | p99, ns | p99.9, ns | longest, µs |");
    println!("|---|--:|--:|--:|--:|--:|");
    print_row("before", &mut without);
    print_row("during", &mut during);
}

/// One after the other, as the background sweep does; how many.
fn sweep_all(manager: &SessionManager) -> usize {
    let mut swept = 0;
    loop {
        let (count, more) = drive::ready(manager.sweep(BATCH)).expect("a store in memory answers");
        swept += count;
        if !more {
            return swept;
        }
        thread::yield_now();
    }
}

/// The nanoseconds of each request.
fn waits<C: Contender>(
    visitors: &mut Visitors<'_>,
    app: &mut C,
    goes_on: impl Fn(usize) -> bool,
) -> Vec<u64> {
    let mut waits = Vec::with_capacity(ROUNDS);
    while goes_on(waits.len()) {
        let request = visitors.request(app);
        let started = Instant::now();
        black_box(app.answer(request));
        waits.push(started.elapsed().as_nanos() as u64);
    }
    waits
}

fn print_row(name: &str, waits: &mut [u64]) {
    let [p50, p99, p999, longest] = [0.5, 0.99, 0.999, 1.0].map(|part| percentile(waits, part));
    println!("| {name} | {} | {p50} | {p99} | {p999} | {:.0} |", waits.len(), longest as f64 / 1000.0);
}
