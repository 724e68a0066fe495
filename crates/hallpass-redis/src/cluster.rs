//! A cluster: which of its servers has what, and how that is found out.
//!
//! Every primary has a connection of its own, and nothing is held while one is waited for: a primary that is gone or
//! stands still costs nobody anything but those who need it.

use crate::nodes::Nodes;
use crate::server::Server;
use crate::slots::Slots;
use crate::target::name_of;
use redis::aio::ConnectionManagerConfig;
use redis::{Cmd, ConnectionInfo, ErrorKind, RedisError, RedisResult, Value};
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

/// How long after the cluster was asked for its primaries it is not asked again, whatever goes wrong meanwhile.
const PAUSE: Duration = Duration::from_secs(1);

/// How long one server is waited for before the next one is asked too.
const HEAD_START: Duration = Duration::from_millis(100);

/// The primaries of a cluster, and a connection to each.
pub(crate) struct Cluster {
    seeds: Vec<ConnectionInfo>,
    pub(crate) nodes: Nodes,
    limit: Duration,
    view: watch::Sender<View>,
}

/// What is known of the cluster.
struct View {
    topology: Arc<Topology>,
    /// Whether it is being asked for its primaries, and when that began last.
    is_asked: bool,
    asked_at: Option<Instant>,
}

/// Who has which slots.
pub(crate) struct Topology {
    slots: Slots,
    /// In the order of [`Slots::primaries`].
    primaries: Vec<Arc<Server>>,
}

impl Topology {
    pub(crate) fn slots(&self) -> &Slots {
        &self.slots
    }

    pub(crate) fn primaries(&self) -> &[Arc<Server>] {
        &self.primaries
    }

    pub(crate) fn primary_of(&self, slot: u16) -> Option<&Arc<Server>> {
        self.primaries.get(self.slots.primary_of(slot)?)
    }
}

impl Cluster {
    /// Asks the first server that answers for the primaries. A question may take as long as `limit`.
    pub(crate) async fn connect(
        seeds: Vec<ConnectionInfo>,
        config: ConnectionManagerConfig,
        limit: Duration,
    ) -> RedisResult<Self> {
        let nodes = Nodes::new(config);
        let seeding = seeds.iter().map(|seed| nodes.at(seed.clone())).collect::<RedisResult<_>>()?;
        let topology = Arc::new(ask(seeding, &nodes, limit).await?);
        let view = watch::Sender::new(View { topology, is_asked: false, asked_at: None });
        Ok(Self { seeds, nodes, limit, view })
    }

    /// The servers by which it was found first.
    pub(crate) fn seeds(&self) -> &[ConnectionInfo] {
        &self.seeds
    }

    pub(crate) fn topology(&self) -> Arc<Topology> {
        Arc::clone(&self.view.borrow().topology)
    }

    /// Asks the cluster for its primaries.
    pub(crate) async fn look(&self) -> RedisResult<Arc<Topology>> {
        self.look_from(None).await
    }

    /// Has the cluster asked for its primaries, `first` before the others, unless it has been just now. Waits for nothing.
    pub(crate) fn refresh(self: &Arc<Self>, first: Option<Arc<Server>>) {
        let is_due = self.view.send_if_modified(|view| {
            let is_fresh = view.asked_at.is_some_and(|at| at.elapsed() < PAUSE);
            let is_due = !view.is_asked && !is_fresh;
            if is_due {
                (view.is_asked, view.asked_at) = (true, Some(Instant::now()));
            }
            is_due
        });
        if is_due {
            let asking = Asking(Arc::clone(self));
            // What could not be found out is tried again when it is missed again.
            self.nodes.runtime().spawn(async move { asking.0.look_from(first).await.map(drop) });
        }
    }

    /// As [`Cluster::refresh`], and waits for its end.
    pub(crate) async fn refreshed(self: &Arc<Self>) {
        self.refresh(None);
        // The sender is at hand, so this cannot fail.
        let _ = self.view.subscribe().wait_for(|view| !view.is_asked).await;
    }

    /// What any of the primaries says.
    pub(crate) async fn send_anywhere(&self, command: Cmd) -> RedisResult<Value> {
        Ok(first_answer(self.candidates(None)?, command, Some).await?.1)
    }

    async fn look_from(&self, first: Option<Arc<Server>>) -> RedisResult<Arc<Topology>> {
        let topology = Arc::new(ask(self.candidates(first)?, &self.nodes, self.limit).await?);
        self.nodes.keep_only(&topology.primaries);
        self.view.send_modify(|view| view.topology = Arc::clone(&topology));
        Ok(topology)
    }

    /// All servers that are known, each once: `first`, then the primaries from any of them on, then the others.
    fn candidates(&self, first: Option<Arc<Server>>) -> RedisResult<Vec<Arc<Server>>> {
        let topology = self.topology();
        let mut primaries = topology.primaries.clone();
        let start = RandomState::new().hash_one(0) % primaries.len().max(1) as u64;
        primaries.rotate_left(start as usize);
        let mut all: Vec<_> = first.into_iter().chain(primaries).collect();
        let mut names: HashSet<String> = HashSet::new();
        all.retain(|server| names.insert(name_of(server.way())));
        for seed in self.seeds.iter().filter(|seed| !names.contains(&name_of(seed))) {
            all.push(self.nodes.at(seed.clone())?);
        }
        Ok(all)
    }
}

/// Whoever waits goes on when this is dropped, however the question ends.
struct Asking(Arc<Cluster>);

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.view.send_modify(|view| view.is_asked = false);
    }
}

async fn ask(servers: Vec<Arc<Server>>, nodes: &Nodes, limit: Duration) -> RedisResult<Topology> {
    let answer = timeout(limit, first_answer(servers, Slots::command(), Slots::read)).await;
    let (asked, slots) = answer.map_err(|_| std::io::Error::from(std::io::ErrorKind::TimedOut))??;
    let ways = slots.primaries().iter().map(|primary| primary.place.seen_from(asked.way()));
    let primaries = ways.map(|way| nodes.at(way)).collect::<RedisResult<Vec<_>>>()?;
    nodes.connect(&primaries);
    Ok(Topology { slots, primaries })
}

/// What the first of `servers` says that gives an answer. One that stands still does not keep the others from being
/// asked.
async fn first_answer<T: Send + 'static>(
    servers: Vec<Arc<Server>>,
    command: Cmd,
    read: fn(Value) -> Option<T>,
) -> RedisResult<(Arc<Server>, T)> {
    let command = Arc::new(command);
    let asking = servers.into_iter().map(|server| {
        let command = Arc::clone(&command);
        async move {
            let answer = read(server.send(&command).await?).ok_or_else(no_answer)?;
            Ok((server, answer))
        }
    });
    first_of(asking).await
}

/// The first of these that succeeds. Each begins a moment after the one before it.
pub(crate) async fn first_of<T: Send + 'static>(
    all: impl Iterator<Item = impl Future<Output = RedisResult<T>> + Send + 'static>,
) -> RedisResult<T> {
    let mut asking = JoinSet::new();
    for (place, one) in (0..).zip(all) {
        asking.spawn(async move {
            sleep(HEAD_START * place).await;
            one.await
        });
    }
    let mut failed = no_answer();
    while let Some(asked) = asking.join_next().await {
        match asked {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => failed = error,
            // The runtime is being shut down.
            Err(_) => {}
        }
    }
    Err(failed)
}

fn no_answer() -> RedisError {
    (ErrorKind::UnexpectedReturnType, "no server of the cluster gives an answer").into()
}
