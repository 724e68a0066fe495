//! Primaries that are gone, or stand still, and connections that break.

use super::{Visitors, cluster, count, port_of, raw_of, scene_of, visitors};
use crate::shared::{Scene, until};
use hallpass_core::{SessionKey, SessionStore, Subject, SubjectKey};
use hallpass_servers::Node;
use hallpass_testkit::{Sample, op};
use redis::cmd;
use std::collections::BTreeSet;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// Longer than what happens meanwhile takes on any machine.
const LONG: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Redis Cluster: run cargo xtask test"]
async fn the_moment_before_which_no_login_counts_is_known_whoever_is_gone() {
    let mut server = cluster();
    let s = scene_of(&mut server).await;
    s.store.raise_not_before(&s.realm, s.now, op(s.now)).await.unwrap();
    for node in server.nodes() {
        for fail in [Node::pause, Node::kill] {
            fail(node).unwrap();
            for _ in 0..5 {
                assert_eq!(s.store.not_before(&s.realm).await.unwrap(), Some(s.now));
            }
        }
        node.restart().unwrap();
        let raise = async || s.store.raise_not_before(&s.realm, s.now, op(s.now)).await;
        until("all of them answer again", || async { raise().await.is_ok() }).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Redis Cluster: run cargo xtask test"]
async fn a_primary_that_dies_takes_only_its_own_sessions_with_it() {
    let mut server = cluster();
    let mut s = scene_of(&mut server).await;
    let visitors = visitors(&mut s).await;
    let dead = server.nodes()[0].port();
    server.nodes()[0].kill().unwrap();
    for _ in 0..20 {
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
    let alive = s.store.alive(&keys, s.now).await.unwrap();
    let expected = visitors
        .iter()
        .flat_map(|(port, records)| records.iter().map(move |_| (*port != dead).then_some(true)));
    assert_eq!(alive, expected.collect::<Vec<_>>(), "what is gone is not known, and the others are");
    server.nodes()[0].restart().unwrap();
    let last = &visitors[&dead][0];
    until("the store answers again", || async { s.load(last).await.is_ok() }).await;
    until("all sessions are there", || async {
        s.store.alive(&keys, s.now).await.is_ok_and(|alive| alive.iter().all(|alive| *alive == Some(true)))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Redis Cluster: run cargo xtask test"]
async fn what_is_removed_while_a_primary_is_dead_is_reported() {
    let mut server = cluster();
    let mut s = scene_of(&mut server).await;
    let mut logins = Vec::new();
    for n in 0..60 {
        let user = SubjectKey::new(s.realm.clone(), Subject::from(n as u64));
        logins.push(s.create(Sample::login(&user, s.now - Duration::from_secs(60))).await);
    }
    s.store.raise_not_before(&s.realm, s.now, op(s.now)).await.unwrap();
    let dead = server.nodes()[0].port();
    let mut living = BTreeSet::new();
    for login in &logins {
        if port_of(&mut s, login).await != dead {
            living.insert(login.key);
        }
    }
    assert!(!living.is_empty() && living.len() < logins.len());
    server.nodes()[0].kill().unwrap();
    let (mut reported, mut from) = (BTreeSet::new(), Some(0));
    while let Some(place) = from {
        match s.store.purge(&s.realm, place, 100, op(s.now)).await {
            Ok(purged) => {
                reported.extend(purged.ended.iter().map(|ended| ended.key));
                from = purged.next;
            }
            // The next tags may all be on servers that live.
            Err(_) => from = Some(((place >> 40) + 256) << 40).filter(|next| *next < 4096 << 40),
        }
    }
    assert_eq!(reported, living);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Redis Cluster: run cargo xtask test"]
async fn a_primary_that_stands_still_delays_only_its_own_sessions() {
    let mut server = cluster();
    let url = server.url().to_owned();
    let mut s = Scene { store: Scene::with_limit(&url, LONG).await.store, ..scene_of(&mut server).await };
    let visitors = visitors(&mut s).await;
    let s = Arc::new(s);
    let node = &mut server.nodes()[0];
    let silent = node.port();
    node.pause().unwrap();
    others_are_served_while_it_is_waited_for(&s, &visitors, silent).await;
    node.resume().unwrap();
    all_are_served_again(&s, &visitors).await;

    // Now also the way to it leads nowhere.
    node.kill().unwrap();
    let nobody = TcpListener::bind(("127.0.0.1", silent)).unwrap();
    others_are_served_while_it_is_waited_for(&s, &visitors, silent).await;
    drop(nobody);
    node.restart().unwrap();
    all_are_served_again(&s, &visitors).await;
}

async fn others_are_served_while_it_is_waited_for(s: &Arc<Scene>, visitors: &Visitors, silent: u16) {
    let mut waiting = JoinSet::new();
    for record in &visitors[&silent] {
        let (s, record) = (Arc::clone(s), Arc::clone(record));
        waiting.spawn(async move { s.load(&record).await.is_ok() });
    }
    for _ in 0..20 {
        for (_, records) in visitors.iter().filter(|(port, _)| **port != silent) {
            for record in records {
                assert_eq!(s.load(record).await.unwrap().as_ref(), Some(record));
            }
        }
    }
    while let Some(served) = waiting.try_join_next() {
        assert!(!served.unwrap(), "nobody answers there");
    }
    waiting.shutdown().await;
}

async fn all_are_served_again(s: &Scene, visitors: &Visitors) {
    for record in visitors.values().flatten() {
        until("the store answers again", || async { s.load(record).await.is_ok() }).await;
        assert_eq!(s.load(record).await.unwrap().as_ref(), Some(record));
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Redis Cluster: run cargo xtask test"]
async fn many_calls_that_fail_ask_few_questions() {
    let mut server = cluster();
    let mut s = scene_of(&mut server).await;
    let visitors = visitors(&mut s).await;
    let [dead, others @ ..] = [0, 1, 2].map(|node| server.nodes()[node].port());
    let before = questions(others).await;
    server.nodes()[0].kill().unwrap();
    let (s, mut calls) = (Arc::new(s), JoinSet::new());
    for n in 0..500 {
        let (s, record) = (Arc::clone(&s), Arc::clone(&visitors[&dead][n % visitors[&dead].len()]));
        calls.spawn(async move { s.load(&record).await.is_err() });
    }
    assert!(calls.join_all().await.into_iter().all(|failed| failed), "nobody is there");
    // One a second, and they did not take a minute.
    let asked = questions(others).await - before;
    assert!((1..60).contains(&asked), "{asked} questions");
}

/// How often servers were asked who has what.
async fn questions(ports: [u16; 2]) -> u64 {
    let [one, other] = ports.map(|port| count(port, "commandstats", "cmdstat_cluster|slots"));
    one.await + other.await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Redis Cluster: run cargo xtask test"]
async fn a_connection_that_breaks_fails_no_call() {
    let mut server = cluster();
    let mut s = scene_of(&mut server).await;
    let visitors = visitors(&mut s).await;
    let keys: Vec<SessionKey> = visitors.values().flatten().map(|record| record.key).collect();
    let ports = [0, 1, 2].map(|node| server.nodes()[node].port());
    for _ in 0..5 {
        break_all(ports).await;
        for record in visitors.values().flatten() {
            assert_eq!(s.load(record).await.unwrap().as_ref(), Some(record));
        }
        break_all(ports).await;
        assert!(s.store.alive(&keys, s.now).await.unwrap().iter().all(|alive| *alive == Some(true)));
    }
}

/// Closes all connections to the servers, as a server does with those that nobody uses.
async fn break_all(ports: [u16; 3]) {
    for port in ports {
        let mut raw = raw_of(port).await;
        let () = cmd("CLIENT").arg("KILL").arg("TYPE").arg("normal").query_async(&mut raw).await.unwrap();
    }
}
