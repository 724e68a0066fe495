use super::plan::Plan;
use async_trait::async_trait;
use hallpass_core::{FeedEvent, SessionFeed};
use std::sync::Arc;
use tokio::sync::watch;

/// A subscription whose events can be lost and whose connection can be cut.
#[derive(Debug)]
pub(super) struct FaultyFeed {
    inner: Box<dyn SessionFeed>,
    plan: Arc<Plan>,
    cuts: watch::Receiver<u64>,
}

impl FaultyFeed {
    pub(super) fn new(inner: Box<dyn SessionFeed>, plan: Arc<Plan>) -> Self {
        let cuts = plan.watch_cuts();
        Self { inner, plan, cuts }
    }
}

#[async_trait]
impl SessionFeed for FaultyFeed {
    async fn next(&mut self) -> FeedEvent {
        loop {
            tokio::select! {
                biased;
                Ok(()) = self.cuts.changed() => return FeedEvent::Gap,
                event = self.inner.next() => {
                    if !self.plan.loses_event() {
                        return event;
                    }
                }
            }
        }
    }
}
