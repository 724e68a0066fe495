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
        parse(&bytes).expect("an answer")
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

fn parse(bytes: &[u8]) -> Option<Response> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let mut lines = bytes[..end].split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    let status = std::str::from_utf8(lines.next()?).ok()?.split(' ').nth(1)?.parse().ok()?;
    let header = |line: &[u8]| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = String::from_utf8_lossy(&line[..colon]).to_ascii_lowercase();
        Some((name, line[colon + 1..].trim_ascii().to_vec()))
    };
    Some(Response::checked(status, lines.filter_map(header).collect(), bytes[end + 4..].to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_taken_apart() {
        let response = parse(b"HTTP/1.1 200 OK\r\nA: b\r\na:c\r\n\r\n{\"x\":1}").unwrap();
        assert_eq!((response.status(), response.values("a")), (200, vec!["b", "c"]));
        assert_eq!(response.json()["x"], 1);
        assert!(parse(b"").is_none());
    }
}
