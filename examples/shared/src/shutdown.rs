use std::io;
use std::time::Duration;
use tokio::sync::watch;

/// How long requests that are under way may take when the demo is asked to stop: longer than the slowest of its own.
pub const GRACE: Duration = Duration::from_secs(15);

/// Tells when the process is asked to stop: by Ctrl-C, or by SIGTERM where there is one.
#[derive(Debug, Clone)]
pub struct Shutdown(watch::Receiver<()>);

impl Shutdown {
    /// Listens from now on.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub fn listen() -> io::Result<Self> {
        let signal = stop_signal()?;
        let (sender, receiver) = watch::channel(());
        tokio::spawn(async move {
            signal.await;
            drop(sender);
        });
        Ok(Self(receiver))
    }

    /// Waits until it is time to take no more requests.
    pub async fn requested(mut self) {
        while self.0.changed().await.is_ok() {}
    }

    /// Waits until it is time to stop, whatever is still under way.
    pub async fn overdue(self) {
        self.requested().await;
        tokio::time::sleep(GRACE).await;
        tracing::warn!("some requests did not end in time");
    }
}

/// Waits for the next of the signals that ask the process to stop.
#[cfg(unix)]
pub(crate) fn stop_signal() -> io::Result<impl Future<Output = ()> + Send + Sync> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Waits for the next of the signals that ask the process to stop.
#[cfg(not(unix))]
pub(crate) fn stop_signal() -> io::Result<impl Future<Output = ()> + Send + Sync> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
