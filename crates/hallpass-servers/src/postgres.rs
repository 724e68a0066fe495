//! A private PostgreSQL.

use crate::account::Account;
use crate::folder::{Folder, random_hex};
use crate::install::program;
use crate::node::Node;
use crate::room::{CommandLine, Room};
use crate::server::Started;
use crate::{Result, ports};
use std::process::{Command, Stdio};

const USER: &str = "hallpass";

/// Nothing here changes what a transaction sees. A crash of the machine may lose what was committed; a crash of the server
/// does not.
const SETTINGS: [&str; 5] = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "max_connections=300",
    "fsync=off",
    "full_page_writes=off",
];

pub(crate) fn start(folder: &Folder, settings: &[(String, String)]) -> Result<Started> {
    let room = folder.room("postgres", Account::for_server("postgres")?)?;
    let password = random_hex()?;
    create(&room, &password)?;
    let [port] = ports::free()?;
    let node = serve(room, port, settings)?;
    Ok(Started { url: format!("postgres://{USER}:{password}@127.0.0.1:{port}/postgres"), nodes: vec![node] })
}

fn create(room: &Room, password: &str) -> Result<()> {
    let secret = room.write("password", password)?;
    let mut command = Command::new(program("initdb")?);
    command.arg("--pgdata").arg(room.file("data")).arg("--pwfile").arg(secret);
    command.args(["--username", USER, "--auth", "scram-sha-256"]);
    room.run(command.args(["--encoding", "UTF8", "--locale", "C", "--no-sync"]))
}

/// SIGQUIT is the shutdown that waits for no client and still removes the shared memory.
fn serve(room: Room, port: u16, settings: &[(String, String)]) -> Result<Node> {
    let line = CommandLine::new(program("postgres")?, "QUIT")
        .args(["-D".into(), room.file("data")])
        .args(["-p", &port.to_string()])
        .args(SETTINGS.iter().flat_map(|setting| ["-c", setting]))
        .args(settings.iter().flat_map(|(name, value)| ["-c".to_owned(), format!("{name}={value}")]));
    let probe = program("pg_isready")?;
    Node::start(room, line, port, move || {
        let mut probe = Command::new(&probe);
        probe.args(["-h", "127.0.0.1", "-p", &port.to_string()]).stdout(Stdio::null());
        probe.status().is_ok_and(|status| status.success())
    })
}
