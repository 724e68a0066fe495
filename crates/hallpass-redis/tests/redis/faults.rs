//! A server that stands still, dies, comes back, forgets its scripts, or becomes a replica.

use crate::shared::{HOUR, Scene, until};
use hallpass_core::{SessionStore, StoreErrorKind};
use hallpass_servers::{Kind, Server};
use hallpass_testkit::{op, renewed, rewritten};
use redis::cmd;

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
        assert_eq!(s.store.alive(&[new.key], s.now).await.unwrap(), [Some(true)]);
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
