//! What stays open: the event stream and the WebSocket.

use crate::program::{ALICE, Header, Program, Reply, Server};
use futures_core::Stream;
use futures_sink::Sink;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::upgrade::Upgraded;
use hyper::{HeaderMap, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::future::poll_fn;
use std::pin::Pin;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

/// The handshake of RFC 6455 §1.3.
const HANDSHAKE: [Header<'_>; 4] = [
    ("connection", "upgrade"),
    ("upgrade", "websocket"),
    ("sec-websocket-version", "13"),
    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
];
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

pub(crate) async fn an_event_stream_ends_when_another_device_logs_this_one_out(demo: Program<'_>) {
    let server = demo.start();
    let (here, elsewhere) = (server.log_in(ALICE).await, server.log_in(ALICE).await);
    let (mut ended, mut kept) = (server.events(&here).await, server.events(&elsewhere).await);
    for events in [&mut ended, &mut kept] {
        let header = |name| events.head.get(name).map(|value| value.to_str().unwrap());
        assert_eq!(header("content-type"), Some("text/event-stream"));
        assert_eq!((header("cache-control"), header("vary")), (Some("no-store"), Some("Cookie")));
        events.tick().await;
        events.tick().await;
    }
    assert_eq!(server.log_out_others(&elsewhere).await.body, r#"{"sessions_ended":1}"#);
    assert_eq!(ended.reason().await, "logged_out_elsewhere");
    kept.tick().await;

    let again = server.get("/v1/events", &[("cookie", &here)]).await;
    assert_eq!((again.refusal(), again.header("www-authenticate")), ((401, "login_required"), "Session"));
    let visitor = server.get("/v1/events", &[]).await;
    assert_eq!((visitor.refusal(), visitor.header("www-authenticate")), ((401, "login_required"), "Session"));
}

/// Its head comes at once and nothing after it, so that the connection takes the next request.
pub(crate) async fn the_head_of_an_event_stream_opens_none(demo: Program<'_>) {
    let server = demo.start();
    let cookie = server.log_in(ALICE).await;
    let mut connection = server.connect().await;
    for (method, path, status) in [
        ("HEAD", "/v1/events", 200_u16),
        ("GET", "/v1/me", 200),
        ("HEAD", "/v1/ws", 400),
        ("HEAD", "/v1/events", 200),
    ] {
        connection.ready().await.unwrap();
        let request = server.request(method, path, &[("cookie", &cookie)], "");
        let (head, body) = connection.send_request(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        // What is no handshake is refused by each framework in its own way.
        let is_expected = if status == 200 { head.status == status } else { head.status.is_client_error() };
        assert!(is_expected, "{method} {path}: {}", head.status);
        assert_eq!(body.is_empty(), method == "HEAD", "{method} {path}");
    }
    connection.ready().await.unwrap();
    let request = server.request("GET", "/v1/events", &[("cookie", &cookie)], "");
    Events::of(connection.send_request(request).await.unwrap()).tick().await;
}

pub(crate) async fn a_web_socket_is_closed_when_another_device_logs_this_one_out(demo: Program<'_>) {
    let server = demo.start();
    let (here, elsewhere) = (server.log_in(ALICE).await, server.log_in(ALICE).await);
    let (mut ended, mut kept) = (server.socket(&here).await, server.socket(&elsewhere).await);
    for socket in [&mut ended, &mut kept] {
        socket.echo(Message::text("grüße")).await;
        socket.echo(Message::binary(vec![0, 255])).await;
    }
    assert_eq!(server.log_out_others(&elsewhere).await.body, r#"{"sessions_ended":1}"#);
    assert_eq!(ended.closed().await, (1008, "logged_out_elsewhere".to_owned()));
    kept.echo(Message::text("still here")).await;
    assert_eq!(server.refused(&[("cookie", &here)]).await.refusal(), (401, "login_required"));
}

pub(crate) async fn a_web_socket_is_for_users_on_pages_of_this_site(demo: Program<'_>) {
    let server = demo.start();
    let cookie = server.log_in(ALICE).await;
    let cookie = ("cookie", cookie.as_str());
    assert_eq!(server.refused(&[]).await.refusal(), (401, "login_required"));
    for foreign in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        assert_eq!(server.refused(&[cookie, foreign]).await.refusal(), (403, "cross_origin"), "{foreign:?}");
    }
    let plain = server.get("/v1/ws", &[cookie]).await;
    assert!(plain.status == 400 || plain.status == 426, "no handshake, no socket: {}", plain.status);
    assert_eq!(server.get("/v1/me", &[cookie]).await.status, 200, "nobody was logged out");
}

impl Server {
    async fn log_out_others(&self, cookie: &str) -> Reply {
        self.post("/v1/logout_others", &[("cookie", cookie)], "").await
    }

    pub(crate) async fn events(&self, cookie: &str) -> Events {
        Events::of(self.open("/v1/events", &[("cookie", cookie)]).await)
    }

    pub(crate) async fn socket(&self, cookie: &str) -> Socket {
        let origin = format!("http://{}", self.addr);
        let headers = [("cookie", cookie), ("origin", &origin)];
        let response = self.open("/v1/ws", &[&HANDSHAKE[..], &headers].concat()).await;
        assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
        assert_eq!(response.headers()["sec-websocket-accept"], ACCEPT);
        let stream = TokioIo::new(hyper::upgrade::on(response).await.unwrap());
        Socket(WebSocketStream::from_raw_socket(stream, Role::Client, None).await)
    }

    /// A handshake that gets an answer and no socket.
    async fn refused(&self, headers: &[Header<'_>]) -> Reply {
        self.get("/v1/ws", &[&HANDSHAKE[..], headers].concat()).await
    }
}

/// An event stream that is open.
pub(crate) struct Events {
    head: HeaderMap,
    body: Incoming,
    text: String,
}

impl Events {
    fn of(response: Response<Incoming>) -> Self {
        let (head, body) = response.into_parts();
        assert_eq!(head.status, StatusCode::OK);
        Self { head: head.headers, body, text: String::new() }
    }

    pub(crate) async fn tick(&mut self) {
        let (name, data) = self.next().await.expect("it is open");
        assert_eq!((name.as_str(), data.len()), ("tick", "2026-01-31T12:00:00.000Z".len()), "{data}");
    }

    /// Waits until it ends, and returns what its last event says.
    async fn reason(mut self) -> String {
        loop {
            match self.next().await.expect("it says why it ends") {
                (name, _) if name == "tick" => {}
                (name, reason) => {
                    assert_eq!((name.as_str(), self.next().await), ("logged_out", None));
                    return reason;
                }
            }
        }
    }

    /// The name of the next event and its data; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<(String, String)> {
        let event = loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                break event;
            }
            let frame = self.body.frame().await?.expect("it ends as it should");
            self.text.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap());
        };
        Some((field(&event, "event"), field(&event, "data")))
    }
}

/// The value of the one line with this name; a blank before it is no part of it.
fn field(event: &str, name: &str) -> String {
    let mut values = event.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let value = values.next().unwrap_or_default();
    assert_eq!(values.next(), None, "{event}");
    value.strip_prefix(' ').unwrap_or(value).to_owned()
}

/// A WebSocket that is open.
pub(crate) struct Socket(WebSocketStream<TokioIo<Upgraded>>);

impl Socket {
    pub(crate) async fn echo(&mut self, message: Message) {
        poll_fn(|cx| Pin::new(&mut self.0).poll_ready(cx)).await.unwrap();
        Pin::new(&mut self.0).start_send(message.clone()).unwrap();
        poll_fn(|cx| Pin::new(&mut self.0).poll_flush(cx)).await.unwrap();
        assert_eq!(self.next().await, Some(message));
    }

    /// Waits until the server closes it, and returns the code and the reason.
    pub(crate) async fn closed(mut self) -> (u16, String) {
        let closed = match self.next().await {
            Some(Message::Close(Some(frame))) => (frame.code.into(), frame.reason.to_string()),
            other => panic!("{other:?} instead of the reason"),
        };
        assert_eq!(self.next().await, None, "nothing follows");
        closed
    }

    /// `None` at the end, however it comes.
    async fn next(&mut self) -> Option<Message> {
        poll_fn(|cx| Pin::new(&mut self.0).poll_next(cx)).await?.ok()
    }
}
