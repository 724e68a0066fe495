//! WebSockets over HTTP/2. What they do over HTTP/1 is in the table of behaviours.

use crate::scene::{Customers, Scene, Shop};
use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use axum::response::Response;
use axum::routing::any;
use hallpass_axum::ws::{WebSocket, WebSocketUpgrade};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper::ext::Protocol;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::net::SocketAddr;
use tokio::net::{TcpListener, TcpStream};

async fn echo(upgrade: WebSocketUpgrade<Customers>) -> Response {
    upgrade.on_upgrade(async |mut socket: WebSocket| while let Some(Ok(_)) = socket.recv().await {})
}

async fn serve(scene: &Scene<Shop>) -> SocketAddr {
    let app = scene.app(Router::new().route("/echo", any(echo)));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    addr
}

async fn connect(addr: SocketAddr) -> SendRequest<Body> {
    let stream = TcpStream::connect(addr).await.unwrap();
    let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    // A task of its own hears of the server's settings, which allow extended CONNECT.
    while !connection.is_extended_connect_protocol_enabled() {
        tokio::task::yield_now().await;
    }
    tokio::spawn(connection);
    sender
}

/// An extended CONNECT (RFC 8441 §5) from a page of `origin`.
async fn open(addr: SocketAddr, cookie: &str, origin: &str) -> StatusCode {
    let request = Request::builder()
        .method(Method::CONNECT)
        .uri(format!("http://{addr}/echo"))
        .header("sec-websocket-version", "13")
        .header("cookie", cookie)
        .header("origin", origin)
        .extension(Protocol::from_static("websocket"));
    let mut sender = connect(addr).await;
    sender.send_request(request.body(Body::empty()).unwrap()).await.unwrap().status()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_extended_connect_is_a_handshake_for_the_origin_check_and_the_login() {
    let scene = Scene::<Shop>::new();
    let (addr, cookie) = (serve(&scene).await, scene.log_in("ada:1815").await);
    let own = format!("http://{addr}");
    assert_eq!(open(addr, &cookie, "https://evil.example").await, 403);
    assert_eq!(open(addr, &cookie, "null").await, 403);
    assert_eq!(open(addr, "", &own).await, 401);
    assert_eq!(open(addr, &cookie, &own).await, 200);
}
