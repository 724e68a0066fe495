//! What stays open, and ends with the session or with the server.

use super::rfc3339;
use crate::shutdown::{OpenSocket, Shutdown};
use futures_core::Stream;
use futures_sink::Sink;
use hallpass_core::Session;
use hallpass_login::{SessionSocket, until_logged_out};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime};
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};

/// How long a client may take to close a WebSocket when the server stops.
const GOODBYE: Duration = Duration::from_secs(2);

/// `GET /v1/events`: a `tick` every second, with the time, and one `logged_out` with the reason when the session ends.
/// `event` makes the framework's own of a name and its data. The route is guarded.
pub fn events<T, E>(session: &Session, shutdown: Shutdown, event: E) -> impl Stream<Item = T> + use<T, E>
where
    E: Fn(&str, &str) -> T + Clone + Unpin,
{
    let tick = event.clone();
    let ticks = Ticks::new(shutdown, move || tick("tick", &rfc3339(SystemTime::now())));
    until_logged_out(session, ticks).ending_with(move |reason| event("logged_out", reason.as_str()))
}

/// `GET /v1/ws`: sends back what comes, until the client goes, the session ends, or the process is asked to stop.
/// `answer` makes the framework's own answer to a message, if it gets one; `going_away` closes with code 1001.
pub async fn echo<W, M, E>(
    mut socket: SessionSocket<W>,
    open: OpenSocket,
    answer: impl Fn(M) -> Option<M>,
    going_away: M,
) where
    W: Stream<Item = Result<M, E>> + Sink<M> + Unpin,
{
    let closing = open.closing();
    tokio::select! {
        () = answer_all(&mut socket, answer) => {}
        () = closing => {
            // Who does not listen is cut off.
            let _ = timeout(GOODBYE, say_goodbye(&mut socket, going_away)).await;
        }
    }
}

async fn answer_all<W, M, E>(socket: &mut SessionSocket<W>, answer: impl Fn(M) -> Option<M>)
where
    W: Stream<Item = Result<M, E>> + Sink<M> + Unpin,
{
    while let Some(Ok(message)) = socket.recv().await {
        let Some(answer) = answer(message) else { continue };
        if socket.send(answer).await.is_err() {
            break;
        }
    }
}

/// A connection that is closed before its client has read on is reset, and what was sent last may be lost with it.
async fn say_goodbye<W, M, E>(socket: &mut SessionSocket<W>, last: M)
where
    W: Stream<Item = Result<M, E>> + Sink<M> + Unpin,
{
    if socket.send(last).await.is_ok() {
        while let Some(Ok(_)) = socket.recv().await {}
    }
}

/// An item every second, until the process is asked to stop: a server that stops waits for what is under way.
struct Ticks<F> {
    clock: Interval,
    stop: Pin<Box<dyn Future<Output = ()> + Send + Sync>>,
    item: F,
}

impl<F> Ticks<F> {
    fn new(shutdown: Shutdown, item: F) -> Self {
        let mut clock = interval(Duration::from_secs(1));
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { clock, stop: Box::pin(shutdown.requested()), item }
    }
}

impl<T, F: Fn() -> T + Unpin> Stream for Ticks<F> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        if self.stop.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        ready!(self.clock.poll_tick(cx));
        Poll::Ready(Some((self.item)()))
    }
}
