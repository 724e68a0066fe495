use futures_core::Stream;
use futures_sink::Sink;
use hallpass_core::{EndReason, Session};
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

/// How long a client may take to hear that its session has ended, and the handler to finish, before both are dropped.
const GOODBYE: Duration = Duration::from_secs(5);

/// A WebSocket that lives as long as a session: what handlers get from an adapter's WebSocket upgrade.
///
/// It is the framework's socket `W`, a stream of messages and a sink for them. When the session ends, the stream ends,
/// the sink fails, and the client is told with close code 1008 (policy violation, RFC 6455 §7.4.1) and the reason,
/// whatever the handler is busy with. A client that does not listen is disconnected after five seconds.
///
/// ```
/// use futures_core::Stream;
/// use futures_sink::Sink;
/// use hallpass_login::SessionSocket;
///
/// /// Sends back what comes, on the socket of any framework.
/// async fn echo<W, M, E>(mut socket: SessionSocket<W>)
/// where
///     W: Stream<Item = Result<M, E>> + Sink<M> + Unpin,
/// {
///     while let Some(Ok(message)) = socket.recv().await {
///         if socket.send(message).await.is_err() {
///             break;
///         }
///     }
/// }
/// ```
pub struct SessionSocket<W>(Arc<Shared<W>>);

impl<W> SessionSocket<W> {
    /// The next message; `None` once the client has gone or the session has ended.
    pub async fn recv(&mut self) -> Option<W::Item>
    where
        W: Stream + Unpin,
    {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Sends a message.
    ///
    /// # Errors
    ///
    /// [`SocketError::Ended`] once the session has ended, else the socket's own error.
    pub async fn send<M>(&mut self, message: M) -> Result<(), SocketError<W::Error>>
    where
        W: Sink<M> + Unpin,
    {
        send(self, message).await
    }

    /// Why the session ended, once it has.
    #[must_use]
    pub fn end_reason(&self) -> Option<EndReason> {
        self.0.state().reason
    }
}

impl<W: Stream + Unpin> Stream for SessionSocket<W> {
    type Item = W::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<W::Item>> {
        let mut state = self.0.state();
        let Some(socket) = state.socket.as_mut() else { return Poll::Ready(None) };
        let polled = Pin::new(socket).poll_next(cx);
        if polled.is_pending() {
            keep(&mut state.reader, cx);
        }
        polled
    }
}

impl<W: Sink<M> + Unpin, M> Sink<M> for SessionSocket<W> {
    type Error = SocketError<W::Error>;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_write(cx, |socket, cx| socket.poll_ready(cx))
    }

    fn start_send(self: Pin<&mut Self>, message: M) -> Result<(), Self::Error> {
        let mut state = self.0.state();
        let socket = state.socket.as_mut().ok_or(SocketError::Ended)?;
        Pin::new(socket).start_send(message).map_err(SocketError::Socket)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_write(cx, |socket, cx| socket.poll_flush(cx))
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_write(cx, |socket, cx| socket.poll_close(cx))
    }
}

impl<W> fmt::Debug for SessionSocket<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionSocket").field("end_reason", &self.end_reason()).finish_non_exhaustive()
    }
}

/// A message was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SocketError<E> {
    /// The session has ended, or the handler has returned: nothing more can be sent.
    Ended,
    /// The socket failed.
    Socket(E),
}

impl<E> fmt::Display for SocketError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ended => "the session of the socket has ended",
            Self::Socket(_) => "the socket failed",
        })
    }
}

impl<E: std::error::Error + 'static> std::error::Error for SocketError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Ended => None,
            Self::Socket(error) => Some(error),
        }
    }
}

/// Runs `handler` on `socket` for as long as `session` lives. For adapters, in the task of an upgraded connection.
///
/// When the session ends, the socket is taken from the handler. The client is sent `close` of the reason and has five
/// seconds to take it; the handler, whose stream has ended and whose sink fails, has the same time to finish. Then both
/// are dropped, so that nothing outlives the connection. A handler that returns, or panics, ends the connection too,
/// also if it has passed the socket on to another task.
///
/// The runtime has to have a timer.
pub async fn hold_socket<W, T, E, M, H>(
    session: Session,
    socket: W,
    close: impl FnOnce(EndReason) -> M,
    handler: impl FnOnce(SessionSocket<W>) -> H,
) where
    W: Stream<Item = Result<T, E>> + Sink<M> + Unpin,
    H: Future<Output = ()>,
{
    let mut ended = session.ended();
    drop(session);
    let lease = Lease(Arc::new(Shared::new(socket)));
    let mut handler = pin!(handler(SessionSocket(Arc::clone(&lease.0))));
    let reason = poll_fn(|cx| match Pin::new(&mut ended).poll(cx) {
        Poll::Ready(reason) => Poll::Ready(Some(reason)),
        Poll::Pending => handler.as_mut().poll(cx).map(|()| None),
    });
    let Some(reason) = reason.await else { return };
    drop(ended);
    if let Some(socket) = lease.0.take(Some(reason)) {
        let goodbye = pin!(say_goodbye(socket, close(reason)));
        // Whoever is not done by then is dropped.
        let _ = tokio::time::timeout(GOODBYE, both(goodbye, handler)).await;
    }
}

/// Tells the client, and waits for it to close the connection: one that is closed with unread bytes is reset, and what
/// was sent last may be lost with it.
async fn say_goodbye<W, T, E, M>(mut socket: W, last: M)
where
    W: Stream<Item = Result<T, E>> + Sink<M> + Unpin,
{
    if send(&mut socket, last).await.is_ok() {
        while let Some(Ok(_)) = poll_fn(|cx| Pin::new(&mut socket).poll_next(cx)).await {}
    }
}

async fn send<W: Sink<M> + Unpin, M>(socket: &mut W, message: M) -> Result<(), W::Error> {
    poll_fn(|cx| Pin::new(&mut *socket).poll_ready(cx)).await?;
    Pin::new(&mut *socket).start_send(message)?;
    poll_fn(|cx| Pin::new(&mut *socket).poll_flush(cx)).await
}

async fn both(
    mut goodbye: Pin<&mut impl Future<Output = ()>>,
    mut handler: Pin<&mut impl Future<Output = ()>>,
) {
    let (mut told, mut finished) = (false, false);
    poll_fn(|cx| {
        told = told || goodbye.as_mut().poll(cx).is_ready();
        finished = finished || handler.as_mut().poll(cx).is_ready();
        if told && finished { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

struct Shared<W>(Mutex<State<W>>);

struct State<W> {
    socket: Option<W>,
    reason: Option<EndReason>,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl<W> Shared<W> {
    fn new(socket: W) -> Self {
        Self(Mutex::new(State { socket: Some(socket), reason: None, reader: None, writer: None }))
    }

    fn state(&self) -> MutexGuard<'_, State<W>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the socket from whoever reads or writes, on whichever task, and tells them.
    fn take(&self, reason: Option<EndReason>) -> Option<W> {
        let mut state = self.state();
        state.reason = state.reason.or(reason);
        let (socket, wakers) = (state.socket.take(), [state.reader.take(), state.writer.take()]);
        drop(state);
        wakers.into_iter().flatten().for_each(Waker::wake);
        socket
    }

    fn poll_write<E>(
        &self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(Pin<&mut W>, &mut Context<'_>) -> Poll<Result<(), E>>,
    ) -> Poll<Result<(), SocketError<E>>>
    where
        W: Unpin,
    {
        let mut state = self.state();
        let Some(socket) = state.socket.as_mut() else { return Poll::Ready(Err(SocketError::Ended)) };
        let polled = poll(Pin::new(socket), cx);
        if polled.is_pending() {
            keep(&mut state.writer, cx);
        }
        Poll::Ready(ready!(polled).map_err(SocketError::Socket))
    }
}

fn keep(waker: &mut Option<Waker>, cx: &Context<'_>) {
    match waker {
        Some(waker) => waker.clone_from(cx.waker()),
        None => *waker = Some(cx.waker().clone()),
    }
}

/// Closes the connection when the handler is done, however it is.
struct Lease<W>(Arc<Shared<W>>);

impl<W> Drop for Lease<W> {
    fn drop(&mut self) {
        drop(self.0.take(None));
    }
}
