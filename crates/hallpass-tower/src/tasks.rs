//! The connections under way, and the requests that HTTP/2 makes tasks of.

use hyper::rt::Executor;
use std::future::Future;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::task::JoinSet;

/// Dropping it drops all that was spawned on it.
#[derive(Default)]
pub(crate) struct Tasks(Arc<Mutex<JoinSet<()>>>);

impl Tasks {
    /// For connections, to spawn on for as long as this lives. It does not keep it alive: it is held by its own tasks.
    pub(crate) fn executor(&self) -> TaskExecutor {
        TaskExecutor(Arc::downgrade(&self.0))
    }

    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        spawn(&self.0, task);
    }

    /// Drops what is left, and waits until it is gone: only then all that it began has been handed over.
    pub(crate) async fn end(self) {
        loop {
            let mut left = mem::take(&mut *lock(&self.0));
            if left.is_empty() {
                return;
            }
            left.shutdown().await;
        }
    }
}

#[derive(Clone)]
pub(crate) struct TaskExecutor(Weak<Mutex<JoinSet<()>>>);

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for TaskExecutor {
    fn execute(&self, task: F) {
        if let Some(tasks) = self.0.upgrade() {
            spawn(&tasks, task);
        }
    }
}

fn spawn(tasks: &Mutex<JoinSet<()>>, task: impl Future<Output = ()> + Send + 'static) {
    let mut tasks = lock(tasks);
    while tasks.try_join_next().is_some() {}
    tasks.spawn(task);
}

fn lock(tasks: &Mutex<JoinSet<()>>) -> MutexGuard<'_, JoinSet<()>> {
    tasks.lock().unwrap_or_else(PoisonError::into_inner)
}
