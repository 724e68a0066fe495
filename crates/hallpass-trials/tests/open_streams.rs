//! Ten thousand event streams are open on one node.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use futures_core::Stream;
use hallpass_core::{EndReason, MemoryStore, SessionManager, Subject, Which};
use hallpass_login::until_logged_out;
use hallpass_trials::resident;
use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};
use support::{log_in, slot};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

const STREAMS: usize = 10_000;
/// How many of them are one user's; each of the others has a user of its own.
const OF_ONE_USER: usize = 50;

/// Far more than it takes; what it took is printed.
const BOUND: Duration = Duration::from_secs(10);
/// A page and some for each of the streams would be silly.
const BYTES_PER_STREAM: usize = 4096;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_streams_end_with_their_own_user_and_leave_nothing() {
    let node = SessionManager::builder(MemoryStore::new()).sweep_every(None).build().unwrap();
    let mut cookies = Vec::new();
    for number in 0..STREAMS {
        cookies.push(log_in(&node, number.saturating_sub(OF_ONE_USER - 1) as u32).await);
    }
    let mut sizes = Vec::new();
    for round in 0..4 {
        let before = resident();
        let streams = open(&node, &cookies).await;
        sizes.push(resident());
        if round == 0 {
            let each = sizes[0].saturating_sub(before) / STREAMS;
            println!("  memory: {each} bytes for each open stream");
            assert!(each < BYTES_PER_STREAM);
        }
        drop(streams);
        tasks_are(0).await;
    }
    println!(
        "  memory: {:?} KiB with all open, one time after the other",
        sizes.iter().map(|size| size / 1024).collect::<Vec<_>>()
    );
    assert!(sizes[3] < sizes[0] + STREAMS * 64, "what was open leaves something behind");

    let ended = Arc::new(AtomicUsize::new(0));
    let streams = open(&node, &cookies).await;
    let tasks: Vec<_> = streams.into_iter().map(|stream| drain(stream, &ended)).collect();
    // The listener is the one more.
    tasks_are(STREAMS + 1).await;
    let started = Instant::now();
    let receipt =
        node.end_sessions(Subject::from(0_u32), Which::All, EndReason::LoggedOutElsewhere).await.unwrap();
    assert_eq!(receipt.sessions_ended, OF_ONE_USER);
    for task in &tasks[..OF_ONE_USER] {
        until(|| task.is_finished()).await;
    }
    let took = started.elapsed();
    println!("  log-out-everywhere of one user: {OF_ONE_USER} of {STREAMS} streams end within {took:?}");
    assert!(took < BOUND);
    assert_eq!(ended.load(Ordering::SeqCst), OF_ONE_USER, "and no other");

    let started = Instant::now();
    let _ = node.admin().end_everybody().await.unwrap();
    until(|| tasks.iter().all(JoinHandle::is_finished)).await;
    println!("  ending everybody: the other streams end within {:?}", started.elapsed());
    tasks_are(0).await;
}

type Open = Pin<Box<dyn Stream<Item = Result<String, Infallible>> + Send>>;

/// Opens a stream of each session, and waits for it as a server does.
async fn open(node: &SessionManager, cookies: &[String]) -> Vec<Open> {
    let mut streams = Vec::with_capacity(cookies.len());
    for cookie in cookies {
        let session = slot(node, "GET", Some(cookie)).open().await.unwrap();
        let stream = until_logged_out(&session, Silence).ending_with(|reason| Ok(reason.to_string()));
        let mut stream: Open = Box::pin(stream);
        assert!(stream.as_mut().poll_next(&mut Context::from_waker(Waker::noop())).is_pending());
        streams.push(stream);
    }
    streams
}

fn drain(mut stream: Open, ended: &Arc<AtomicUsize>) -> JoinHandle<()> {
    let ended = Arc::clone(ended);
    tokio::spawn(async move {
        while poll_fn(|cx| stream.as_mut().poll_next(cx)).await.is_some() {}
        ended.fetch_add(1, Ordering::SeqCst);
    })
}

/// Events that never come.
struct Silence;

impl Stream for Silence {
    type Item = Result<String, Infallible>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Pending
    }
}

async fn tasks_are(count: usize) {
    until(|| Handle::current().metrics().num_alive_tasks() == count).await;
}

async fn until(is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(3 * BOUND, waiting).await.expect("it comes to that");
}
