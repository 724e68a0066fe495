//! A replica that takes over.

use super::{cluster, raw_of, scene_of, visitor_on};
use crate::shared::{hears_again, until};
use hallpass_core::SessionStore;
use hallpass_servers::{Kind, Server};
use hallpass_testkit::op;
use redis::aio::MultiplexedConnection;
use redis::cmd;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Redis Cluster: run cargo xtask test"]
async fn a_failover_is_followed() {
    let mut server = cluster();
    let _replica = replica_of(server.nodes()[0].port()).await;
    let mut s = scene_of(&mut server).await;
    let dead = server.nodes()[0].port();
    let record = visitor_on(&mut s, dead).await;
    is_replicated(dead).await;
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

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Redis Cluster: run cargo xtask test"]
async fn a_primary_that_makes_room_for_its_replica_is_left_at_once() {
    let mut server = cluster();
    let old = server.nodes()[0].port();
    let mut replica = replica_of(old).await;
    let mut s = scene_of(&mut server).await;
    let record = visitor_on(&mut s, old).await;
    is_replicated(old).await;
    let mut raw = raw_of(replica.nodes()[0].port()).await;
    let () = cmd("CLUSTER").arg("FAILOVER").query_async(&mut raw).await.unwrap();
    until("the replica has taken over", || async {
        let role: redis::Value = cmd("ROLE").query_async(&mut raw.clone()).await.unwrap();
        format!("{role:?}").contains("master")
    })
    .await;
    assert_eq!(s.load(&record).await.unwrap().as_ref(), Some(&record));
    assert!(s.log_out(&record).await.unwrap().is_some());
    assert_eq!(s.load(&record).await.unwrap(), None);
}

async fn is_replicated(port: u16) {
    let mut raw = raw_of(port).await;
    // What is waited for is what had been written when the last command of this connection was done.
    let _: String = cmd("PING").query_async(&mut raw).await.unwrap();
    let acks: u64 = cmd("WAIT").arg(1).arg(20_000).query_async(&mut raw).await.unwrap();
    assert_eq!(acks, 1);
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
    let mut primary = raw_of(port).await;
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

async fn bus_port_of(raw: &mut MultiplexedConnection) -> u16 {
    let nodes: String = cmd("CLUSTER").arg("NODES").query_async(raw).await.unwrap();
    let own = nodes.lines().find(|line| line.contains("myself")).unwrap();
    let address = own.split_whitespace().nth(1).unwrap();
    address.split(['@', ',']).nth(1).unwrap().parse().unwrap()
}
