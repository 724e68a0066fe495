use crate::head::Peer;
use crate::tasks::{TaskExecutor, Tasks};
use hallpass_core::SessionManager;
use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::future::{Future, pending};
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tower_service::Service;

/// How long what is under way may take after the signal to stop, unless it is told.
const GRACE: Duration = Duration::from_secs(15);

/// How long to wait before accepting again when the system cannot take one more connection.
const ACCEPT_AGAIN: Duration = Duration::from_secs(1);

/// Serves `service` on `listener`: HTTP/1 with upgrades, and HTTP/2. It starts with [`run`](Server::run).
///
/// Requests carry the address of their connection as a [`Peer`], for device lists and events. Behind proxies, name them to
/// the manager: [`trusted_proxies`](hallpass_core::SessionManagerBuilder::trusted_proxies).
///
/// ```no_run
/// use hallpass_core::{MemoryStore, SessionManager};
/// use hallpass_tower::{SessionLayer, serve};
/// use http::{Request, Response};
/// use std::convert::Infallible;
/// use tokio::net::TcpListener;
/// use tower::{Layer, service_fn};
///
/// # async fn stop_signal() {}
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sessions = SessionManager::builder(MemoryStore::new()).build()?;
/// let welcome = service_fn(async |_: Request<_>| Ok::<_, Infallible>(Response::new("welcome".to_owned())));
/// let app = SessionLayer::new(sessions.clone()).layer(welcome);
///
/// let listener = TcpListener::bind("127.0.0.1:3000").await?;
/// serve(listener, app).with_graceful_shutdown(stop_signal()).drain(sessions).run().await;
/// # Ok(())
/// # }
/// ```
pub fn serve<S>(listener: TcpListener, service: S) -> Server<S> {
    Server { listener, service, signal: Box::pin(pending()), grace: GRACE, drained: Vec::new() }
}

/// A server that has not been started: made by [`serve`](serve()).
#[must_use = "a server does nothing until it is run"]
pub struct Server<S> {
    listener: TcpListener,
    service: S,
    signal: Pin<Box<dyn Future<Output = ()> + Send>>,
    grace: Duration,
    drained: Vec<SessionManager>,
}

impl<S> Server<S> {
    /// Stops when `signal` is ready: takes no more connections and requests, and ends those that are under way.
    /// WebSockets and other upgraded connections are the handlers' own, and end when those end them.
    pub fn with_graceful_shutdown(mut self, signal: impl Future<Output = ()> + Send + 'static) -> Self {
        self.signal = Box::pin(signal);
        self
    }

    /// How long requests that are under way may take after the signal; 15 seconds if it is not told. Those that take
    /// longer are dropped.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Finishes at the end, within another [`grace`](Self::grace), what requests of `sessions` have begun and nobody
    /// waits for any more: logouts and commits of clients that have hung up and of requests that were dropped. Without
    /// it they may be lost when the process ends. Each area has a manager of its own, to be named here.
    pub fn drain(mut self, sessions: SessionManager) -> Self {
        self.drained.push(sessions);
        self
    }

    /// Serves until the signal, and then to the end. Dropped, it drops every connection.
    pub async fn run<B>(mut self)
    where
        S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
        S::Future: Send + 'static,
        B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
    {
        let (tasks, graceful) = (Tasks::default(), GracefulShutdown::new());
        loop {
            tokio::select! {
                () = &mut self.signal => break,
                accepted = accept(&self.listener) => {
                    let (service, executor) = (self.service.clone(), tasks.executor());
                    tasks.spawn(connection(accepted, service, graceful.watcher(), executor));
                }
            }
        }
        drop(self.listener);
        if tokio::time::timeout(self.grace, graceful.shutdown()).await.is_err() {
            tracing::warn!(target: "hallpass", "some requests did not end in time and are dropped");
        }
        tasks.end().await;
        for sessions in self.drained {
            if !sessions.drain(self.grace).await {
                tracing::error!(target: "hallpass", realm = %sessions.realm(), "some logouts or changes were not finished in time");
            }
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for Server<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut server = f.debug_struct("Server");
        server.field("listener", &self.listener).field("service", &self.service).finish_non_exhaustive()
    }
}

/// The next connection. What fails is one connection or passes, such as a lack of file descriptors.
async fn accept(listener: &TcpListener) -> (TcpStream, IpAddr) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer.ip()),
            Err(error) if is_the_clients(&error) => {}
            Err(error) => {
                tracing::error!(target: "hallpass", error = &error as &dyn Error, "no connection can be accepted");
                tokio::time::sleep(ACCEPT_AGAIN).await;
            }
        }
    }
}

fn is_the_clients(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

async fn connection<S, B>(
    (stream, peer): (TcpStream, IpAddr),
    service: S,
    watcher: Watcher,
    executor: TaskExecutor,
) where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    let service = TowerToHyperService::new(service);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        service.call(request)
    });
    let mut builder = Builder::new(executor);
    // Without a timer nobody who is slow to send a request's head is ever disconnected.
    builder.http1().timer(TokioTimer::new());
    builder.http2().timer(TokioTimer::new());
    let served = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(served).await {
        tracing::debug!(target: "hallpass", error = &*error as &dyn Error, "a connection ended early");
    }
}
