use crate::response::conclude;
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::ServiceResponse;
use hallpass_core::{Commit, SessionSlot};
use pin_project_lite::pin_project;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pin_project! {
    /// The response of a [`SessionService`](crate::SessionService): the inner service's, and then the commit.
    ///
    /// Dropped while the inner service works, nothing is committed; a logout that has been started is finished all the
    /// same. Dropped while the commit works, the commit is finished. Both go on where the manager was built, since the
    /// runtime of a worker ends with it.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F: Future> {
        #[pin]
        handler: F,
        slot: Option<SessionSlot>,
        commit: Option<(Commit, F::Output)>,
    }
}

impl<F: Future> ResponseFuture<F> {
    /// Without a slot there is nothing to commit.
    pub(crate) fn new(handler: F, slot: Option<SessionSlot>) -> Self {
        Self { handler, slot, commit: None }
    }
}

impl<F, B> Future for ResponseFuture<F>
where
    F: Future<Output = Result<ServiceResponse<B>, Error>>,
    B: MessageBody + 'static,
{
    type Output = Result<ServiceResponse, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let (mut commit, output) = match this.commit.take() {
            Some(waiting) => waiting,
            None => {
                let output = ready!(this.handler.poll(cx));
                let Some(slot) = this.slot.take() else {
                    return Poll::Ready(output.map(ServiceResponse::map_into_boxed_body));
                };
                (slot.commit(), output)
            }
        };
        match Pin::new(&mut commit).poll(cx) {
            Poll::Ready(outcome) => Poll::Ready(conclude(outcome, output)),
            Poll::Pending => {
                *this.commit = Some((commit, output));
                Poll::Pending
            }
        }
    }
}

impl<F: Future> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").field("commits", &self.commit.is_some()).finish_non_exhaustive()
    }
}
