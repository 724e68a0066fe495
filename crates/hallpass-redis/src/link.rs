//! The connection over which all calls are sent at once.

use crate::cluster::Cluster;
use crate::error::store_error;
use crate::keys::Tag;
use crate::reply::{self, strange};
use crate::route::pipeline;
use crate::script::Call;
use crate::server::Server;
use hallpass_core::StoreError;
use redis::{Cmd, ErrorKind, RedisError, RedisResult, ServerErrorKind, Value};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

/// A connection that mends itself.
#[derive(Clone)]
pub(crate) enum Connection {
    Server(Arc<Server>),
    Cluster(Arc<Cluster>),
}

/// A connection with a time limit.
pub(crate) struct Link {
    connection: Connection,
    limit: Duration,
}

// Every call is one script, which the server runs whole or not at all, whatever becomes of the future that waits for it.
impl Link {
    pub(crate) fn new(connection: Connection, limit: Duration) -> Self {
        Self { connection, limit }
    }

    pub(crate) fn is_cluster(&self) -> bool {
        matches!(self.connection, Connection::Cluster(_))
    }

    /// Calls a script. A server that does not know it, because it was restarted or has just become the primary, is sent
    /// its text.
    pub(crate) async fn call(&self, call: &Call) -> Result<Value, StoreError> {
        // Pinned here, because a future that is handed to an `async fn` by value takes its room twice.
        let work = pin!(async {
            match self.connection.send(call.tag(), &call.by_hash()).await {
                // Rare, and boxed so that the future of every call need not have room for it.
                Err(error) if is_unknown_script(&error) => {
                    Box::pin(async { self.connection.send(call.tag(), &call.in_full()).await }).await
                }
                answer => answer,
            }
        });
        self.within(work).await
    }

    /// Sends a command that has a key of this tag, and may be done twice.
    pub(crate) async fn send(&self, tag: Tag, command: &Cmd) -> Result<Value, StoreError> {
        self.within(self.connection.send(tag, command)).await
    }

    /// Sends a command that all tags answer alike: to `first`, and to tags of other servers if that takes long.
    pub(crate) async fn send_to_one(
        &self,
        first: Tag,
        ask: impl Fn(Tag) -> Cmd,
    ) -> Result<Value, StoreError> {
        match &self.connection {
            Connection::Server(_) => self.send(first, &ask(first)).await,
            Connection::Cluster(cluster) => self.within(cluster.send_to_one(first, ask)).await,
        }
    }

    /// Sends commands for many tags in one pipeline for each server, and answers in their order. Each pipeline begins
    /// with `first`. In a cluster, those that a server has not done are sent again.
    pub(crate) async fn send_all(
        &self,
        first: Option<Cmd>,
        commands: Vec<(Tag, Cmd)>,
    ) -> Result<Vec<Value>, StoreError> {
        self.within(self.connection.send_all(first, commands, false)).await
    }

    /// As [`Link::send_all`], and in a cluster once more if a server was lost: only for what may be done twice.
    pub(crate) async fn send_all_twice(
        &self,
        first: Option<Cmd>,
        commands: Vec<(Tag, Cmd)>,
    ) -> Result<Vec<Value>, StoreError> {
        self.within(self.connection.send_all(first, commands, true)).await
    }

    /// As [`Link::send_all`] or [`Link::send_all_twice`], but in a cluster a server that does not answer leaves only its own
    /// commands without an answer.
    ///
    /// # Errors
    ///
    /// When there is no answer to any.
    pub(crate) async fn send_each(
        &self,
        first: Option<Cmd>,
        commands: Vec<(Tag, Cmd)>,
        may_repeat: bool,
    ) -> Result<Vec<Option<Value>>, StoreError> {
        let Connection::Cluster(cluster) = &self.connection else {
            return Ok(self.send_all(first, commands).await?.into_iter().map(Some).collect());
        };
        let answers = cluster.send_each(first, commands, may_repeat, self.limit).await;
        match answers.iter().find_map(|answer| answer.as_ref().err()) {
            Some(error) if answers.iter().all(Result::is_err) => Err(store_error(error.clone())),
            _ => Ok(answers.into_iter().map(Result::ok).collect()),
        }
    }

    /// What a server's clock says, in milliseconds.
    pub(crate) async fn time(&self) -> Result<u64, StoreError> {
        let answer = self.within(self.connection.send_anywhere(redis::cmd("TIME"))).await?;
        let [seconds, micros] = reply::strings(answer)?;
        let number = |text| String::from_utf8(text).ok().and_then(|text| text.parse::<u64>().ok());
        let (seconds, micros) = (number(seconds).ok_or_else(strange)?, number(micros).ok_or_else(strange)?);
        Ok(seconds.saturating_mul(1000).saturating_add(micros / 1000))
    }

    async fn within<T>(&self, work: impl Future<Output = RedisResult<T>>) -> Result<T, StoreError> {
        if let Ok(answer) = tokio::time::timeout(self.limit, work).await {
            return answer.map_err(store_error);
        }
        if let Connection::Cluster(cluster) = &self.connection {
            // Who stands still may have been replaced.
            cluster.refresh(None);
        }
        Err(StoreError::timeout())
    }
}

impl Connection {
    async fn send(&self, tag: Tag, command: &Cmd) -> RedisResult<Value> {
        match self {
            Self::Server(server) => server.send(command).await,
            // A long way, which a call to one server needs no room for.
            Self::Cluster(cluster) => Box::pin(cluster.send(tag.slot(), command)).await,
        }
    }

    async fn send_anywhere(&self, command: Cmd) -> RedisResult<Value> {
        match self {
            Self::Server(server) => server.send(&command).await,
            Self::Cluster(cluster) => cluster.send_anywhere(command).await,
        }
    }

    async fn send_all(
        &self,
        first: Option<Cmd>,
        commands: Vec<(Tag, Cmd)>,
        may_repeat: bool,
    ) -> RedisResult<Vec<Value>> {
        match self {
            Self::Server(server) => {
                let all = first.iter().chain(commands.iter().map(|(_, command)| command));
                let answers = server.send_all(&pipeline(all)).await?;
                answers.into_iter().skip(usize::from(first.is_some())).collect()
            }
            Self::Cluster(cluster) => cluster.send_all(first, commands, may_repeat).await,
        }
    }
}

fn is_unknown_script(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}
