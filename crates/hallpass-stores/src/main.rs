//! Prints what every store passes: `cargo xtask stores`.

use hallpass_stores::Kind;
use hallpass_testkit::suite::{self, Case};
use std::process::ExitCode;
use std::time::Instant;

/// A row of the table.
struct Row {
    kind: Kind,
    cached: bool,
}

#[tokio::main(worker_threads = 4)]
async fn main() -> ExitCode {
    let bare = Kind::ALL.map(|kind| Row { kind, cached: false });
    let cached = [Kind::SqliteFile, Kind::Postgres, Kind::Redis].map(|kind| Row { kind, cached: true });
    let mut broken = 0;
    println!("{:<28} {:>9} {:>9} {:>9}", "store", "contract", "sent again", "seconds");
    for row in bare.into_iter().chain(cached) {
        broken += row.print().await;
    }
    if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Row {
    /// Runs and prints it; how many promises are broken.
    async fn print(&self) -> usize {
        let started = Instant::now();
        let contract = self.passed(&suite::all()).await;
        let resends = if self.resends() { Some(self.passed(&suite::resends()).await) } else { None };
        let seconds = started.elapsed().as_secs_f64();
        let (contract_text, resends_text) = (text(contract), resends.map_or_else(|| "-".into(), text));
        println!("{:<28} {contract_text:>9} {resends_text:>9} {seconds:>9.1}", self.name());
        [Some(contract), resends].into_iter().flatten().map(|(passed, all)| all - passed).sum()
    }

    /// Only the clients of Redis send a call again on their own.
    fn resends(&self) -> bool {
        matches!(self.kind, Kind::Redis | Kind::RedisCluster)
    }

    fn name(&self) -> String {
        let kind = format!("{:?}", self.kind);
        if self.cached { format!("CachedStore over {kind}") } else { kind }
    }

    /// How many of the cases pass, and how many there are.
    async fn passed(&self, cases: &[Case]) -> (usize, usize) {
        let mut passed = 0;
        for case in cases {
            let fresh = self.kind.fresh().await;
            let fresh = if self.cached { fresh.cached() } else { fresh };
            match case.run(fresh).await {
                Ok(()) => passed += 1,
                Err(broken) => println!("  {broken}"),
            }
        }
        (passed, cases.len())
    }
}

fn text((passed, all): (usize, usize)) -> String {
    format!("{passed}/{all}")
}
