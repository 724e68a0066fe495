//! Requests per second on one thread and on two, over one store.

use axum::body::Body;
use benches::crowd::Crowd;
use benches::drive::{self, Tower};
use benches::measure::percentile;
use benches::{Contender, actix, axum as app, users, warp};
use hallpass_core::SessionManager;
use std::sync::Barrier;
use std::thread;
use tokio::runtime::Handle;

/// How many times each is measured, in turn.
const SAMPLES: usize = 9;

/// Requests of a thread in one sample.
const ROUNDS: u32 = 50_000;

/// The bare framework comes first, and what is compared with it behind.
const FRAMEWORKS: [&[(&str, Measure)]; 3] = [
    &[
        ("axum, bare", axum_bare),
        ("axum, by Router::layer", axum_layer),
        ("axum, around the router", axum_around),
    ],
    &[("actix-web, bare", actix_bare), ("actix-web, hallpass", actix_hallpass)],
    &[("warp, bare", warp_bare), ("warp, hallpass", warp_hallpass)],
];

/// Requests per second on so many threads.
type Measure = fn(&Shared, usize) -> f64;

/// What the threads have in common.
struct Shared {
    manager: SessionManager,
    crowd: Crowd,
    runtime: Handle,
}

/// Prints requests per second, with so many sessions.
pub(crate) fn run(sessions: usize) {
    let runtime = drive::runtime();
    let _inside = runtime.enter();
    let manager = users::sessions();
    let mut filler = Tower::<_, Body>::new(app::around(manager.clone()));
    let mut crowd = Crowd::with_room(&mut filler, sessions);
    crowd.log_in(&mut filler, 1..sessions as u64 + 1);
    crowd.visit_all(&mut filler);
    let shared = Shared { manager, crowd, runtime: runtime.handle().clone() };
    println!("Authenticated GETs with {sessions} sessions in one store; only answering them is measured.\n");
    println!("| | 1 thread, /s | 2 threads, /s | 2 / 1 | of bare's |");
    println!("|---|--:|--:|--:|--:|");
    for framework in FRAMEWORKS {
        print_rows(&shared, framework);
    }
}

fn print_rows(shared: &Shared, rows: &[(&str, Measure)]) {
    let mut samples = vec![(Vec::new(), Vec::new()); rows.len()];
    for _ in 0..SAMPLES {
        for ((_, measure), (one, two)) in rows.iter().zip(&mut samples) {
            one.push(measure(shared, 1));
            two.push(measure(shared, 2));
        }
    }
    let mut bare = None;
    for ((name, _), (mut one, mut two)) in rows.iter().zip(samples) {
        let (one, two) = (percentile(&mut one, 0.5), percentile(&mut two, 0.5));
        let ratio = two / one;
        let of_bare = ratio / *bare.get_or_insert(ratio) * 100.0;
        println!("| {name} | {one:.0} | {two:.0} | {ratio:.2} | {of_bare:.0} % |");
    }
}

fn axum_bare(shared: &Shared, threads: usize) -> f64 {
    let service = app::bare();
    throughput(shared, cloned(&Tower::<_, Body>::new(service), threads))
}

fn axum_layer(shared: &Shared, threads: usize) -> f64 {
    let service = app::layered(shared.manager.clone());
    throughput(shared, cloned(&Tower::<_, Body>::new(service), threads))
}

fn axum_around(shared: &Shared, threads: usize) -> f64 {
    let service = app::around(shared.manager.clone());
    throughput(shared, cloned(&Tower::<_, Body>::new(service), threads))
}

fn warp_bare(shared: &Shared, threads: usize) -> f64 {
    throughput(shared, cloned(&Tower::<_, warp::Body>::new(warp::bare()), threads))
}

fn warp_hallpass(shared: &Shared, threads: usize) -> f64 {
    let service = warp::hallpass(shared.manager.clone());
    throughput(shared, cloned(&Tower::<_, warp::Body>::new(service), threads))
}

/// As a server of axum or warp has it: one service, cloned for each connection.
fn cloned<C: Clone>(app: &C, threads: usize) -> Vec<impl FnOnce() -> C> {
    let one = || {
        let app = app.clone();
        move || app
    };
    (0..threads).map(|_| one()).collect()
}

/// A server of actix-web has an application for each thread.
fn actix_bare(shared: &Shared, threads: usize) -> f64 {
    throughput(shared, vec![actix::bare; threads])
}

fn actix_hallpass(shared: &Shared, threads: usize) -> f64 {
    let one = |_| {
        let manager = shared.manager.clone();
        move || actix::hallpass(manager)
    };
    throughput(shared, (0..threads).map(one).collect())
}

/// The sum over all threads, each of which makes its own application.
fn throughput<C: Contender>(shared: &Shared, makers: Vec<impl FnOnce() -> C + Send>) -> f64 {
    let start = &Barrier::new(makers.len());
    thread::scope(|scope| {
        let threads = makers.into_iter().enumerate().map(|(number, make)| {
            scope.spawn(move || {
                let _inside = shared.runtime.enter();
                let (mut app, mut visitors) = (make(), shared.crowd.visitors(number as u64));
                visitors.time(&mut app, ROUNDS / 10);
                start.wait();
                1.0 / visitors.time(&mut app, ROUNDS).as_secs_f64()
            })
        });
        let threads: Vec<_> = threads.collect();
        threads.into_iter().map(|thread| thread.join().expect("no thread panics")).sum()
    })
}
