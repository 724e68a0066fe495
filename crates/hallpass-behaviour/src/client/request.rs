use serde_json::Value;
use std::fmt;
use std::net::SocketAddr;

/// A request to be sent by a [`Browser`](super::Browser), a [`Connection`](super::Connection) or a [`Wire`](super::Wire).
#[derive(Clone)]
pub struct Request {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) body: Vec<u8>,
}

impl Request {
    /// A request with this method and target.
    #[must_use]
    pub fn new(method: &str, target: &str) -> Self {
        Self { method: method.to_owned(), target: target.to_owned(), headers: Vec::new(), body: Vec::new() }
    }

    /// A GET.
    #[must_use]
    pub fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    /// A POST without a body.
    #[must_use]
    pub fn post(target: &str) -> Self {
        Self::new("POST", target)
    }

    /// Adds a header line.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Adds several header lines.
    #[must_use]
    pub fn headers(self, lines: &[(&str, &str)]) -> Self {
        lines.iter().fold(self, |request, (name, value)| request.header(name, value))
    }

    /// Adds a `Cookie` line with this one cookie.
    #[must_use]
    pub fn cookie(self, name: &str, value: &str) -> Self {
        self.header("cookie", format!("{name}={value}"))
    }

    /// Sends this JSON.
    #[must_use]
    pub fn json(self, body: Value) -> Self {
        self.body("application/json", body.to_string())
    }

    /// Sends this body.
    #[must_use]
    pub fn body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("content-type", content_type)
    }

    /// A login, to be sent to `/login/in` and its like.
    #[must_use]
    pub fn login(target: &str, username: &str, password: &str) -> Self {
        Self::post(target).json(serde_json::json!({ "username": username, "password": password }))
    }

    /// A handshake for a WebSocket (RFC 6455 §4.1), as browsers send it but for the origin.
    #[must_use]
    pub fn handshake(target: &str) -> Self {
        Self::get(target).headers(&[
            ("connection", "Upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ])
    }

    /// The bytes of HTTP/1.1, on a connection that ends with the answer.
    pub(super) fn bytes(&self, addr: SocketAddr) -> Vec<u8> {
        let request = self.clone().header("content-length", self.body.len().to_string());
        let mut bytes = request.header("connection", "close").head(addr);
        bytes.extend(&self.body);
        bytes
    }

    /// The bytes of the head.
    pub(super) fn head(&self, addr: SocketAddr) -> Vec<u8> {
        let mut bytes = format!("{} {} HTTP/1.1\r\n", self.method, self.target).into_bytes();
        let has_host = self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host"));
        if !has_host {
            bytes.extend(format!("host: {addr}\r\n").bytes());
        }
        for (name, value) in &self.headers {
            bytes.extend(name.bytes().chain(*b": ").chain(value.iter().copied()).chain(*b"\r\n"));
        }
        bytes.extend(b"\r\n");
        bytes
    }
}

/// Shows the start of it as text, for a scenario that fails.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "request {} {}", self.method, self.target)?;
        for (name, value) in &self.headers {
            write!(f, "; {name}: {}", String::from_utf8_lossy(&value[..value.len().min(200)]))?;
        }
        Ok(())
    }
}
