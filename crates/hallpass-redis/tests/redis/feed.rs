//! The feed when connections and servers fail.

use crate::shared::{CLUSTER, SERVER, Scene, address, hears_again, until};
use hallpass_core::{FeedEvent, SessionFeed, SessionStore};
use hallpass_servers::{Kind, Server};
use redis::aio::MultiplexedConnection;
use redis::cmd;
use std::time::Duration;

type Feed = Box<dyn SessionFeed>;

async fn next(feed: &mut Feed) -> FeedEvent {
    tokio::time::timeout(Duration::from_secs(30), feed.next()).await.expect("the feed is silent")
}

/// Waits for a gap; nothing else may come before.
async fn hears_gap(feed: &mut Feed) {
    assert_eq!(next(feed).await, FeedEvent::Gap);
}

/// How many connections are subscribed to something.
async fn listeners(raw: &MultiplexedConnection) -> usize {
    let mut list = cmd("CLIENT");
    list.arg("LIST").arg("TYPE").arg("pubsub");
    let clients: String = list.query_async(&mut raw.clone()).await.unwrap();
    clients.lines().count()
}

async fn nobody_listens(raw: &MultiplexedConnection) {
    until("the connection is closed", || async { listeners(raw).await == 0 }).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Redis: run cargo xtask test"]
async fn a_broken_connection_is_a_gap() {
    let server = Server::start(Kind::Redis).unwrap();
    let mut s = Scene::at(server.url()).await;
    let mut feeds = [s.store.feed().await.unwrap(), s.store.feed().await.unwrap()];
    let killed: u64 = s.ask(cmd("CLIENT").arg("KILL").arg("TYPE").arg("pubsub")).await;
    assert_eq!(killed, 1, "all subscriptions share a connection");
    for feed in &mut feeds {
        hears_gap(feed).await;
    }
    hears_again(&s, &mut feeds[0]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Redis: run cargo xtask test"]
async fn a_server_that_stands_still_or_dies_is_a_gap() {
    let mut server = Server::start(Kind::Redis).unwrap();
    let s = Scene::at(server.url()).await;
    let mut feed = s.store.feed().await.unwrap();
    server.pause().unwrap();
    hears_gap(&mut feed).await;
    server.resume().unwrap();
    hears_again(&s, &mut feed).await;
    server.kill().unwrap();
    hears_gap(&mut feed).await;
    assert!(s.store.feed().await.is_err(), "there is nothing to subscribe to");
    server.restart().unwrap();
    until("the store answers again", || async { s.store.epoch(&s.ada).await.is_ok() }).await;
    hears_again(&s, &mut feed).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Redis: run cargo xtask test"]
async fn nobody_listens_when_nobody_wants_to_know() {
    let server = Server::start(Kind::Redis).unwrap();
    let s = Scene::at(server.url()).await;
    assert_eq!(listeners(&s.raw).await, 0);
    for _ in 0..2 {
        let feeds = [s.store.feed().await.unwrap(), s.store.feed().await.unwrap()];
        assert_eq!(listeners(&s.raw).await, 1);
        drop(feeds);
        nobody_listens(&s.raw).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Redis: run cargo xtask test"]
async fn a_dropped_store_listens_no_more() {
    let server = Server::start(Kind::Redis).unwrap();
    let s = Scene::at(server.url()).await;
    let mut feed = s.store.feed().await.unwrap();
    let Scene { store, raw, .. } = s;
    drop(store);
    hears_gap(&mut feed).await;
    nobody_listens(&raw).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Redis Cluster: run cargo xtask test"]
async fn a_lost_primary_is_a_gap_also_for_the_others() {
    let mut server = Server::builder(Kind::RedisCluster)
        .setting("cluster-require-full-coverage", "no")
        .setting("cluster-node-timeout", "1500")
        .start()
        .unwrap();
    let s = Scene::at(server.url()).await;
    let mut feed = s.store.feed().await.unwrap();
    server.nodes()[1].kill().unwrap();
    hears_gap(&mut feed).await;
    assert!(s.store.feed().await.is_err(), "not every primary can be heard");
    server.nodes()[1].restart().unwrap();
    until("the store answers again", || async {
        for _ in 0..10 {
            if s.try_create(&s.visitor().build()).await.is_err() {
                return false;
            }
        }
        true
    })
    .await;
    for _ in 0..10 {
        hears_again(&s, &mut feed).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Redis Cluster: run cargo xtask test"]
async fn a_cluster_whose_slots_are_handed_on_is_a_gap() {
    let mut server = Server::start(Kind::RedisCluster).unwrap();
    let s = Scene::at(server.url()).await;
    let mut feed = s.store.feed().await.unwrap();
    let ports: Vec<u16> = server.nodes().iter().map(|node| node.port()).collect();
    let mut raws = Vec::new();
    for port in ports {
        raws.push(crate::shared::raw(&format!("redis://127.0.0.1:{port}")).await);
    }
    let target: String = cmd("CLUSTER").arg("MYID").query_async(&mut raws[1]).await.unwrap();
    // The new owner first, then who had it. There are no keys in it.
    for place in [1, 0, 2] {
        let set_slot =
            cmd("CLUSTER").arg("SETSLOT").arg(17).arg("NODE").arg(&target).exec_async(&mut raws[place]).await;
        set_slot.unwrap();
    }
    hears_gap(&mut feed).await;
    hears_again(&s, &mut feed).await;
}

/// Longer than it takes until a cluster is asked again for its primaries.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Redis and a Redis Cluster: run cargo xtask test"]
async fn a_feed_of_which_nothing_is_wrong_is_silent() {
    let [server, cluster] = [SERVER, CLUSTER].map(address);
    let (server, cluster) = (Scene::at(&server).await, Scene::at(&cluster).await);
    let (mut one, mut other) = (server.store.feed().await.unwrap(), cluster.store.feed().await.unwrap());
    tokio::select! {
        event = one.next() => panic!("the server's: {event:?}"),
        event = other.next() => panic!("the cluster's: {event:?}"),
        () = tokio::time::sleep(Duration::from_secs(8)) => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Redis Cluster: run cargo xtask test"]
async fn a_cluster_tells_every_end_once() {
    let s = Scene::at(&address(CLUSTER)).await;
    let mut feed = s.store.feed().await.unwrap();
    for _ in 0..30 {
        let record = s.create(s.visitor()).await;
        s.log_out(&record).await.unwrap();
        match next(&mut feed).await {
            FeedEvent::Ended(ended) => assert_eq!(ended.key, record.key),
            other => panic!("{other:?}"),
        }
    }
}
