//! Servers that stand still, die, come back, forget their scripts, or hand slots on.

use crate::shared::{HOUR, Scene, hears_again, until};
use hallpass_core::{EndReason, Record, SessionKey, SessionStore, StoreErrorKind};
use hallpass_servers::{Kind, Server};
use hallpass_testkit::{op, renewed, rewritten};
use redis::cmd;
use std::collections::BTreeMap;
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Redis: run cargo xtask test"]
async fn a_server_that_forgets_its_scripts_is_told_them_again() {
    let server = Server::start(Kind::Redis).unwrap();
    let mut s = Scene::at(server.url()).await;
    for _ in 0..2 {
        let record = s.create(s.login()).await;
        forget(&mut s).await;
        assert!(s.load(&record).await.unwrap().is_some());
        forget(&mut s).await;
        assert!(s.store.touch(&record.key, s.now + 2 * HOUR, op(s.now)).await.unwrap());
        forget(&mut s).await;
        let next = rewritten(&record, |_| ());
        let _ = s.store.update(next.clone(), record.revision, op(s.now)).await.unwrap();
        forget(&mut s).await;
        let new = renewed(&next);
        let _ = s.store.replace(&next.key, new.clone(), next.revision, None, None, op(s.now)).await.unwrap();
        forget(&mut s).await;
        assert_eq!(s.store.alive(&[new.key], s.now).await.unwrap(), [true]);
        forget(&mut s).await;
        s.store.sweep(10, op(s.now)).await.unwrap();
        forget(&mut s).await;
        assert!(s.log_out(&new).await.unwrap().is_some());
        forget(&mut s).await;
        let _ = s.end_all().await.unwrap();
    }
}

async fn forget(s: &mut Scene) {
    let () = s.ask(cmd("SCRIPT").arg("FLUSH")).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Redis: run cargo xtask test"]
async fn a_server_that_stands_still_is_an_error_and_never_a_success() {
    let mut server = Server::start(Kind::Redis).unwrap();
    let s = Scene::at(server.url()).await;
    let record = s.create(s.login()).await;
    server.pause().unwrap();
    let unavailable = |kind| matches!(kind, StoreErrorKind::Timeout | StoreErrorKind::Unavailable);
    let (loaded, ended) = tokio::join!(s.load(&record), s.log_out(&record));
    assert!(unavailable(loaded.unwrap_err().kind()));
    assert!(unavailable(ended.unwrap_err().kind()));
    server.resume().unwrap();
    // Whether the logout was done meanwhile is not known; another one settles it.
    until("the store answers again", || async { s.log_out(&record).await.is_ok() }).await;
    assert_eq!(s.load(&record).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Redis: run cargo xtask test"]
async fn a_server_that_becomes_a_replica_is_asked_no_more() {
    let (mut primary, server) = (Server::start(Kind::Redis).unwrap(), Server::start(Kind::Redis).unwrap());
    let mut s = Scene::at(server.url()).await;
    let record = s.create(s.login()).await;
    let before = clients(&mut s).await;
    let port = primary.nodes()[0].port();
    let () = s.ask(cmd("REPLICAOF").arg("127.0.0.1").arg(port)).await;
    assert_eq!(s.load(&record).await.unwrap_err().kind(), StoreErrorKind::Unavailable);
    assert!(s.store.alive(&[record.key], s.now).await.is_err());
    assert!(s.log_out(&record).await.is_err());
    let () = s.ask(cmd("REPLICAOF").arg("NO").arg("ONE")).await;
    let record = s.create(s.login()).await;
    assert!(s.load(&record).await.unwrap().is_some());
    let after = clients(&mut s).await;
    assert!(after.iter().any(|id| !before.contains(id)), "a new connection: the address may lead elsewhere");
}

/// The ids of the connections to the server.
async fn clients(s: &mut Scene) -> Vec<String> {
    let clients: String = s.ask(cmd("CLIENT").arg("LIST").arg("TYPE").arg("normal")).await;
    clients.lines().filter_map(|line| line.split_whitespace().next().map(str::to_owned)).collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Redis: run cargo xtask test"]
async fn no_answered_login_or_logout_is_undone_by_a_crash() {
    let mut server = Server::start(Kind::Redis).unwrap();
    let s = Scene::at(server.url()).await;
    for _ in 0..5 {
        let [kept, gone] = [s.create(s.login()).await, s.create(s.login()).await];
        assert!(s.log_out(&gone).await.unwrap().is_some());
        server.kill().unwrap();
        assert!(s.load(&kept).await.is_err(), "nobody is there");
        server.restart().unwrap();
        until("the store answers again", || async { s.load(&kept).await.is_ok() }).await;
        assert_eq!(s.load(&kept).await.unwrap(), Some(kept.clone()));
        assert_eq!(s.load(&gone).await.unwrap(), None);
        let _ = s.end_all().await.unwrap();
    }
}

/// A cluster that goes on without one of its primaries.
fn cluster() -> Server {
    Server::builder(Kind::RedisCluster)
        .setting("cluster-require-full-coverage", "no")
        .setting("cluster-node-timeout", "1500")
        .start()
        .unwrap()
}

/// Visitors by the port of the server that keeps them.
async fn visitors(s: &mut Scene) -> BTreeMap<u16, Vec<Arc<Record>>> {
    let mut visitors: BTreeMap<u16, Vec<Arc<Record>>> = BTreeMap::new();
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
    s.raw = crate::shared::raw(&format!("redis://127.0.0.1:{last}")).await;
    s
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Redis Cluster: run cargo xtask test"]
async fn a_primary_that_dies_takes_only_its_own_sessions_with_it() {
    let mut server = cluster();
    let mut s = scene_of(&mut server).await;
    let visitors = visitors(&mut s).await;
    let dead = server.nodes()[0].port();
    server.nodes()[0].kill().unwrap();
    for _ in 0..3 {
        for (port, records) in &visitors {
            for record in &records[..4] {
                let loaded = s.load(record).await;
                if *port == dead {
                    assert!(loaded.is_err(), "nobody is there: {loaded:?}");
                } else {
                    assert_eq!(loaded.unwrap().as_ref(), Some(record));
                }
            }
        }
    }
    let keys: Vec<SessionKey> = visitors.values().flatten().map(|record| record.key).collect();
    assert!(s.store.alive(&keys, s.now).await.is_err(), "part of an answer is none");
    server.nodes()[0].restart().unwrap();
    let last = &visitors[&dead][0];
    until("the store answers again", || async { s.load(last).await.is_ok() }).await;
    until("all sessions are there", || async {
        s.store.alive(&keys, s.now).await.is_ok_and(|alive| alive.iter().all(|alive| *alive))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Redis Cluster: run cargo xtask test"]
async fn a_failover_is_followed() {
    let mut server = cluster();
    let _replica = replica_of(server.nodes()[0].port()).await;
    let mut s = scene_of(&mut server).await;
    let dead = server.nodes()[0].port();
    let mut record = s.create(s.visitor()).await;
    while port_of(&mut s, &record).await != dead {
        record = s.create(s.visitor()).await;
    }
    let mut primary = crate::shared::raw(&format!("redis://127.0.0.1:{dead}")).await;
    let acks: u64 = cmd("WAIT").arg(1).arg(10_000).query_async(&mut primary).await.unwrap();
    assert_eq!(acks, 1);
    let mut feed = s.store.feed().await.unwrap();
    server.nodes()[0].kill().unwrap();
    until("the replica has taken over", || async { s.load(&record).await.is_ok() }).await;
    assert_eq!(s.load(&record).await.unwrap().as_ref(), Some(&record));
    assert!(s.log_out(&record).await.unwrap().is_some());
    assert_eq!(s.load(&record).await.unwrap(), None);
    for _ in 0..10 {
        hears_again(&s, &mut feed).await;
    }
    assert_eq!(s.store.sweep(10, op(s.now)).await.unwrap().ended, []);
}

/// Another server of the cluster, which takes over when the primary on `port` dies.
async fn replica_of(port: u16) -> Server {
    let free = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let replica = Server::builder(Kind::Redis)
        .setting("cluster-enabled", "yes")
        .setting("cluster-port", &free.to_string())
        .setting("cluster-require-full-coverage", "no")
        .setting("cluster-node-timeout", "1500")
        .setting("cluster-replica-validity-factor", "0")
        .setting("repl-diskless-sync-delay", "0")
        .start()
        .unwrap();
    let mut primary = crate::shared::raw(&format!("redis://127.0.0.1:{port}")).await;
    let mut raw = crate::shared::raw(replica.url()).await;
    let id: String = cmd("CLUSTER").arg("MYID").query_async(&mut primary).await.unwrap();
    let bus = bus_port_of(&mut primary).await;
    let () =
        cmd("CLUSTER").arg("MEET").arg("127.0.0.1").arg(port).arg(bus).query_async(&mut raw).await.unwrap();
    until("the replica knows its primary", || {
        let (mut raw, id) = (raw.clone(), id.clone());
        async move { cmd("CLUSTER").arg("REPLICATE").arg(id).exec_async(&mut raw).await.is_ok() }
    })
    .await;
    until("the replica has all of it", || {
        let mut raw = raw.clone();
        async move {
            let info = cmd("INFO").arg("replication").query_async::<String>(&mut raw).await.unwrap();
            info.contains("master_link_status:up")
        }
    })
    .await;
    replica
}

async fn bus_port_of(raw: &mut redis::aio::MultiplexedConnection) -> u16 {
    let nodes: String = cmd("CLUSTER").arg("NODES").query_async(raw).await.unwrap();
    let own = nodes.lines().find(|line| line.contains("myself")).unwrap();
    let address = own.split_whitespace().nth(1).unwrap();
    address.split(['@', ',']).nth(1).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Redis Cluster: run cargo xtask test"]
async fn a_slot_that_is_handed_on_is_followed() {
    let mut server = cluster();
    let mut s = scene_of(&mut server).await;
    let ports: Vec<u16> = server.nodes().iter().map(|node| node.port()).collect();
    let mut record = s.create(s.visitor()).await;
    while port_of(&mut s, &record).await != ports[0] {
        record = s.create(s.visitor()).await;
    }
    let other = s.create(s.visitor()).await;
    assert_eq!(s.store.alive(&[record.key, other.key], s.now).await.unwrap(), [true, true]);
    hand_on(&mut s, &record, ports[0], ports[1]).await;
    assert_eq!(s.store.alive(&[record.key, other.key], s.now).await.unwrap(), [true, true]);
    assert_eq!(s.load(&record).await.unwrap().as_ref(), Some(&record));
    assert!(s.log_out(&record).await.unwrap().is_some());
    assert_eq!(s.store.sweep(10, op(s.now)).await.unwrap().ended, []);
    let taken = s.store.take(&other.key, other.revision, EndReason::LoggedOut, op(s.now)).await;
    assert!(taken.is_ok());
}

/// Moves the slot of a record, and the keys in it, as `redis-cli --cluster reshard` does.
async fn hand_on(s: &mut Scene, record: &Record, from: u16, to: u16) {
    let row = s.row(record);
    let slot: i64 = s.ask(cmd("CLUSTER").arg("KEYSLOT").arg(row)).await;
    let ports = [from, to];
    let mut ends = Vec::new();
    for port in ports {
        let mut raw = crate::shared::raw(&format!("redis://127.0.0.1:{port}")).await;
        let id: String = cmd("CLUSTER").arg("MYID").query_async(&mut raw).await.unwrap();
        ends.push((raw, id));
    }
    let set_slot = |state: &str, id: &str| {
        let mut set_slot = cmd("CLUSTER");
        set_slot.arg("SETSLOT").arg(slot).arg(state).arg(id);
        set_slot
    };
    let (source, target) = (ends[0].1.clone(), ends[1].1.clone());
    let () = set_slot("IMPORTING", &source).query_async(&mut ends[1].0).await.unwrap();
    let () = set_slot("MIGRATING", &target).query_async(&mut ends[0].0).await.unwrap();
    let mut in_slot = cmd("CLUSTER");
    in_slot.arg("GETKEYSINSLOT").arg(slot).arg(1000);
    let keys: Vec<Vec<u8>> = in_slot.query_async(&mut ends[0].0).await.unwrap();
    assert!(!keys.is_empty());
    let mut migrate = cmd("MIGRATE");
    migrate.arg("127.0.0.1").arg(to).arg("").arg(0).arg(5000).arg("KEYS").arg(keys);
    let () = migrate.query_async(&mut ends[0].0).await.unwrap();
    for (raw, _) in ends.iter_mut().rev() {
        let () = set_slot("NODE", &target).query_async(raw).await.unwrap();
    }
}
