//! Signals, and the processes that a server has made of itself.

use crate::Result;
use std::process::{Command, Stdio};

/// A line of the table of processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Process {
    id: u32,
    parent: u32,
    ended: bool,
}

/// Sends `signal` to all these processes.
pub(crate) fn send(signal: &str, processes: &[u32]) -> Result<()> {
    let mut shell = Command::new("sh");
    shell.args(["-c", r#"kill -s "$0" "$@""#, signal]).args(processes.iter().map(u32::to_string));
    let output = shell.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(());
    }
    let reason = String::from_utf8_lossy(&output.stderr);
    Err(format!("processes {processes:?} did not get SIG{signal}: {}", reason.trim()).into())
}

/// The processes that this one has started and that run.
pub(crate) fn children(parent: u32) -> Result<Vec<u32>> {
    let is_child = |process: &Process| process.parent == parent && !process.ended;
    Ok(table()?.into_iter().filter(is_child).map(|process| process.id).collect())
}

/// Whether one of these processes runs.
pub(crate) fn any_runs(processes: &[u32]) -> Result<bool> {
    Ok(table()?.iter().any(|process| processes.contains(&process.id) && !process.ended))
}

fn table() -> Result<Vec<Process>> {
    let output = Command::new("ps").args(["-A", "-o", "pid=", "-o", "ppid=", "-o", "stat="]).output()?;
    Ok(String::from_utf8_lossy(&output.stdout).lines().filter_map(parse).collect())
}

fn parse(line: &str) -> Option<Process> {
    let mut words = line.split_whitespace();
    let (id, parent, state) = (words.next()?, words.next()?, words.next()?);
    Some(Process { id: id.parse().ok()?, parent: parent.parse().ok()?, ended: state.starts_with('Z') })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_ps_is_read() {
        assert_eq!(parse("  17     3 Ss+"), Some(Process { id: 17, parent: 3, ended: false }));
        assert_eq!(parse("17 3 Z"), Some(Process { id: 17, parent: 3, ended: true }));
        assert_eq!(parse("17 3"), None);
    }

    #[test]
    fn a_child_is_found_reached_and_missed_when_it_has_ended() {
        let mut child = Command::new("sleep").arg("600").spawn().unwrap();
        assert!(children(std::process::id()).unwrap().contains(&child.id()));
        assert!(any_runs(&[child.id()]).unwrap());
        send("KILL", &[child.id()]).unwrap();
        child.wait().unwrap();
        assert!(!any_runs(&[child.id()]).unwrap());
        assert!(send("KILL", &[child.id()]).is_err());
    }
}
