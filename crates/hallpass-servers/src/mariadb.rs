//! A private MariaDB.

use crate::account::Account;
use crate::folder::{Folder, random_hex};
use crate::install::program;
use crate::node::Node;
use crate::room::{CommandLine, Room};
use crate::server::Started;
use crate::{Result, ports};
use std::process::Command;

const USER: &str = "hallpass";

/// Nothing here changes what a transaction sees. A crash may lose what was committed.
const SETTINGS: [&str; 6] = [
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--max-connections=300",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-doublewrite=0",
    "--skip-log-bin",
];

pub(crate) fn start(folder: &Folder, settings: &[(String, String)]) -> Result<Started> {
    let room = folder.room("mariadb", Account::for_server("mysql")?)?;
    let password = random_hex()?;
    create(&room, &password)?;
    let [port] = ports::free()?;
    let node = serve(room, port, settings)?;
    Ok(Started { url: format!("mysql://{USER}:{password}@127.0.0.1:{port}/hallpass"), nodes: vec![node] })
}

/// The statements are repeated at every start.
fn create(room: &Room, password: &str) -> Result<()> {
    let statements = format!(
        "CREATE USER IF NOT EXISTS '{USER}'@'127.0.0.1' IDENTIFIED BY '{password}';\n\
         GRANT ALL PRIVILEGES ON *.* TO '{USER}'@'127.0.0.1' WITH GRANT OPTION;\n\
         CREATE DATABASE IF NOT EXISTS hallpass;\n"
    );
    room.write("init.sql", &statements)?;
    let mut command = Command::new(program("mariadb-install-db")?);
    command.arg("--no-defaults").arg(flag("datadir", room, "data"));
    room.run(command.args(["--skip-test-db", "--auth-root-authentication-method=normal"]))
}

/// The first thing that MariaDB says to a client is who it is, once it accepts any.
fn serve(room: Room, port: u16, settings: &[(String, String)]) -> Result<Node> {
    let line = CommandLine::new(program("mariadbd")?, "KILL")
        .args(["--no-defaults"])
        .args([
            flag("datadir", &room, "data"),
            flag("socket", &room, "socket"),
            flag("pid-file", &room, "pid"),
            flag("init-file", &room, "init.sql"),
            format!("--port={port}"),
        ])
        .args(SETTINGS)
        .args(settings.iter().map(|(name, value)| format!("--{name}={value}")));
    Node::start(room, line, port, move || ports::ask(port, "").is_ok_and(|greeting| !greeting.is_empty()))
}

fn flag(name: &str, room: &Room, file: &str) -> String {
    format!("--{name}={}", room.file(file).display())
}
