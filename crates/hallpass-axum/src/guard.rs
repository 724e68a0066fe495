use crate::head;
use axum::extract::Request;
use axum::response::Response;
use hallpass_core::SessionSlot;
use hallpass_login::{Authenticator, Denied, Guard, HasRoles};
use hallpass_tower::answer_into_response;
use pin_project_lite::pin_project;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tower_layer::Layer;
use tower_service::Service;

/// Lets only requests through whose user is logged in. For [`Router::route_layer`](axum::Router::route_layer), inside
/// the session layer.
///
/// Others get 401; browsers are sent to the login page, if the authenticator names one. Handlers behind the guard get
/// [`CurrentUser`](crate::CurrentUser) without another look-up.
///
/// ```
/// use axum::{Router, body::Body, http::Request, routing::get};
/// use hallpass_axum::{SessionLayer, require_login};
/// # use hallpass_core::{MemoryStore, SessionManager};
/// # use std::sync::Arc;
/// # use tower::ServiceExt;
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let sessions = SessionManager::builder(MemoryStore::new()).build()?;
/// # let users = Arc::new(Users::default());
/// let app: Router = Router::new()
///     .route("/orders", get(async || "your orders"))
///     .route_layer(require_login::<Users>())
///     .route("/", get(async || "welcome"))
///     .layer(SessionLayer::new(sessions).authenticator(users));
///
/// let response = app.clone().oneshot(Request::get("/orders").body(Body::empty())?).await?;
/// assert_eq!(response.status(), 401);
/// let response = app.oneshot(Request::get("/").body(Body::empty())?).await?;
/// assert_eq!(response.status(), 200);
/// # Ok(())
/// # }
/// ```
pub fn require_login<A: Authenticator>() -> GuardLayer<A, impl Admission> {
    guard(Guard::login())
}

/// Lets only users through whom `predicate` allows. Other users get 403; who is not logged in is answered as by
/// [`require_login`].
///
/// ```
/// use hallpass_axum::require;
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));
///
/// # let router = axum::Router::<()>::new().route("/", axum::routing::get(async || ()));
/// let router = router.route_layer(require::<Users>(|user| user.name.starts_with('a')));
/// ```
pub fn require<A: Authenticator>(
    predicate: impl Fn(&A::User) -> bool + Send + Sync + 'static,
) -> GuardLayer<A, impl Admission> {
    guard(Guard::when(predicate))
}

/// Lets only users through who have `role`; else as [`require`].
///
/// ```
/// use hallpass_axum::require_role;
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));
///
/// # let router = axum::Router::<()>::new().route("/", axum::routing::get(async || ()));
/// let router = router.route_layer(require_role::<Users>(Role::Admin));
/// ```
pub fn require_role<A>(role: <A::User as HasRoles>::Role) -> GuardLayer<A, impl Admission>
where
    A: Authenticator<User: HasRoles>,
{
    guard(Guard::role(role))
}

/// Lets only requests through that `guard` admits.
///
/// ```
/// use hallpass_axum::guard;
/// use hallpass_login::Guard;
/// use std::time::Duration;
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));
///
/// # let router = axum::Router::<()>::new().route("/", axum::routing::get(async || ()));
/// let recently = Guard::<Users>::login().recent(Duration::from_secs(600));
/// let router = router.route_layer(guard(recently));
/// ```
pub fn guard<A: Authenticator>(guard: Guard<A>) -> GuardLayer<A, impl Admission> {
    let admission = move |slot: Option<SessionSlot>| {
        let guard = guard.clone();
        async move { guard.admit(slot.as_ref()).await }
    };
    GuardLayer { admission, area: PhantomData }
}

/// How a guard decides. It is implemented by what [`require_login`] and the like make, and gives their future a name,
/// so that none is boxed.
pub trait Admission: Clone + Send + Sync + 'static {
    /// Whether to let the request through.
    type Future: Future<Output = Result<(), Denied>> + Send + 'static;

    /// Decides on a request with this slot.
    fn admit(&self, slot: Option<SessionSlot>) -> Self::Future;
}

impl<F, Fut> Admission for F
where
    F: Fn(Option<SessionSlot>) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<(), Denied>> + Send + 'static,
{
    type Future = Fut;

    fn admit(&self, slot: Option<SessionSlot>) -> Fut {
        self(slot)
    }
}

/// The layer of a guard: made by [`require_login`], [`require`], [`require_role`] and [`guard`].
#[must_use = "a guard guards nothing until it is put around a route"]
pub struct GuardLayer<A, C> {
    admission: C,
    area: PhantomData<fn() -> A>,
}

impl<A, C: Clone> Clone for GuardLayer<A, C> {
    fn clone(&self) -> Self {
        Self { admission: self.admission.clone(), area: PhantomData }
    }
}

impl<A, C> fmt::Debug for GuardLayer<A, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardLayer").finish_non_exhaustive()
    }
}

impl<A, C: Clone, S> Layer<S> for GuardLayer<A, C> {
    type Service = GuardService<A, C, S>;

    fn layer(&self, inner: S) -> Self::Service {
        GuardService { inner, admission: self.admission.clone(), area: PhantomData }
    }
}

/// A service behind a guard.
pub struct GuardService<A, C, S> {
    inner: S,
    admission: C,
    area: PhantomData<fn() -> A>,
}

impl<A, C: Clone, S: Clone> Clone for GuardService<A, C, S> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), admission: self.admission.clone(), area: PhantomData }
    }
}

impl<A, C, S: fmt::Debug> fmt::Debug for GuardService<A, C, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardService").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl<A, C, S> Service<Request> for GuardService<A, C, S>
where
    A: Authenticator,
    C: Admission,
    S: Service<Request, Response = Response> + Clone,
{
    type Response = Response;
    type Error = S::Error;
    type Future = GuardFuture<A, C::Future, S>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        // The one that was polled to readiness is the one to be called; its clone need not be ready.
        let clone = self.inner.clone();
        let inner = std::mem::replace(&mut self.inner, clone);
        let admission = self.admission.admit(head::slot(request.extensions()).cloned());
        let state = State::Deciding { admission, waiting: Some((inner, request)) };
        GuardFuture { state, area: PhantomData }
    }
}

pin_project! {
    /// The response of a [`GuardService`].
    #[must_use = "futures do nothing unless polled"]
    pub struct GuardFuture<A, F, S: Service<Request>> {
        #[pin]
        state: State<F, S, S::Future>,
        area: PhantomData<fn() -> A>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F, S, R> {
        Deciding { #[pin] admission: F, waiting: Option<(S, Request)> },
        Admitted { #[pin] response: R },
    }
}

impl<A, F, S> Future for GuardFuture<A, F, S>
where
    A: Authenticator,
    F: Future<Output = Result<(), Denied>>,
    S: Service<Request, Response = Response>,
{
    type Output = Result<Response, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let next = match state.as_mut().project() {
                StateProjection::Admitted { response } => return response.poll(cx),
                StateProjection::Deciding { admission, waiting } => {
                    let decision = ready!(admission.poll(cx));
                    let Some((mut inner, request)) = waiting.take() else { return Poll::Pending };
                    match decision {
                        Ok(()) => State::Admitted { response: inner.call(request) },
                        Err(denied) => return Poll::Ready(Ok(refuse::<A>(denied, &request))),
                    }
                }
            };
            state.set(next);
        }
    }
}

fn refuse<A: Authenticator>(denied: Denied, request: &Request) -> Response {
    let slot = head::slot(request.extensions());
    answer_into_response(denied.answer_for::<A>(slot, &head::of_request(request)))
}

impl<A, F, S: Service<Request>> fmt::Debug for GuardFuture<A, F, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let admitted = matches!(self.state, State::Admitted { .. });
        f.debug_struct("GuardFuture").field("admitted", &admitted).finish_non_exhaustive()
    }
}
