use crate::denial::asked;
use hallpass_core::{EndReason, Session, SessionSlot};
use hallpass_login::{Authenticator, SessionSocket, hold_socket, require_session};
use std::fmt;
use std::future::Future;
use warp::ws::Message;
use warp::{Filter, Rejection, Reply};

/// Policy violation, RFC 6455 §7.4.1.
const POLICY: u16 = 1008;

/// warp's WebSocket, for as long as its session lives. It is a stream and a sink of warp's messages.
pub type WebSocket = SessionSocket<warp::ws::WebSocket>;

/// A WebSocket for who is logged in where the nearest layer carries an `A`, in place of [`warp::ws()`]. Others are denied
/// with a 401 in answer to the handshake, and the pages of other sites with a 403, because browsers let every page open
/// a WebSocket, with cookies.
///
/// When the session ends, by a logout here or elsewhere, an administrator, a changed password or a timeout, on this node
/// or another, the socket is closed with code 1008 and the reason. The client may come back, and is asked for its login.
///
/// ```
/// use hallpass_warp::{WebSocket, Ws, ws};
/// use warp::Filter;
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));
///
/// # fn main() {
/// let echo = warp::path!("echo").and(ws::<Users>()).map(|upgrade: Ws| {
///     upgrade.on_upgrade(async |mut socket: WebSocket| {
///         while let Some(Ok(message)) = socket.recv().await {
///             if socket.send(message).await.is_err() {
///                 break;
///             }
///         }
///     })
/// });
/// # let _ = echo;
/// # }
/// ```
pub fn ws<A: Authenticator>() -> impl Filter<Extract = (Ws,), Error = Rejection> + Clone {
    let ask = async |slot: Option<SessionSlot>| require_session::<A>(slot.as_ref()).await;
    asked::<A, _, _, _>(ask).and(warp::ws()).map(|session, upgrade| Ws { upgrade, session })
}

/// What [`ws()`] extracts: a handshake of somebody who is logged in.
#[must_use]
pub struct Ws {
    upgrade: warp::ws::Ws,
    session: Session,
}

impl Ws {
    /// Sets up warp's own upgrade: limits and buffers.
    ///
    /// ```
    /// # let _ = |upgrade: hallpass_warp::Ws|
    /// upgrade.configure(|upgrade| upgrade.max_message_size(64 * 1024));
    /// ```
    pub fn configure(mut self, with: impl FnOnce(warp::ws::Ws) -> warp::ws::Ws) -> Self {
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
    pub fn on_upgrade<H, F>(self, handler: H) -> impl Reply
    where
        H: FnOnce(WebSocket) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let session = self.session;
        self.upgrade.on_upgrade(async move |socket| hold_socket(session, socket, close, handler).await)
    }
}

impl fmt::Debug for Ws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ws").field("session", &self.session).finish_non_exhaustive()
    }
}

fn close(reason: EndReason) -> Message {
    Message::close_with(POLICY, reason.as_str())
}
