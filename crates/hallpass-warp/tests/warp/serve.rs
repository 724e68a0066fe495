//! The server, over real sockets.

use crate::hang_up::LONG;
use crate::scene::{Customers, Routes, Scene, Shop, User, boxed};
use crate::socket::{Site, read};
use hallpass_testkit::Method;
use hallpass_warp::{Denial, Login, LogoutEndpoint, current_user, login, logout};
use http::{Request, StatusCode};
use http_body_util::Empty;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::yield_now;
use warp::Filter;
use warp::hyper::body::Bytes;

fn routes() -> Routes {
    let devices = async |login: Login<Customers>| {
        let devices = login.devices().await?;
        Ok::<_, Denial>(format!("{:?} {:?}", devices[0].user_agent(), devices[0].address()))
    };
    let user = warp::path!("user").and(current_user::<Customers>()).map(|user: Arc<User>| user.name.clone());
    let leave = warp::path!("leave").and(logout::<Customers>(LogoutEndpoint::new().allow_get()));
    boxed(user.or(leave).or(warp::path!("devices").and(login()).then(devices)).or(echo()))
}

/// Speaks another protocol after the answer: sends everything back.
fn echo() -> Routes {
    let upgrade = |upgrade: OnUpgrade| {
        tokio::spawn(async move {
            let (mut from, mut to) = tokio::io::split(TokioIo::new(upgrade.await.unwrap()));
            tokio::io::copy(&mut from, &mut to).await.unwrap();
        });
        let reply = warp::reply::with_status("", StatusCode::SWITCHING_PROTOCOLS);
        warp::reply::with_header(warp::reply::with_header(reply, "connection", "upgrade"), "upgrade", "echo")
    };
    boxed(warp::path!("echo").and(warp::ext::get::<OnUpgrade>()).map(upgrade))
}

#[tokio::test]
async fn b50_the_address_of_the_connection_is_noted_at_login() {
    let scene = Scene::<Shop>::new();
    let site = Site::start(&scene, routes(), LONG).await;
    let cookie = site.log_in().await;
    let devices = site.exchange("GET /devices", &cookie, "").await;
    assert!(devices.ends_with(r#"Some("elinks") Some(127.0.0.1)"#), "{devices}");
}

#[tokio::test]
async fn b20_a_client_that_hangs_up_during_its_logout_is_logged_out() {
    let scene = Scene::<Shop>::new();
    let site = Site::start(&scene, routes(), LONG).await;
    let cookie = site.log_in().await;
    let gate = scene.store.hold(Method::RevokeSubject);
    let stream = site.write(&format!("POST /logout HTTP/1.1\r\nhost: a\r\n{cookie}\r\n")).await;
    gate.arrived().await;
    drop(stream);
    // From the moment the server notices, somebody else finishes it.
    while scene.sessions.drain(Duration::ZERO).await {
        yield_now().await;
    }
    gate.open();
    assert!(scene.sessions.drain(LONG).await);
    let answer = site.exchange("GET /user", &cookie, "").await;
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
}

#[tokio::test]
async fn a_request_under_way_is_answered_after_the_signal_and_no_other_is_taken() {
    let scene = Scene::<Shop>::new();
    let site = Site::start(&scene, routes(), LONG).await;
    let cookie = site.log_in().await;
    let gate = scene.store.hold(Method::Load);
    let stream = site.write(&format!("GET /user HTTP/1.1\r\nhost: a\r\n{cookie}\r\n")).await;
    gate.arrived().await;
    site.stop.send(()).unwrap();
    while TcpStream::connect(site.address).await.is_ok() {
        yield_now().await;
    }
    assert!(!site.run.is_finished());
    gate.open();
    let answer = read(stream).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("ada"), "{answer}");
    site.run.await.unwrap();
}

#[tokio::test]
async fn b88_a_server_that_is_stopped_waits_for_a_logout_whose_client_has_gone() {
    let scene = Scene::<Shop>::new();
    let site = Site::start(&scene, routes(), LONG).await;
    let cookie = site.log_in().await;
    let gate = scene.store.hold(Method::RevokeSubject);
    let stream = site.write(&format!("POST /logout HTTP/1.1\r\nhost: a\r\n{cookie}\r\n")).await;
    gate.arrived().await;
    drop(stream);
    while scene.sessions.drain(Duration::ZERO).await {
        yield_now().await;
    }
    site.stop.send(()).unwrap();
    while TcpStream::connect(site.address).await.is_ok() {
        yield_now().await;
    }
    for _ in 0..100 {
        yield_now().await;
    }
    assert!(!site.run.is_finished(), "it waits for the logout");
    gate.open();
    site.run.await.unwrap();
    scene.store.clear();
    assert!(scene.sessions.drain(Duration::ZERO).await);
}

#[tokio::test]
async fn b88_a_logout_that_takes_longer_than_the_grace_is_dropped_and_not_lost() {
    let scene = Scene::<Shop>::new();
    let site = Site::start(&scene, routes(), Duration::from_millis(1)).await;
    let cookie = site.log_in().await;
    let gate = scene.store.hold(Method::RevokeSubject);
    let stream = site.write(&format!("POST /logout HTTP/1.1\r\nhost: a\r\n{cookie}\r\n")).await;
    gate.arrived().await;
    site.stop.send(()).unwrap();
    site.run.await.unwrap();
    assert_eq!(read(stream).await, "");
    assert!(!scene.sessions.drain(Duration::ZERO).await, "it was handed over before the server ended");
    gate.open();
    assert!(scene.sessions.drain(LONG).await);
    let site = Site::start(&scene, routes(), LONG).await;
    let answer = site.exchange("GET /user", &cookie, "").await;
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
}

#[tokio::test]
async fn b88_a_dropped_server_drops_its_requests_and_their_logouts_are_finished() {
    let scene = Scene::<Shop>::new();
    let site = Site::start(&scene, routes(), LONG).await;
    let cookie = site.log_in().await;
    let gate = scene.store.hold(Method::RevokeSubject);
    let stream = site.write(&format!("POST /logout HTTP/1.1\r\nhost: a\r\n{cookie}\r\n")).await;
    gate.arrived().await;
    site.run.abort();
    assert_eq!(read(stream).await, "", "the connection is closed without an answer");
    gate.open();
    assert!(scene.sessions.drain(LONG).await);
    assert_eq!(scene.store.calls(Method::RevokeSubject), 1);
}

#[tokio::test]
async fn a_connection_can_be_upgraded_and_goes_on_after_the_signal() {
    let scene = Scene::<Shop>::new();
    let site = Site::start(&scene, routes(), LONG).await;
    let request = "GET /echo HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n";
    let mut stream = site.write(request).await;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 101"));
    site.stop.send(()).unwrap();
    site.run.await.unwrap();
    stream.write_all(b"hello").await.unwrap();
    stream.shutdown().await.unwrap();
    assert_eq!(read(stream).await, "hello");
}

type H2 = hyper::client::conn::http2::SendRequest<Empty<Bytes>>;

async fn h2(site: &Site) -> H2 {
    let stream = TokioIo::new(TcpStream::connect(site.address).await.unwrap());
    let (client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    tokio::spawn(connection);
    client
}

fn h2_logout(cookie: &str) -> Request<Empty<Bytes>> {
    let cookie = cookie.trim_start_matches("cookie: ").trim_end();
    let request = Request::get("http://shop.example/leave").header("referer", "https://shop.example/");
    request.header("cookie", cookie).body(Empty::new()).unwrap()
}

#[tokio::test]
async fn b37_over_http_2_the_host_of_a_logout_by_get_is_the_authority() {
    let scene = Scene::<Shop>::new();
    let site = Site::start(&scene, routes(), LONG).await;
    let cookie = site.log_in().await;
    let mut foreign = h2_logout(&cookie);
    foreign.headers_mut().insert("referer", "https://evil.example/".parse().unwrap());
    let mut client = h2(&site).await;
    assert_eq!(client.send_request(foreign).await.unwrap().status(), 403);
    assert_eq!(client.send_request(h2_logout(&cookie)).await.unwrap().status(), 200);
}

#[tokio::test]
async fn b88_a_logout_over_http_2_that_takes_longer_than_the_grace_is_not_lost() {
    let scene = Scene::<Shop>::new();
    let site = Site::start(&scene, routes(), Duration::from_millis(1)).await;
    let cookie = site.log_in().await;
    let gate = scene.store.hold(Method::RevokeSubject);
    let mut client = h2(&site).await;
    let request = tokio::spawn(client.send_request(h2_logout(&cookie)));
    gate.arrived().await;
    site.stop.send(()).unwrap();
    site.run.await.unwrap();
    assert!(!scene.sessions.drain(Duration::ZERO).await, "it was handed over before the server ended");
    assert!(request.await.unwrap().is_err());
    gate.open();
    assert!(scene.sessions.drain(LONG).await);
}
