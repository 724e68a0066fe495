//! A real server with workers of its own, over sockets.

use crate::scene::{Scene, Shop};
use actix_web::dev::ServerHandle;
use actix_web::{App, Error, HttpResponse, HttpServer, web};
use futures_core::Stream;
use hallpass_actix::{CurrentSubject, Session};
use hallpass_core::SessionEnd;
use hallpass_testkit::Method;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const LONG: Duration = Duration::from_secs(60);

/// Says once that it is open, and ends with the session.
struct Live {
    ended: SessionEnd,
    is_open: bool,
}

impl Stream for Live {
    type Item = Result<web::Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if !std::mem::replace(&mut self.is_open, true) {
            return Poll::Ready(Some(Ok(web::Bytes::from_static(b"open"))));
        }
        Pin::new(&mut self.ended).poll(cx).map(|_| None)
    }
}

fn routes(config: &mut web::ServiceConfig) {
    let live = async |session: Session| {
        HttpResponse::Ok().streaming(Live { ended: session.ended(), is_open: false })
    };
    let who = async |subject: CurrentSubject<crate::scene::Customers>| subject.as_str().to_owned();
    config.route("/live", web::get().to(live)).route("/who", web::get().to(who));
}

/// Two workers that give a request no time when they are stopped.
fn serve(scene: &Scene<Shop>) -> (SocketAddr, ServerHandle) {
    let middleware = scene.middleware();
    let app = move || App::new().wrap(middleware.clone()).configure(routes).configure(Scene::<Shop>::doors);
    let server = HttpServer::new(app).workers(2).disable_signals().shutdown_timeout(0);
    let server = server.bind(("127.0.0.1", 0)).unwrap();
    let address = server.addrs()[0];
    let server = server.run();
    let handle = server.handle();
    drop(actix_web::rt::spawn(server));
    (address, handle)
}

async fn send(address: SocketAddr, line: &str, cookie: &str) -> TcpStream {
    let mut socket = TcpStream::connect(address).await.unwrap();
    let head =
        format!("{line} HTTP/1.1\r\nhost: shop.example\r\ncookie: {cookie}\r\nconnection: close\r\n\r\n");
    socket.write_all(head.as_bytes()).await.unwrap();
    socket
}

/// All that comes until the server closes the connection, or resets it.
async fn rest(mut socket: TcpStream) -> String {
    let mut text = Vec::new();
    let _reset = socket.read_to_end(&mut text).await;
    String::from_utf8(text).unwrap()
}

#[actix_web::test]
async fn b88_a_logout_whose_worker_is_stopped_goes_on_and_a_drain_waits_for_it() {
    let scene = Scene::<Shop>::new();
    let cookie = scene.log_in("ada:1815").await;
    for graceful in [false, true] {
        let cookie = if graceful { scene.log_in("ada:1815").await } else { cookie.clone() };
        let (address, handle) = serve(&scene);
        let gate = scene.store.hold(Method::RevokeSubject);
        let socket = send(address, "POST /logout", &cookie).await;
        gate.arrived().await;
        handle.stop(graceful).await;
        assert!(!scene.sessions.drain(Duration::ZERO).await, "it has been started");
        assert_eq!(rest(socket).await, "", "the worker is gone, and nobody was told of a success");
        gate.open();
        assert!(scene.sessions.drain(LONG).await);
        scene.store.clear();
        assert!(!scene.knows(&cookie).await);
    }
}

#[actix_web::test]
async fn b20_a_logout_is_finished_though_the_socket_is_closed() {
    let scene = Scene::<Shop>::new();
    let cookie = scene.log_in("ada:1815").await;
    let (address, handle) = serve(&scene);
    let gate = scene.store.hold(Method::RevokeSubject);
    let socket = send(address, "POST /logout", &cookie).await;
    gate.arrived().await;
    drop(socket);
    gate.open();
    assert!(scene.sessions.drain(LONG).await);
    scene.store.clear();
    assert!(!scene.knows(&cookie).await);
    handle.stop(false).await;
}

#[actix_web::test]
async fn every_worker_knows_every_session() {
    let scene = Scene::<Shop>::new();
    let cookie = scene.log_in("ada:1815").await;
    let (address, handle) = serve(&scene);
    for _ in 0..6 {
        assert!(rest(send(address, "GET /who", &cookie).await).await.starts_with("HTTP/1.1 200 "));
    }
    handle.stop(false).await;
}

#[actix_web::test]
async fn b59_a_stream_ends_with_its_session() {
    let scene = Scene::<Shop>::new();
    let cookie = scene.log_in("ada:1815").await;
    let (address, handle) = serve(&scene);
    let mut stream = send(address, "GET /live", &cookie).await;
    let mut seen = Vec::new();
    while !seen.ends_with(b"open\r\n") {
        assert_ne!(stream.read_buf(&mut seen).await.unwrap(), 0, "it stays open");
    }
    assert!(rest(send(address, "POST /logout", &cookie).await).await.starts_with("HTTP/1.1 200 "));
    assert!(rest(stream).await.ends_with("0\r\n\r\n"));
    handle.stop(false).await;
}
