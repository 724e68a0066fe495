//! Waiting for sessions to end.

use crate::crowd::Crowd;
use crate::drive::ready;
use hallpass_core::{EndReason, Session, SessionManager, SessionSlot};
use hallpass_tower::HttpHead;
use http::{HeaderValue, Request, header};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

/// A task for each of the first `count` users of `crowd` that waits for the end of the session. All of them wait when
/// this returns.
///
/// # Panics
///
/// If one of them is not logged in.
pub fn watch(
    runtime: &Runtime,
    manager: &SessionManager,
    crowd: &Crowd,
    count: usize,
) -> Vec<JoinHandle<EndReason>> {
    let task = |index| {
        let ended = session(manager, &crowd.cookie(index)).ended();
        runtime.spawn(ended)
    };
    let mut tasks = Vec::with_capacity(count);
    tasks.extend((0..count).map(task));
    settle(runtime);
    tasks
}

/// Lets every task of a runtime of this thread go on until it waits.
fn settle(runtime: &Runtime) {
    // Tasks take turns, so the last one to be spawned comes after all others. The second time, after those that they woke.
    for _ in 0..2 {
        runtime.block_on(runtime.spawn(async {})).expect("an empty task does not panic");
    }
}

/// The session of a cookie, opened.
///
/// # Panics
///
/// If there is none.
#[must_use]
pub fn session(manager: &SessionManager, cookie: &HeaderValue) -> Session {
    let request = Request::get("/").header(header::COOKIE, cookie).body(()).expect("a valid request");
    let slot = SessionSlot::new(&manager.clone().into(), &HttpHead::from(&request), None);
    let session = ready(slot.open()).expect("a store in memory answers");
    assert!(session.handle().is_some(), "logged in");
    session
}
