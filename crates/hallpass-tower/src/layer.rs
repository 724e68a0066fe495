use crate::service::SessionService;
use hallpass_core::{Area, SessionManager};
use std::fmt;
use std::sync::Arc;
use tower_layer::Layer;

/// Puts a session slot into each request and commits it when the inner service has answered.
///
/// * The answer is replaced by a 503 if the session could not be opened or a change, a login or a logout was not
///   confirmed, whatever the handler made of it; by a 401 or 409 if the store refused a login. It is JSON, or a
///   [page](hallpass_core::Answer::refusal_page) where a browser navigates. Nothing of the handler's answer is left then,
///   cookies of layers inside this one included. Only a 503 with `Retry-After` that was made by
///   [`answer_into_response`](crate::answer_into_response), such as a page of the application's own, stays in place of
///   ours.
/// * An answer for which the session was opened gets `Cache-Control: no-store` and `Vary: Cookie`; where
///   [bearer tokens](hallpass_core::SessionManagerBuilder::bearer) are taken, also `Vary: Authorization`, and a 401 says so.
/// * The commit takes place when the response head is ready and before its body: what a streaming body does to the
///   session afterwards is an error there.
///
/// Layers of different managers nest: the slot of the inner one leads to the outer one's. A layer that finds a slot of
/// its own manager passes the request through, so that adding it twice does no harm.
///
/// The response's body must be `From<String>`, for the answers above. The bodies of axum and warp are, and so are
/// `String` and `http_body_util::Full`; a layer that changes the body into something else belongs outside this one.
///
/// ```
/// use hallpass_core::{MemoryStore, SessionManager};
/// use hallpass_tower::SessionLayer;
/// use std::sync::Arc;
///
/// # #[derive(Debug)]
/// struct Users;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sessions = SessionManager::builder(MemoryStore::new()).build()?;
/// let layer = SessionLayer::new(sessions).authenticator(Arc::new(Users));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a layer does nothing until it is put around a service"]
pub struct SessionLayer {
    area: Area,
}

impl SessionLayer {
    /// A layer for the sessions of `manager`.
    pub fn new(manager: SessionManager) -> Self {
        Self { area: manager.into() }
    }

    /// Carries `users`, the application's authenticator, for all that asks for it by its type: `Login<A>`,
    /// `CurrentUser<A>` and guards. One layer carries one; the last call wins.
    pub fn authenticator<A: Send + Sync + 'static>(mut self, users: Arc<A>) -> Self {
        self.area = self.area.carrying(users);
        self
    }
}

impl<S> Layer<S> for SessionLayer {
    type Service = SessionService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        SessionService::new(inner, self.area.clone())
    }
}

impl fmt::Debug for SessionLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionLayer").field("realm", self.area.manager().realm()).finish_non_exhaustive()
    }
}
