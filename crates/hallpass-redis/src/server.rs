//! The connection to one server.

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{
    Client, Cmd, ConnectionInfo, ErrorKind, Pipeline, RedisError, RedisResult, ServerErrorKind, Value,
};
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
    pub(crate) async fn connect(way: ConnectionInfo, config: ConnectionManagerConfig) -> RedisResult<Self> {
        let client = Client::open(way)?;
        let connection = client.get_connection_manager_with_config(config.clone()).await?;
        Ok(Self { client, config, current: Mutex::new((0, connection)) })
    }

    /// Connects when it is used.
    pub(crate) fn lazy(way: ConnectionInfo, config: ConnectionManagerConfig) -> RedisResult<Self> {
        let client = Client::open(way)?;
        let connection = client.get_connection_manager_lazy(config.clone())?;
        Ok(Self { client, config, current: Mutex::new((0, connection)) })
    }

    /// How it is reached.
    pub(crate) fn way(&self) -> &ConnectionInfo {
        self.client.get_connection_info()
    }

    pub(crate) async fn send(&self, command: &Cmd) -> RedisResult<Value> {
        let (number, mut connection) = self.current();
        let answer = connection.send_packed_command(command).await.and_then(Value::extract_error);
        self.look_at(number, answer.as_ref().err());
        answer
    }

    /// Sends commands at once. Each has its own answer, if the server is there.
    pub(crate) async fn send_all(&self, commands: &Pipeline) -> RedisResult<Vec<RedisResult<Value>>> {
        let (number, mut connection) = self.current();
        let answers = connection.send_packed_commands(commands, 0, commands.len()).await;
        self.look_at(number, answers.as_ref().err());
        let answers: Vec<_> = answers?.into_iter().map(Value::extract_error).collect();
        self.look_at(number, answers.iter().find_map(|answer| answer.as_ref().err()));
        Ok(answers)
    }

    fn current(&self) -> (u64, ConnectionManager) {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn look_at(&self, number: u64, error: Option<&RedisError>) {
        if error.is_some_and(is_no_use) {
            self.leave(number);
        }
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

/// Whether a connection will never do: to a replica, or one that was refused, which is not tried again by itself.
fn is_no_use(error: &RedisError) -> bool {
    matches!(error.kind(), ErrorKind::Server(ServerErrorKind::ReadOnly) | ErrorKind::AuthenticationFailed)
}
