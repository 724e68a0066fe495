use super::connection::Connection;
use super::jar::Jar;
use super::live::{Events, Socket};
use super::request::Request;
use super::response::Response;
use super::wire::Wire;
use crate::fixture::PASSWORD;
use std::net::SocketAddr;
use tokio::task::JoinHandle;

/// The name of the login cookie of the outer area.
const LOGIN: &str = "__Host-id";

/// A client with a jar of cookies. A clone is another tab that has gone its own way.
#[derive(Debug, Clone)]
pub struct Browser {
    addr: SocketAddr,
    jar: Jar,
}

/// An answer that is still to come. The jar does not know it until it is [applied](Browser::apply).
#[derive(Debug)]
#[must_use]
pub struct Pending(JoinHandle<Result<Response, String>>);

impl Browser {
    /// A browser without cookies.
    #[must_use]
    pub fn new(addr: SocketAddr) -> Self {
        Self { addr, jar: Jar::default() }
    }

    /// The cookies.
    #[must_use]
    pub fn jar(&self) -> &Jar {
        &self.jar
    }

    /// Puts a cookie into the jar, as an attacker may.
    #[must_use]
    pub fn with_cookie(mut self, name: &str, value: &str) -> Self {
        self.jar.plant(name, value);
        self
    }

    /// The same browser, talking to another node.
    #[must_use]
    pub fn at(mut self, addr: SocketAddr) -> Self {
        self.addr = addr;
        self
    }

    /// The token of the login cookie.
    #[track_caller]
    #[must_use]
    pub fn token(&self) -> String {
        self.jar.get(LOGIN).expect("a login cookie").to_owned()
    }

    /// A GET, with the jar.
    pub async fn get(&mut self, target: &str) -> Response {
        self.send(Request::get(target)).await
    }

    /// A POST without a body, with the jar.
    pub async fn post(&mut self, target: &str) -> Response {
        self.send(Request::post(target)).await
    }

    /// Sends with the jar and obeys the answer.
    pub async fn send(&mut self, request: Request) -> Response {
        let response = self.start(request).response().await;
        self.apply(&response);
        response
    }

    /// Logs this user of the outer area in, and insists on success.
    pub async fn log_in(&mut self, name: &str) {
        self.send(Request::login("/login/in", name, PASSWORD)).await.expect(200);
    }

    /// Whether the protected route lets this browser in; panics on anything but 200 and 401.
    pub async fn is_logged_in(&mut self) -> bool {
        let response = self.get("/user").await;
        if response.status() != 200 {
            response.expect(401).without_cookie();
        }
        response.status() == 200
    }

    /// Sends with the jar as it is now, beside whatever else this browser does.
    pub fn start(&self, request: Request) -> Pending {
        let (addr, request) = (self.addr, self.with_jar(request));
        Pending(tokio::spawn(async move { Connection::open(addr).await?.send(&request).await }))
    }

    /// Obeys an answer, however late it comes.
    pub fn apply(&mut self, response: &Response) {
        for cookie in response.all_cookies() {
            self.jar.apply(&cookie);
        }
    }

    /// Sends bytes with the jar, on a connection that can be hung up.
    pub async fn wire(&self, request: Request) -> Wire {
        let request = self.with_jar(request);
        Wire::send(self.addr, &request.bytes(self.addr)).await
    }

    /// Opens the event stream of the session, and waits until it is open.
    ///
    /// # Panics
    ///
    /// When it does not open.
    pub async fn events(&self) -> Events {
        let request = self.with_jar(Request::get("/session/live"));
        let mut events = Events::open(self.addr, &request).await.expect("it opens");
        assert_eq!(events.next().await.as_deref(), Some("event: open"));
        events
    }

    /// Opens a WebSocket with a handler of this manner, and waits until it answers.
    ///
    /// # Panics
    ///
    /// When it does not open.
    pub async fn socket(&self, manner: &str) -> Socket {
        let handshake = self.with_jar(Request::handshake(&format!("/socket/{manner}")));
        let mut socket = Socket::open(self.addr, &handshake).await;
        socket.echo("hello").await;
        socket
    }

    /// Opens a WebSocket that echoes, from a page of this origin.
    ///
    /// # Panics
    ///
    /// When it does not open.
    pub async fn socket_from(&self, origin: &str) -> Socket {
        let handshake = self.with_jar(Request::handshake("/socket/echo").header("origin", origin));
        Socket::open(self.addr, &handshake).await
    }

    fn with_jar(&self, request: Request) -> Request {
        match self.jar.header() {
            Some(cookies) => request.header("cookie", cookies),
            None => request,
        }
    }
}

impl Pending {
    /// The answer.
    ///
    /// # Panics
    ///
    /// When the connection broke before it came.
    pub async fn response(self) -> Response {
        self.outcome().await.expect("the server answers")
    }

    /// The answer, or how the connection broke.
    ///
    /// # Errors
    ///
    /// When the connection broke before it came.
    ///
    /// # Panics
    ///
    /// When the answer is one that must not be.
    pub async fn outcome(self) -> Result<Response, String> {
        self.0.await.expect("the answer keeps to the rules of every answer")
    }

    /// Whether the answer has come.
    #[must_use]
    pub fn is_here(&self) -> bool {
        self.0.is_finished()
    }
}
