//! What each operation of a store costs with ten thousand, a hundred thousand and a million sessions in it.
//!
//! `cargo run -p hallpass-trials --release --bin store_scale -- --store redis`

mod count;
mod fill;
mod measure;
mod operation;
mod target;

use clap::Parser;
use fill::Filling;
use measure::{Meter, table};
use operation::Operation;
use std::error::Error;
use std::time::Instant;
use target::Target;

/// The first size; every next one is ten times as large.
const SMALLEST: u64 = 10_000;

/// Fills a store with sessions and measures what its operations cost.
#[derive(Debug, Parser)]
struct Args {
    /// memory, sqlite:FILE, postgres, postgres://…, redis or redis://…; without an address a private server is started
    #[arg(long, env = "HALLPASS_STORE", hide_env_values = true)]
    store: String,

    /// The largest number of sessions
    #[arg(long, default_value_t = 1_000_000)]
    sessions: u64,

    /// How many sessions a user has
    #[arg(long, default_value_t = 10)]
    per_user: u64,

    /// How often each operation is measured
    #[arg(long, default_value_t = 500)]
    repeat: usize,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let target = Target::open(&args.store).await?;
    let mut filling = Filling::new(target.store.clone(), args.per_user);
    let mut columns = Vec::new();
    let mut size = SMALLEST;
    while size <= args.sessions {
        let began = Instant::now();
        filling.grow_to(size).await?;
        eprintln!("{size} sessions after {:.1} s", began.elapsed().as_secs_f64());
        columns.push((size, measure_all(&target, &filling, args.repeat).await?));
        // The next size may take long, or more room than there is.
        println!("{}", table(&target.name, &columns));
        size *= 10;
    }
    Ok(())
}

async fn measure_all(
    target: &Target,
    filling: &Filling,
    repeat: usize,
) -> Result<Vec<(Operation, Meter)>, Box<dyn Error>> {
    let mut measured = Vec::new();
    for operation in Operation::ALL {
        let mut meter = Meter::default();
        for round in 0..operation.rounds(repeat) {
            // Counting costs time of its own, so what is counted is not timed.
            let counter = (round < 3).then_some(&target.counter);
            operation.run(&*target.store, filling, &mut meter.with(counter)).await?;
        }
        measured.push((operation, meter));
    }
    Ok(measured)
}
