//! An application in a process of its own.

use crate::row::{Kind, Row};
use crate::stores::Store;
use anyhow::{Context, Result, ensure};
use benches::drive;
use clap::ValueEnum;
use std::io::{self, BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::process::{self, Child, Command, Stdio};
use std::{env, fs, thread};

/// The core of the applications; wrk has the one after it.
const CORE: &str = "0";

/// How many ticks of the processor's time Linux counts a second.
const TICKS: f64 = 100.0;

/// Serves one application on a free port until standard input ends, after a line that introduces it.
///
/// # Errors
///
/// When there is no such application, or its store cannot be reached.
pub fn serve(store: Store, key: &str) -> Result<()> {
    thread::spawn(|| {
        _ = io::copy(&mut io::stdin(), &mut io::sink());
        process::exit(0);
    });
    let runtime = drive::runtime();
    let _inside = runtime.enter();
    runtime.block_on(async {
        let row = store.row(key).await?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        println!("{}", Introduction::of(&row, listener.local_addr()?).to_line());
        Ok(row.serve(listener).await?)
    })
}

/// What a process says of itself.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Introduction {
    pub(super) address: SocketAddr,
    pub(super) framework: String,
    pub(super) label: String,
    pub(super) has_sessions: bool,
}

impl Introduction {
    fn of(row: &Row, address: SocketAddr) -> Self {
        let has_sessions = row.kind() != Kind::Bare;
        Self { address, framework: row.base().framework().to_owned(), label: row.label(), has_sessions }
    }

    fn to_line(&self) -> String {
        format!("{}\t{}\t{}\t{}", self.address, self.framework, self.label, self.has_sessions)
    }

    fn from_line(line: &str) -> Option<Self> {
        let mut parts = line.trim_end().split('\t');
        let mut next = || parts.next();
        let address = next()?.parse().ok()?;
        let (framework, label) = (next()?.to_owned(), next()?.to_owned());
        Some(Self { address, framework, label, has_sessions: next()?.parse().ok()? })
    }
}

/// A process that serves an application, and ends when this is dropped, or the process that has it ends.
pub(super) struct Server {
    process: Child,
    introduction: Introduction,
}

impl Server {
    pub(super) fn start(store: Store, key: &str) -> Result<Self> {
        let store = store.to_possible_value().context("every store has a name")?;
        let mut command = on_core(CORE, env::current_exe()?);
        command.args(["--store", store.get_name(), "--app", key]);
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().context("taskset, of util-linux, is needed")?;
        let introduction = introduction(&mut process).with_context(|| key.to_owned());
        match introduction {
            Ok(introduction) => Ok(Self { process, introduction }),
            Err(error) => {
                end(&mut process);
                Err(error)
            }
        }
    }

    pub(super) fn introduction(&self) -> &Introduction {
        &self.introduction
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.introduction.address
    }

    pub(super) fn process(&self) -> u32 {
        self.process.id()
    }

    /// How long the processor has worked for it, in its own code and in the kernel's.
    pub(super) fn cpu_seconds(&self) -> Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        let ticks = ticks(&stat).context("/proc/PID/stat")?;
        Ok(ticks as f64 / TICKS)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        end(&mut self.process);
    }
}

/// `program`, to be run on this core alone.
pub(super) fn on_core(core: &str, program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", core]).arg(program);
    command
}

fn introduction(process: &mut Child) -> Result<Introduction> {
    let output = process.stdout.take().context("the output is a pipe")?;
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    ensure!(!line.is_empty(), "it has not started");
    Introduction::from_line(&line).with_context(|| format!("it says {line:?}"))
}

fn end(process: &mut Child) {
    // It may have ended by itself.
    _ = process.kill();
    _ = process.wait();
}

/// The times in user and kernel mode: the 14th and 15th field, of which the second may have spaces.
fn ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11).map(str::parse::<u64>);
    Some(times.next()?.ok()? + times.next()?.ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_introduction_survives_the_pipe() {
        let introduction = Introduction {
            address: SocketAddr::from(([127, 0, 0, 1], 4000)),
            framework: "axum".into(),
            label: "hallpass, by Router::layer".into(),
            has_sessions: true,
        };
        assert_eq!(Introduction::from_line(&format!("{}\n", introduction.to_line())), Some(introduction));
        assert_eq!(Introduction::from_line("cannot start\n"), None);
    }

    #[test]
    fn the_name_of_a_process_may_have_spaces() {
        let stat = "7 (a b) c) S 1 7 7 0 -1 4194304 1 0 0 0 30 12 5 6 20 0";
        assert_eq!(ticks(stat), Some(42));
    }
}
