//! What stays open: event streams and WebSockets.

use super::connection::Connection;
use super::request::Request;
use super::response::Response;
use futures_core::Stream;
use futures_sink::Sink;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

/// An event stream that is open. Dropping it hangs up.
#[derive(Debug)]
pub struct Events {
    body: Incoming,
    _connection: Connection,
}

impl Events {
    pub(super) async fn open(addr: SocketAddr, request: &Request) -> Result<Self, String> {
        let mut connection = Connection::open(addr).await?;
        let (head, body) = connection.exchange(request).await?.into_parts();
        assert_eq!(head.status, 200, "an event stream opens");
        Ok(Self { body, _connection: connection })
    }

    /// The next piece, with the name of its event and its data; `None` at the end.
    ///
    /// # Panics
    ///
    /// When the connection breaks.
    pub async fn next(&mut self) -> Option<String> {
        let frame = self.body.frame().await?.expect("the stream ends as it should");
        let data = frame.into_data().expect("no trailers");
        Some(String::from_utf8_lossy(&data).trim_end().to_owned())
    }

    /// Waits until it ends, and returns what its last event says.
    ///
    /// # Panics
    ///
    /// When the connection breaks, or there is no last event but one before it.
    pub async fn reason(mut self) -> String {
        let last = self.next().await.expect("a last event");
        assert_eq!(self.next().await, None, "nothing follows");
        last.strip_prefix("event: logged_out\ndata: ").expect("it tells why").to_owned()
    }
}

/// A WebSocket that is open. Dropping it hangs up.
#[derive(Debug)]
pub struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    pub(super) async fn open(addr: SocketAddr, handshake: &Request) -> Self {
        let mut stream = TcpStream::connect(addr).await.expect("the server listens");
        stream.write_all(&handshake.head(addr)).await.expect("it reads the handshake");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.expect("an answer to the handshake"));
        }
        let response = Response::parse(&head).expect("an answer");
        response.expect(101).without_cookie();
        Self(WebSocketStream::from_raw_socket(stream, Role::Client, None).await)
    }

    /// Sends text.
    ///
    /// # Panics
    ///
    /// When the connection is broken.
    pub async fn say(&mut self, text: &str) {
        poll_fn(|cx| Pin::new(&mut self.0).poll_ready(cx)).await.expect("it is open");
        Pin::new(&mut self.0).start_send(Message::text(text)).expect("it is open");
        poll_fn(|cx| Pin::new(&mut self.0).poll_flush(cx)).await.expect("it is open");
    }

    /// Sends text and waits for it to come back.
    ///
    /// # Panics
    ///
    /// When anything else comes.
    pub async fn echo(&mut self, text: &str) {
        self.say(text).await;
        assert_eq!(self.next().await, Some(Message::text(text)));
    }

    /// Waits until the server closes it, and returns the code and the reason.
    ///
    /// # Panics
    ///
    /// When a message comes, or the connection ends without being closed.
    pub async fn closed(mut self) -> (u16, String) {
        let closed = match self.next().await {
            Some(Message::Close(Some(frame))) => (frame.code.into(), frame.reason.to_string()),
            other => panic!("{other:?} instead of the reason"),
        };
        assert_eq!(self.next().await, None, "nothing follows");
        closed
    }

    /// Reads until the connection ends, however it does.
    pub async fn drain(mut self) {
        while self.next().await.is_some() {}
    }

    async fn next(&mut self) -> Option<Message> {
        // A connection that breaks has ended.
        poll_fn(|cx| Pin::new(&mut self.0).poll_next(cx)).await?.ok()
    }
}
