//! How often the server is asked.

use crate::shared::Scene;
use hallpass_core::{EndReason, SessionLimit, SessionStore, WhenReached};
use hallpass_servers::{Kind, Server};
use hallpass_testkit::{op, renewed, rewritten, ticket};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::num::NonZeroU32;

/// Sees every command that a server is sent.
struct Monitor(BufReader<TcpStream>);

impl Monitor {
    fn of(server: &mut Server) -> Self {
        let mut stream = TcpStream::connect(("127.0.0.1", server.nodes()[0].port())).unwrap();
        stream.write_all(b"MONITOR\r\n").unwrap();
        let mut monitor = Self(BufReader::new(stream));
        assert_eq!(monitor.line(), "+OK");
        monitor
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// How many commands came from clients since it was asked last.
    async fn count(&mut self, s: &mut Scene) -> usize {
        let () = s.ask(redis::cmd("ECHO").arg("here")).await;
        let mut count = 0;
        loop {
            let line = self.line();
            if line.contains(r#""ECHO" "here""#) {
                return count;
            }
            // What a script does on the server is shown too.
            count += usize::from(!line.contains(" lua]"));
        }
    }
}

#[tokio::test]
#[ignore = "needs Redis: run cargo xtask test"]
async fn every_operation_on_one_user_is_one_command() {
    let mut server = Server::start(Kind::Redis).unwrap();
    let mut s = Scene::at(server.url()).await;
    let mut monitor = Monitor::of(&mut server);
    let limit = SessionLimit { max: NonZeroU32::new(2).unwrap(), when_reached: WhenReached::EndLeastRecent };
    // The first time, a script that the server does not know yet is sent again in full.
    for expected in [None, Some(1)] {
        let mut counts = Vec::new();
        for _ in 0..3 {
            s.create(s.login()).await;
        }
        let current = ticket(s.store.epoch(&s.ada).await.unwrap(), s.now);
        monitor.count(&mut s).await;
        let first = s.login().build();
        let _ = s.store.create(first.clone(), Some(&current), Some(limit), op(s.now)).await.unwrap();
        counts.push(("create", monitor.count(&mut s).await));
        s.load(&first).await.unwrap();
        counts.push(("load", monitor.count(&mut s).await));
        let second = rewritten(&first, |_| ());
        let _ = s.store.update(second.clone(), first.revision, op(s.now)).await.unwrap();
        counts.push(("update", monitor.count(&mut s).await));
        s.store.touch(&first.key, s.now, op(s.now)).await.unwrap();
        counts.push(("touch", monitor.count(&mut s).await));
        let new = renewed(&second);
        let old = second.key;
        let replaced =
            s.store.replace(&old, new.clone(), second.revision, Some(&current), Some(limit), op(s.now));
        let _ = replaced.await.unwrap();
        counts.push(("replace", monitor.count(&mut s).await));
        let _ = s.store.subject(&s.ada, s.now).await.unwrap();
        counts.push(("subject", monitor.count(&mut s).await));
        s.store.epoch(&s.ada).await.unwrap();
        counts.push(("epoch", monitor.count(&mut s).await));
        s.store.not_before(&s.realm).await.unwrap();
        counts.push(("not_before", monitor.count(&mut s).await));
        let _ = s.store.take(&new.key, new.revision, EndReason::LoggedOut, op(s.now)).await.unwrap();
        counts.push(("take", monitor.count(&mut s).await));
        let _ = s.end_all().await.unwrap();
        counts.push(("revoke_subject", monitor.count(&mut s).await));
        s.log_out(&new).await.unwrap();
        counts.push(("revoke", monitor.count(&mut s).await));
        for (name, count) in counts {
            assert!(expected.map_or(count <= 2, |expected| count == expected), "{name}: {count} commands");
        }
    }
}

#[tokio::test]
#[ignore = "needs Redis: run cargo xtask test"]
async fn a_login_and_a_logout_are_three_commands() {
    let mut server = Server::start(Kind::Redis).unwrap();
    let mut s = Scene::at(server.url()).await;
    let mut monitor = Monitor::of(&mut server);
    for is_warm in [false, true] {
        monitor.count(&mut s).await;
        // `create` asks for the epoch first, as a login does.
        let record = s.create(s.login()).await;
        s.log_out(&record).await.unwrap();
        let count = monitor.count(&mut s).await;
        assert!(!is_warm || count == 3, "{count} commands");
    }
}

#[tokio::test]
#[ignore = "needs Redis: run cargo xtask test"]
async fn many_sessions_are_asked_for_at_once() {
    let mut server = Server::start(Kind::Redis).unwrap();
    let mut s = Scene::at(server.url()).await;
    let mut keys = Vec::new();
    for _ in 0..50 {
        keys.push(s.create(s.login()).await.key);
    }
    let mut monitor = Monitor::of(&mut server);
    let alive = s.store.alive(&keys, s.now).await.unwrap();
    assert!(alive.iter().all(|alive| *alive == Some(true)));
    // One script for all of one user's, and before it the script itself.
    assert_eq!(monitor.count(&mut s).await, 2);
}
