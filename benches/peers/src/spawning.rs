//! Applications that answer with the help of tasks they spawn, and so need a runtime that runs.

use benches::drive::{Tower, runtime};
use benches::{Call, Contender};
use http::{HeaderValue, Request, Response, StatusCode};
use std::convert::Infallible;
use std::fmt;
use tokio::runtime::Runtime;
use tower_service::Service;

/// A tower service that is answered inside of a runtime. Entering it costs something, which is in the figures.
pub struct InRuntime<S, B> {
    service: S,
    requests: Tower<S, B>,
    runtime: Runtime,
}

impl<S: Clone, B> InRuntime<S, B> {
    /// The contender that `service` is.
    ///
    /// # Panics
    ///
    /// If the operating system refuses a runtime.
    pub fn new(service: S) -> Self {
        Self { requests: Tower::new(service.clone()), service, runtime: runtime() }
    }
}

impl<S, B> fmt::Debug for InRuntime<S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InRuntime")
    }
}

impl<S, B, R> Contender for InRuntime<S, B>
where
    S: Service<Request<B>, Response = Response<R>, Error = Infallible>,
    B: Default,
{
    type Request = Request<B>;
    type Response = Response<R>;

    fn request(&self, call: &Call<'_>) -> Request<B> {
        self.requests.request(call)
    }

    fn answer(&mut self, request: Request<B>) -> Response<R> {
        match self.runtime.block_on(self.service.call(request)) {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }

    fn status(response: &Response<R>) -> StatusCode {
        response.status()
    }

    fn cookie(response: &Response<R>) -> Option<HeaderValue> {
        Tower::<S, B>::cookie(response)
    }
}
