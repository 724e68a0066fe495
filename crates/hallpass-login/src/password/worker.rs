use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::PasswordError;

/// Runs hashes on blocking threads: a bounded number at once, and a bounded queue before them.
#[derive(Debug)]
pub(super) struct Worker {
    permits: Arc<Semaphore>,
    queue: Semaphore,
    max_wait: Duration,
}

impl Worker {
    pub(super) fn new(concurrent: usize, waiting: usize, max_wait: Duration) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(concurrent.min(Semaphore::MAX_PERMITS))),
            queue: Semaphore::new(waiting.min(Semaphore::MAX_PERMITS)),
            max_wait,
        }
    }

    pub(super) async fn run<T, E, J>(&self, job: J) -> Result<T, PasswordError>
    where
        T: Send + 'static,
        E: Error + Send + Sync + 'static,
        J: FnOnce() -> Result<T, E> + Send + 'static,
    {
        let permit = self.permit().await?;
        let task = spawn_blocking(move || {
            // Held by the job and not by the future: an abandoned login must not make room for
            // another hash.
            let _permit = permit;
            job()
        });
        task.await.map_err(PasswordError::failed)?.map_err(PasswordError::failed)
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit, PasswordError> {
        if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
            return Ok(permit);
        }
        let _place = self.queue.try_acquire().map_err(|_| PasswordError::Busy)?;
        match timeout(self.max_wait, Arc::clone(&self.permits).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(PasswordError::Busy),
        }
    }
}
