//! The wire of WebDriver: JSON over HTTP.

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::error::Error;
use std::fmt;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::runtime::{self, Runtime};
use tokio::time::timeout;

/// Longer than any command takes on any machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// A command was not carried out.
#[derive(Debug)]
pub(crate) struct Failure {
    /// A code of WebDriver §6.6, such as `no such element`; empty if there was no answer.
    code: String,
    message: String,
}

/// A remote end. It is asked one thing after another.
#[derive(Debug)]
pub(crate) struct Remote {
    runtime: Runtime,
    authority: String,
}

impl Remote {
    /// `url` is `http://`, a host and a port.
    pub(crate) fn new(url: &str) -> Self {
        let authority = url.strip_prefix("http://").expect("the driver is reached over http");
        let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { runtime, authority: authority.trim_end_matches('/').to_owned() }
    }

    /// Carries out one command. `None` sends no body, which a `POST` must have.
    pub(crate) fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        let answer = self.runtime.block_on(async {
            let exchange = self.exchange(method, path, body.map(Value::to_string).unwrap_or_default());
            timeout(PATIENCE, exchange).await.unwrap_or_else(|elapsed| Err(elapsed.into()))
        });
        match answer.map_err(|error| Failure::unanswered(path, &*error))? {
            (true, value) => Ok(value),
            (false, error) => Err(Failure::from(&error)),
        }
    }

    /// Whether the command succeeded, and the value in the answer.
    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: String,
    ) -> Result<(bool, Value), Box<dyn Error>> {
        let stream = TokioIo::new(TcpStream::connect(&self.authority).await?);
        let (mut sender, connection) = http1::handshake(stream).await?;
        tokio::spawn(connection);
        let request = Request::builder().method(method).uri(path).header("host", &self.authority);
        let request = request.header("content-type", "application/json; charset=utf-8");
        let response = sender.send_request(request.body(Full::<Bytes>::from(body))?).await?;
        let succeeded = response.status().is_success();
        let mut answer: Value = serde_json::from_slice(&response.into_body().collect().await?.to_bytes())?;
        Ok((succeeded, answer["value"].take()))
    }
}

impl Failure {
    fn unanswered(path: &str, error: &dyn Error) -> Self {
        Self { code: String::new(), message: format!("{path}: {error}") }
    }
}

impl From<&Value> for Failure {
    fn from(error: &Value) -> Self {
        let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
        Self { code: text("error"), message: text("message") }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Below its first line is the driver's own stack.
        let first = self.message.lines().next().unwrap_or_default();
        write!(f, "{}: {first}", self.code)
    }
}
