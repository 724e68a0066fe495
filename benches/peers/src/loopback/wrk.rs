//! Driving `wrk`, the load generator.

use super::server::on_core;
use anyhow::{Context, Result, anyhow};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// The core of wrk.
const CORE: &str = "1";

const MISSING: &str = "wrk is needed: `apt-get install wrk`, or https://github.com/wg/wrk";

/// What one run says.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Report {
    /// Answered requests a second.
    pub(super) rate: f64,
    /// Half of the answers came within so many milliseconds.
    pub(super) median: f64,
    /// 99 % of the answers came within so many milliseconds.
    pub(super) p99: f64,
    /// How long the run took.
    pub(super) seconds: f64,
    /// Answers that were not 200, and broken connections.
    pub(super) errors: String,
}

/// The program.
pub(super) struct Wrk {
    version: String,
}

impl Wrk {
    pub(super) fn find() -> Result<Self> {
        let output = Command::new("wrk").arg("--version").output().context(MISSING)?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let version = text.split_whitespace().nth(1).context(MISSING)?;
        Ok(Self { version: version.to_owned() })
    }

    pub(super) fn version(&self) -> &str {
        &self.version
    }

    /// Asks for `/user`.
    pub(super) fn run(
        &self,
        address: SocketAddr,
        script: &Script,
        connections: u32,
        seconds: u32,
    ) -> Result<Report> {
        let mut wrk = on_core(CORE, "wrk");
        wrk.args(["--threads", "1", "--latency"]);
        wrk.args(["--connections", &connections.to_string(), "--duration", &format!("{seconds}s")]);
        let output = wrk.arg("--script").arg(script.path()).arg(format!("http://{address}/user")).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        parse(&text).ok_or_else(|| {
            anyhow!("wrk: {}\n{text}{}", output.status, String::from_utf8_lossy(&output.stderr))
        })
    }
}

/// A script for wrk with the cookies of all users, in a file that goes with it.
pub(super) struct Script(PathBuf);

impl Script {
    /// `name` tells it from others.
    pub(super) fn write(name: u32, cookies: &[String]) -> Result<Self> {
        let script = Self(env::temp_dir().join(format!("hallpass-wrk-{name}.lua")));
        fs::write(script.path(), lua(cookies))?;
        Ok(script)
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        // It is in the folder for temporary files, which is cleaned up by others too.
        _ = fs::remove_file(self.path());
    }
}

/// Makes the requests before the first is sent, each with another cookie.
fn lua(cookies: &[String]) -> String {
    let mut script = String::from("local cookies = {\n");
    for cookie in cookies {
        _ = writeln!(script, "  {cookie:?},");
    }
    script.push_str(
        "}\nlocal requests, last = {}, 0\n\
         function init()\n  for i, cookie in ipairs(cookies) do\n\
         \x20   requests[i] = wrk.format(\"GET\", nil, { Cookie = cookie, Host = \"shop.example\" })\n\
         \x20 end\nend\n\
         function request()\n  last = last % #requests + 1\n  return requests[last]\nend\n",
    );
    script
}

/// `None` if a figure is missing.
fn parse(text: &str) -> Option<Report> {
    let lines = || text.lines().map(str::trim);
    let after = |name: &str| lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let took = lines().find_map(|line| line.split_once(" requests in "))?.1.split(',').next()?;
    let errors = lines().filter(|line| line.starts_with("Non-2xx") || line.starts_with("Socket errors"));
    Some(Report {
        rate: after("Requests/sec:")?.parse().ok()?,
        median: milliseconds(after("50%")?)?,
        p99: milliseconds(after("99%")?)?,
        seconds: milliseconds(took)? / 1000.0,
        errors: errors.collect::<Vec<_>>().join("; "),
    })
}

fn milliseconds(text: &str) -> Option<f64> {
    let units = [("us", 0.001), ("ms", 1.0), ("s", 1000.0), ("m", 60_000.0)];
    let (number, factor) =
        units.iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor)))?;
    Some(number.parse::<f64>().ok()? * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "Running 5s test\n  Latency Distribution\n     50%  750.00us\n     75%  1.10ms\n\
                          \x20    99%    2.50ms\n  100 requests in 5.05s, 1.20MB read\nRequests/sec:  12345.67\n";

    #[test]
    fn the_figures_are_read_in_milliseconds() {
        let report = Report { rate: 12345.67, median: 0.75, p99: 2.5, seconds: 5.05, errors: String::new() };
        assert_eq!(parse(OUTPUT), Some(report));
        assert_eq!(milliseconds("1.2s"), Some(1200.0));
        assert_eq!(parse("Running 5s test\n"), None);
    }

    #[test]
    fn answers_that_are_no_success_are_told() {
        let report = parse(&format!("{OUTPUT}  Non-2xx or 3xx responses: 7\n")).unwrap();
        assert_eq!(report.errors, "Non-2xx or 3xx responses: 7");
    }
}
