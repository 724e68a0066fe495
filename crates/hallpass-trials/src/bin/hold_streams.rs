//! Holds event streams open, each on a connection of its own, for a trial whose server is in another process.
//!
//! It reads from standard input the address of the server and the path of the streams, a cookie for each stream, and an
//! empty line. It writes `open` when all of them are, and a line for each that ends: its number and its last event. It
//! hangs up on all of them when standard input ends.

#![allow(clippy::unwrap_used, reason = "what cannot go on fails, and so does the trial")]

use std::io::{self, BufRead, Write};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// So many connections are begun at once that no server's queue of them overflows.
const AT_ONCE: usize = 100;

/// What comes once a stream is open: the head of the answer, and a comment.
const OPEN: &str = ": open\n\n";

fn main() {
    let mut lines = io::stdin().lock().lines().map(|line| line.unwrap());
    let addr = lines.next().unwrap().parse().unwrap();
    let path = lines.next().unwrap();
    let cookies: Vec<_> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_io().build().unwrap();
    runtime.block_on(open_all(addr, &path, &cookies));
    lines.for_each(drop);
    runtime.shutdown_background();
}

async fn open_all(addr: SocketAddr, path: &str, cookies: &[String]) {
    for (round, cookies) in cookies.chunks(AT_ONCE).enumerate() {
        let mut opening = Vec::with_capacity(AT_ONCE);
        for (number, cookie) in (round * AT_ONCE..).zip(cookies) {
            let request = format!("GET {path} HTTP/1.1\r\nhost: {addr}\r\ncookie: {cookie}\r\n\r\n");
            opening.push(tokio::spawn(open(addr, request, number)));
        }
        for stream in opening {
            stream.await.unwrap();
        }
    }
    say("open");
}

async fn open(addr: SocketAddr, request: String, number: usize) {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !String::from_utf8_lossy(&head).contains(OPEN) {
        assert_ne!(stream.read_buf(&mut head).await.unwrap(), 0, "{}", String::from_utf8_lossy(&head));
    }
    assert!(head.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&head));
    tokio::spawn(hold(stream, number));
}

/// Waits for the last chunk, which is empty (RFC 9112 §7.1).
async fn hold(mut stream: TcpStream, number: usize) {
    let mut rest = Vec::new();
    while !rest.ends_with(b"0\r\n\r\n") {
        if stream.read_buf(&mut rest).await.unwrap_or(0) == 0 {
            return say(&format!("{number} broke off"));
        }
    }
    let rest = String::from_utf8_lossy(&rest);
    let reason = rest.split("data: ").nth(1).and_then(|data| data.lines().next());
    say(&format!("{number} {}", reason.unwrap_or("gave no reason")));
}

fn say(line: &str) {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).unwrap();
}
