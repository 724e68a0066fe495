//! A line to the server that can go silent.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// Passes everything on, until it is told to pass nothing more from the server to connections that have said `LISTEN`.
pub(crate) struct Proxy {
    url: String,
    silent: Arc<AtomicBool>,
}

impl Proxy {
    pub(crate) async fn start(url: &str) -> Self {
        let (head, tail) = url.rsplit_once('@').expect("a URL with a user");
        let (server, database) = tail.split_once('/').expect("a URL with a database");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let here = listener.local_addr().expect("an address");
        let silent = Arc::new(AtomicBool::new(false));
        let to: SocketAddr = server.replace("localhost", "127.0.0.1").parse().expect("an address and a port");
        tokio::spawn(accept(listener, to, Arc::clone(&silent)));
        Self { url: format!("{head}@{here}/{database}"), silent }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Those that come later are heard again.
    pub(crate) fn silence_listeners(&self) {
        self.silent.store(true, Ordering::SeqCst);
    }
}

async fn accept(listener: TcpListener, to: SocketAddr, silent: Arc<AtomicBool>) -> io::Result<()> {
    loop {
        let (client, _) = listener.accept().await?;
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = TcpStream::connect(to).await?.into_split();
        let listens = Arc::new(AtomicBool::new(false));
        let was_silent = silent.load(Ordering::SeqCst);
        tokio::spawn(upwards(from_client, to_server, Arc::clone(&listens)));
        let silent = Arc::clone(&silent);
        let mute = move || !was_silent && silent.load(Ordering::SeqCst) && listens.load(Ordering::SeqCst);
        tokio::spawn(downwards(from_server, to_client, mute));
    }
}

async fn upwards(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    listens: Arc<AtomicBool>,
) -> io::Result<()> {
    let mut buffer = [0; 8192];
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        if buffer[..read].windows(7).any(|bytes| bytes == b"LISTEN ") {
            listens.store(true, Ordering::SeqCst);
        }
        to.write_all(&buffer[..read]).await?;
    }
}

async fn downwards(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mute: impl Fn() -> bool,
) -> io::Result<()> {
    let mut buffer = [0; 8192];
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        if !mute() {
            to.write_all(&buffer[..read]).await?;
        }
    }
}
