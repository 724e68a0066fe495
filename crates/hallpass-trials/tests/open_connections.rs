//! Ten thousand event streams are open on one server, each on a connection of its own.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use futures_core::Stream;
use hallpass_axum::{Session, SessionLayer, until_logged_out};
use hallpass_core::{EndReason, MemoryStore, SessionManager, Subject, Which};
use hallpass_trials::resident;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::process::{Child, Command, Stdio};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use support::log_in;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

const STREAMS: usize = 10_000;
/// How many of them are one user's; each of the others has a user of its own.
const OF_ONE_USER: usize = 50;

/// Files that this process and its client each need: a socket for each stream, and what else a process has open.
const FILES: u64 = STREAMS as u64 + 500;

/// Far longer than any step takes; so long that the trial waits for what never happens.
const BOUND: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "opens 10 000 connections: run cargo xtask test"]
async fn ten_thousand_connections_end_with_their_own_user_and_leave_nothing() {
    allow_files();
    let node = SessionManager::builder(MemoryStore::new()).sweep_every(None).build().unwrap();
    let mut cookies = Vec::new();
    for number in 0..STREAMS {
        cookies.push(log_in(&node, number.saturating_sub(OF_ONE_USER - 1) as u32).await);
    }
    let addr = serve(&node).await;
    let (idle, before) = (tasks(), resident());

    let mut client = Client::start(addr, &cookies);
    assert_eq!(client.line().await, "open");
    // Each has its task, and the listener of the feed is the one more.
    until("every stream waits", || tasks() == idle + STREAMS + 1).await;
    let size = resident();
    let each = size.saturating_sub(before) / STREAMS;
    println!("  memory: {each} bytes for each open stream with its connection");

    let started = Instant::now();
    let ending = node.end_sessions(Subject::from(0_u32), Which::All, EndReason::LoggedOutElsewhere);
    assert_eq!(ending.await.unwrap().sessions_ended, OF_ONE_USER);
    let mut ended = BTreeSet::new();
    for _ in 0..OF_ONE_USER {
        ended.insert(client.line().await);
    }
    println!("  log-out-everywhere of one user: {OF_ONE_USER} streams end within {:?}", started.elapsed());
    let expected = (0..OF_ONE_USER).map(|number| format!("{number} {}", EndReason::LoggedOutElsewhere));
    assert_eq!(ended, expected.collect());
    until("the others wait on", || tasks() == idle + STREAMS - OF_ONE_USER + 1).await;
    assert_eq!(client.lines.try_recv().ok(), None, "no other stream has ended");

    let started = Instant::now();
    client.hang_up();
    // The listener goes with the last watch: as many tasks as before means that no watch is left.
    until("everything is let go of", || tasks() == idle).await;
    println!("  hanging up on the others: let go of within {:?}", started.elapsed());
    println!("  memory: {} KiB before, {} open, {} after", before / 1024, size / 1024, resident() / 1024);
    let ending = node.end_sessions(Subject::from(1_u32), Which::All, EndReason::Administrator);
    assert_eq!(ending.await.unwrap().sessions_ended, 1, "who hangs up stays logged in");
}

/// Raises the limit of open files to as many as the system lets this process have.
fn allow_files() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let most = maximum.unwrap_or(u64::MAX);
    assert!(
        most >= FILES,
        "this trial needs {FILES} open files and is allowed {most}: raise the hard limit, by `ulimit -Hn {FILES}` as \
         root, `LimitNOFILE={FILES}` for a service or `docker run --ulimit nofile={FILES}`"
    );
    // The client inherits it.
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
}

async fn serve(node: &SessionManager) -> SocketAddr {
    let app = Router::new().route("/events", get(events)).layer(SessionLayer::new(node.clone()));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    addr
}

async fn events(session: Session) -> Body {
    let last = |reason: EndReason| Ok::<_, Infallible>(format!("event: logged_out\ndata: {reason}\n\n"));
    Body::from_stream(until_logged_out(&session, Opening(true)).ending_with(last))
}

/// Says that it is open, and then nothing.
struct Opening(bool);

impl Stream for Opening {
    type Item = Result<String, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match std::mem::take(&mut self.0) {
            true => Poll::Ready(Some(Ok(": open\n\n".to_owned()))),
            false => Poll::Pending,
        }
    }
}

/// The process at the other end of all connections.
struct Client {
    process: Child,
    lines: mpsc::UnboundedReceiver<String>,
}

impl Client {
    fn start(addr: SocketAddr, cookies: &[String]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hold_streams"));
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let input = format!("{addr}\n/events\n{}\n\n", cookies.join("\n"));
        process.stdin.as_mut().unwrap().write_all(input.as_bytes()).unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let (sender, lines) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            output.lines().map_while(Result::ok).all(|line| sender.send(line).is_ok())
        });
        Self { process, lines }
    }

    async fn line(&mut self) -> String {
        let line = tokio::time::timeout(BOUND, self.lines.recv()).await;
        line.expect("the client goes on").expect("the client is there")
    }

    fn hang_up(&mut self) {
        drop(self.process.stdin.take());
        assert!(self.process.wait().unwrap().success());
    }
}

/// A trial that fails leaves nothing behind.
impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let came = tokio::time::timeout(BOUND, waiting).await;
    assert!(came.is_ok(), "{what}: {} tasks", tasks());
}
