//! What stays open, and ends with the session.

use super::rfc3339;
use crate::shutdown::stop_signal;
use futures_core::Stream;
use hallpass_core::Session;
use hallpass_login::until_logged_out;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime};
use tokio::time::{Interval, MissedTickBehavior, interval};

/// `GET /v1/events`: a `tick` every second, with the time, and one `logged_out` with the reason when the session ends.
/// `event` makes the framework's own of a name and its data. The route is guarded.
pub fn events<T, E>(session: &Session, event: E) -> impl Stream<Item = T> + use<T, E>
where
    E: Fn(&str, &str) -> T + Clone + Unpin,
{
    let tick = event.clone();
    let ticks = Ticks::new(move || tick("tick", &rfc3339(SystemTime::now())));
    until_logged_out(session, ticks).ending_with(move |reason| event("logged_out", reason.as_str()))
}

/// An item every second, until the process is asked to stop: a server that stops waits for what is under way.
struct Ticks<F> {
    clock: Interval,
    stop: Option<Pin<Box<dyn Future<Output = ()> + Send + Sync>>>,
    item: F,
}

impl<F> Ticks<F> {
    fn new(item: F) -> Self {
        let mut clock = interval(Duration::from_secs(1));
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { clock, stop: stop_signal().ok().map(|signal| Box::pin(signal) as _), item }
    }
}

impl<T, F: Fn() -> T + Unpin> Stream for Ticks<F> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        if self.stop.as_mut().is_some_and(|stop| stop.as_mut().poll(cx).is_ready()) {
            return Poll::Ready(None);
        }
        ready!(self.clock.poll_tick(cx));
        Poll::Ready(Some((self.item)()))
    }
}
