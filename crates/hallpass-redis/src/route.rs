//! The way of a call to the primary of its slot, wherever that is by now.

use crate::cluster::{Cluster, first_of};
use crate::fault::{Fault, no_primary};
use crate::keys::Tag;
use crate::server::Server;
use redis::{Cmd, ErrorKind, Pipeline, RedisError, RedisResult, Value, cmd};
use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;
use std::{io, iter};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// How often one call is sent again.
const TRIES: u32 = 8;

/// How long the first wait before that takes, and the longest.
const WAITS: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(400));

/// Where one call is sent.
struct Route {
    server: Arc<Server>,
    /// Whether the server does not have the slot yet, and has to be told that the call is meant for it.
    is_asking: bool,
}

/// What is sent.
struct Errand<'a> {
    /// What the command needs on the server, whatever its slot.
    first: Option<&'a Cmd>,
    slot: u16,
    command: &'a Cmd,
}

/// What one primary is sent: the place of each command among all, its slot, and the command.
#[derive(Default)]
struct Batch {
    server: Option<Arc<Server>>,
    commands: Vec<(usize, u16, Cmd)>,
}

impl Cluster {
    /// Sends a command that may be done twice.
    pub(crate) async fn send(self: &Arc<Self>, slot: u16, command: &Cmd) -> RedisResult<Value> {
        let errand = Errand { first: None, slot, command };
        let route = self.route(slot);
        let answer = errand.send(route.as_ref()).await;
        self.see_through(&errand, route, answer, Tries::default()).await
    }

    /// Sends a command that all tags answer alike to `first`, and in a moment to a tag of each other primary, until one
    /// answers.
    pub(crate) async fn send_to_one(
        self: &Arc<Self>,
        first: Tag,
        ask: impl Fn(Tag) -> Cmd,
    ) -> RedisResult<Value> {
        let topology = self.topology();
        let mut seen = HashSet::new();
        let of_another =
            |tag: &Tag| topology.slots().primary_of(tag.slot()).is_some_and(|place| seen.insert(place));
        let tags = iter::once(first).chain(Tag::all()).filter(of_another).take(topology.primaries().len());
        let tags: Vec<_> = tags.collect();
        let asking = tags.into_iter().map(|tag| {
            let (cluster, command) = (Arc::clone(self), ask(tag));
            async move { cluster.send(tag.slot(), &command).await }
        });
        first_of(asking).await
    }

    /// Sends commands in one pipeline for each primary, and answers in their order. Each pipeline begins with `first`.
    ///
    /// What a server has not done is sent again. What it may have done is, once, if all of it `may_repeat`.
    pub(crate) async fn send_all(
        self: &Arc<Self>,
        first: Option<Cmd>,
        commands: Vec<(Tag, Cmd)>,
        may_repeat: bool,
    ) -> RedisResult<Vec<Value>> {
        let (mut all, mut sending) = (vec![Value::Nil; commands.len()], JoinSet::new());
        for batch in self.batches(placed(commands)) {
            sending.spawn(Arc::clone(self).deliver(first.clone(), batch, may_repeat));
        }
        while let Some(answers) = sending.join_next().await {
            for (place, answer) in answers.map_err(|_| cut_off())?? {
                all[place] = answer;
            }
        }
        Ok(all)
    }

    /// As [`Cluster::send_all`]. A server that does not answer in time takes only its own commands with it.
    pub(crate) async fn send_each(
        self: &Arc<Self>,
        first: Option<Cmd>,
        commands: Vec<(Tag, Cmd)>,
        may_repeat: bool,
        limit: Duration,
    ) -> Vec<RedisResult<Value>> {
        let mut all: Vec<_> = commands.iter().map(|_| Err(cut_off())).collect();
        let mut sending = JoinSet::new();
        for batch in self.batches(placed(commands)) {
            let places: Vec<_> = batch.commands.iter().map(|(place, ..)| *place).collect();
            let (cluster, first) = (Arc::clone(self), first.clone());
            sending.spawn(async move {
                match cluster.deliver_within(limit, first, batch, may_repeat).await {
                    Ok(answers) => answers.into_iter().map(|(place, answer)| (place, Ok(answer))).collect(),
                    Err(error) => {
                        places.into_iter().map(|place| (place, Err(error.clone()))).collect::<Vec<_>>()
                    }
                }
            });
        }
        while let Some(answers) = sending.join_next().await {
            for (place, answer) in answers.into_iter().flatten() {
                all[place] = answer;
            }
        }
        all
    }

    async fn deliver_within(
        self: Arc<Self>,
        limit: Duration,
        first: Option<Cmd>,
        batch: Batch,
        may_repeat: bool,
    ) -> RedisResult<Vec<(usize, Value)>> {
        let answers = timeout(limit, Arc::clone(&self).deliver(first, batch, may_repeat)).await;
        answers.unwrap_or_else(|_| {
            // Who stands still may have been replaced.
            self.refresh(None);
            Err(io::Error::from(io::ErrorKind::TimedOut).into())
        })
    }

    fn route(&self, slot: u16) -> Option<Route> {
        let topology = self.topology();
        let server = Arc::clone(topology.primary_of(slot)?);
        Some(Route { server, is_asking: false })
    }

    /// Sends it again for as long as that may help.
    async fn see_through(
        self: &Arc<Self>,
        errand: &Errand<'_>,
        mut route: Option<Route>,
        mut answer: RedisResult<Value>,
        mut tries: Tries,
    ) -> RedisResult<Value> {
        loop {
            let Err(error) = answer else { return answer };
            route = self.next(errand.slot, route, error, &mut tries).await?;
            answer = errand.send(route.as_ref()).await;
        }
    }

    /// Where to send a call next, or the error if there is nothing more to try.
    async fn next(
        self: &Arc<Self>,
        slot: u16,
        failed: Option<Route>,
        error: RedisError,
        tries: &mut Tries,
    ) -> RedisResult<Option<Route>> {
        let fault = Fault::of(&error);
        if fault == Fault::Final || !tries.one_more() {
            return Err(error);
        }
        match (fault, failed) {
            (Fault::Moved(place), Some(failed)) => {
                let server = self.nodes.at(place.seen_from(failed.server.way()))?;
                // It knows of the slot for sure; others may not have heard yet.
                self.refresh(Some(Arc::clone(&server)));
                tries.wait_if_many().await;
                Ok(Some(Route { server, is_asking: false }))
            }
            (Fault::Ask(place), Some(failed)) => {
                let server = self.nodes.at(place.seen_from(failed.server.way()))?;
                tries.wait_if_many().await;
                Ok(Some(Route { server, is_asking: true }))
            }
            (Fault::Lost, Some(failed)) => {
                if tries.is_done_once {
                    self.refresh(None);
                    return Err(error);
                }
                self.refreshed().await;
                let next = self.route(slot);
                if tries.is_lost_again(failed.server, next.as_ref()) { Err(error) } else { Ok(next) }
            }
            _ => {
                self.refresh(None);
                tries.wait().await;
                Ok(self.route(slot))
            }
        }
    }

    fn batches(&self, commands: impl Iterator<Item = (usize, u16, Cmd)>) -> Vec<Batch> {
        let topology = self.topology();
        let mut batches: BTreeMap<Option<usize>, Batch> = BTreeMap::new();
        for (place, slot, command) in commands {
            let batch = batches.entry(topology.slots().primary_of(slot)).or_default();
            batch.server = topology.primary_of(slot).cloned();
            batch.commands.push((place, slot, command));
        }
        batches.into_values().collect()
    }

    /// As [`Cluster::send_batch`], and once more if the server is lost and that may be done.
    async fn deliver(
        self: Arc<Self>,
        first: Option<Cmd>,
        batch: Batch,
        may_repeat: bool,
    ) -> RedisResult<Vec<(usize, Value)>> {
        match self.send_batch(first.as_ref(), &batch).await {
            Err(error) if may_repeat && Fault::of(&error) == Fault::Lost => {
                self.refreshed().await;
                let mut all = Vec::new();
                for batch in self.batches(batch.commands.into_iter()) {
                    all.extend(self.send_batch(first.as_ref(), &batch).await?);
                }
                Ok(all)
            }
            answers => answers,
        }
    }

    /// The answers, each with the place of its command. Commands that the server has not done are sent again one by one.
    async fn send_batch(
        self: &Arc<Self>,
        first: Option<&Cmd>,
        batch: &Batch,
    ) -> RedisResult<Vec<(usize, Value)>> {
        let server = batch.server.clone().ok_or_else(no_primary);
        let commands = batch.commands.iter().map(|(.., command)| command);
        let answers = match &server {
            Ok(server) => server.send_all(&pipeline(first.into_iter().chain(commands))).await,
            Err(error) => Ok(vec![Err(error.clone()); batch.commands.len() + usize::from(first.is_some())]),
        };
        if answers.is_err() {
            self.refresh(None);
        }
        let mut answers = answers?.into_iter().skip(usize::from(first.is_some()));
        let mut all = Vec::with_capacity(batch.commands.len());
        for (place, slot, command) in &batch.commands {
            let errand = Errand { first, slot: *slot, command };
            let route =
                server.as_ref().ok().map(|server| Route { server: Arc::clone(server), is_asking: false });
            let answer = answers.next().unwrap_or_else(|| Err(too_few()));
            all.push((
                *place,
                self.see_through(&errand, route, answer, Tries::of_what_is_done_once()).await?,
            ));
        }
        Ok(all)
    }
}

fn placed(commands: Vec<(Tag, Cmd)>) -> impl Iterator<Item = (usize, u16, Cmd)> {
    let commands = commands.into_iter().enumerate();
    commands.map(|(place, (tag, command))| (place, tag.slot(), command))
}

fn cut_off() -> RedisError {
    (ErrorKind::Client, "the runtime has been shut down").into()
}

impl Errand<'_> {
    async fn send(&self, route: Option<&Route>) -> RedisResult<Value> {
        let Route { server, is_asking } = route.ok_or_else(no_primary)?;
        if self.first.is_none() && !is_asking {
            return server.send(self.command).await;
        }
        let asking = is_asking.then(|| cmd("ASKING"));
        let commands = self.first.into_iter().chain(&asking).chain([self.command]);
        server.send_all(&pipeline(commands)).await?.pop().unwrap_or_else(|| Err(too_few()))
    }
}

/// How often a call was sent again, and what became of it.
#[derive(Default)]
struct Tries {
    count: u32,
    is_done_once: bool,
    lost: Option<Arc<Server>>,
}

impl Tries {
    fn of_what_is_done_once() -> Self {
        Self { is_done_once: true, ..Self::default() }
    }

    fn one_more(&mut self) -> bool {
        self.count += 1;
        self.count <= TRIES
    }

    /// Whether a call that was lost would be sent to where it was lost before. One connection that broke says nothing of
    /// the server: it may have been closed because nobody used it.
    fn is_lost_again(&mut self, failed: Arc<Server>, next: Option<&Route>) -> bool {
        let is_there = |server: &Arc<Server>| next.is_some_and(|next| Arc::ptr_eq(&next.server, server));
        let before = self.lost.replace(failed);
        before.is_some_and(|before| is_there(&before))
    }

    /// Servers that send a call to and fro will agree in a moment.
    async fn wait_if_many(&self) {
        if self.count > 2 {
            self.wait().await;
        }
    }

    /// Waits between half of a span and all of it, and longer each time, so that not all come back at once.
    async fn wait(&self) {
        let (first, longest) = WAITS;
        let half = longest.min(first * 2_u32.pow(self.count.min(TRIES))) / 2;
        let random = RandomState::new().hash_one(0) % (half.as_micros() as u64).max(1);
        sleep(half + Duration::from_micros(random)).await;
    }
}

pub(crate) fn pipeline<'a>(commands: impl Iterator<Item = &'a Cmd>) -> Pipeline {
    let mut pipeline = Pipeline::new();
    for command in commands {
        pipeline.add_command(command.clone());
    }
    pipeline
}

fn too_few() -> RedisError {
    (ErrorKind::UnexpectedReturnType, "the server gave fewer answers than it was asked").into()
}
