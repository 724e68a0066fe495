//! How many requests an application answers over loopback, on one core, while `wrk` asks it from the other.

mod client;
pub mod server;
mod table;
mod wrk;

use crate::stores::Store;
use anyhow::{Result, ensure};
use rand::seq::SliceRandom;
use server::Server;
use table::Line;
use wrk::{Script, Wrk};

/// What is measured, and for how long.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Where the sessions are.
    pub store: Store,
    /// Only those whose key contains this, and the frameworks alone.
    pub only: String,
    /// How many users are logged in.
    pub users: u64,
    /// How many connections wrk opens.
    pub connections: u32,
    /// How long each run of wrk takes.
    pub seconds: u32,
    /// How often each application is measured; the median counts.
    pub rounds: usize,
}

/// Measures the applications with these [keys](crate::entrants::key); the result as a table.
///
/// # Errors
///
/// When wrk or an application cannot be started, or an application answers wrongly.
pub fn measure(plan: &Plan, keys: &[String]) -> Result<String> {
    let wrk = Wrk::find()?;
    let is_wanted = |key: &&String| key.ends_with("/bare") || key.contains(&plan.only);
    let contenders = keys.iter().filter(is_wanted).map(|key| Contender::start(plan, key));
    let mut contenders: Vec<Contender> = contenders.collect::<Result<_>>()?;
    let mut order: Vec<usize> = (0..contenders.len()).collect();
    for round in 1..=plan.rounds {
        eprintln!("round {round} of {}", plan.rounds);
        order.shuffle(&mut rand::rng());
        for place in &order {
            contenders[*place].measure(plan, &wrk)?;
        }
    }
    let lines: Vec<Line> = contenders.into_iter().map(|contender| contender.line).collect();
    Ok(table::print(plan, &lines, wrk.version()))
}

/// An application that is served, and what is known of it.
struct Contender {
    server: Server,
    cookies: Vec<String>,
    script: Script,
    line: Line,
}

impl Contender {
    /// Serves it and logs the users in.
    fn start(plan: &Plan, key: &str) -> Result<Self> {
        eprintln!("{key}: {} users log in", plan.users);
        let server = Server::start(plan.store, key)?;
        let cookies = client::log_in(&server, plan.users)?;
        let script = Script::write(server.process(), &cookies)?;
        let line = Line::new(server.introduction());
        Ok(Self { server, cookies, script, line })
    }

    fn measure(&mut self, plan: &Plan, wrk: &Wrk) -> Result<()> {
        // What is noted of each session once a minute is noted now, not of all of them while they are measured.
        client::visit(&self.server, &self.cookies)?;
        let before = self.server.cpu_seconds()?;
        let report = wrk.run(self.server.address(), &self.script, plan.connections, plan.seconds)?;
        let busy = (self.server.cpu_seconds()? - before) / report.seconds;
        ensure!(report.errors.is_empty(), "{}: {}", self.line.label(), report.errors);
        self.line.push(&report, busy);
        Ok(())
    }
}
