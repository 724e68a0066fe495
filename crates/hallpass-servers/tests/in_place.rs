//! Real servers that are paused, killed and restarted.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use hallpass_servers::{Kind, Server};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

#[test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
fn postgres_stands_still_dies_and_comes_back_in_place() {
    // Asks whether it speaks TLS.
    stands_still_dies_and_comes_back(Kind::Postgres, &[0, 0, 0, 8, 4, 210, 22, 47]);
}

#[test]
#[ignore = "needs MariaDB: run cargo xtask test"]
fn mariadb_stands_still_dies_and_comes_back_in_place() {
    stands_still_dies_and_comes_back(Kind::Mysql, b"");
}

#[test]
#[ignore = "needs Redis: run cargo xtask test"]
fn redis_stands_still_dies_and_comes_back_in_place() {
    stands_still_dies_and_comes_back(Kind::Redis, b"PING\r\n");
}

#[test]
#[ignore = "needs Redis: run cargo xtask test"]
fn a_redis_cluster_stands_still_dies_and_comes_back_in_place() {
    stands_still_dies_and_comes_back(Kind::RedisCluster, b"PING\r\n");
}

#[test]
#[ignore = "needs Chromium: run cargo xtask test"]
fn chromedriver_stands_still_dies_and_comes_back_in_place() {
    stands_still_dies_and_comes_back(Kind::WebDriver, b"GET /status HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
}

#[test]
#[ignore = "needs Redis: run cargo xtask test"]
fn a_setting_goes_before_that_of_the_tests() {
    let mut server = Server::builder(Kind::Redis).setting("appendfsync", "no").start().unwrap();
    let port = server.nodes()[0].port();
    assert!(ask(port, b"CONFIG GET appendfsync\r\n").unwrap().ends_with(b"$2\r\nno\r\n"));
}

fn stands_still_dies_and_comes_back(kind: Kind, question: &[u8]) {
    let mut server = Server::start(kind).unwrap();
    let ports: Vec<_> = server.nodes().iter().map(|node| node.port()).collect();
    let answering = || ports.iter().filter(|port| ask(**port, question).is_ok()).count();
    assert_eq!(answering(), ports.len());
    server.pause().unwrap();
    assert_eq!(answering(), 0);
    server.resume().unwrap();
    assert_eq!(answering(), ports.len());
    server.kill().unwrap();
    assert_eq!(answering(), 0);
    assert!(server.resume().is_err() && server.kill().is_err());
    server.restart().unwrap();
    assert_eq!(answering(), ports.len());
    server.pause().unwrap(); // and it has to end all the same
}

/// The first bytes of the answer.
fn ask(port: u16, question: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_millis(500)))?;
    stream.write_all(question)?;
    let mut answer = [0; 256];
    match stream.read(&mut answer)? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        length => Ok(answer[..length].to_vec()),
    }
}
