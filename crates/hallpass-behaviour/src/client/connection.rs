use super::request::Request;
use super::response::Response;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// One connection, kept open between requests. Dropping it closes it.
#[derive(Debug)]
pub struct Connection {
    addr: SocketAddr,
    sender: SendRequest<Full<Bytes>>,
    driver: JoinHandle<()>,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    ///
    /// When nobody listens.
    pub async fn open(addr: SocketAddr) -> Result<Self, String> {
        let stream = TcpStream::connect(addr).await.map_err(|error| error.to_string())?;
        let (sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
        let driver = tokio::spawn(async move {
            // A connection that breaks tells it to whoever waits for the answer.
            let _ = connection.await;
        });
        Ok(Self { addr, sender, driver })
    }

    /// Sends a request and reads its answer to the end.
    ///
    /// # Errors
    ///
    /// When the connection broke before.
    pub async fn send(&mut self, request: &Request) -> Result<Response, String> {
        let (head, body) = self.exchange(request).await?.into_parts();
        let body = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
        let line = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
            (name.to_string(), value.as_bytes().to_vec())
        };
        Ok(Response::checked(head.status.as_u16(), head.headers.iter().map(line).collect(), body.to_vec()))
    }

    /// Sends a request and reads the head of its answer.
    pub(super) async fn exchange(&mut self, request: &Request) -> Result<http::Response<Incoming>, String> {
        self.sender.ready().await.map_err(|error| error.to_string())?;
        self.sender.send_request(self.build(request)).await.map_err(|error| error.to_string())
    }

    fn build(&self, request: &Request) -> http::Request<Full<Bytes>> {
        let has_host = request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host"));
        let mut built = http::Request::builder().method(request.method.as_str()).uri(&request.target);
        if !has_host {
            built = built.header("host", self.addr.to_string());
        }
        for (name, value) in &request.headers {
            built = built.header(name, value.as_slice());
        }
        let body = Full::new(Bytes::from(request.body.clone()));
        built.body(body).expect("what HTTP does not allow is sent on a wire")
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}
