use futures_core::Stream;
use futures_core::stream::FusedStream;
use hallpass_core::{EndReason, Session, SessionEnd};
use pin_project_lite::pin_project;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// `stream` for as long as `session` lives: it ends as soon as the session does, by a logout here or elsewhere, an
/// administrator, a changed password or a timeout, on this node or another. For streamed bodies and server-sent events.
///
/// Once the session has ended, no further item of `stream` comes through, not even one that was ready. Renewal ends
/// nothing, and an open stream counts as no use of the session. Without a session it ends at once.
///
/// It waits as [`Session::ended`] does, and leaves nothing behind when it is dropped.
///
/// ```
/// use futures_core::Stream;
/// use hallpass_core::Session;
/// use hallpass_login::until_logged_out;
///
/// /// What the handler of an event stream answers with: one last event tells the page why.
/// fn events(session: &Session, prices: impl Stream<Item = String>) -> impl Stream<Item = String> {
///     until_logged_out(session, prices).ending_with(|reason| format!("event: logged_out\ndata: {reason}\n\n"))
/// }
/// # let _ = |session: &Session, prices: std::pin::Pin<Box<dyn Stream<Item = String>>>| { let _ = events(session, prices); };
/// ```
pub fn until_logged_out<S: Stream>(session: &Session, stream: S) -> UntilLoggedOut<S> {
    UntilLoggedOut { state: State::Live { ended: session.ended(), stream }, last: Some(nothing::<S::Item>) }
}

fn nothing<T>(_: EndReason) -> Option<T> {
    None
}

pin_project! {
    /// The stream of [`until_logged_out`].
    #[must_use = "streams do nothing unless polled"]
    pub struct UntilLoggedOut<S: Stream, L = fn(EndReason) -> Option<<S as Stream>::Item>> {
        #[pin]
        state: State<S>,
        last: Option<L>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<S> {
        Live { ended: SessionEnd, #[pin] stream: S },
        Over,
    }
}

impl<S: Stream> UntilLoggedOut<S> {
    /// Has the end of the session, and only that, yield one last item: the one that `last` makes of the reason.
    pub fn ending_with<F>(self, last: F) -> UntilLoggedOut<S, impl FnOnce(EndReason) -> Option<S::Item>>
    where
        F: FnOnce(EndReason) -> S::Item,
    {
        UntilLoggedOut { state: self.state, last: Some(|reason| Some(last(reason))) }
    }
}

impl<S: Stream, L: FnOnce(EndReason) -> Option<S::Item>> Stream for UntilLoggedOut<S, L> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let mut this = self.project();
        let StateProj::Live { ended, stream } = this.state.as_mut().project() else {
            return Poll::Ready(None);
        };
        // The session first: what `stream` has ready is not for who has been logged out.
        let item = match Pin::new(ended).poll(cx) {
            Poll::Ready(reason) => {
                // What the stream holds, such as a subscription, is let go of before anything else happens.
                this.state.set(State::Over);
                return Poll::Ready(this.last.take().and_then(|last| last(reason)));
            }
            Poll::Pending => ready!(stream.poll_next(cx)),
        };
        if item.is_none() {
            this.state.set(State::Over);
        }
        Poll::Ready(item)
    }
}

impl<S: Stream, L: FnOnce(EndReason) -> Option<S::Item>> FusedStream for UntilLoggedOut<S, L> {
    fn is_terminated(&self) -> bool {
        matches!(self.state, State::Over)
    }
}

impl<S: Stream, L> fmt::Debug for UntilLoggedOut<S, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_over = matches!(self.state, State::Over);
        f.debug_struct("UntilLoggedOut").field("is_over", &is_over).finish_non_exhaustive()
    }
}
