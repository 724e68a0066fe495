//! A cluster whose primaries stand still, die, hand slots on, or make room for a replica.

mod loss;
mod moves;
mod replica;

use crate::shared::Scene;
use hallpass_core::Record;
use hallpass_servers::{Kind, Server};
use redis::aio::MultiplexedConnection;
use redis::cmd;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A cluster that goes on without one of its primaries.
fn cluster() -> Server {
    Server::builder(Kind::RedisCluster)
        .setting("cluster-require-full-coverage", "no")
        .setting("cluster-node-timeout", "1500")
        .start()
        .unwrap()
}

/// Visitors by the port of the server that keeps them.
type Visitors = BTreeMap<u16, Vec<Arc<Record>>>;

async fn visitors(s: &mut Scene) -> Visitors {
    let mut visitors = Visitors::new();
    for _ in 0..60 {
        let record = s.create(s.visitor()).await;
        visitors.entry(port_of(s, &record).await).or_default().push(record);
    }
    assert_eq!(visitors.len(), 3);
    visitors
}

/// First and last slot, and host, port, id and more of the server that has them.
type SlotRange = (i64, i64, (String, u16, String, Vec<String>));

async fn port_of(s: &mut Scene, record: &Record) -> u16 {
    let row = s.row(record);
    let slot: i64 = s.ask(cmd("CLUSTER").arg("KEYSLOT").arg(row)).await;
    let slots: Vec<SlotRange> = s.ask(cmd("CLUSTER").arg("SLOTS")).await;
    let owner = slots.into_iter().find(|(first, last, _)| (*first..=*last).contains(&slot));
    owner.unwrap().2.1
}

/// A scene whose own view of the cluster is that of the last server.
async fn scene_of(server: &mut Server) -> Scene {
    let last = server.nodes()[2].port();
    let mut s = Scene::at(server.url()).await;
    s.raw = raw_of(last).await;
    s
}

async fn raw_of(port: u16) -> MultiplexedConnection {
    crate::shared::raw(&format!("redis://127.0.0.1:{port}")).await
}

/// A visitor whose row is on the server.
async fn visitor_on(s: &mut Scene, port: u16) -> Arc<Record> {
    loop {
        let record = s.create(s.visitor()).await;
        if port_of(s, &record).await == port {
            return record;
        }
    }
}

/// How often a server has given an error, or been given a command.
async fn count(port: u16, section: &str, name: &str) -> u64 {
    let info: String = cmd("INFO").arg(section).query_async(&mut raw_of(port).await).await.unwrap();
    let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let count = line.map(|line| line.split(['=', ',']).nth(1).unwrap().parse().unwrap());
    count.unwrap_or_default()
}
