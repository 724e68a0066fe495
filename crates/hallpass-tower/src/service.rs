use crate::future::ResponseFuture;
use crate::head::HttpHead;
use hallpass_core::{Area, SessionSlot};
use http::{Request, Response};
use std::fmt;
use std::task::{Context, Poll};
use tower_service::Service;

/// The service that [`SessionLayer`](crate::SessionLayer) makes of another.
///
/// It calls the inner service at once, since nothing is awaited before, and so needs no clone of it.
#[derive(Clone)]
pub struct SessionService<S> {
    inner: S,
    area: Area,
}

impl<S> SessionService<S> {
    pub(crate) fn new(inner: S, area: Area) -> Self {
        Self { inner, area }
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for SessionService<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ResBody: From<String>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let outer = request.extensions().get::<SessionSlot>();
        if outer.is_some_and(|slot| slot.is_inside(self.area.manager())) {
            return ResponseFuture::passthrough(self.inner.call(request));
        }
        let slot = SessionSlot::new(&self.area, &HttpHead::from(&request), outer.cloned());
        request.extensions_mut().insert(slot.clone());
        ResponseFuture::new(self.inner.call(request), slot)
    }
}

impl<S: fmt::Debug> fmt::Debug for SessionService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionService")
            .field("inner", &self.inner)
            .field("realm", self.area.manager().realm())
            .finish_non_exhaustive()
    }
}
