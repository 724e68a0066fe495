//! Driving an application without a runtime: with a store in memory every answer is ready at the first poll.

use crate::contender::{Call, Contender, HOST};
use crate::cookies;
use http::{HeaderValue, Request, Response, StatusCode, header};
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use tokio::runtime::Runtime;
use tower_service::Service;

/// How often a future is polled that wakes itself.
const POLLS: usize = 1000;

/// A runtime to enter while applications are made and asked. Nothing runs on it.
///
/// # Panics
///
/// If the operating system refuses.
#[must_use]
pub fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// What `future` gives.
///
/// # Panics
///
/// If it waits for something that never comes.
pub fn ready<F: Future>(future: F) -> F::Output {
    let mut context = Context::from_waker(Waker::noop());
    let mut future = pin!(future);
    for _ in 0..POLLS {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
    panic!("not ready after {POLLS} polls");
}

/// A tower service over requests with empty bodies: axum's, warp's and others.
pub struct Tower<S, B> {
    service: S,
    body: PhantomData<fn() -> B>,
}

impl<S, B> Tower<S, B> {
    /// The contender that `service` is.
    pub fn new(service: S) -> Self {
        Self { service, body: PhantomData }
    }
}

impl<S: Clone, B> Clone for Tower<S, B> {
    fn clone(&self) -> Self {
        Self::new(self.service.clone())
    }
}

impl<S, B> fmt::Debug for Tower<S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tower")
    }
}

impl<S, B, R> Contender for Tower<S, B>
where
    S: Service<Request<B>, Response = Response<R>, Error = Infallible>,
    B: Default,
{
    type Request = Request<B>;
    type Response = Response<R>;

    fn request(&self, call: &Call<'_>) -> Request<B> {
        let mut request = Request::builder().method(&call.method).uri(call.path).header(header::HOST, HOST);
        for (name, value) in call.headers {
            request = request.header(*name, HeaderValue::from_static(value));
        }
        if let Some(cookie) = call.cookie {
            request = request.header(header::COOKIE, as_received(cookie));
        }
        request.body(B::default()).expect("a valid request")
    }

    fn answer(&mut self, request: Request<B>) -> Response<R> {
        match ready(self.service.call(request)) {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }

    fn status(response: &Response<R>) -> StatusCode {
        response.status()
    }

    fn cookie(response: &Response<R>) -> Option<HeaderValue> {
        let lines = response.headers().get_all(header::SET_COOKIE);
        cookies::sent_back(lines.iter().map(HeaderValue::as_bytes))
    }
}

/// Passes requests on: what any layer costs.
#[derive(Debug, Clone)]
pub struct Nothing<S>(pub S);

impl<S: Service<R>, R> Service<R> for Nothing<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> S::Future {
        self.0.call(request)
    }
}

/// The same value in bytes that are in the processor's caches, and part of a shared buffer, as a server has them that has
/// just read them.
fn as_received(value: &HeaderValue) -> HeaderValue {
    let mut bytes = Vec::with_capacity(2 * value.len());
    bytes.extend_from_slice(value.as_bytes());
    HeaderValue::from_maybe_shared(bytes::Bytes::from(bytes)).expect("it was a value before")
}
