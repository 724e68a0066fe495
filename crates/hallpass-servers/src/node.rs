use crate::room::{CommandLine, Guarded, Room};
use crate::{Result, signal};
use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

/// Far more than any server needs, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

const PAUSE: Duration = Duration::from_millis(20);

/// One server process with all that it has started. Dropping it ends it and waits for that.
pub struct Node {
    name: String,
    port: u16,
    room: Room,
    line: CommandLine,
    ready: Box<dyn Fn() -> bool + Send + Sync>,
    running: Option<Guarded>,
    paused: bool,
}

impl Node {
    /// Starts it and waits until `ready` says that it answers.
    pub(crate) fn start(
        room: Room,
        line: CommandLine,
        port: u16,
        ready: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Result<Self> {
        let name = line.program.display().to_string();
        let mut node = Self { name, port, room, line, ready: Box::new(ready), running: None, paused: false };
        node.restart()?;
        Ok(node)
    }

    /// From now on it answers only when `ready` says so, and it is waited for that.
    pub(crate) fn expect(&mut self, ready: impl Fn() -> bool + Send + Sync + 'static) -> Result<()> {
        self.ready = Box::new(ready);
        self.wait_until_ready()
    }

    /// The port on which it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Stops it where it is: it keeps its connections, takes new ones, and answers nothing.
    ///
    /// # Errors
    ///
    /// When it is not running.
    pub fn pause(&mut self) -> Result<()> {
        let server = self.server()?;
        // It first, so that it starts nothing more and its children keep their ids.
        signal::send("STOP", &[server])?;
        self.paused = true;
        let children = signal::children(server)?;
        if children.is_empty() { Ok(()) } else { signal::send("STOP", &children) }
    }

    /// Lets it go on after a pause.
    ///
    /// # Errors
    ///
    /// When it is not running.
    pub fn resume(&mut self) -> Result<()> {
        let server = self.server()?;
        let mut all = signal::children(server)?;
        all.push(server);
        signal::send("CONT", &all)?;
        self.paused = false;
        Ok(())
    }

    /// Ends it as `kill -9` does, with everything that it has started, and waits for that.
    ///
    /// # Errors
    ///
    /// When it is not running.
    pub fn kill(&mut self) -> Result<()> {
        self.pause()?;
        let server = self.server()?;
        let mut all = signal::children(server)?;
        all.push(server);
        signal::send("KILL", &all)?;
        self.running = None;
        self.paused = false;
        self.wait_until("does not end", |_| Ok(!signal::any_runs(&all)?))
    }

    /// Starts it again after it was killed, on the same port and with the same files, and waits until it answers.
    ///
    /// # Errors
    ///
    /// When it is running, does not start or takes too long.
    pub fn restart(&mut self) -> Result<()> {
        self.launch()?;
        self.wait_until_ready()
    }

    pub(crate) fn launch(&mut self) -> Result<()> {
        if self.running.is_some() {
            return Err(format!("{} is running", self.name).into());
        }
        self.running = Some(self.room.serve(&self.line)?);
        Ok(())
    }

    pub(crate) fn wait_until_ready(&mut self) -> Result<()> {
        self.wait_until("is not ready in time", |node| {
            if let Some(status) = node.running.as_mut().map(Guarded::ended).transpose()?.flatten() {
                return Err(node.room.failure(&node.name, &format!("ended at its start: {status}")));
            }
            Ok((node.ready)())
        })
    }

    /// Waits also for all that it has started, which may write into its folder until then.
    fn end(&mut self) -> Result<()> {
        let Some(guarded) = self.running.take() else { return Ok(()) };
        let children = signal::children(guarded.server())?;
        drop(guarded);
        self.wait_until("leaves something running", |_| Ok(!signal::any_runs(&children)?))
    }

    fn server(&mut self) -> Result<u32> {
        if let Some(guarded) = &mut self.running
            && guarded.ended()?.is_none()
        {
            return Ok(guarded.server());
        }
        Err(self.room.failure(&self.name, "is not running"))
    }

    fn wait_until(&mut self, otherwise: &str, mut done: impl FnMut(&mut Self) -> Result<bool>) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while !done(self)? {
            if Instant::now() > deadline {
                return Err(self.room.failure(&self.name, otherwise));
            }
            thread::sleep(PAUSE);
        }
        Ok(())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // Otherwise its children would not hear that they are to end.
        if self.paused
            && let Err(error) = self.resume()
        {
            eprintln!("warning: {error}");
        }
        if let Err(error) = self.end() {
            eprintln!("warning: {error}");
        }
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").field("name", &self.name).field("port", &self.port).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folder::Folder;
    use std::env;
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::process::{Command, Stdio};

    /// A server with a child; each of them counts in a file.
    const COUNTING: &str = r#"
count() { while :; do n=$((n + 1)); echo $n >"$1.new"; mv "$1.new" "$1"; sleep 0.01; done; }
echo start >>starts
count child &
count parent
"#;

    fn room(folder: &Folder) -> Room {
        folder.room("room", None).unwrap()
    }

    fn shell(script: &str) -> CommandLine {
        CommandLine::new("/bin/sh".into(), "KILL").args(["-c", script])
    }

    fn counting(room: &Room) -> Node {
        let files = [room.file("parent"), room.file("child")];
        Node::start(room.clone(), shell(COUNTING), 0, move || files.iter().all(|file| file.exists())).unwrap()
    }

    fn counts(room: &Room) -> [u32; 2] {
        ["parent", "child"].map(|name| fs::read_to_string(room.file(name)).unwrap().trim().parse().unwrap())
    }

    fn is_running(id: u32) -> bool {
        signal::any_runs(&[id]).unwrap()
    }

    fn until(mut done: impl FnMut() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !done() {
            assert!(Instant::now() < deadline, "it never happens");
            thread::sleep(PAUSE);
        }
    }

    #[test]
    fn a_paused_server_stands_still_with_all_it_has_started_and_goes_on_after() {
        let folder = Folder::new().unwrap();
        let room = room(&folder);
        let mut node = counting(&room);
        node.pause().unwrap();
        // What they had called ends by itself.
        thread::sleep(10 * PAUSE);
        let before = counts(&room);
        thread::sleep(10 * PAUSE);
        assert_eq!(counts(&room), before);
        node.resume().unwrap();
        until(|| counts(&room).iter().zip(before).all(|(now, before)| *now > before));
        // Its child would outlive it: a shell does not end what it has put into the background.
        node.kill().unwrap();
    }

    #[test]
    fn a_killed_server_is_gone_with_all_it_has_started_and_starts_again_in_place() {
        let folder = Folder::new().unwrap();
        let room = room(&folder);
        let mut node = counting(&room);
        let server = node.server().unwrap();
        let all = [signal::children(server).unwrap(), vec![server]].concat();
        assert!(all.len() > 1 && node.restart().is_err());
        node.kill().unwrap();
        assert!(!signal::any_runs(&all).unwrap());
        assert!(node.kill().is_err() && node.pause().is_err());
        node.restart().unwrap();
        until(|| fs::read_to_string(room.file("starts")).unwrap().lines().count() == 2);
        assert_ne!(node.server().unwrap(), server);
        node.kill().unwrap();
    }

    fn sleeper(room: &Room) -> Node {
        Node::start(room.clone(), shell("exec sleep 600"), 0, || true).unwrap()
    }

    #[test]
    fn a_dropped_server_has_ended_also_a_paused_one() {
        for paused in [false, true] {
            let folder = Folder::new().unwrap();
            let mut node = sleeper(&room(&folder));
            let server = node.server().unwrap();
            assert!(is_running(server));
            if paused {
                node.pause().unwrap();
            }
            drop(node);
            assert!(!is_running(server));
        }
    }

    const VICTIM: &str = "HALLPASS_SERVERS_VICTIM";

    #[test]
    fn a_server_and_its_folder_go_with_a_program_that_is_killed() {
        if let Some(note) = env::var_os(VICTIM) {
            be_killed(Path::new(&note));
            return;
        }
        let folder = Folder::new().unwrap();
        let note = room(&folder).file("note");
        let mut program = Command::new(env::current_exe().unwrap());
        program.args(["--exact", thread::current().name().unwrap()]).env(VICTIM, &note).stdout(Stdio::null());
        let mut program = program.spawn().unwrap();
        let read = || read_note(&note);
        until(|| read().is_some());
        program.kill().unwrap();
        program.wait().unwrap();
        let (id, path) = read().unwrap();
        until(|| !is_running(id) && !path.exists());
    }

    /// Paused, because that is the hardest to end.
    fn be_killed(note: &Path) {
        let folder = Folder::new().unwrap();
        let room = room(&folder);
        let mut node = sleeper(&room);
        node.pause().unwrap();
        let text = format!("{} {}", node.server().unwrap(), room.path.display());
        fs::write(note.with_extension("new"), text).unwrap();
        fs::rename(note.with_extension("new"), note).unwrap();
        thread::sleep(PATIENCE);
    }

    fn read_note(note: &Path) -> Option<(u32, PathBuf)> {
        let text = fs::read_to_string(note).ok()?;
        let (id, path) = text.split_once(' ')?;
        Some((id.parse().unwrap(), path.into()))
    }

    #[test]
    fn a_server_that_cannot_start_is_an_error_with_its_last_words() {
        let folder = Folder::new().unwrap();
        let line = shell("echo no such luck; exit 3");
        let error = Node::start(room(&folder), line, 0, || false).unwrap_err().to_string();
        assert!(error.contains("no such luck") && error.contains('3'), "{error}");
    }
}
