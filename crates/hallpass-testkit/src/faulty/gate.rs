use std::sync::Arc;
use tokio::sync::{Semaphore, watch};

/// Where a [`FaultyStore`](super::FaultyStore) holds calls until the test lets them go. Clones are the same gate.
///
/// Dropping it does not open it: calls that are held then stay held, like a store that never answers.
#[derive(Debug, Clone)]
pub struct Gate(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    arrived: watch::Sender<usize>,
    /// A permit lets one call go; closed, it lets all go.
    passes: Semaphore,
}

impl Gate {
    pub(super) fn new() -> Self {
        Self(Arc::new(Shared { arrived: watch::Sender::new(0), passes: Semaphore::new(0) }))
    }

    /// Waits until a call has come to the gate.
    pub async fn arrived(&self) {
        self.arrivals(1).await;
    }

    /// Waits until `count` calls in all have come to the gate.
    pub async fn arrivals(&self, count: usize) {
        // It cannot be closed: its sender lives in `self`.
        let _ = self.0.arrived.subscribe().wait_for(|arrived| *arrived >= count).await;
    }

    /// Lets one call go, one that waits or the next to come.
    pub fn release_one(&self) {
        self.0.passes.add_permits(1);
    }

    /// Lets every call go, those that wait and those to come.
    pub fn open(&self) {
        self.0.passes.close();
    }

    pub(super) async fn pass(&self) {
        self.0.arrived.send_modify(|count| *count += 1);
        if let Ok(pass) = self.0.passes.acquire().await {
            pass.forget();
        }
    }
}
