use std::io;
use std::time::Duration;
use tokio::sync::watch;

/// How long requests that are under way may take when the demo is asked to stop: longer than the slowest of its own.
pub const GRACE: Duration = Duration::from_secs(15);

/// Tells when the process is asked to stop, by Ctrl-C, or by SIGTERM where there is one, and which WebSockets are still
/// open then.
#[derive(Debug, Clone)]
pub struct Shutdown {
    request: watch::Receiver<()>,
    sockets: watch::Sender<usize>,
}

impl Shutdown {
    /// Listens from now on.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub fn listen() -> io::Result<Self> {
        let signal = stop_signal()?;
        let (sender, request) = watch::channel(());
        tokio::spawn(async move {
            signal.await;
            drop(sender);
        });
        Ok(Self { request, sockets: watch::Sender::new(0) })
    }

    /// Waits until it is time to take no more requests.
    pub async fn requested(mut self) {
        while self.request.changed().await.is_ok() {}
    }

    /// Waits until it is time to stop, whatever is still under way.
    pub async fn overdue(self) {
        self.requested().await;
        tokio::time::sleep(GRACE).await;
        tracing::warn!("some requests did not end in time");
    }

    /// Counts a WebSocket as open, until the result is dropped.
    #[must_use]
    pub fn socket(&self) -> OpenSocket {
        self.sockets.send_modify(|open| *open += 1);
        OpenSocket(self.clone())
    }

    /// Waits until no WebSocket is open. Servers of hyper do not: to them, such a connection has been handed over.
    pub async fn sockets_closed(&self) {
        // The sender cannot have gone: it is here.
        let _ = self.sockets.subscribe().wait_for(|open| *open == 0).await;
    }
}

/// A WebSocket that is open.
#[derive(Debug)]
pub struct OpenSocket(Shutdown);

impl OpenSocket {
    /// Waits until it is time to close it.
    pub(crate) fn closing(&self) -> impl Future<Output = ()> + use<> {
        self.0.clone().requested()
    }
}

impl Drop for OpenSocket {
    fn drop(&mut self) {
        self.0.sockets.send_modify(|open| *open -= 1);
    }
}

/// Waits for the next of the signals that ask the process to stop.
#[cfg(unix)]
fn stop_signal() -> io::Result<impl Future<Output = ()> + Send> {
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
fn stop_signal() -> io::Result<impl Future<Output = ()> + Send> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
