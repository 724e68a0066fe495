use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::HeaderValue;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use tokio::net::TcpStream;

pub(crate) type Header<'a> = (&'a str, &'a str);
pub(crate) const FORM: Header<'_> = ("content-type", "application/x-www-form-urlencoded");
pub(crate) const JSON: Header<'_> = ("content-type", "application/json");
pub(crate) const HTML: Header<'_> = ("accept", "text/html,*/*;q=0.8");

pub(crate) const ALICE: &str = "username=alice&password=correct+horse+battery+staple";

/// A demo, to be started in a folder of the check's own.
#[derive(Clone, Copy)]
pub(crate) struct Program<'a> {
    pub(crate) path: &'a str,
    pub(crate) folder: &'a Path,
}

impl Program<'_> {
    /// Starts it on a port of its own, with the store that it has by default.
    pub(crate) fn start(self) -> Server {
        Server::start(self.command(&["--addr", "127.0.0.1:0"]))
    }

    /// The same with another store. The address is no argument, because everybody can see those.
    pub(crate) fn start_with(self, store: &str) -> Server {
        let mut command = self.command(&["--addr", "127.0.0.1:0"]);
        command.env("HALLPASS_STORE", store);
        Server::start(command)
    }

    /// To run it, with the environment's own options left out.
    pub(crate) fn command(self, options: &[&str]) -> Command {
        let mut command = Command::new(self.path);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("HALLPASS_")) {
            command.env_remove(name);
        }
        command.args(options).current_dir(self.folder).env("RUST_LOG", "warn");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

/// A running demo.
pub(crate) struct Server {
    process: Option<Child>,
    pub(crate) addr: SocketAddr,
}

impl Server {
    fn start(mut command: Command) -> Self {
        let mut process = command.spawn().unwrap();
        let mut line = String::new();
        let mut lines = BufReader::new(process.stdout.take().unwrap());
        lines.read_line(&mut line).unwrap();
        let Some(addr) = line.trim().strip_prefix("listening on http://") else {
            panic!("it did not start: {:?}", process.wait_with_output().unwrap());
        };
        Self { addr: addr.parse().unwrap(), process: Some(process) }
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.as_ref().unwrap().id()
    }

    /// Waits for its end; what it logged comes with it.
    pub(crate) async fn wait(mut self) -> Output {
        let process = self.process.take().unwrap();
        tokio::task::spawn_blocking(|| process.wait_with_output().unwrap()).await.unwrap()
    }

    pub(crate) async fn log_in(&self, credentials: &str) -> String {
        self.post("/v1/login_user", &[FORM], credentials).await.cookie("__Host-id")
    }

    pub(crate) async fn get(&self, path: &str, headers: &[Header<'_>]) -> Reply {
        self.send("GET", path, headers, "").await
    }

    pub(crate) async fn post(&self, path: &str, headers: &[Header<'_>], body: &str) -> Reply {
        self.send("POST", path, headers, body).await
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[Header<'_>],
        body: impl AsRef<[u8]>,
    ) -> Reply {
        self.exchange(self.request(method, path, headers, body)).await
    }

    /// Sends a `POST` in chunks, without a `Content-Length`.
    pub(crate) async fn post_chunked(&self, path: &str, headers: &[Header<'_>], body: &[u8]) -> Reply {
        // A body whose frames are mapped no longer knows how long it is.
        let request = self.request("POST", path, headers, body).map(|body| body.map_frame(|frame| frame));
        self.exchange(request).await
    }

    pub(crate) fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[Header<'_>],
        body: impl AsRef<[u8]>,
    ) -> Request<Full<Bytes>> {
        let mut request = Request::builder().method(method).uri(path).header("host", self.addr.to_string());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Full::from(body.as_ref().to_vec())).unwrap()
    }

    /// Sends a `GET` and reads no more than the head of the answer.
    pub(crate) async fn open(&self, path: &str, headers: &[Header<'_>]) -> Response<Incoming> {
        self.answer(self.request("GET", path, headers, "")).await
    }

    /// Sends a `GET` with the cookie headers as they are, one line each.
    pub(crate) async fn get_with_cookies(&self, path: &str, lines: &[&[u8]]) -> Reply {
        let mut request = Request::builder().uri(path).header("host", self.addr.to_string());
        for line in lines {
            request = request.header("cookie", HeaderValue::from_bytes(line).unwrap());
        }
        self.exchange(request.body(Full::<Bytes>::default()).unwrap()).await
    }

    async fn exchange<B>(&self, request: Request<B>) -> Reply
    where
        B: Body<Data = Bytes, Error = Infallible> + Unpin + Send + 'static,
    {
        let (head, body) = self.answer(request).await.into_parts();
        let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        Reply { status: head.status.as_u16(), headers: head.headers, body }
    }

    async fn answer<B>(&self, request: Request<B>) -> Response<Incoming>
    where
        B: Body<Data = Bytes, Error = Infallible> + Unpin + Send + 'static,
    {
        self.connect().await.send_request(request).await.unwrap()
    }

    /// A connection for as many requests as it is kept for.
    pub(crate) async fn connect<B>(&self) -> SendRequest<B>
    where
        B: Body<Data = Bytes, Error = Infallible> + Unpin + Send + 'static,
    {
        let stream = TokioIo::new(TcpStream::connect(self.addr).await.unwrap());
        let (sender, connection) = http1::handshake(stream).await.unwrap();
        tokio::spawn(connection.with_upgrades());
        sender
    }
}

/// A test that fails leaves nothing behind.
impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

pub(crate) struct Reply {
    pub(crate) status: u16,
    headers: HeaderMap,
    pub(crate) body: String,
}

impl Reply {
    /// The one value of a header; empty if there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        let values: Vec<_> = self.headers.get_all(name).iter().collect();
        assert!(values.len() <= 1, "{name}: {values:?}");
        values.first().map_or("", |value| value.to_str().unwrap())
    }

    /// The methods in `Allow`, in alphabetical order: frameworks have orders and blanks of their own.
    pub(crate) fn allowed(&self) -> String {
        let mut methods: Vec<_> = self.header("allow").split(',').map(str::trim).collect();
        methods.sort_unstable();
        methods.join(", ")
    }

    /// The line that sets this cookie.
    pub(crate) fn set_cookie(&self, name: &str) -> &str {
        let mut lines = self.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap());
        let line = lines.find(|line| line.starts_with(&format!("{name}=")) && !line.contains("Max-Age=0"));
        line.unwrap_or_else(|| panic!("no {name}: {} {}", self.status, self.body))
    }

    /// What to send back for a cookie that was set.
    pub(crate) fn cookie(&self, name: &str) -> String {
        self.set_cookie(name).split(';').next().unwrap_or_default().to_owned()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.body))
    }

    /// The status and the code of a refusal.
    pub(crate) fn refusal(&self) -> (u16, &str) {
        let rest = self.body.strip_prefix(r#"{"error":""#).unwrap_or_default();
        (self.status, rest.split('"').next().unwrap_or_default())
    }
}
