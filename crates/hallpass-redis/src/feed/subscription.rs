//! The connections on which one listener hears all primaries.

use super::Settings;
use crate::cluster::{Cluster, Topology};
use crate::error::SetupError;
use crate::inspect::setup_error;
use crate::keys::{Base, Names, Tag};
use crate::link::Connection;
use crate::script::{BEAT, Call};
use crate::slots::Slots;
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ConnectionInfo, ErrorKind, ProtocolVersion, PushInfo, RedisResult,
    ServerErrorKind, Value,
};
use std::sync::Arc;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// A subscription to every primary.
pub(super) struct Subscription {
    pub(super) primaries: Vec<Subscribed>,
    pub(super) heard: UnboundedReceiver<(usize, PushInfo)>,
    /// As they were when it was made; `None` for a server that is no cluster.
    slots: Option<Slots>,
}

/// A subscription to one primary.
#[derive(Clone)]
pub(super) struct Subscribed {
    connection: MultiplexedConnection,
    tag: Tag,
}

impl Subscription {
    /// Subscribes everywhere, or fails.
    pub(super) async fn open(settings: &Settings, channels: &[String]) -> Result<Self, SetupError> {
        let (servers, slots) = match &settings.connection {
            Connection::Server(server) => (vec![server.way().clone()], None),
            Connection::Cluster(cluster) => {
                let topology = primaries_of(cluster).await?;
                let ways = topology.primaries().iter().map(|primary| primary.way().clone());
                (ways.collect(), Some(topology.slots().clone()))
            }
        };
        let (sender, heard) = unbounded_channel();
        let mut primaries = Vec::with_capacity(servers.len());
        for (place, server) in servers.into_iter().enumerate() {
            // One whose slots no key of ours falls into has nothing to say.
            let Some(tag) = tag_at(slots.as_ref(), place) else { continue };
            let connection = subscribe(settings, &server, primaries.len(), sender.clone(), channels).await;
            let connection = connection.map_err(|error| setup_error(&server, error))?;
            primaries.push(Subscribed { connection, tag });
        }
        Ok(Self { primaries, heard, slots })
    }

    /// Whether the primaries and their slots are those of before, as one of them sees it.
    pub(super) fn is_current(&self) -> impl Future<Output = bool> + Send + use<> {
        let connection = self.primaries.first().map(|primary| primary.connection.clone());
        let known = self.slots.clone();
        async move {
            let (Some(known), Some(mut connection)) = (known, connection) else { return true };
            let answer = Slots::command().query_async::<Value>(&mut connection).await;
            answer.ok().and_then(Slots::read).is_some_and(|slots| slots.is_same(&known))
        }
    }
}

impl Subscribed {
    /// Makes the primary say `text` on `channel`. One that is no longer primary of its slots refuses.
    pub(super) async fn beat(mut self, names: &Names, channel: &str, text: &str) -> RedisResult<()> {
        let key = Base(names.base(self.tag)).deadlines();
        let call = Call::of(&BEAT, self.tag, key).arg(channel).arg(text);
        match call.by_hash().query_async::<Value>(&mut self.connection).await {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                call.in_full().exec_async(&mut self.connection).await
            }
            answer => answer.map(drop),
        }
    }
}

/// What is found out here, the calls of the store profit from as well.
async fn primaries_of(cluster: &Cluster) -> Result<Arc<Topology>, SetupError> {
    let named = cluster.seeds().first().ok_or_else(|| SetupError::Url("it names no server".into()))?;
    cluster.look().await.map_err(|error| setup_error(named, error))
}

/// A tag in the slots of a primary.
fn tag_at(slots: Option<&Slots>, place: usize) -> Option<Tag> {
    let is_there = |tag: &Tag| slots.is_none_or(|slots| slots.primary_of(tag.slot()) == Some(place));
    Tag::all().find(is_there)
}

async fn subscribe(
    settings: &Settings,
    server: &ConnectionInfo,
    place: usize,
    sender: UnboundedSender<(usize, PushInfo)>,
    channels: &[String],
) -> RedisResult<MultiplexedConnection> {
    let pass_on = move |push: PushInfo| sender.send((place, push));
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(settings.connect_timeout))
        .set_response_timeout(Some(settings.response_timeout))
        .set_push_sender(pass_on);
    // Only with this protocol does one connection hear and speak.
    let redis = server.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    let client = Client::open(server.clone().set_redis_settings(redis))?;
    let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
    connection.subscribe(channels).await?;
    Ok(connection)
}
