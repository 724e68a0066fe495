//! Serves the applications over loopback, each in a process of its own, and measures them with `wrk`.

use benches::drive;
use clap::Parser;
use peers::loopback::{Plan, measure, server};
use peers::stores::Store;

/// Requests a second over loopback, on one core, asked for by wrk on another.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where the sessions are. Redis and PostgreSQL need the feature `stores`.
    #[arg(long, value_enum, default_value_t)]
    store: Store,
    /// Measures only those whose framework or name contains this.
    #[arg(long, default_value = "")]
    only: String,
    /// How many users are logged in.
    #[arg(long, default_value_t = 10_000)]
    users: u64,
    /// How many connections wrk opens.
    #[arg(long, default_value_t = 64)]
    connections: u32,
    /// How long a run of wrk takes.
    #[arg(long, default_value_t = 3)]
    seconds: u32,
    /// How often each application is measured; the median counts.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Serves this application until standard input ends, and measures nothing.
    #[arg(long)]
    app: Option<String>,
}

fn main() -> anyhow::Result<()> {
    let Arguments { store, only, users, connections, seconds, rounds, app } = Arguments::parse();
    if let Some(key) = app {
        return server::serve(store, &key);
    }
    let runtime = drive::runtime();
    let keys = {
        let _inside = runtime.enter();
        store.keys()
    };
    println!("{}", measure(&Plan { store, only, users, connections, seconds, rounds }, &keys)?);
    Ok(())
}
