//! Where a server works, and a guard that it cannot outlive.
//!
//! A shell stands between this program and each server. It ends the server when its standard input ends, which the
//! operating system sees to however this program goes: at its end, at a panic, at Ctrl-C, or killed outright.

use crate::Result;
use crate::account::Account;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

/// Arguments: the signal that ends the server, its program, its arguments. It says the id of the server first. `kill`
/// names a child that nobody has waited for, so never the process of somebody else; it also ends one that is paused.
const GUARD: &str = r#"
signal=$1
shift
exec 3<&0
"$@" </dev/null >&2 3<&- &
server=$!
echo "$server"
{
    read -r _ <&3
    kill -s "$signal" "$server"
    kill -s CONT "$server"
} 2>/dev/null &
guard=$!
wait "$server"
status=$?
kill "$guard" 2>/dev/null
exit "$status"
"#;

/// How a program is run: by whom, where it works, and where its output goes.
#[derive(Debug, Clone)]
pub(crate) struct Room {
    pub(crate) path: PathBuf,
    pub(crate) account: Option<Account>,
}

impl Room {
    /// A file in the room.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Writes a file that only the server can read.
    pub(crate) fn write(&self, name: &str, text: &str) -> io::Result<PathBuf> {
        let path = self.file(name);
        fs::write(&path, text)?;
        if let Some(Account { uid, gid }) = self.account {
            std::os::unix::fs::chown(&path, Some(uid), Some(gid))?;
        }
        Ok(path)
    }

    /// Runs a program that prepares something, to its end.
    pub(crate) fn run(&self, command: &mut Command) -> Result<()> {
        let program = command.get_program().display().to_string();
        let status = self.settle(command)?.stdin(Stdio::null()).status();
        let status = status.map_err(|error| format!("{program}: {error}"))?;
        if status.success() { Ok(()) } else { Err(self.failure(&program, &status.to_string())) }
    }

    /// Starts a server.
    pub(crate) fn serve(&self, line: &CommandLine) -> Result<Guarded> {
        let mut shell = Command::new("sh");
        shell.args(["-c", GUARD, "sh", line.end_signal]).arg(&line.program).args(&line.arguments);
        self.settle(&mut shell)?.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
        let mut guard = shell.spawn().map_err(|error| format!("sh: {error}"))?;
        let mut id = String::new();
        if let Some(output) = &mut guard.stdout {
            BufReader::new(output).read_line(&mut id)?;
        }
        let server = id.trim().parse().map_err(|_| format!("sh: said {id:?} and no process id"))?;
        Ok(Guarded { guard, server })
    }

    /// An error with the last words of what ran here.
    pub(crate) fn failure(&self, program: &str, what: &str) -> crate::Error {
        format!("{program}: {what}\n{}", last_lines(&self.log(), 20)).into()
    }

    fn settle<'a>(&self, command: &'a mut Command) -> Result<&'a mut Command> {
        let log = File::options().create(true).append(true).open(self.log())?;
        command.current_dir(&self.path).stdout(log.try_clone()?).stderr(log);
        // Nothing of the user who runs this is read, and all that is left behind goes with the room.
        command.env("HOME", &self.path).env("TMPDIR", &self.path);
        if let Some(account) = self.account {
            command.uid(account.uid).gid(account.gid);
        }
        Ok(command)
    }

    fn log(&self) -> PathBuf {
        self.file("log")
    }
}

/// A server's program, its arguments, and the signal that ends it for good.
#[derive(Debug, Clone)]
pub(crate) struct CommandLine {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    pub(crate) end_signal: &'static str,
}

impl CommandLine {
    pub(crate) fn new(program: PathBuf, end_signal: &'static str) -> Self {
        Self { program, arguments: Vec::new(), end_signal }
    }

    pub(crate) fn args<I: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = I>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }
}

/// A server process and the shell that guards it. Dropping it ends both and waits for that.
#[derive(Debug)]
pub(crate) struct Guarded {
    guard: Child,
    server: u32,
}

impl Guarded {
    /// The id of the server's own process.
    pub(crate) fn server(&self) -> u32 {
        self.server
    }

    /// How the server ended, if it has.
    pub(crate) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.guard.try_wait()
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        release(&mut self.guard);
    }
}

/// Ends the standard input of a guarding shell and waits for what it does then.
pub(crate) fn release(guard: &mut Child) {
    drop(guard.stdin.take());
    if let Err(error) = guard.wait() {
        eprintln!("warning: cannot wait for process {}: {error}", guard.id());
    }
}

fn last_lines(path: &Path, count: usize) -> String {
    let text = fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folder::Folder;

    #[test]
    fn a_preparation_that_fails_is_an_error_with_its_last_words() {
        let folder = Folder::new().unwrap();
        let room = folder.room("room", None).unwrap();
        room.run(Command::new("sh").args(["-c", "exit 0"])).unwrap();
        let error = room.run(Command::new("sh").args(["-c", "echo bad; exit 1"])).unwrap_err().to_string();
        assert!(error.contains("bad"), "{error}");
        assert!(room.run(&mut Command::new("no-such-program")).is_err());
    }
}
