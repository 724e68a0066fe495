//! Driving a service without a runtime: with a store in memory every answer is ready at the first poll.

use axum::body::Body;
use http::{HeaderValue, Request, Response, header};
use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use tower_service::Service;

/// The answer of `app` to `request`.
///
/// # Panics
///
/// If the answer is not ready at once.
pub fn answer<S>(app: &mut S, request: Request<Body>) -> Response<Body>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
{
    let mut context = Context::from_waker(Waker::noop());
    match pin!(app.call(request)).poll(&mut context) {
        Poll::Ready(Ok(response)) => response,
        Poll::Ready(Err(never)) => match never {},
        Poll::Pending => panic!("a store in memory answers at once"),
    }
}

/// A GET with a cookie.
///
/// # Panics
///
/// If `path` is not one.
#[must_use]
pub fn get(path: &'static str, cookie: &HeaderValue) -> Request<Body> {
    request("GET", path, cookie)
}

/// A POST with a cookie, as a browser sends it from the same site.
///
/// # Panics
///
/// If `path` is not one.
#[must_use]
pub fn post(path: &'static str, cookie: &HeaderValue) -> Request<Body> {
    let mut request = request("POST", path, cookie);
    request.headers_mut().insert("sec-fetch-site", HeaderValue::from_static("same-origin"));
    request
}

fn request(method: &str, path: &'static str, cookie: &HeaderValue) -> Request<Body> {
    let request = Request::builder().method(method).uri(path).header(header::HOST, "shop.example");
    request.header(header::COOKIE, cookie.clone()).body(Body::empty()).expect("a valid request")
}
