//! A clock that can be put forward.

use hallpass_core::{Clock, Sleep};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// The operating system's clock, put forward by some seconds. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct AheadClock(Arc<AtomicU64>);

impl AheadClock {
    /// Puts it forward.
    pub(crate) fn advance(&self, span: Duration) {
        self.0.fetch_add(span.as_secs(), Ordering::Relaxed);
    }
}

impl Clock for AheadClock {
    fn now(&self) -> SystemTime {
        SystemTime::now() + Duration::from_secs(self.0.load(Ordering::Relaxed))
    }

    fn sleep(&self, span: Duration) -> Sleep<'_> {
        Box::pin(tokio::time::sleep(span))
    }
}
