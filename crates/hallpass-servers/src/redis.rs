//! A private Redis, and a private Redis Cluster.

use crate::account::Account;
use crate::folder::Folder;
use crate::install::program;
use crate::node::Node;
use crate::room::CommandLine;
use crate::server::Started;
use crate::{Result, ports};

/// What is answered has been written: only so a logout outlives the server.
const SETTINGS: [(&str, &str); 5] = [
    ("bind", "127.0.0.1"),
    ("appendonly", "yes"),
    ("appendfsync", "always"),
    ("maxmemory-policy", "noeviction"),
    ("save", ""),
];

const SLOTS: usize = 16_384;
const PRIMARIES: usize = 3;

/// One server.
pub(crate) fn start(folder: &Folder, settings: &[(String, String)]) -> Result<Started> {
    let [port] = ports::free()?;
    let node = serve(folder, "redis", port, settings)?;
    Ok(Started { url: format!("redis://127.0.0.1:{port}"), nodes: vec![node] })
}

/// Three primaries without replicas.
pub(crate) fn start_cluster(folder: &Folder, settings: &[(String, String)]) -> Result<Started> {
    let [a, b, c, bus_a, bus_b, bus_c] = ports::free()?;
    let ports = [(a, bus_a), (b, bus_b), (c, bus_c)];
    let mut nodes = Vec::new();
    for (index, (port, bus)) in ports.into_iter().enumerate() {
        nodes.push(serve(folder, &format!("redis-cluster-{index}"), port, &member(bus, settings))?);
        tell(port, &format!("CLUSTER SET-CONFIG-EPOCH {}", index + 1))?;
        let (first, last) = slots(index);
        tell(port, &format!("CLUSTER ADDSLOTSRANGE {first} {last}"))?;
    }
    for (port, bus) in &ports[1..] {
        tell(a, &format!("CLUSTER MEET 127.0.0.1 {port} {bus}"))?;
    }
    for node in &mut nodes {
        let port = node.port();
        node.expect(move || has_joined(port))?;
    }
    Ok(Started { url: format!("redis-cluster://127.0.0.1:{a},127.0.0.1:{b},127.0.0.1:{c}"), nodes })
}

fn member(bus: u16, settings: &[(String, String)]) -> Vec<(String, String)> {
    let own = [("cluster-enabled", "yes".to_owned()), ("cluster-port", bus.to_string())];
    own.into_iter().map(|(name, value)| (name.to_owned(), value)).chain(settings.iter().cloned()).collect()
}

fn serve(folder: &Folder, name: &str, port: u16, settings: &[(String, String)]) -> Result<Node> {
    let room = folder.room(name, Account::for_server("redis")?)?;
    let own = SETTINGS.iter().filter(|(name, _)| settings.iter().all(|(other, _)| other != name));
    let line = CommandLine::new(program("redis-server")?, "KILL")
        .args(["--port", &port.to_string()])
        .args(own.flat_map(|(name, value)| [format!("--{name}"), (*value).to_owned()]))
        .args(settings.iter().flat_map(|(name, value)| [format!("--{name}"), value.clone()]))
        .args(["--dir".into(), room.path.clone()]);
    Node::start(room, line, port, move || {
        ports::ask(port, "PING\r\n").is_ok_and(|answer| answer.starts_with("+PONG"))
    })
}

fn tell(port: u16, command: &str) -> Result<()> {
    match ports::ask(port, &format!("{command}\r\n"))?.trim_end() {
        "+OK" => Ok(()),
        answer => Err(format!("redis-server: {command}: {answer}").into()),
    }
}

/// The first and the last slot of a primary.
fn slots(index: usize) -> (usize, usize) {
    (index * SLOTS / PRIMARIES, (index + 1) * SLOTS / PRIMARIES - 1)
}

fn has_joined(port: u16) -> bool {
    let expected =
        ["cluster_state:ok", &format!("cluster_slots_ok:{SLOTS}"), &format!("cluster_size:{PRIMARIES}")];
    let info = ports::ask(port, "CLUSTER INFO\r\n").unwrap_or_default();
    expected.iter().all(|line| info.contains(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_has_one_primary() {
        assert_eq!(
            (0..PRIMARIES).map(slots).collect::<Vec<_>>(),
            [(0, 5460), (5461, 10_921), (10_922, 16_383)]
        );
    }
}
