use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use tempfile::NamedTempFile;

/// The path of a demo.
#[derive(Clone, Copy)]
pub(crate) struct Program(pub(crate) &'static str);

/// A running demo. Dropping it kills it.
pub(crate) struct Demo {
    process: Child,
    log: NamedTempFile,
    pub(crate) addr: SocketAddr,
}

impl Program {
    /// Starts it on a port of its own, with its sessions in `store`.
    pub(crate) fn start(self, store: &str) -> Demo {
        let log = NamedTempFile::new().unwrap();
        let mut process = self.command(store).stderr(log.reopen().unwrap()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let addr = line.trim().strip_prefix("listening on http://").and_then(|addr| addr.parse().ok());
        let addr = addr.unwrap_or_else(|| {
            let _ = (process.kill(), process.wait());
            panic!("the demo did not start: {}", last_lines(&log, 5))
        });
        Demo { process, log, addr }
    }

    /// To run it. The address of the store is no argument, because everybody can see those.
    pub(crate) fn command(self, store: &str) -> Command {
        let mut command = Command::new(self.0);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("HALLPASS_")) {
            command.env_remove(name);
        }
        command.args(["--addr", "127.0.0.1:0"]).env("HALLPASS_STORE", store).env("RUST_LOG", "warn");
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        command
    }
}

impl Demo {
    /// Ends it as `kill -9` does, and waits for that.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// A trial that fails leaves nothing behind but what the demo said.
impl Drop for Demo {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the last words of the demo:\n{}", last_lines(&self.log, 8));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn last_lines(log: &NamedTempFile, count: usize) -> String {
    let text = File::open(log.path()).and_then(std::io::read_to_string).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}
