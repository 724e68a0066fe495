use crate::adapters::Adapter;
use crate::fixture::{Stores, World};
use crate::logs::Logs;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

/// Longer than any scenario takes on any machine, also those with ten thousand requests over a database beside other
/// tests; so long that a scenario waits for what never happens.
const LIMIT: Duration = Duration::from_secs(300);

/// Plays one scenario in a world of its own, and returns what it does.
///
/// # Panics
///
/// When the scenario does, or has not ended after five minutes.
pub fn run<T>(adapter: impl Adapter, stores: impl Stores, scenario: impl AsyncFnOnce(&World) -> T) -> T {
    let logs = Logs::default();
    logs.enter();
    let runtime = logs.runtime(2);
    let outcome = runtime.block_on(async {
        let world = World::new(Arc::new(adapter), Arc::new(stores), logs).await;
        tokio::time::timeout(LIMIT, scenario(&world)).await.expect("the scenario ends")
    });
    runtime.shutdown_background();
    outcome
}

/// The behaviours that the table must show, by their numbers.
const BEHAVIOURS: RangeInclusive<u32> = 1..=89;

/// How many scenarios there are: the same on every adapter and store.
const SCENARIOS: usize = 172;

/// Panics unless every behaviour has a scenario among `names`, and prints how many there are.
///
/// # Panics
///
/// When a behaviour has none, a scenario is listed twice, or the number is not the one that is known.
pub fn assert_whole(whose: &str, names: &[&str]) {
    let numbers: BTreeSet<u32> =
        names.iter().filter_map(|name| name.strip_prefix('b')?.get(..2)?.parse().ok()).collect();
    for behaviour in BEHAVIOURS {
        assert!(numbers.contains(&behaviour), "{whose}: nothing shows behaviour {behaviour}");
    }
    let different: BTreeSet<_> = names.iter().collect();
    assert_eq!((different.len(), names.len()), (SCENARIOS, SCENARIOS), "{whose}");
    println!("{whose}: {} scenarios", names.len());
}
