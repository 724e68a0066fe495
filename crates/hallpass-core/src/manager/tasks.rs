//! Work that is finished whatever becomes of the future that started it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::Sleep;

type Work<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Where abandoned work goes on: the runtime the manager was built on, which outlives a worker's own.
#[derive(Clone)]
pub(crate) struct Tasks {
    runtime: Handle,
    running: Arc<Running>,
}

#[derive(Default)]
struct Running {
    count: AtomicUsize,
    idle: Notify,
}

impl Tasks {
    pub(crate) fn new(runtime: Handle) -> Self {
        Self { runtime, running: Arc::default() }
    }

    pub(crate) fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// Waits until all that was started is done, here or where it is awaited, at most for `deadline`. Whether it is.
    pub(crate) async fn drain(&self, deadline: Duration) -> bool {
        tokio::time::timeout(deadline, self.idle()).await.is_ok()
    }

    async fn idle(&self) {
        loop {
            let idle = self.running.idle.notified();
            if self.running.count.load(Ordering::Acquire) == 0 {
                return;
            }
            idle.await;
        }
    }

    /// A timer of this runtime. Work may move here from a worker's runtime that has died, and a timer of that one would
    /// panic.
    pub(crate) fn sleep(&self, span: Duration) -> Sleep {
        let _within = self.runtime.enter();
        tokio::time::sleep(span)
    }

    /// Polls on this runtime, whose reactor and timers the work then uses, on the thread of the caller.
    pub(crate) fn poll<F: Future + ?Sized>(
        &self,
        work: Pin<&mut F>,
        cx: &mut Context<'_>,
    ) -> Poll<F::Output> {
        let _within = self.runtime.enter();
        work.poll(cx)
    }

    /// Does work as far as it goes without waiting, and has the rest done on this runtime.
    pub(crate) fn begin(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut work = Certain::new(self.clone(), work);
        // What is left when this is dropped is polled again there.
        let _ = Pin::new(&mut work).poll(&mut Context::from_waker(Waker::noop()));
    }

    /// Goes on with work that was counted when it was started.
    fn finish<T: Send + 'static>(&self, work: Work<T>) {
        let done = Done(Arc::clone(&self.running));
        self.runtime.spawn(async move {
            let _done = done;
            work.await;
        });
    }
}

impl fmt::Debug for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tasks").field("running", &self.running.count).finish_non_exhaustive()
    }
}

impl Running {
    fn start(&self) {
        self.count.fetch_add(1, Ordering::AcqRel);
    }

    fn end(&self) {
        if self.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.idle.notify_waiters();
        }
    }
}

/// Counts a task down when it ends, also by a panic or by the end of its runtime.
struct Done(Arc<Running>);

impl Drop for Done {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// A future that owns its work. It runs where it is awaited; dropped after its first poll and before its end, it hands
/// the rest to [`Tasks`]. Dropped before its first poll it does nothing. It counts from its first poll on: a server
/// that stops may drop it only after it has said that it stopped.
#[must_use = "nothing happens until it is awaited"]
pub(crate) struct Certain<T: Send + 'static> {
    work: Option<Work<T>>,
    tasks: Tasks,
    counted: bool,
}

impl<T: Send + 'static> Certain<T> {
    pub(crate) fn new(tasks: Tasks, work: impl Future<Output = T> + Send + 'static) -> Self {
        Self { work: Some(Box::pin(work)), tasks, counted: false }
    }
}

impl<T: Send + 'static> Future for Certain<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        // Taken out while it runs: work that panics must not be polled again.
        let Some(mut work) = self.work.take() else { return Poll::Pending };
        if !std::mem::replace(&mut self.counted, true) {
            self.tasks.running.start();
        }
        let answer = work.as_mut().poll(cx);
        if answer.is_pending() {
            self.work = Some(work);
        } else {
            self.counted = false;
            self.tasks.running.end();
        }
        answer
    }
}

impl<T: Send + 'static> Drop for Certain<T> {
    fn drop(&mut self) {
        match self.work.take() {
            _ if !self.counted => {}
            Some(work) => self.tasks.finish(work),
            None => self.tasks.running.end(),
        }
    }
}

impl<T: Send + 'static> fmt::Debug for Certain<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certain").field("counted", &self.counted).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;
    use tokio::sync::oneshot;

    fn work() -> (oneshot::Sender<()>, Arc<AtomicBool>, impl Future<Output = ()> + Send + 'static) {
        let (go, wait) = oneshot::channel::<()>();
        let finished = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&finished);
        let work = async move {
            let _ = wait.await;
            flag.store(true, Ordering::SeqCst);
        };
        (go, finished, work)
    }

    async fn poll_once<T: Send>(future: &mut Certain<T>) {
        std::future::poll_fn(|cx| {
            let _ = Pin::new(&mut *future).poll(cx);
            Poll::Ready(())
        })
        .await;
    }

    #[tokio::test]
    async fn certain_work_that_was_started_is_finished_though_its_future_is_dropped() {
        let tasks = Tasks::new(Handle::current());
        let (go, finished, work) = work();
        let mut certain = Certain::new(tasks.clone(), work);
        poll_once(&mut certain).await;
        drop(certain);
        assert!(!tasks.drain(Duration::from_millis(1)).await, "it must still be waiting");
        go.send(()).unwrap();
        assert!(tasks.drain(Duration::from_secs(60)).await);
        assert!(finished.load(Ordering::SeqCst));
    }

    #[tokio::test]
    async fn a_drain_waits_also_for_work_that_is_still_awaited() {
        let tasks = Tasks::new(Handle::current());
        let (go, _, work) = work();
        let mut certain = Certain::new(tasks.clone(), work);
        poll_once(&mut certain).await;
        assert!(!tasks.drain(Duration::from_millis(1)).await, "it has been started");
        go.send(()).unwrap();
        certain.await;
        assert!(tasks.drain(Duration::from_millis(1)).await);
    }

    #[tokio::test]
    async fn work_that_panics_where_it_is_awaited_does_not_hold_up_the_drain() {
        let tasks = Tasks::new(Handle::current());
        let certain = Certain::new(tasks.clone(), async { panic!("the store's own fault") });
        assert!(tokio::spawn(certain).await.is_err());
        assert!(tasks.drain(Duration::from_secs(60)).await);
    }

    #[tokio::test]
    async fn work_that_was_begun_is_waited_for_by_the_drain_alone() {
        let tasks = Tasks::new(Handle::current());
        tasks.begin(async {});
        assert!(tasks.drain(Duration::ZERO).await, "it had nothing to wait for");
        let (go, finished, work) = work();
        tasks.begin(work);
        assert!(!tasks.drain(Duration::from_millis(1)).await, "it must still be waiting");
        go.send(()).unwrap();
        assert!(tasks.drain(Duration::from_secs(60)).await);
        assert!(finished.load(Ordering::SeqCst));
    }

    #[tokio::test]
    async fn work_that_was_never_started_is_not_done() {
        let tasks = Tasks::new(Handle::current());
        let (_go, finished, work) = work();
        drop(Certain::new(tasks.clone(), work));
        assert!(tasks.drain(Duration::from_secs(60)).await);
        assert!(!finished.load(Ordering::SeqCst));
    }

    #[tokio::test]
    async fn a_task_that_panics_does_not_hold_up_the_drain() {
        let tasks = Tasks::new(Handle::current());
        let mut certain = Certain::new(tasks.clone(), async {
            tokio::task::yield_now().await;
            panic!("the store's own fault");
        });
        poll_once(&mut certain).await;
        drop(certain);
        assert!(tasks.drain(Duration::from_secs(60)).await);
    }
}
