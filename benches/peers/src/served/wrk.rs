//! Driving `wrk`, the load generator.

use benches::cookies;
use http::HeaderValue;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;

/// What one run of `wrk` says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Report {
    /// Answered requests a second.
    pub rate: f64,
    /// Half of the answers came within so many milliseconds.
    pub median: f64,
    /// 99 % of the answers came within so many milliseconds.
    pub p99: f64,
}

/// The cookies of the users from 1 to `users`, logged in at `address`. An application without sessions gives none.
///
/// # Errors
///
/// When the server cannot be reached.
pub fn log_in(address: SocketAddr, users: u64) -> io::Result<Vec<HeaderValue>> {
    let cookies = (1..=users).map(|id| log_in_one(address, id));
    Ok(cookies.collect::<io::Result<Vec<_>>>()?.into_iter().flatten().collect())
}

fn log_in_one(address: SocketAddr, id: u64) -> io::Result<Option<HeaderValue>> {
    let mut stream = TcpStream::connect(address)?;
    write!(
        stream,
        "POST /login?{id} HTTP/1.1\r\nHost: {address}\r\nSec-Fetch-Site: same-origin\r\nContent-Length: 0\r\n\
         Connection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    if !answer.starts_with("HTTP/1.1 200") {
        return Err(io::Error::other(format!("login: {}", answer.lines().next().unwrap_or_default())));
    }
    let is_ours = |line: &&str| line.get(..11).is_some_and(|name| name.eq_ignore_ascii_case("set-cookie:"));
    let lines = answer.lines().filter(is_ours).map(|line| line[11..].trim().as_bytes());
    Ok(cookies::sent_back(lines))
}

/// Asks for `/user` over so many connections, each request with another of the cookies.
///
/// # Errors
///
/// When `wrk` cannot be run, fails, or got an answer that is not 200.
pub fn run(
    address: SocketAddr,
    cookies: &[HeaderValue],
    connections: u32,
    seconds: u32,
    script: &Path,
) -> io::Result<Report> {
    fs::write(script, lua(cookies))?;
    let mut wrk = Command::new("wrk");
    wrk.args(["--threads", "1", "--latency"]);
    wrk.args(["--connections", &connections.to_string(), "--duration", &format!("{seconds}s")]);
    let output = wrk.arg("--script").arg(script).arg(format!("http://{address}/user")).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    parse(&text).ok_or_else(|| io::Error::other(format!("wrk: {}\n{text}", output.status)))
}

/// A script that makes the requests before the first is sent.
fn lua(cookies: &[HeaderValue]) -> String {
    let mut script = String::from("local cookies = {\n");
    for cookie in cookies.iter().filter_map(|cookie| cookie.to_str().ok()) {
        _ = writeln!(script, "  \"{cookie}\",");
    }
    script.push_str(
        "}\nif #cookies == 0 then cookies = { \"a=b\" } end\nlocal requests, last = {}, 0\n\
         function init()\n  for i, cookie in ipairs(cookies) do\n\
         \x20   requests[i] = wrk.format(\"GET\", nil, { Cookie = cookie, Host = \"shop.example\" })\n\
         \x20 end\nend\n\
         function request()\n  last = last % #requests + 1\n  return requests[last]\nend\n",
    );
    script
}

/// `None` if a figure is missing, or an answer was an error.
fn parse(text: &str) -> Option<Report> {
    let after = |name: &str| text.lines().find_map(|line| line.trim().strip_prefix(name)).map(str::trim);
    if after("Non-2xx or 3xx responses:").is_some() || after("Socket errors:").is_some() {
        return None;
    }
    let rate = after("Requests/sec:")?.parse().ok()?;
    Some(Report { rate, median: milliseconds(after("50%")?)?, p99: milliseconds(after("99%")?)? })
}

fn milliseconds(text: &str) -> Option<f64> {
    let units = [("us", 0.001), ("ms", 1.0), ("s", 1000.0)];
    let (number, factor) =
        units.iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor)))?;
    Some(number.parse::<f64>().ok()? * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "Running 5s test\n  Latency Distribution\n     50%  750.00us\n     75%  1.10ms\n\
                          \x20    99%    2.50ms\n  100 requests in 5.00s\nRequests/sec:  12345.67\n";

    #[test]
    fn the_figures_are_read_in_milliseconds() {
        assert_eq!(parse(OUTPUT), Some(Report { rate: 12345.67, median: 0.75, p99: 2.5 }));
        assert_eq!(milliseconds("1.2s"), Some(1200.0));
    }

    #[test]
    fn a_run_with_errors_has_no_figures() {
        assert_eq!(parse(&format!("{OUTPUT}  Non-2xx or 3xx responses: 7\n")), None);
        assert_eq!(parse("Running 5s test\n"), None);
    }
}
