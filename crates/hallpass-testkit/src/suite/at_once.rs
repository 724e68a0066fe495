//! Calls that really overlap.

use super::check::Broken;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Barrier;
use tokio::task::JoinHandle;

/// How often a race that needs luck is run.
pub(super) const ROUNDS: usize = 40;

/// Runs all calls at the same time, each in a task of its own, and answers in their order.
pub(crate) async fn all<T, F>(calls: impl IntoIterator<Item = F>) -> Result<Vec<T>, Broken>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Broken>> + Send + 'static,
{
    let calls: Vec<F> = calls.into_iter().collect();
    let start = Start::new(calls.len());
    let tasks: Vec<_> = calls.into_iter().map(|call| spawn(&start, call)).collect();
    let mut answers = Vec::with_capacity(tasks.len());
    for task in tasks {
        answers.push(joined(task).await?);
    }
    Ok(answers)
}

/// Runs both calls at the same time; where threads are missing, now one and now the other goes first.
pub(super) async fn both<A, B>(
    a: impl Future<Output = Result<A, Broken>> + Send + 'static,
    b: impl Future<Output = Result<B, Broken>> + Send + 'static,
) -> Result<(A, B), Broken>
where
    A: Send + 'static,
    B: Send + 'static,
{
    static TURN: AtomicUsize = AtomicUsize::new(0);
    let start = Start::new(2);
    let (a, b) = if TURN.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) {
        (spawn(&start, a), spawn(&start, b))
    } else {
        let b = spawn(&start, b);
        (spawn(&start, a), b)
    };
    Ok((joined(a).await?, joined(b).await?))
}

fn spawn<T: Send + 'static>(
    start: &Arc<Start>,
    call: impl Future<Output = Result<T, Broken>> + Send + 'static,
) -> JoinHandle<Result<T, Broken>> {
    let start = Arc::clone(start);
    tokio::spawn(async move {
        start.line_up().await;
        call.await
    })
}

async fn joined<T>(task: JoinHandle<Result<T, Broken>>) -> Result<T, Broken> {
    task.await.map_err(|error| Broken::new(format!("it panicked: {error}")))?
}

/// A barrier that lets its tasks go within nanoseconds of each other where there are threads enough.
struct Start {
    barrier: Barrier,
    count: usize,
    ready: AtomicUsize,
}

impl Start {
    fn new(count: usize) -> Arc<Self> {
        Arc::new(Self { barrier: Barrier::new(count), count, ready: AtomicUsize::new(0) })
    }

    async fn line_up(&self) {
        self.barrier.wait().await;
        self.ready.fetch_add(1, Ordering::SeqCst);
        // The barrier wakes them one after the other; the last steps are taken together, unless a thread is missing.
        for _ in 0..5_000 {
            if self.ready.load(Ordering::SeqCst) >= self.count {
                return;
            }
            std::hint::spin_loop();
        }
    }
}
