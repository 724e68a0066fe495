use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{HeaderMap, Method, Request};
use hyper_util::rt::TokioIo;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Far longer than the demo takes to give up on its store.
const PATIENCE: Duration = Duration::from_secs(30);

/// The cookie of a login.
const COOKIE: &str = "__Host-id";

const PASSWORD: &str = "correct horse battery staple";

/// A token as the demo gave it out. Opaque, and a secret: it has no `Debug`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Token(String);

/// What the demo answered, and when.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) began: Instant,
    pub(crate) ended: Instant,
    token: Option<Token>,
}

impl Reply {
    pub(crate) fn took(&self) -> Duration {
        self.ended - self.began
    }
}

/// One client with one connection, which is kept.
pub(crate) struct Client {
    addr: SocketAddr,
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl Client {
    pub(crate) fn new(addr: SocketAddr) -> Self {
        Self { addr, sender: None }
    }

    /// Makes an account, with the password of all.
    pub(crate) async fn register(&mut self, name: &str) {
        let reply = self.send(Method::POST, "/v1/register_user", None, credentials(name)).await.unwrap();
        assert_eq!(reply.status, 201, "{name} could not be registered");
    }

    /// Logs in; the token comes with an answer of 200.
    pub(crate) async fn log_in(&mut self, name: &str) -> io::Result<(Reply, Option<Token>)> {
        let mut reply = self.send(Method::POST, "/v1/login_user", None, credentials(name)).await?;
        let token = reply.token.take();
        if (reply.status == 200) != token.is_some() {
            return Err(io::Error::other("a login comes with a cookie, and nothing else does"));
        }
        Ok((reply, token))
    }

    /// Logs in where nothing stands in the way.
    pub(crate) async fn must_log_in(&mut self, name: &str) -> Token {
        let (reply, token) = self.log_in(name).await.unwrap();
        token.unwrap_or_else(|| panic!("{name} could not log in: {}", reply.status))
    }

    pub(crate) async fn log_out(&mut self, token: &Token) -> io::Result<Reply> {
        self.send(Method::POST, "/v1/logout_user", Some(token), String::new()).await
    }

    /// Asks for what only users get.
    pub(crate) async fn visit(&mut self, token: &Token) -> io::Result<Reply> {
        self.send(Method::GET, "/v1/me", Some(token), String::new()).await
    }

    /// Writes to the session.
    pub(crate) async fn count(&mut self, token: &Token) -> io::Result<Reply> {
        self.send(Method::POST, "/v1/counter", Some(token), String::new()).await
    }

    /// Asks for what everybody gets.
    pub(crate) async fn public(&mut self) -> io::Result<Reply> {
        self.send(Method::GET, "/v1/public", None, String::new()).await
    }

    async fn send(
        &mut self,
        method: Method,
        path: &str,
        token: Option<&Token>,
        form: String,
    ) -> io::Result<Reply> {
        let mut request = Request::builder().method(method).uri(path).header("host", self.addr.to_string());
        if let Some(Token(value)) = token {
            request = request.header("cookie", format!("{COOKIE}={value}"));
        }
        if !form.is_empty() {
            request = request.header("content-type", "application/x-www-form-urlencoded");
        }
        let request = request.body(Full::from(form)).map_err(io::Error::other)?;
        let reply = timeout(PATIENCE, self.exchange(request)).await;
        reply.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    async fn exchange(&mut self, request: Request<Full<Bytes>>) -> io::Result<Reply> {
        let began = Instant::now();
        let mut sender = match self.ready().await {
            Some(sender) => sender,
            None => self.connect().await?,
        };
        let (head, body) = sender.send_request(request).await.map_err(io::Error::other)?.into_parts();
        body.collect().await.map_err(io::Error::other)?;
        self.sender = Some(sender);
        Ok(Reply { status: head.status.as_u16(), began, ended: Instant::now(), token: token(&head.headers) })
    }

    /// The connection of the request before, unless it is closed.
    async fn ready(&mut self) -> Option<SendRequest<Full<Bytes>>> {
        let mut sender = self.sender.take()?;
        sender.ready().await.ok()?;
        Some(sender)
    }

    async fn connect(&self) -> io::Result<SendRequest<Full<Bytes>>> {
        let stream = TokioIo::new(TcpStream::connect(self.addr).await?);
        let (sender, connection) = http1::handshake(stream).await.map_err(io::Error::other)?;
        tokio::spawn(connection);
        Ok(sender)
    }
}

/// The token of a login that is set, rather than removed.
fn token(headers: &HeaderMap) -> Option<Token> {
    let values = headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok());
    let mut tokens = values.filter_map(|value| {
        let (token, _) = value.strip_prefix(COOKIE)?.strip_prefix('=')?.split_once(';')?;
        (!token.is_empty()).then(|| Token(token.to_owned()))
    });
    tokens.next()
}

fn credentials(name: &str) -> String {
    format!("username={name}&password={}", PASSWORD.replace(' ', "+"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(cookies: &[&'static str]) -> HeaderMap {
        cookies.iter().map(|value| ("set-cookie".parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn only_a_login_brings_a_token() {
        let login = headers(&["__Host-id-anon=; Max-Age=0", "__Host-id=abc; Secure; Path=/"]);
        assert!(token(&login).is_some_and(|Token(value)| value == "abc"));
        assert!(token(&headers(&["__Host-id=; Max-Age=0; Path=/"])).is_none());
        assert!(token(&headers(&["__Host-id-anon=abc; Path=/"])).is_none());
    }
}
