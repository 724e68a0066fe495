//! WebSockets that end with their session.

use crate::head;
use crate::rejection::Rejection;
use axum::extract::FromRequestParts;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{self, CloseFrame, Message};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use hallpass_core::{EndReason, Session};
use hallpass_login::{Authenticator, SessionSocket, hold_socket, require_session};
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;

pub use hallpass_login::SocketError;

/// axum's WebSocket, for as long as its session lives. It is a stream and a sink of axum's messages.
pub type WebSocket = SessionSocket<ws::WebSocket>;

/// A WebSocket for who is logged in where the nearest layer carries an `A`, in place of axum's own
/// [`WebSocketUpgrade`](ws::WebSocketUpgrade). Others get a 401 in answer to the handshake, and the pages of other
/// sites a 403, because browsers let every page open a WebSocket, with cookies.
///
/// When the session ends, by a logout here or elsewhere, an administrator, a changed password or a timeout, on this node
/// or another, the socket is closed with code 1008 and the reason. The client may come back, and is asked for its login.
///
/// For [`any`](axum::routing::any), because HTTP/2 opens WebSockets with CONNECT (RFC 8441).
///
/// ```
/// use axum::{Router, response::Response, routing::any};
/// use hallpass_axum::ws::{WebSocket, WebSocketUpgrade};
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));
///
/// async fn echo(upgrade: WebSocketUpgrade<Users>) -> Response {
///     upgrade.on_upgrade(async |mut socket: WebSocket| {
///         while let Some(Ok(message)) = socket.recv().await {
///             if socket.send(message).await.is_err() {
///                 break;
///             }
///         }
///     })
/// }
/// # fn main() {
/// let app = Router::new().route("/echo", any(echo));
/// # let _: Router = app;
/// # }
/// ```
#[must_use]
pub struct WebSocketUpgrade<A> {
    upgrade: ws::WebSocketUpgrade,
    session: Session,
    area: PhantomData<fn() -> A>,
}

impl<A> WebSocketUpgrade<A> {
    /// Sets up axum's own upgrade: limits, buffers and subprotocols.
    ///
    /// ```
    /// # use hallpass_axum::ws::WebSocketUpgrade;
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));
    /// # fn main() {
    /// # let _ = |upgrade: WebSocketUpgrade<Users>|
    /// upgrade.configure(|upgrade| upgrade.max_message_size(64 * 1024).protocols(["chat"]));
    /// # }
    /// ```
    pub fn configure(mut self, with: impl FnOnce(ws::WebSocketUpgrade) -> ws::WebSocketUpgrade) -> Self {
        self.upgrade = with(self.upgrade);
        self
    }

    /// The session, which the socket ends with.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Accepts the handshake and runs `handler` on the socket. The connection ends when the handler returns.
    ///
    /// When the session ends, the handler's stream ends and its sink fails. It has five seconds to return and is dropped
    /// then.
    #[must_use = "to set up the WebSocket connection, this response must be returned"]
    pub fn on_upgrade<H, F>(self, handler: H) -> Response
    where
        H: FnOnce(WebSocket) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let session = self.session;
        self.upgrade.on_upgrade(async move |socket| hold_socket(session, socket, close, handler).await)
    }
}

impl<A> fmt::Debug for WebSocketUpgrade<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketUpgrade").field("session", &self.session).finish_non_exhaustive()
    }
}

impl<A: Authenticator, S: Send + Sync> FromRequestParts<S> for WebSocketUpgrade<A> {
    type Rejection = WebSocketRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, WebSocketRejection> {
        let session = match require_session::<A>(head::slot(&parts.extensions)).await {
            Ok(session) => session,
            Err(denied) => return Err(WebSocketRejection::Denied(Rejection::of::<A>(denied, parts))),
        };
        let upgrade = ws::WebSocketUpgrade::from_request_parts(parts, state).await;
        let upgrade = upgrade.map_err(WebSocketRejection::Upgrade)?;
        Ok(Self { upgrade, session, area: PhantomData })
    }
}

/// Why there is no WebSocket.
#[derive(Debug)]
#[non_exhaustive]
pub enum WebSocketRejection {
    /// Nobody is logged in, or the request comes from another site.
    Denied(Rejection),
    /// The request is no handshake that axum understands.
    Upgrade(WebSocketUpgradeRejection),
}

impl IntoResponse for WebSocketRejection {
    fn into_response(self) -> Response {
        match self {
            Self::Denied(rejection) => rejection.into_response(),
            Self::Upgrade(rejection) => rejection.into_response(),
        }
    }
}

fn close(reason: EndReason) -> Message {
    Message::Close(Some(CloseFrame { code: ws::close_code::POLICY, reason: reason.as_str().into() }))
}
