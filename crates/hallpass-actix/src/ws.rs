//! WebSockets that end with their session.

use crate::head::{self, HttpHead};
use crate::rejection::Rejection;
use actix_web::dev::Payload;
use actix_web::error::ErrorBadRequest;
use actix_web::http::header::{HeaderValue, SEC_WEBSOCKET_PROTOCOL};
use actix_web::{Error, FromRequest, HttpRequest, HttpResponse, web};
use actix_ws::{Closed, MessageStream};
use futures_core::Stream;
use futures_sink::Sink;
use hallpass_core::{EndReason, OriginPolicy, RequestClass, Session};
use hallpass_login::{Authenticator, SessionSocket, hold_socket, require_session};
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

pub use actix_ws::{CloseCode, CloseReason, Message, ProtocolError};
pub use hallpass_login::SocketError;

/// A WebSocket of [`actix_ws`], for as long as its session lives. It is a stream and a sink of [`Message`]s; pings are
/// the handler's to answer.
pub type WebSocket = SessionSocket<Socket>;

/// A WebSocket for who is logged in where the nearest middleware carries an `A`, in place of [`actix_ws::handle`]. Others
/// get a 401 in answer to the handshake, and the pages of other sites a 403, because browsers let every page open a
/// WebSocket, with cookies.
///
/// When the session ends, by a logout here or elsewhere, an administrator, a changed password or a timeout, on this node
/// or another, the socket is closed with code 1008 and the reason. The client may come back, and is asked for its login.
///
/// actix-web itself writes to the connection. From a client that does not read the handler and its messages are taken all
/// the same, but what actix-web has buffered for it stays until it reads on, hangs up or is given up by the system: bound
/// that with a timeout of the proxy or of TCP.
///
/// ```
/// use actix_web::{HttpResponse, web};
/// use hallpass_actix::ws::{WebSocket, WebSocketUpgrade};
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));
///
/// async fn echo(upgrade: WebSocketUpgrade<Users>) -> HttpResponse {
///     upgrade.on_upgrade(async |mut socket: WebSocket| {
///         while let Some(Ok(message)) = socket.recv().await {
///             if socket.send(message).await.is_err() {
///                 break;
///             }
///         }
///     })
/// }
/// # fn main() {
/// let route = web::get().to(echo);
/// # let _ = route;
/// # }
/// ```
#[must_use]
pub struct WebSocketUpgrade<A> {
    response: HttpResponse,
    socket: Socket,
    session: Session,
    offered: Vec<HeaderValue>,
    area: PhantomData<fn() -> A>,
}

impl<A> WebSocketUpgrade<A> {
    /// How many bytes a frame of the client may have; 64 KiB if it is not told.
    pub fn max_frame_size(mut self, bytes: usize) -> Self {
        self.socket.messages = self.socket.messages.max_frame_size(bytes);
        self
    }

    /// Chooses the first of the client's subprotocols that is one of these.
    pub fn protocols(mut self, known: &[&str]) -> Self {
        let offered =
            self.offered.iter().filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(','));
        let chosen = offered.map(str::trim).find(|protocol| known.contains(protocol));
        if let Some(chosen) = chosen.and_then(|protocol| HeaderValue::from_str(protocol).ok()) {
            self.response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, chosen);
        }
        self
    }

    /// The session, which the socket ends with.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Accepts the handshake and runs `handler` on the socket, on the worker's thread. The connection ends when the
    /// handler returns.
    ///
    /// When the session ends, the handler's stream ends and its sink fails. It has five seconds to return and is dropped
    /// then.
    #[must_use = "to set up the WebSocket connection, this response must be returned"]
    pub fn on_upgrade<H, F>(self, handler: H) -> HttpResponse
    where
        H: FnOnce(WebSocket) -> F + 'static,
        F: Future<Output = ()> + 'static,
    {
        let (session, socket) = (self.session, self.socket);
        actix_web::rt::spawn(hold_socket(session, socket, close, handler));
        self.response
    }
}

impl<A> fmt::Debug for WebSocketUpgrade<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketUpgrade").field("session", &self.session).finish_non_exhaustive()
    }
}

impl<A: Authenticator> FromRequest for WebSocketUpgrade<A> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, body) = (request.clone(), payload.take());
        Box::pin(async move { upgrade(&request, body).await })
    }
}

async fn upgrade<A: Authenticator>(
    request: &HttpRequest,
    body: Payload,
) -> Result<WebSocketUpgrade<A>, Error> {
    let (slot, head) = (head::slot(request), HttpHead::from(request));
    let session = require_session::<A>(slot.as_ref()).await;
    let session = session.map_err(|denied| Rejection::from(denied.answer_for::<A>(slot.as_ref(), &head)))?;
    // actix-ws takes more for a handshake than the origin check does, which let the others pass unchecked.
    if OriginPolicy::classify(&head) != RequestClass::WebSocket {
        return Err(ErrorBadRequest("not a WebSocket handshake"));
    }
    let body = web::Payload::from_request(request, &mut { body }).await?;
    let (response, sender, messages) = actix_ws::handle(request, body)?;
    let offered = request.headers().get_all(SEC_WEBSOCKET_PROTOCOL).cloned().collect();
    Ok(WebSocketUpgrade {
        response,
        socket: Socket { sender, messages },
        session,
        offered,
        area: PhantomData,
    })
}

/// Both halves of a WebSocket of [`actix_ws`].
pub struct Socket {
    sender: actix_ws::Session,
    messages: MessageStream,
}

impl Stream for Socket {
    type Item = Result<Message, ProtocolError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.messages).poll_next(cx)
    }
}

impl Sink<Message> for Socket {
    type Error = Closed;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        Pin::new(&mut self.sender).poll_ready(cx)
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), Closed> {
        Pin::new(&mut self.sender).start_send(message)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        Pin::new(&mut self.sender).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        Pin::new(&mut self.sender).poll_close(cx)
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket").finish_non_exhaustive()
    }
}

fn close(reason: EndReason) -> Message {
    Message::Close(Some(CloseReason {
        code: CloseCode::Policy,
        description: Some(reason.as_str().to_owned()),
    }))
}
