//! The applications behind a socket, each served as its framework does it, by one thread.

use actix_http::Request as ActixRequest;
use actix_web::Error as ActixError;
use actix_web::HttpServer;
use actix_web::body::MessageBody;
use actix_web::dev::{Service as ActixService, ServiceResponse, fn_factory};
use axum::ServiceExt;
use axum::body::Body;
use benches::warp;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::io;
use std::net::TcpListener;
use std::pin::Pin;
use tokio::net;
use tokio::task::{LocalSet, spawn_local};
use tower_service::Service;

/// Serves for ever, inside of the runtime that polls it.
pub type Serving = Pin<Box<dyn Future<Output = io::Result<()>>>>;

/// Serves an application on a socket that does not block.
pub(crate) type Serve = Box<dyn Fn(TcpListener) -> Serving>;

pub(crate) fn axum<S>(service: S) -> Serve
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send>,
    S: Clone + Send + 'static,
{
    Box::new(move |listener| {
        let service = service.clone();
        Box::pin(async move {
            axum::serve(net::TcpListener::from_std(listener)?, service.into_make_service()).await
        })
    })
}

pub(crate) fn actix<F, S, B>(make: F) -> Serve
where
    F: AsyncFn() -> S + Clone + Send + 'static,
    S: ActixService<ActixRequest, Response = ServiceResponse<B>, Error = ActixError> + 'static,
    B: MessageBody + 'static,
{
    Box::new(move |listener| {
        let make = make.clone();
        let server = HttpServer::new(move || {
            let make = make.clone();
            fn_factory(move || {
                let make = make.clone();
                async move { Ok::<_, ()>(make().await) }
            })
        });
        Box::pin(async move { server.workers(1).disable_signals().listen(listener)?.run().await })
    })
}

/// By hyper, as warp's own server takes nothing but filters.
pub(crate) fn warp<S>(service: S) -> Serve
where
    S: Service<Request<warp::Body>, Response = ::warp::reply::Response, Error = Infallible>,
    S: Clone + 'static,
{
    Box::new(move |listener| {
        let service = service.clone();
        Box::pin(async move { LocalSet::new().run_until(accept(listener, service)).await })
    })
}

async fn accept<S>(listener: TcpListener, service: S) -> io::Result<()>
where
    S: Service<Request<warp::Body>, Response = ::warp::reply::Response, Error = Infallible>,
    S: Clone + 'static,
{
    let listener = net::TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        let service = service.clone();
        let answer = service_fn(move |request: Request<Incoming>| {
            service.clone().call(request.map(|_| warp::Body::default()))
        });
        spawn_local(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
    }
}
