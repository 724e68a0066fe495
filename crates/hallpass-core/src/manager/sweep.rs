//! Removing what has run out.

use super::{Inner, SessionManager};
use crate::store::StoreError;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// How many rows the background sweep removes in one call.
const BATCH: usize = 1000;

impl SessionManager {
    /// Removes up to `limit` sessions that have run out, and tells of each. How many, and whether there may be more.
    ///
    /// A session that has run out is refused whether or not it is swept; this gives its room back and completes the
    /// events. Several nodes may sweep at once.
    ///
    /// # Errors
    ///
    /// When the store did not confirm, or its clock and this node's differ by minutes.
    pub async fn sweep(&self, limit: usize) -> Result<(usize, bool), StoreError> {
        let op = self.op()?;
        let swept = self.limited(self.0.store.sweep(limit, op)).await?;
        self.tell_ended(&swept.ended, None, None);
        Ok((swept.ended.len(), swept.more))
    }

    pub(super) fn sweep_in_background(&self, interval: Duration) {
        let clock = Arc::clone(&self.0.clock);
        let manager = Arc::downgrade(&self.0);
        self.0.tasks.runtime().spawn(async move {
            loop {
                clock.sleep(interval).await;
                if sweep_all(&manager).await.is_none() {
                    return;
                }
            }
        });
    }
}

/// One batch after the other until nothing is left; `None` when the manager is gone.
async fn sweep_all(manager: &Weak<Inner>) -> Option<()> {
    loop {
        let manager = SessionManager(manager.upgrade()?);
        match manager.sweep(BATCH).await {
            Ok((_, true)) => tokio::task::yield_now().await,
            Ok((_, false)) => return Some(()),
            Err(error) => {
                tracing::warn!(target: "hallpass", error = &error as &dyn std::error::Error, "sessions that have run out were not removed");
                return Some(());
            }
        }
    }
}
