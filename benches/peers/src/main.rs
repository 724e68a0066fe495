//! Measures hallpass and its peers in one run, and prints the tables.

use benches::drive;
use clap::Parser;
use peers::results::Line;
use peers::{Results, allocations, chart, entrants, speed, table};
use std::error::Error;
use std::fs;
use std::path::PathBuf;

/// What sessions cost per request: hallpass and its peers in one run.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many users are logged in.
    #[arg(long, default_value_t = 10_000)]
    users: u64,
    /// How many sessions the memory is measured with; 0 leaves it out.
    #[arg(long, default_value_t = 1_000_000)]
    memory: u64,
    /// How often every application is visited. More is steadier.
    #[arg(long, default_value_t = 40)]
    rounds: usize,
    /// How often two threads are compared with one; 0 leaves it out.
    #[arg(long, default_value_t = 9)]
    threads: usize,
    /// Measures only those whose framework or name contains this.
    #[arg(long, default_value = "")]
    only: String,
    /// Prints the spread of the samples too.
    #[arg(long)]
    spread: bool,
    /// Where to draw the result, as SVG.
    #[arg(long)]
    svg: Option<PathBuf>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let runtime = drive::runtime();
    let _inside = runtime.enter();
    let results = measure(&arguments);
    println!("{}", table::overview(&results));
    println!("{}", table::frameworks(&results));
    if arguments.spread {
        println!("{}", table::spread(&results));
    }
    if let Some(path) = arguments.svg {
        fs::write(path, chart::draw(&results))?;
    }
    Ok(())
}

fn measure(arguments: &Arguments) -> Results {
    let Arguments { users, memory, rounds, threads, only, .. } = arguments;
    let rows = entrants::matching(only);
    let lines = rows.iter().map(Line::new).collect();
    let mut results = Results { lines, users: *users, memory_users: *memory };
    speed::measure_requests(&rows, *users, *rounds, &mut results);
    speed::measure_threads(&rows, *threads, &mut results);
    drop(rows);
    if let Err(error) = allocations::measure(only, *users, *memory, &mut results) {
        eprintln!("allocations and memory were not counted: {error}");
    }
    results
}
