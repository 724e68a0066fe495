use super::response::Response;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A connection on which exactly these bytes were sent.
#[derive(Debug)]
pub struct Wire(TcpStream);

impl Wire {
    /// Connects and sends.
    ///
    /// # Panics
    ///
    /// When nobody listens.
    pub async fn send(addr: SocketAddr, bytes: &[u8]) -> Self {
        let mut stream = TcpStream::connect(addr).await.expect("the server listens");
        // A server that refuses in the middle need not read the rest.
        let _ = stream.write_all(bytes).await;
        Self(stream)
    }

    /// Reads the answer to its end. The request must have asked for the connection to be closed.
    ///
    /// # Panics
    ///
    /// When what comes is no answer.
    pub async fn response(mut self) -> Response {
        let bytes = self.read_to_end().await;
        Response::parse(&bytes).expect("an answer")
    }

    /// Hangs up while the answer is still to come, and waits until the server has let go of the request.
    ///
    /// # Panics
    ///
    /// When an answer comes after all.
    pub async fn hang_up(mut self) {
        self.0.shutdown().await.expect("the connection is open");
        let answer = self.read_to_end().await;
        assert!(answer.is_empty(), "an answer after all: {}", String::from_utf8_lossy(&answer));
    }

    async fn read_to_end(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // A connection that is reset has said what it had to say.
        let _ = self.0.read_to_end(&mut bytes).await;
        bytes
    }
}
