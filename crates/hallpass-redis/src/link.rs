//! The connection over which all calls are sent at once.

use crate::error::store_error;
use crate::keys::Tag;
use crate::reply::{self, strange};
use crate::script::Call;
use crate::server::Server;
use crate::slots::Slots;
use hallpass_core::StoreError;
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{Route, RoutingInfo, SingleNodeRoutingInfo, SlotAddr};
use redis::{Cmd, ErrorKind, Pipeline, RedisError, RedisResult, ServerErrorKind, Value};
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;

/// A connection that mends itself.
#[derive(Clone)]
pub(crate) enum Connection {
    Server(Arc<Server>),
    Cluster(ClusterConnection),
}

/// A connection with a time limit.
pub(crate) struct Link {
    connection: Connection,
    slots: Mutex<Option<Arc<Slots>>>,
    limit: Duration,
}

/// What one server is sent: the place of each command among all, and the command.
#[derive(Default)]
struct Batch {
    slot: u16,
    commands: Vec<(usize, Cmd)>,
}

// Every call is one script, which the server runs whole or not at all, whatever becomes of the future that waits for it.
impl Link {
    pub(crate) fn new(connection: Connection, limit: Duration) -> Self {
        Self { connection, slots: Mutex::default(), limit }
    }

    pub(crate) fn is_cluster(&self) -> bool {
        matches!(self.connection, Connection::Cluster(_))
    }

    /// Calls a script. A server that does not know it, because it was restarted or has just become the primary, is sent
    /// its text.
    pub(crate) async fn call(&self, call: &Call) -> Result<Value, StoreError> {
        self.within(async {
            match self.connection.send(&call.by_hash()).await {
                Err(error) if is_unknown_script(&error) => self.connection.send(&call.in_full()).await,
                answer => answer,
            }
        })
        .await
    }

    /// Sends a command that has a key.
    pub(crate) async fn send(&self, command: &Cmd) -> Result<Value, StoreError> {
        self.within(self.connection.send(command)).await
    }

    /// Sends commands for many tags in one pipeline for each server, and answers in their order. Each pipeline begins
    /// with `first`.
    pub(crate) async fn send_all(
        &self,
        first: Option<Cmd>,
        commands: Vec<(Tag, Cmd)>,
    ) -> Result<Vec<Value>, StoreError> {
        let count = commands.len();
        let batches = self.batches(commands).await?;
        let mut sending = JoinSet::new();
        for batch in batches {
            sending.spawn(self.connection.clone().send_batch(first.clone(), batch));
        }
        let answers = self.within(gather(sending, count)).await;
        if answers.is_err() {
            *self.known_slots() = None;
        }
        answers
    }

    /// As [`Link::send_all`], and once more if a slot has moved meanwhile: only for what may be done twice.
    pub(crate) async fn send_all_twice(
        &self,
        first: Option<Cmd>,
        commands: Vec<(Tag, Cmd)>,
    ) -> Result<Vec<Value>, StoreError> {
        match self.send_all(first.clone(), commands.clone()).await {
            Err(_) if self.is_cluster() => self.send_all(first, commands).await,
            answers => answers,
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
        let answer = tokio::time::timeout(self.limit, work).await;
        answer.map_err(|_| StoreError::timeout())?.map_err(store_error)
    }

    /// The commands by the server that has their tag.
    async fn batches(&self, commands: Vec<(Tag, Cmd)>) -> Result<Vec<Batch>, StoreError> {
        let slots = match self.connection {
            Connection::Server(_) => Arc::new(Slots::of_one_server()),
            Connection::Cluster(_) => self.slots().await?,
        };
        let mut batches: Vec<Batch> = Vec::new();
        batches.resize_with(slots.primaries().len(), Batch::default);
        for (place, (tag, command)) in commands.into_iter().enumerate() {
            let slot = tag.slot();
            let batch = slots.primary_of(slot).and_then(|primary| batches.get_mut(primary));
            let batch =
                batch.ok_or_else(|| StoreError::unavailable("a slot of the cluster has no primary"))?;
            batch.slot = slot;
            batch.commands.push((place, command));
        }
        batches.retain(|batch| !batch.commands.is_empty());
        Ok(batches)
    }

    async fn slots(&self) -> Result<Arc<Slots>, StoreError> {
        if let Some(slots) = self.known_slots().clone() {
            return Ok(slots);
        }
        let answer = self.within(self.connection.send_anywhere(Slots::command())).await?;
        let slots = Arc::new(Slots::read(answer).ok_or_else(strange)?);
        *self.known_slots() = Some(Arc::clone(&slots));
        Ok(slots)
    }

    fn known_slots(&self) -> MutexGuard<'_, Option<Arc<Slots>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    async fn send(&self, command: &Cmd) -> RedisResult<Value> {
        match self {
            Self::Server(server) => {
                server.with(async |mut connection| command.query_async(&mut connection).await).await
            }
            Self::Cluster(cluster) => command.query_async(&mut cluster.clone()).await,
        }
    }

    async fn send_anywhere(&self, command: Cmd) -> RedisResult<Value> {
        match self {
            Self::Server(_) => self.send(&command).await,
            Self::Cluster(cluster) => {
                let mut cluster = cluster.clone();
                let anywhere = RoutingInfo::SingleNode(SingleNodeRoutingInfo::RandomPrimary);
                cluster.route_command(command, anywhere).await?.extract_error()
            }
        }
    }

    /// The answers, each with the place of its command.
    async fn send_batch(self, first: Option<Cmd>, batch: Batch) -> RedisResult<Vec<(usize, Value)>> {
        let (places, commands): (Vec<_>, Vec<_>) = batch.commands.into_iter().unzip();
        let skipped = usize::from(first.is_some());
        let mut pipeline = Pipeline::with_capacity(commands.len() + skipped);
        for command in first.into_iter().chain(commands) {
            pipeline.add_command(command);
        }
        let answers = match self {
            Self::Server(server) => {
                server.with(async |mut connection| pipeline.query_async(&mut connection).await).await?
            }
            Self::Cluster(mut cluster) => {
                let (count, route) = (pipeline.len(), Route::new(batch.slot, SlotAddr::Master));
                cluster.route_pipeline(pipeline, 0, count, SingleNodeRoutingInfo::SpecificNode(route)).await?
            }
        };
        let answers = answers.into_iter().map(Value::extract_error).collect::<RedisResult<Vec<_>>>()?;
        Ok(places.into_iter().zip(answers.into_iter().skip(skipped)).collect())
    }
}

async fn gather(
    mut sending: JoinSet<RedisResult<Vec<(usize, Value)>>>,
    count: usize,
) -> RedisResult<Vec<Value>> {
    let mut all = vec![Value::Nil; count];
    while let Some(answers) = sending.join_next().await {
        let cut_off = |_| RedisError::from((ErrorKind::Client, "the runtime has been shut down"));
        for (place, answer) in answers.map_err(cut_off)?? {
            all[place] = answer;
        }
    }
    Ok(all)
}

fn is_unknown_script(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}
