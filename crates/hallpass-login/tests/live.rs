//! What is open for as long as a session ends with it, and leaves nothing behind.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use futures_core::Stream;
use futures_core::stream::FusedStream as _;
use futures_sink::Sink;
use hallpass_core::{
    Attempt, AuthLevel, ClientInfo, LoginGrant, MemoryStore, Session, SessionManager, SessionSlot, Stamp,
    Subject,
};
use hallpass_login::{SessionSocket, SocketError, hold_socket, until_logged_out};
use hallpass_testkit::Head;
use std::convert::Infallible;
use std::future::{pending, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// The session of a login, as a later request has it.
async fn session() -> Session {
    let sessions = SessionManager::builder(MemoryStore::new()).sweep_every(None).build().unwrap();
    let subject = sessions.subject_key(Subject::from(7_u32));
    let grant = LoginGrant {
        ticket: sessions.ticket(&subject).await.unwrap(),
        subject,
        stamp: Stamp::from(1),
        level: AuthLevel::Full,
        remembered: false,
        client: ClientInfo::default(),
        limit: sessions.policy().session_limit(),
        attempt: Attempt::default(),
    };
    let slot = SessionSlot::new(&sessions.clone().into(), &Head::new("GET"), None);
    slot.open().await.unwrap().log_in(grant).unwrap();
    let outcome = slot.commit().await;
    let cookie = outcome.set_cookies().next().unwrap().split(';').next().unwrap().to_owned();
    SessionSlot::new(&sessions.into(), &Head::new("GET").line("cookie", cookie), None).open().await.unwrap()
}

/// Lets every other task go on until it waits.
async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

async fn log_out(session: &Session) {
    settle().await;
    assert_eq!(session.log_out().await.unwrap().sessions_ended, 1);
    settle().await;
}

/// A stream that always has something, and tells when it is dropped.
struct Always {
    _held: Arc<()>,
}

impl Stream for Always {
    type Item = String;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<String>> {
        Poll::Ready(Some("more".to_owned()))
    }
}

async fn next<S: Stream>(stream: &mut Pin<Box<S>>) -> Option<S::Item> {
    poll_fn(|cx| stream.as_mut().poll_next(cx)).await
}

#[tokio::test]
async fn an_ended_session_yields_nothing_that_was_ready_but_why_it_ended() {
    let (session, held) = (session().await, Arc::new(()));
    let stream = until_logged_out(&session, Always { _held: Arc::clone(&held) });
    let mut stream = Box::pin(stream.ending_with(|reason| format!("last: {reason}")));
    for _ in 0..3 {
        assert_eq!(next(&mut stream).await.as_deref(), Some("more"));
    }
    log_out(&session).await;
    assert_eq!(next(&mut stream).await.as_deref(), Some("last: logged_out"));
    assert_eq!(Arc::strong_count(&held), 1, "what was streamed is let go of");
    assert!(stream.is_terminated());
    for _ in 0..2 {
        assert_eq!(next(&mut stream).await, None);
    }
}

#[tokio::test]
async fn without_a_last_item_the_stream_just_ends() {
    let session = session().await;
    let mut stream = Box::pin(until_logged_out(&session, Always { _held: Arc::default() }));
    assert!(next(&mut stream).await.is_some());
    log_out(&session).await;
    assert_eq!(next(&mut stream).await, None);
}

#[tokio::test]
async fn without_a_session_nothing_is_streamed() {
    let sessions = SessionManager::builder(MemoryStore::new()).build().unwrap();
    let session = SessionSlot::new(&sessions.into(), &Head::new("GET"), None).open().await.unwrap();
    let mut stream = Box::pin(until_logged_out(&session, Always { _held: Arc::default() }));
    assert_eq!(next(&mut stream).await, None);
}

struct Received(UnboundedReceiver<String>);

impl Stream for Received {
    type Item = String;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<String>> {
        self.0.poll_recv(cx)
    }
}

#[tokio::test]
async fn a_stream_that_ends_by_itself_says_nothing_of_the_session() {
    let (session, (sender, receiver)) = (session().await, unbounded_channel());
    let stream = until_logged_out(&session, Received(receiver));
    let mut stream = Box::pin(stream.ending_with(|reason| format!("last: {reason}")));
    sender.send("one".to_owned()).unwrap();
    drop(sender);
    assert_eq!(next(&mut stream).await.as_deref(), Some("one"));
    assert_eq!(next(&mut stream).await, None);
    log_out(&session).await;
    assert_eq!(next(&mut stream).await, None);
}

#[tokio::test]
async fn a_stream_that_waits_is_woken_by_the_end() {
    let (session, (_sender, receiver)) = (session().await, unbounded_channel());
    let mut stream = Box::pin(until_logged_out(&session, Received(receiver)));
    let waiting = tokio::spawn(async move { next(&mut stream).await });
    log_out(&session).await;
    assert_eq!(waiting.await.unwrap(), None);
}

#[test]
fn the_stream_can_be_sent_and_shared_if_what_it_wraps_can() {
    fn check<T: Send + Sync>(_: impl Fn(&Session) -> T) {}
    check(|session| {
        until_logged_out(session, Always { _held: Arc::default() }).ending_with(|reason| reason.to_string())
    });
}

/// The server's end of a WebSocket.
struct Socket {
    from_client: UnboundedReceiver<&'static str>,
    to_client: Arc<Mutex<Vec<String>>>,
    /// Whether the client takes anything.
    listens: bool,
}

/// The client's end.
struct Client {
    sender: UnboundedSender<&'static str>,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Client {
    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    /// Resolves when the connection is gone.
    async fn gone(&self) {
        self.sender.closed().await;
    }
}

impl Socket {
    fn new(listens: bool) -> (Self, Client) {
        let (sender, from_client) = unbounded_channel();
        let heard = Arc::<Mutex<Vec<String>>>::default();
        (Self { from_client, to_client: Arc::clone(&heard), listens }, Client { sender, heard })
    }
}

impl Stream for Socket {
    type Item = Result<&'static str, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.from_client.poll_recv(cx).map(|message| message.map(Ok))
    }
}

impl Sink<String> for Socket {
    type Error = Infallible;

    fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        if self.listens { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    fn start_send(self: Pin<&mut Self>, message: String) -> Result<(), Infallible> {
        self.to_client.lock().unwrap().push(message);
        Ok(())
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Sink::<String>::poll_ready(self, cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Sink::<String>::poll_ready(self, cx)
    }
}

/// Five seconds, but for the grain of the timer.
fn assert_about(span: Duration) {
    assert!((Duration::from_secs(5)..Duration::from_millis(5010)).contains(&span), "{span:?}");
}

/// Holds `socket` in a task of its own.
async fn hold<F>(
    session: &Session,
    socket: Socket,
    handler: impl FnOnce(SessionSocket<Socket>) -> F + Send + 'static,
) -> JoinHandle<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    let close = |reason| format!("close: {reason}");
    let holding = tokio::spawn(hold_socket(session.clone(), socket, close, handler));
    settle().await;
    holding
}

#[tokio::test(start_paused = true)]
async fn a_handler_sees_the_end_and_can_send_nothing_after_it() {
    let (session, (socket, client)) = (session().await, Socket::new(true));
    let holding = hold(&session, socket, async |mut socket| {
        assert_eq!(socket.recv().await, Some(Ok("hello")));
        assert_eq!((socket.end_reason(), socket.send("hello, too".to_owned()).await), (None, Ok(())));
        assert_eq!(socket.recv().await, None);
        assert_eq!(socket.end_reason().unwrap().as_str(), "logged_out");
        assert_eq!(socket.send("too late".to_owned()).await, Err(SocketError::Ended));
    });
    client.sender.send("hello").unwrap();
    let holding = holding.await;
    log_out(&session).await;
    while client.heard().len() < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(client.heard(), ["hello, too", "close: logged_out"]);
    let Client { sender, .. } = client;
    drop(sender);
    holding.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_busy_handler_delays_no_goodbye_and_is_dropped_after_it() {
    let (session, (socket, client)) = (session().await, Socket::new(true));
    let held = Arc::new(());
    let keeps = Arc::clone(&held);
    let holding = hold(&session, socket, async move |_socket| {
        let _keeps = keeps;
        pending().await
    });
    let holding = holding.await;
    let started = Instant::now();
    log_out(&session).await;
    while client.heard().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!((client.heard(), started.elapsed()), (vec!["close: logged_out".to_owned()], Duration::ZERO));
    holding.await.unwrap();
    assert_about(started.elapsed());
    assert_eq!(Arc::strong_count(&held), 1);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_listen_is_disconnected() {
    let (session, (socket, client)) = (session().await, Socket::new(false));
    let handler = async |mut socket: SessionSocket<Socket>| {
        assert_eq!(socket.send("stuck".to_owned()).await, Err(SocketError::Ended));
    };
    let holding = hold(&session, socket, handler).await;
    let started = Instant::now();
    log_out(&session).await;
    client.gone().await;
    assert_about(started.elapsed());
    assert!(client.heard().is_empty());
    holding.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_does_not_mind_the_end_is_dropped() {
    let (session, (socket, client)) = (session().await, Socket::new(true));
    let handler = async |mut socket: SessionSocket<Socket>| {
        loop {
            let _ = socket.send("more".to_owned()).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let holding = hold(&session, socket, handler).await;
    log_out(&session).await;
    holding.await.unwrap();
    assert_eq!(client.heard().last().unwrap(), "close: logged_out");
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_returns_ends_the_connection_wherever_the_socket_has_gone() {
    let (session, (socket, client)) = (session().await, Socket::new(true));
    let (give, mut take) = unbounded_channel();
    let handler = async move |mut socket: SessionSocket<Socket>| {
        let elsewhere = tokio::spawn(async move { (socket.recv().await, socket.end_reason()) });
        tokio::task::yield_now().await;
        give.send(elsewhere).ok().unwrap();
    };
    let holding = hold(&session, socket, handler).await;
    client.gone().await;
    holding.await.unwrap();
    assert_eq!(take.recv().await.unwrap().await.unwrap(), (None, None));
    assert!(client.heard().is_empty());
}

#[tokio::test(start_paused = true)]
async fn another_task_that_waits_on_the_socket_is_woken_by_the_end() {
    let (session, (socket, _client)) = (session().await, Socket::new(false));
    let handler = async |mut socket: SessionSocket<Socket>| {
        let elsewhere = tokio::spawn(async move { socket.send("stuck".to_owned()).await });
        assert_eq!(elsewhere.await.unwrap(), Err(SocketError::Ended));
    };
    let holding = hold(&session, socket, handler).await;
    log_out(&session).await;
    holding.await.unwrap();
}
