use hallpass_core::SessionSlot;
use http::{Request, Response};
use pin_project_lite::pin_project;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tower_layer::Layer;
use tower_service::Service;

/// Decides whether a request is let through, by its slot: the one of the innermost layer, if there is any.
///
/// Closures that return a future are admissions. That the future has no name is no reason to box it.
pub trait Admission: Clone + Send + Sync + 'static {
    /// Why a request is not let through.
    type Denied;

    /// The decision.
    type Future: Future<Output = Result<(), Self::Denied>> + Send + 'static;

    /// Decides.
    fn admit(&self, slot: Option<SessionSlot>) -> Self::Future;
}

impl<F, Fut, D> Admission for F
where
    F: Fn(Option<SessionSlot>) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<(), D>> + Send + 'static,
{
    type Denied = D;
    type Future = Fut;

    fn admit(&self, slot: Option<SessionSlot>) -> Fut {
        self(slot)
    }
}

/// Lets only those requests through that an [`Admission`] admits: what adapters make their guards of. It belongs inside
/// a [`SessionLayer`](crate::SessionLayer).
///
/// ```
/// use hallpass_core::{MemoryStore, SessionManager, SessionSlot};
/// use hallpass_tower::{GateLayer, SessionLayer};
/// use http::{Request, Response, StatusCode};
/// use std::convert::Infallible;
/// use tower::{Layer, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let members_only = GateLayer::new(
///     |slot: Option<SessionSlot>| async move {
///         let slot = slot.ok_or(StatusCode::INTERNAL_SERVER_ERROR)?;
///         let session = slot.open().await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
///         session.subject().map(drop).ok_or(StatusCode::UNAUTHORIZED)
///     },
///     |status: StatusCode, _: &Request<()>| Response::builder().status(status).body(String::new()).unwrap_or_default(),
/// );
///
/// # let sessions = SessionManager::builder(MemoryStore::new()).build()?;
/// let page = service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(String::from("for members"))));
/// let app = SessionLayer::new(sessions).layer(members_only.layer(page));
/// assert_eq!(app.oneshot(Request::get("/").body(())?).await?.status(), StatusCode::UNAUTHORIZED);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a gate keeps nobody out until it is put around a service"]
pub struct GateLayer<C, R> {
    admission: C,
    refuse: R,
}

impl<C, R> GateLayer<C, R> {
    /// Asks `admission`, and lets `refuse` answer the requests that it denies.
    pub fn new(admission: C, refuse: R) -> Self {
        Self { admission, refuse }
    }
}

impl<C, R> fmt::Debug for GateLayer<C, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GateLayer").finish_non_exhaustive()
    }
}

impl<C: Clone, R: Clone, S> Layer<S> for GateLayer<C, R> {
    type Service = GateService<C, R, S>;

    fn layer(&self, inner: S) -> Self::Service {
        GateService { inner, gate: self.clone() }
    }
}

/// The service that [`GateLayer`] makes of another.
#[derive(Debug, Clone)]
pub struct GateService<C, R, S> {
    inner: S,
    gate: GateLayer<C, R>,
}

impl<C, R, S, ReqBody, ResBody> Service<Request<ReqBody>> for GateService<C, R, S>
where
    C: Admission,
    R: Fn(C::Denied, &Request<ReqBody>) -> Response<ResBody> + Clone,
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = GateFuture<C::Future, R, S, Request<ReqBody>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        // The one that was polled to readiness is the one to be called; its clone need not be ready.
        let clone = self.inner.clone();
        let inner = std::mem::replace(&mut self.inner, clone);
        let admission = self.gate.admission.admit(request.extensions().get().cloned());
        let waiting = Some(Waiting { inner, request, refuse: self.gate.refuse.clone() });
        GateFuture { state: State::Deciding { admission, waiting } }
    }
}

pin_project! {
    /// The response of a [`GateService`]: the decision, and then the inner service's.
    #[must_use = "futures do nothing unless polled"]
    pub struct GateFuture<F, R, S: Service<Q>, Q> {
        #[pin]
        state: State<F, Waiting<R, S, Q>, S::Future>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F, W, A> {
        Deciding { #[pin] admission: F, waiting: Option<W> },
        Admitted { #[pin] response: A },
    }
}

struct Waiting<R, S, Q> {
    inner: S,
    request: Q,
    refuse: R,
}

impl<F, D, R, S, ReqBody, ResBody> Future for GateFuture<F, R, S, Request<ReqBody>>
where
    F: Future<Output = Result<(), D>>,
    R: Fn(D, &Request<ReqBody>) -> Response<ResBody>,
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
{
    type Output = Result<S::Response, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let next = match state.as_mut().project() {
                StateProjection::Admitted { response } => return response.poll(cx),
                StateProjection::Deciding { admission, waiting } => {
                    let decision = ready!(admission.poll(cx));
                    let Some(Waiting { mut inner, request, refuse }) = waiting.take() else {
                        return Poll::Pending;
                    };
                    match decision {
                        Ok(()) => State::Admitted { response: inner.call(request) },
                        Err(denied) => return Poll::Ready(Ok(refuse(denied, &request))),
                    }
                }
            };
            state.set(next);
        }
    }
}

impl<F, R, S: Service<Q>, Q> fmt::Debug for GateFuture<F, R, S, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let admitted = matches!(self.state, State::Admitted { .. });
        f.debug_struct("GateFuture").field("admitted", &admitted).finish_non_exhaustive()
    }
}
