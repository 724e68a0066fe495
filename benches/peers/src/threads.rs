//! How much a second thread helps.
//!
//! Every thread has a runtime of its own with several connections, which are tasks, as in a server: a task that waits for
//! a lock lets the others of its thread go on.

use crate::peer::log_in;
use crate::row::Row;
use benches::drive::runtime;
use benches::{Call, Contender, Workload};
use http::{HeaderValue, StatusCode};
use std::fmt;
use std::future::Future;
use std::hint::black_box;
use std::sync::{Arc, Barrier, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::task::LocalSet;

/// How many tasks a thread has.
const CONNECTIONS: usize = 16;

/// How many requests a task answers in a round.
const REQUESTS: usize = 256;

/// How many users a thread logs in.
const USERS: u64 = 1000;

/// What is sent to an application without sessions: as long as a cookie of ours.
const COOKIE: &str = "__Host-id=0000000000000000000000000000000000000000000001";

/// Drives an application, and says how long it took.
pub type Lane = Box<dyn FnOnce(&Plan, &Runtime) -> Duration + Send>;

/// What every thread does.
pub struct Plan {
    rounds: usize,
    start: Arc<Barrier>,
    /// Whose turn it is to log in: answers that are not asked for by tasks cannot wait for one another.
    turn: Arc<Mutex<()>>,
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan").field("rounds", &self.rounds).finish_non_exhaustive()
    }
}

/// How many threads answer one thread's requests in the time of one: 2 if the second thread costs the first nothing.
///
/// # Panics
///
/// If an answer is not 200.
#[must_use]
pub fn gain(row: &Row, threads: u32, rounds: usize) -> f64 {
    let (alone, together) = (time(row, 1, rounds), time(row, threads, rounds));
    f64::from(threads) * alone.as_secs_f64() / together.as_secs_f64()
}

/// How long so many threads take for as many rounds each: the slowest counts.
fn time(row: &Row, threads: u32, rounds: usize) -> Duration {
    let (start, turn) = (Arc::new(Barrier::new(threads as usize)), Arc::default());
    let start_one = |_| {
        let (lane, plan) = (row.lane(), Plan { rounds, start: Arc::clone(&start), turn: Arc::clone(&turn) });
        thread::spawn(move || {
            let runtime = runtime();
            let _inside = runtime.enter();
            lane(&plan, &runtime)
        })
    };
    let lanes: Vec<_> = (0..threads).map(start_one).collect();
    let taken = lanes.into_iter().map(|lane| lane.join().expect("the lane does not panic"));
    taken.max().unwrap_or_default()
}

/// Logs users in, and answers authenticated GETs together with the other threads. Making the requests does not count.
pub(crate) fn drive<C, F, R, E>(
    mut app: C,
    has_sessions: bool,
    connect: impl Fn() -> F,
    plan: &Plan,
    runtime: &Runtime,
) -> Duration
where
    C: Contender<Request: 'static, Response: 'static> + 'static,
    F: FnMut(C::Request) -> R + 'static,
    R: Future<Output = Result<C::Response, E>> + 'static,
    E: fmt::Debug + 'static,
{
    let cookies =
        if has_sessions { log_in_all(&mut app, plan) } else { vec![HeaderValue::from_static(COOKIE)] };
    let mut cookies = cookies.iter().cycle();
    let mut taken = Duration::ZERO;
    for _ in 0..plan.rounds {
        let tasks = LocalSet::new();
        for _ in 0..CONNECTIONS {
            let requests = cookies.by_ref().take(REQUESTS).map(|cookie| get(&app, cookie));
            let requests: Vec<_> = requests.collect();
            tasks.spawn_local(answer_all::<C, _, _, _>(connect(), requests));
        }
        plan.start.wait();
        let started = Instant::now();
        runtime.block_on(tasks);
        taken += started.elapsed();
    }
    taken
}

async fn answer_all<C, F, R, E>(mut answer: F, requests: Vec<C::Request>)
where
    C: Contender,
    F: FnMut(C::Request) -> R,
    R: Future<Output = Result<C::Response, E>>,
    E: fmt::Debug,
{
    for request in requests {
        let response = black_box(answer(request).await.expect("errors have become answers"));
        assert_eq!(C::status(&response), StatusCode::OK);
    }
}

fn log_in_all<C: Contender>(app: &mut C, plan: &Plan) -> Vec<HeaderValue> {
    let _mine = plan.turn.lock().unwrap_or_else(PoisonError::into_inner);
    (1..=USERS).map(|id| log_in(app, id)).collect()
}

fn get<C: Contender>(app: &C, cookie: &HeaderValue) -> C::Request {
    app.request(&Call::get(Workload::User.path(), Some(cookie)))
}
