//! Servers that sessions cannot be kept on, and what is said about them.

use crate::shared::{CLUSTER, SERVER, Scene, address, fresh_prefix};
use hallpass_core::{FeedEvent, SessionStore, StoreErrorKind, Timestamp};
use hallpass_redis::{RedisStore, SetupError};
use hallpass_servers::{Kind, Server};
use hallpass_testkit::{FakeClock, Sample, op};
use redis::cmd;
use std::error::Error;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const SECRET: &str = "hunter2";

/// Everything that an error says, with its causes.
async fn refusal(url: &str) -> (SetupError, String) {
    let builder = RedisStore::builder().connect_timeout(Duration::from_secs(1));
    let error = builder.connect(url).await.unwrap_err();
    let mut text = format!("{error} {error:?}");
    let mut cause = error.source();
    while let Some(source) = cause {
        text += &format!(" {source} {source:?}");
        cause = source.source();
    }
    assert!(!text.contains(SECRET), "{text}");
    (error, text)
}

#[tokio::test]
async fn a_url_that_does_not_fit_is_refused() {
    for url in ["", "localhost", "http://localhost", "redis://", "redis-cluster://a:hunter2@b,,"] {
        let (error, text) = refusal(url).await;
        assert!(matches!(error, SetupError::Url(_)), "{url}: {text}");
    }
    let error = RedisStore::builder().prefix("a{b}").connect("redis://localhost").await.unwrap_err();
    assert!(matches!(error, SetupError::Prefix));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    for scheme in ["redis", "redis-cluster"] {
        let (error, text) = refusal(&format!("{scheme}://me:{SECRET}@127.0.0.1:{port}")).await;
        assert!(matches!(error, SetupError::Unreachable { .. }), "{text}");
        assert!(error.to_string().contains(&format!("127.0.0.1:{port}")), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let silent = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = silent.local_addr().unwrap().port();
    let (error, text) = refusal(&format!("redis://me:{SECRET}@127.0.0.1:{port}")).await;
    assert!(matches!(error, SetupError::Unreachable { .. }), "{text}");
}

#[tokio::test]
#[ignore = "needs Redis: run cargo xtask test"]
async fn a_wrong_password_is_told_from_a_server_that_is_not_there() {
    let mut server = Server::start(Kind::Redis).unwrap();
    let port = server.nodes()[0].port();
    let mut raw = crate::shared::raw(server.url()).await;
    let () =
        cmd("CONFIG").arg("SET").arg("requirepass").arg("swordfish").query_async(&mut raw).await.unwrap();
    for user in ["", ":hunter2@", "me:hunter2@"] {
        let (error, text) = refusal(&format!("redis://{user}127.0.0.1:{port}")).await;
        assert!(matches!(error, SetupError::Denied { .. }), "{user}: {text}");
    }
    let store = Scene::at(&format!("redis://:swordfish@127.0.0.1:{port}")).await;
    let record = store.create(store.login()).await;
    assert!(store.load(&record).await.unwrap().is_some());
    drop(store.store.feed().await.unwrap());
    assert!(!format!("{:?}", store.store).contains("swordfish"));
}

#[tokio::test]
#[ignore = "needs Redis: run cargo xtask test"]
async fn a_user_with_the_rights_that_the_readme_names_can_do_everything() {
    let mut server = Server::start(Kind::Redis).unwrap();
    let port = server.nodes()[0].port();
    let mut raw = crate::shared::raw(server.url()).await;
    let readme = include_str!("../../README.md");
    let rights =
        readme.split('`').filter(|code| code.starts_with(['~', '&', '+'])).flat_map(str::split_whitespace);
    let mut set_user = cmd("ACL");
    set_user.arg("SETUSER").arg("shop").arg("on").arg(">swordfish");
    for right in rights {
        set_user.arg(right);
    }
    let () = set_user.query_async(&mut raw).await.unwrap();
    let url = format!("redis://shop:swordfish@127.0.0.1:{port}");
    let store = RedisStore::builder().response_timeout(Duration::from_secs(15)).connect(&url).await.unwrap();
    let mut feed = store.feed().await.unwrap();
    let s = Scene { store, ..Scene::at(server.url()).await };
    let record = s.create(s.login()).await;
    assert_eq!(s.load(&record).await.unwrap().as_ref(), Some(&record));
    assert_eq!(s.store.alive(&[record.key], s.now).await.unwrap(), [Some(true)]);
    s.store.sweep(10, op(s.now)).await.unwrap();
    s.store.raise_not_before(&s.realm, Timestamp::default(), op(s.now)).await.unwrap();
    assert_eq!(s.log_out(&record).await.unwrap().map(|ended| ended.key), Some(record.key));
    assert!(matches!(feed.next().await, FeedEvent::NotBefore { .. }));
    assert!(matches!(feed.next().await, FeedEvent::Ended(ended) if ended.key == record.key));
}

#[tokio::test]
#[ignore = "needs Redis: run cargo xtask test"]
async fn settings_that_can_undo_a_logout_are_warned_of() {
    let risky = [("appendonly", "no"), ("maxmemory-policy", "allkeys-lru"), ("appendfsync", "everysec")];
    let risky = risky
        .into_iter()
        .fold(Server::builder(Kind::Redis), |server, (name, value)| server.setting(name, value));
    let (risky, safe) = (risky.start().unwrap(), Server::start(Kind::Redis).unwrap());
    for (server, expected) in [(&risky, true), (&safe, false)] {
        let log = Log::default();
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(log.clone()).finish();
        let listening = tracing::subscriber::set_default(subscriber);
        RedisStore::connect(server.url()).await.unwrap();
        drop(listening);
        let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        for warning in ["maxmemory-policy is allkeys-lru", "appendonly is off"] {
            let is_warned = log.lines().any(|line| line.contains("WARN hallpass") && line.contains(warning));
            assert_eq!(is_warned, expected, "{warning} in {log:?}");
        }
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> tracing_subscriber::fmt::MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
#[ignore = "needs Redis: run cargo xtask test"]
async fn a_replica_is_refused() {
    let (mut primary, replica) = (Server::start(Kind::Redis).unwrap(), Server::start(Kind::Redis).unwrap());
    let port = primary.nodes()[0].port();
    let mut raw = crate::shared::raw(replica.url()).await;
    let () = cmd("REPLICAOF").arg("127.0.0.1").arg(port).query_async(&mut raw).await.unwrap();
    let (error, text) = refusal(replica.url()).await;
    assert!(matches!(error, SetupError::Unsuitable { .. }) && text.contains("replica"), "{text}");
}

#[tokio::test]
#[ignore = "needs Redis and a Redis Cluster: run cargo xtask test"]
async fn a_server_and_a_cluster_are_not_taken_for_each_other() {
    let server = address(SERVER).replace("redis://", "redis-cluster://");
    let (error, text) = refusal(&server).await;
    assert!(matches!(error, SetupError::Unsuitable { .. }) && text.contains("redis:// URL"), "{text}");

    let cluster = address(CLUSTER).replace("redis-cluster://", "redis://");
    let member = cluster.split(',').next().unwrap();
    let (error, text) = refusal(member).await;
    assert!(matches!(error, SetupError::Unsuitable { .. }) && text.contains("redis-cluster://"), "{text}");
}

#[tokio::test]
#[ignore = "needs a Redis Cluster: run cargo xtask test"]
async fn one_server_of_a_cluster_is_enough_to_find_the_others() {
    let cluster = address(CLUSTER);
    let s = Scene::at(&cluster).await;
    let one = cluster.split(',').next().unwrap();
    let store = RedisStore::builder().prefix(&s.prefix).connect(one).await.unwrap();
    for _ in 0..30 {
        let record = s.create(s.visitor()).await;
        assert_eq!(store.alive(&[record.key], s.now).await.unwrap(), [Some(true)]);
    }
}

#[tokio::test]
#[ignore = "needs Redis: run cargo xtask test"]
async fn a_sweep_by_a_clock_that_is_wrong_is_refused() {
    let s = Scene::shared().await;
    let record = s.create(s.visitor()).await;
    let minutes = |minutes: u32| minutes * Duration::from_secs(60);
    for wrong in [s.now + minutes(6), s.now - minutes(6), Timestamp::MAX, Timestamp::default()] {
        let error = s.store.sweep(10, op(wrong)).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::ClockSkew, "{wrong:?}");
    }
    for near in [s.now + minutes(4), s.now - minutes(4)] {
        assert_eq!(s.store.sweep(10, op(near)).await.unwrap().ended, []);
    }
    assert_eq!(s.load(&record).await.unwrap(), Some(record));
}

#[tokio::test]
#[ignore = "needs Redis: run cargo xtask test"]
async fn a_clock_of_a_test_takes_the_place_of_the_servers() {
    let clock = FakeClock::new();
    let store = RedisStore::builder().prefix(fresh_prefix()).clock(clock.clone());
    let store = store.connect(&address(SERVER)).await.unwrap();
    let realm = hallpass_core::Realm::new("shop").unwrap();
    let record = Sample::visitor(&realm, clock.timestamp()).build();
    let _ = store.create(record.clone(), None, None, op(clock.timestamp())).await.unwrap();
    assert_eq!(store.sweep(10, op(clock.timestamp())).await.unwrap().ended, []);
    clock.advance(Duration::from_secs(3600));
    let swept = store.sweep(10, op(clock.timestamp())).await.unwrap();
    assert_eq!(swept.ended.iter().map(|ended| ended.key).collect::<Vec<_>>(), [record.key]);
}
