//! A private ChromeDriver. Each Chromium that it starts has a new profile in the same folder.

use crate::account::Account;
use crate::folder::Folder;
use crate::install::program;
use crate::node::Node;
use crate::room::CommandLine;
use crate::server::Started;
use crate::{Result, ports};

/// SIGTERM ends its browsers too.
pub(crate) fn start(folder: &Folder, settings: &[(String, String)]) -> Result<Started> {
    // Chromium puts a socket below it, whose path may not be long.
    let room = folder.room("web", Account::for_server("nobody")?)?;
    let [port] = ports::free()?;
    let line = CommandLine::new(program("chromedriver")?, "TERM")
        .args([format!("--port={port}")])
        .args(settings.iter().map(|(name, value)| format!("--{name}={value}")));
    let node = Node::start(room, line, port, move || is_ready(port))?;
    Ok(Started { url: format!("http://127.0.0.1:{port}"), nodes: vec![node] })
}

/// WebDriver §8.3: the status of the remote end.
fn is_ready(port: u16) -> bool {
    let question = format!("GET /status HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    ports::ask(port, &question).is_ok_and(|answer| answer.starts_with("HTTP/1.1 200 "))
}
