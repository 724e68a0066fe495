use crate::response::conclude;
use hallpass_core::{Commit, SessionSlot};
use http::Response;
use pin_project_lite::pin_project;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pin_project! {
    /// The response of a [`SessionService`](crate::SessionService): the inner service's, and then the commit.
    ///
    /// An error of the inner service is passed on after the commit, but carries no cookie: what turns errors into
    /// responses belongs inside the layer. If the commit is refused, the refusal takes the error's place.
    ///
    /// Dropped while the inner service works, nothing is committed; a logout that has been started is finished all the
    /// same. Dropped while the commit works, the commit is finished.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F: Future> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F: Future> {
        Handler { #[pin] handler: F, slot: SessionSlot },
        Commit { commit: Commit, output: Option<F::Output> },
        Passthrough { #[pin] handler: F },
    }
}

impl<F: Future> ResponseFuture<F> {
    pub(crate) fn new(handler: F, slot: SessionSlot) -> Self {
        Self { state: State::Handler { handler, slot } }
    }

    pub(crate) fn passthrough(handler: F) -> Self {
        Self { state: State::Passthrough { handler } }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: From<String>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let next = match state.as_mut().project() {
                StateProjection::Passthrough { handler } => return handler.poll(cx),
                StateProjection::Handler { handler, slot } => {
                    let output = ready!(handler.poll(cx));
                    State::Commit { commit: slot.commit(), output: Some(output) }
                }
                StateProjection::Commit { commit, output } => {
                    let outcome = ready!(Pin::new(commit).poll(cx));
                    return output
                        .take()
                        .map_or(Poll::Pending, |output| Poll::Ready(conclude(&outcome, output)));
                }
            };
            state.set(next);
        }
    }
}

impl<F: Future> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Handler { .. } => "Handler",
            State::Commit { .. } => "Commit",
            State::Passthrough { .. } => "Passthrough",
        };
        f.debug_struct("ResponseFuture").field("state", &state).finish_non_exhaustive()
    }
}
