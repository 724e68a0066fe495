use crate::future::ResponseFuture;
use crate::head::{self, HttpHead};
use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::{Error, HttpMessage};
use hallpass_core::{Area, SessionManager, SessionSlot};
use std::fmt;
use std::future::{Ready, ready};
use std::sync::Arc;

/// Puts a session slot into each request and commits it when the inner service has answered. For
/// [`App::wrap`](actix_web::App::wrap).
///
/// * The answer is replaced by a 503 if the session could not be opened or a change, a login or a logout was not
///   confirmed, whatever the handler made of it; by a 401 or 409 if the store refused a login. It is JSON, or a
///   [page](hallpass_core::Answer::refusal_page) where a browser navigates. Nothing of the handler's answer is left then,
///   cookies of middlewares inside this one included. Only a 503 with `Retry-After` that was made by
///   [`answer_into_response`](crate::answer_into_response), such as a page of the application's own, stays in place of
///   ours.
/// * An answer for which the session was opened gets `Cache-Control: no-store` and `Vary: Cookie`; where
///   [bearer tokens](hallpass_core::SessionManagerBuilder::bearer) are taken, also `Vary: Authorization`, and a 401 says so.
/// * An error of a middleware inside this one stays an error, whose response carries cookies and headers all the same.
/// * The commit takes place when the response head is ready and before its body: what a streaming body does to the
///   session afterwards is an error there.
/// * A streaming body that depends on the session is dropped when it answers `HEAD`: actix-web would poll it to its end,
///   which an event stream does not have before its user logs out.
/// * When a handler panics or its client hangs up, nothing is committed. A logout that has been started is finished all
///   the same.
///
/// Make it once, *outside* of the closure given to [`HttpServer::new`](actix_web::HttpServer::new), and clone it inside:
/// that closure runs once for each worker, and the workers must share one manager.
///
/// Middlewares of different managers nest: the slot of the inner one leads to the outer one's. A middleware that finds a
/// slot of its own manager passes the request through, so that adding it twice does no harm. Of several calls of `wrap`
/// the last is the outermost, so guards of the same app are to be wrapped before this one.
///
/// ```
/// use actix_web::{App, HttpServer};
/// use hallpass_actix::SessionMiddleware;
/// use hallpass_core::{MemoryStore, SessionManager};
/// use std::sync::Arc;
///
/// # #[derive(Debug)]
/// struct Users;
///
/// # #[actix_web::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sessions = SessionManager::builder(MemoryStore::new()).build()?;
/// let middleware = SessionMiddleware::new(sessions).authenticator(Arc::new(Users));
/// let server = HttpServer::new(move || App::new().wrap(middleware.clone()));
/// # drop(server);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a middleware does nothing until it is put around an app"]
pub struct SessionMiddleware {
    area: Area,
}

impl SessionMiddleware {
    /// A middleware for the sessions of `manager`.
    pub fn new(manager: SessionManager) -> Self {
        Self { area: manager.into() }
    }

    /// Carries `users`, the application's authenticator, for all that asks for it by its type: `Login<A>`,
    /// `CurrentUser<A>` and guards. One middleware carries one; the last call wins.
    pub fn authenticator<A: Send + Sync + 'static>(mut self, users: Arc<A>) -> Self {
        self.area = self.area.carrying(users);
        self
    }

    fn slot(&self, request: &ServiceRequest, outer: Option<SessionSlot>) -> SessionSlot {
        SessionSlot::new(&self.area, &HttpHead::from(request.request()), outer)
    }
}

impl<S, B> Transform<S, ServiceRequest> for SessionMiddleware
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse;
    type Error = Error;
    type Transform = SessionService<S>;
    type InitError = ();
    type Future = Ready<Result<SessionService<S>, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        ready(Ok(SessionService { inner, middleware: self.clone() }))
    }
}

impl fmt::Debug for SessionMiddleware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionMiddleware")
            .field("realm", self.area.manager().realm())
            .finish_non_exhaustive()
    }
}

/// The service that [`SessionMiddleware`] makes of another.
#[derive(Debug)]
pub struct SessionService<S> {
    inner: S,
    middleware: SessionMiddleware,
}

impl<S, B> Service<ServiceRequest> for SessionService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse;
    type Error = Error;
    type Future = ResponseFuture<S::Future>;

    forward_ready!(inner);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let outer = head::slot(request.request());
        if outer.as_ref().is_some_and(|slot| slot.is_inside(self.middleware.area.manager())) {
            return ResponseFuture::new(self.inner.call(request), None);
        }
        let slot = self.middleware.slot(&request, outer);
        request.extensions_mut().insert(slot.clone());
        ResponseFuture::new(self.inner.call(request), Some(slot))
    }
}
