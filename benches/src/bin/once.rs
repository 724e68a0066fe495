//! One workload on one application, for callgrind: see [`counted`].
//!
//! `once <application> <workload> <rounds> <users>`

use benches::{Trial, Workload, drive, entries};
use std::env;
use std::hint::black_box;
use std::process::ExitCode;

/// Rounds before those that count: what is made at first use is made then.
const WARM_UP: u64 = 64;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let runtime = drive::runtime();
    let _inside = runtime.enter();
    let Some((mut trial, workload, rounds)) = parse(&arguments) else {
        eprintln!("usage: once <application> <workload> <rounds> <users>");
        return ExitCode::from(2);
    };
    trial.run(workload, WARM_UP, &mut |work| work());
    trial.run(workload, rounds, &mut |work| counted(work));
    ExitCode::SUCCESS
}

fn parse(arguments: &[String]) -> Option<(Box<dyn Trial>, Workload, u64)> {
    let [name, workload, rounds, users] = arguments else { return None };
    let entry = entries().find(|entry| entry.name() == name)?;
    let workload = Workload::from_name(workload)?;
    let (rounds, users) = (rounds.parse().ok()?, users.parse().ok()?);
    Some((entry.prepare(users), workload, rounds))
}

/// All that counts happens inside of this function: `valgrind --tool=callgrind --toggle-collect='*counted*'`.
#[inline(never)]
fn counted(work: &mut dyn FnMut()) {
    work();
    // Keeps the call above from becoming a jump out of this function.
    black_box(());
}
