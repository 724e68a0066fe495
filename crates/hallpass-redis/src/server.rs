//! The connection to one server.

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, ErrorKind, RedisError, RedisResult, ServerErrorKind};
use std::sync::{Mutex, PoisonError};

/// A connection that is made anew when it breaks, and also when the server at its other end has become a replica: then
/// the address may lead to another one by now.
pub(crate) struct Server {
    client: Client,
    config: ConnectionManagerConfig,
    /// The connection, and how many there were before it.
    current: Mutex<(u64, ConnectionManager)>,
}

impl Server {
    /// Connects at once, or fails.
    pub(crate) async fn connect(client: Client, config: ConnectionManagerConfig) -> RedisResult<Self> {
        let connection = client.get_connection_manager_with_config(config.clone()).await?;
        Ok(Self { client, config, current: Mutex::new((0, connection)) })
    }

    pub(crate) async fn with<T>(
        &self,
        work: impl AsyncFnOnce(ConnectionManager) -> RedisResult<T>,
    ) -> RedisResult<T> {
        let (number, connection) = self.current.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let answer = work(connection).await;
        if answer.as_ref().is_err_and(is_replica) {
            self.leave(number);
        }
        answer
    }

    /// Gives up a connection, unless another call has done so already.
    fn leave(&self, number: u64) {
        // It connects when it is used.
        let Ok(next) = self.client.get_connection_manager_lazy(self.config.clone()) else { return };
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.0 == number {
            *current = (number + 1, next);
        }
    }
}

fn is_replica(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly)
}
