//! A server on a free port, and what is written to it.

use crate::scene::{Area, Routes, Scene, with_login};
use hallpass_warp::{serve, service};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    pub(crate) stop: oneshot::Sender<()>,
    pub(crate) run: JoinHandle<()>,
}

impl Site {
    pub(crate) async fn start<T: Area>(scene: &Scene<T>, routes: Routes, grace: Duration) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let app = service(scene.layer(), with_login::<T>(routes));
        let server = serve(listener, app).with_graceful_shutdown(async { drop(stopped.await) });
        let run = tokio::spawn(server.grace(grace).drain(scene.sessions.clone()).run());
        Self { address, stop, run }
    }

    /// Sends `request` on a connection of its own.
    pub(crate) async fn write(&self, request: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    /// Sends a request that is the last of its connection. All of the answer.
    pub(crate) async fn exchange(&self, line: &str, headers: &str, body: &str) -> String {
        let length = body.len();
        let request = format!(
            "{line} HTTP/1.1\r\nhost: shop.example\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}"
        );
        read(self.write(&request).await).await
    }

    pub(crate) async fn log_in(&self) -> String {
        let answer = self.exchange("POST /login", "user-agent: elinks\r\n", "ada:1815").await;
        let cookie = answer.split("set-cookie: ").nth(1).unwrap().split(';').next().unwrap();
        format!("cookie: {cookie}\r\n")
    }
}

/// Reads to the end of the connection.
pub(crate) async fn read(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}
