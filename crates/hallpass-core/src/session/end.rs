//! Learning of a session's end while it happens.

use super::Session;
use crate::manager::SessionManager;
use crate::manager::lookup::{Found, Sort};
use crate::record::{EndReason, Record};
use crate::store::StoreError;
use crate::time::Timestamp;
use crate::token::SessionKey;
use crate::watch::{Watch, first_of};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

/// How long a watcher waits for a store that does not answer before it asks again.
const RETRY: Duration = Duration::from_secs(5);

impl Session {
    /// A future that resolves when this session has ended, with the reason: by a logout here or elsewhere, an
    /// administrator, a timeout, on this node or another. Hold it beside an open WebSocket or event stream.
    ///
    /// It hears of an end in milliseconds where the store's feed runs, and asks the store itself at the session's
    /// deadline, after every gap of the feed and every 30 seconds. Renewal does not end it. Without a session it
    /// resolves at once. It counts as no use of the session, and leaves nothing behind when it is dropped.
    pub fn ended(&self) -> SessionEnd {
        let session = self.clone();
        SessionEnd(Mutex::new(Box::pin(async move {
            // Asked for at the first poll, when the commit has been: it may have issued or renewed the session.
            let (manager, record) = (session.slot().manager().clone(), session.record());
            drop(session);
            match record {
                Some(record) => watch(manager, record).await,
                None => EndReason::LoggedOut,
            }
        })))
    }
}

/// The future of [`Session::ended`]. It is `Sync` too, because warp asks that of streams.
#[must_use = "it tells nothing until it is awaited"]
pub struct SessionEnd(Mutex<Pin<Box<dyn Future<Output = EndReason> + Send>>>);

impl Future for SessionEnd {
    type Output = EndReason;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<EndReason> {
        // Nobody ever locks it.
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner).as_mut().poll(cx)
    }
}

impl std::fmt::Debug for SessionEnd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionEnd")
    }
}

/// Registers first and loads then, so that no end falls in between.
async fn watch(manager: SessionManager, mut record: Arc<Record>) -> EndReason {
    let watch = manager.watch(&record);
    loop {
        if let Some(reason) = watch.reason() {
            return reason;
        }
        // Boxed, so that what a call to the store takes is not kept for as long as the session lives.
        let wait = match Box::pin(check(&manager, &watch, &mut record)).await {
            Ok(Check::Over(reason)) => return reason,
            Ok(Check::LiveUntil(deadline)) => deadline.since(manager.now()),
            Err(error) => {
                tracing::warn!(target: "hallpass", error = &error as &dyn std::error::Error, "a watched session could not be checked");
                RETRY
            }
        };
        let timer = std::pin::pin!(manager.0.clock.sleep(wait));
        first_of(std::pin::pin!(watch.woken()), timer).await;
    }
}

enum Check {
    LiveUntil(Timestamp),
    Over(EndReason),
}

/// Asks the store. `record` is the session as it was last seen live.
async fn check(
    manager: &SessionManager,
    watch: &Watch,
    record: &mut Arc<Record>,
) -> Result<Check, StoreError> {
    let key = watch.key();
    match manager.find_latest(&key, Sort::of(record), manager.now()).await? {
        Found::Live(found) => {
            *record = found;
            Ok(Check::LiveUntil(record.deadline()))
        }
        Found::Over(record, reason) => {
            end_over(manager, &record.key, reason).await;
            Ok(Check::Over(reason))
        }
        Found::Undecodable(_) => Ok(Check::Over(EndReason::Unknown)),
        Found::Nothing => find_renewed(manager, watch, record).await,
    }
}

/// Its key is gone: it has ended, or it has been renewed and the feed has not told.
async fn find_renewed(manager: &SessionManager, watch: &Watch, record: &Record) -> Result<Check, StoreError> {
    match manager.find_renewed(record).await? {
        Some(one) => {
            watch.follow(one.key);
            Ok(Check::LiveUntil(one.idle_until.min(one.absolute_until)))
        }
        None => Ok(Check::Over(why(manager, watch, record))),
    }
}

/// What runs out is removed by whoever notices first, perhaps before the feed has told.
fn why(manager: &SessionManager, watch: &Watch, record: &Record) -> EndReason {
    watch.reason().or_else(|| record.timeout(manager.now())).unwrap_or(EndReason::Unknown)
}

/// Removes a row that has run out, so that its end is on record. If that fails the sweep will do it.
async fn end_over(manager: &SessionManager, key: &SessionKey, reason: EndReason) {
    if let Err(error) = manager.revoke(key, reason, None).await {
        tracing::warn!(target: "hallpass", error = &error as &dyn std::error::Error, "a session that has run out was not removed");
    }
}
