//! Logs users in over loopback.

use super::server::{Introduction, Server};
use anyhow::{Context, Result, bail, ensure};
use benches::cookies;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

/// How many clients there are at a time.
const CLIENTS: usize = 8;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The `Cookie` headers of the users from 1 to `users`. An application without sessions gets some that are made up.
pub(super) fn log_in(server: &Server, users: u64) -> Result<Vec<String>> {
    let Introduction { address, has_sessions, .. } = server.introduction();
    if !has_sessions {
        return Ok((0..users).map(|number| format!("__Host-id={number:046}")).collect());
    }
    let stranger = Client::connect(*address)?.ask("GET", "/user", "")?;
    ensure!(stranger.status == 401, "a stranger is answered {}", stranger.status);
    let users: Vec<u64> = (1..=users).collect();
    each(*address, &users, |client, id| {
        let answer = client.ask("POST", &format!("/login?{id}"), "")?;
        ensure!(answer.status == 200, "a login is answered {}", answer.status);
        answer.cookie.context("a login sets no cookie")
    })
}

/// Asks for `/user` once with each of the cookies.
pub(super) fn visit(server: &Server, cookies: &[String]) -> Result<()> {
    each(server.address(), cookies, |client, cookie| {
        let answer = client.ask("GET", "/user", cookie)?;
        ensure!(answer.status == 200, "a user is answered {}", answer.status);
        Ok(())
    })?;
    Ok(())
}

/// Does so for each of the inputs, by several clients at a time.
fn each<I: Sync, O: Send>(
    address: SocketAddr,
    inputs: &[I],
    work: impl Fn(&mut Client, &I) -> Result<O> + Sync,
) -> Result<Vec<O>> {
    let some = &|inputs: &[I]| {
        let mut client = Client::connect(address)?;
        inputs.iter().map(|input| work(&mut client, input)).collect::<Result<Vec<O>>>()
    };
    let outputs: Vec<Result<Vec<O>>> = thread::scope(|scope| {
        let parts = inputs.chunks(inputs.len().div_ceil(CLIENTS).max(1));
        let clients: Vec<_> = parts.map(|part| scope.spawn(move || some(part))).collect();
        let join =
            |client: ScopedJoinHandle<'_, _>| client.join().unwrap_or_else(|_| bail!("a client panicked"));
        clients.into_iter().map(join).collect()
    });
    Ok(outputs.into_iter().collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
}

struct Answer {
    status: u16,
    cookie: Option<String>,
}

/// A connection that stays open.
struct Client(BufReader<TcpStream>);

impl Client {
    fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self(BufReader::new(stream)))
    }

    fn ask(&mut self, method: &str, path: &str, cookie: &str) -> Result<Answer> {
        let mut request =
            format!("{method} {path} HTTP/1.1\r\nHost: shop.example\r\nSec-Fetch-Site: same-origin\r\n");
        if method == "POST" {
            request += "Content-Length: 0\r\n";
        }
        if !cookie.is_empty() {
            request += &format!("Cookie: {cookie}\r\n");
        }
        self.0.get_mut().write_all((request + "\r\n").as_bytes())?;
        let head = self.head()?;
        let length = values(&head, "content-length").next().map_or(Ok(0), str::parse)?;
        self.0.read_exact(&mut vec![0; length])?;
        let status = head.split(' ').nth(1).with_context(|| format!("no status: {head:?}"))?.parse()?;
        let cookie = cookies::sent_back(values(&head, "set-cookie").map(str::as_bytes));
        let cookie = cookie.map(|cookie| cookie.to_str().map(str::to_owned)).transpose()?;
        Ok(Answer { status, cookie })
    }

    /// The lines before the body.
    fn head(&mut self) -> Result<String> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            ensure!(self.0.read_line(&mut head)? > 0, "the connection has ended");
        }
        Ok(head)
    }
}

fn values<'a>(head: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    let headers = head.lines().filter_map(|line| line.split_once(':'));
    headers.filter(move |(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_found_by_its_name_in_any_case() {
        let head =
            "HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/\r\nset-cookie: b=2\r\nX-Set-Cookie: c=3\r\n\r\n";
        assert_eq!(values(head, "set-cookie").collect::<Vec<_>>(), ["a=1; Path=/", "b=2"]);
    }
}
