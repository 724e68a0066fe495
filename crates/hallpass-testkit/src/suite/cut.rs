//! Calls that are dropped before their end.

use super::check::Kept;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

/// More awaits than any call should have.
const MOST_POLLS: usize = 64;

/// How long a store may take to undo, or to finish, what a dropped future left behind.
const PATIENCE: Duration = Duration::from_secs(5);

/// Drops a call at each of its awaits in turn: first before anything was polled, then after the first poll and so on,
/// each time once right away and once when what it waits for has arrived.
#[derive(Debug, Default)]
pub(super) struct Cuts {
    polls: usize,
    when_woken: bool,
    finished: usize,
}

impl Cuts {
    /// Whether there is another place to cut: until the call came to its end twice in a row.
    pub(super) fn go_on(&self) -> bool {
        self.polls <= MOST_POLLS && self.finished < 2
    }

    /// Polls the call up to the next place and drops it there; its answer if it came to its end before.
    pub(super) async fn cut<T>(&mut self, call: impl Future<Output = T>) -> Option<T> {
        let (polls, when_woken) = (self.polls, self.when_woken);
        self.polls += usize::from(when_woken);
        self.when_woken = !when_woken;
        let answer = cut_at(call, polls, when_woken).await;
        self.finished = if answer.is_some() { self.finished + 1 } else { 0 };
        answer
    }
}

async fn cut_at<T>(call: impl Future<Output = T>, polls: usize, when_woken: bool) -> Option<T> {
    let mut call = pin!(call);
    let mut left = polls;
    poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match call.as_mut().poll(cx) {
            Poll::Ready(answer) => Poll::Ready(Some(answer)),
            Poll::Pending if left == 0 && !when_woken => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Checks until it holds: a transaction may still be rolled back, or a started job be finished.
pub(super) async fn settled<F: Future<Output = Kept>>(check: impl Fn() -> F) -> Kept {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match check().await {
            Err(_) if Instant::now() < deadline => tokio::time::sleep(Duration::from_millis(5)).await,
            kept => return kept,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    /// Needs `yields + 1` polls; notes how many it got.
    async fn call(yields: usize, steps: &Cell<usize>) {
        for _ in 0..yields {
            steps.set(steps.get() + 1);
            tokio::task::yield_now().await;
        }
        steps.set(steps.get() + 1);
    }

    #[tokio::test]
    async fn a_call_is_cut_at_every_await_and_then_left_to_finish() {
        let (mut cuts, mut polled) = (Cuts::default(), Vec::new());
        while cuts.go_on() {
            let steps = Cell::new(0);
            let answer = cuts.cut(call(2, &steps)).await;
            polled.push((steps.get(), answer.is_some()));
        }
        let (cut, done) = (false, true);
        assert_eq!(
            polled,
            [(0, cut), (0, cut), (1, cut), (1, cut), (2, cut), (2, cut), (3, done), (3, done)]
        );
    }

    #[tokio::test]
    async fn a_call_that_never_ends_is_not_cut_forever() {
        let mut cuts = Cuts::default();
        while cuts.go_on() {
            assert!(cuts.cut(call(usize::MAX, &Cell::new(0))).await.is_none());
        }
    }
}
