//! How the process ends.

use crate::program::{ALICE, FORM, Program, Server};
use std::process::Command;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

/// RFC 6455 §7.4.1.
const GOING_AWAY: u16 = 1001;

/// What is under way is answered, nothing new is taken, and who is idle holds nothing up.
pub(crate) async fn a_signal_ends_it_gracefully(demo: Program<'_>) {
    for signal in ["TERM", "INT"] {
        let server = demo.start();
        let idle = idle_connection(&server).await;
        let mut login = TcpStream::connect(server.addr).await.unwrap();
        login.write_all(login_head(&server).as_bytes()).await.unwrap();
        read_head(&mut login, "HTTP/1.1 100 ").await;

        send(&server, signal);
        while TcpStream::connect(server.addr).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        login.write_all(ALICE.as_bytes()).await.unwrap();
        let head = read_head(&mut login, "HTTP/1.1 200 ").await;
        assert!(head.contains("set-cookie: __host-id="), "{signal}: {head}");

        let output = server.wait().await;
        assert_eq!(output.status.code(), Some(0), "{signal}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{signal}: nothing to warn of");
        drop(idle);
    }
}

/// Nobody is logged out, and the grace is for others: nothing is there to be warned of.
pub(crate) async fn what_is_open_is_closed_and_does_not_keep_it_from_ending(demo: Program<'_>) {
    let server = demo.start();
    let cookie = server.log_in(ALICE).await;
    let (mut events, mut socket) = (server.events(&cookie).await, server.socket(&cookie).await);
    let mut deaf = server.socket(&cookie).await;
    events.tick().await;
    socket.echo(Message::text("still here")).await;
    deaf.echo(Message::text("for the last time")).await;
    send(&server, "TERM");
    while let Some((name, _)) = events.next().await {
        assert_eq!(name, "tick");
    }
    assert_eq!(socket.closed().await, (GOING_AWAY, String::new()));
    let output = server.wait().await;
    drop(deaf);
    assert_eq!((output.status.code(), &*String::from_utf8_lossy(&output.stderr)), (Some(0), ""));
}

fn send(server: &Server, signal: &str) {
    let kill = format!("kill -{signal} {}", server.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
}

/// The server asks for the body when it has begun with the request.
fn login_head(server: &Server) -> String {
    format!(
        "POST /v1/login_user HTTP/1.1\r\nhost: {}\r\ncontent-type: {}\r\ncontent-length: {}\r\n\
         expect: 100-continue\r\n\r\n",
        server.addr,
        FORM.1,
        ALICE.len()
    )
}

/// A connection that has had an answer and is kept open for the next request.
async fn idle_connection(server: &Server) -> TcpStream {
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    let request = format!("HEAD / HTTP/1.1\r\nhost: {}\r\n\r\n", server.addr);
    stream.write_all(request.as_bytes()).await.unwrap();
    read_head(&mut stream, "HTTP/1.1 200 ").await;
    stream
}

async fn read_head(stream: &mut TcpStream, status: &str) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        head.push(char::from(stream.read_u8().await.unwrap()));
    }
    assert!(head.starts_with(status), "{head}");
    head.to_ascii_lowercase()
}
