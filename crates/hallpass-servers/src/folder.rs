//! The temporary folder that a server works in.

use std::env;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::Result;
use crate::account::Account;
use crate::room::{Room, release};

/// Removes the folder when its standard input ends, so also after this program was killed. Servers that are just ending
/// may still write into it, hence the repetitions.
const JANITOR: &str = r#"
read -r _
for _ in 1 2 3 4 5 6 7 8 9 10; do
    rm -rf -- "$1" && exit 0
    sleep 1
done 2>/dev/null
exit 1
"#;

/// How much has to be free in memory for data to be kept there: several times what all servers of a run take.
const ROOM_KIB: u64 = 6 * 1024 * 1024;

/// A folder that is removed when this is dropped, and also when this program ends in any other way.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    janitor: Child,
}

impl Folder {
    pub(crate) fn new() -> Result<Self> {
        let path = parent().join(format!("hallpass-{}", random_hex()?));
        // Others may pass through to their own room, and see nothing.
        DirBuilder::new().mode(0o711).create(&path).map_err(|error| shown(&path, error))?;
        let mut janitor = Command::new("sh");
        janitor.args(["-c", JANITOR, "sh"]).arg(&path).stdin(Stdio::piped()).process_group(0);
        Ok(Self { janitor: janitor.spawn()?, path })
    }

    /// A folder for one server, which runs by this account, or by that of this program.
    pub(crate) fn room(&self, name: &str, account: Option<Account>) -> Result<Room> {
        let path = self.path.join(name);
        DirBuilder::new().mode(0o700).create(&path).map_err(|error| shown(&path, error))?;
        if let Some(Account { uid, gid }) = account {
            chown(&path, Some(uid), Some(gid))?;
        }
        Ok(Room { path, account })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        release(&mut self.janitor);
        if fs::exists(&self.path).unwrap_or(true) {
            eprintln!("warning: {} could not be removed", self.path.display());
        }
    }
}

/// 128 random bits, for a name or a password that nobody guesses.
pub(crate) fn random_hex() -> io::Result<String> {
    Ok(random::<16>()?.iter().map(|byte| format!("{byte:02x}")).collect())
}

pub(crate) fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// In memory where there is room, unless `TMPDIR` says where: servers that wait for the disk after every write would
/// otherwise be as slow as everything else on the machine lets it be.
fn parent() -> PathBuf {
    let memory = Path::new("/dev/shm");
    let in_memory = env::var_os("TMPDIR").is_none() && free_kib(memory).is_some_and(|free| free >= ROOM_KIB);
    if in_memory { memory.to_owned() } else { env::temp_dir() }
}

/// What `df` says is free in a folder; `None` where there is no such folder.
fn free_kib(folder: &Path) -> Option<u64> {
    let df = Command::new("df").args(["-P", "-k"]).arg(folder).stderr(Stdio::null()).output().ok()?;
    let table = String::from_utf8(df.stdout).ok().filter(|_| df.status.success())?;
    table.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()
}

fn shown(path: &Path, error: io::Error) -> String {
    format!("{}: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_goes_with_all_that_is_in_it() {
        let folder = Folder::new().unwrap();
        let path = folder.path.clone();
        let room = folder.room("room", None).unwrap();
        fs::write(room.file("log"), "text").unwrap();
        drop(folder);
        assert!(!path.exists());
    }

    #[test]
    fn free_room_is_read_of_folders_that_there_are() {
        assert!(free_kib(Path::new("/")).is_some_and(|free| free < u64::MAX));
        assert_eq!(free_kib(Path::new("/no/such/folder")), None);
    }

    #[test]
    fn two_folders_never_have_one_name() {
        assert_ne!(random_hex().unwrap(), random_hex().unwrap());
        assert_eq!(random_hex().unwrap().len(), 32);
    }
}
