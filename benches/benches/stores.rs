//! Looking sessions up where they are in this process: the store in memory, and the cache in front of it. Through `dyn`, as a
//! manager does.

use criterion::{BenchmarkId, Criterion};
use hallpass_cache::CachedStore;
use hallpass_core::{
    Created, Epoch, Freshness, MemoryStore, Realm, SessionKey, SessionStore, Subject, SubjectKey, Timestamp,
};
use hallpass_testkit::{Sample, op, ticket};
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

const SESSIONS: [u64; 2] = [1_000, 10_000];

/// Longer than a benchmark takes, so that nothing but hits is measured.
const STALENESS: Duration = Duration::from_secs(60);

/// Odd, and prime to all numbers of sessions: each is visited once before any is visited again.
const STRIDE: usize = 7919;

async fn fill(store: &dyn SessionStore, sessions: u64) -> Vec<SessionKey> {
    let (realm, now) = (Realm::new("bench").expect("a realm"), Timestamp::from(SystemTime::now()));
    let mut keys = Vec::new();
    for id in 0..sessions {
        let record = Sample::login(&SubjectKey::new(realm.clone(), Subject::from(id)), now).build();
        let ticket = ticket(Epoch::NONE, now);
        keys.push(record.key);
        let created = store.create(record, Some(&ticket), None, op(now)).await;
        assert!(matches!(created, Ok(Created::Created { .. })));
    }
    // A cache keeps what was loaded once it hears of ends.
    for key in keys.iter().cycle() {
        if store.peek(key, Freshness::MayBeCached).is_some() {
            break;
        }
        let _ = store.load(key, Freshness::MayBeCached).await;
        tokio::task::yield_now().await;
    }
    for key in &keys {
        let _ = store.load(key, Freshness::MayBeCached).await;
    }
    keys
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let mut criterion = Criterion::default().configure_from_args();
    for sessions in SESSIONS {
        let memory: Arc<dyn SessionStore> = Arc::new(MemoryStore::new());
        let cached: Arc<dyn SessionStore> =
            Arc::new(CachedStore::builder(MemoryStore::new()).max_staleness(STALENESS).build());
        let mut group = criterion.benchmark_group("a lookup");
        for (name, store) in [("memory", memory), ("a hit of the cache", cached)] {
            let keys = runtime.block_on(fill(&*store, sessions));
            let mut next = (0..).map(|round: usize| &keys[round.wrapping_mul(STRIDE) % keys.len()]);
            group.bench_function(BenchmarkId::new(name, sessions), |bencher| {
                bencher.iter(|| {
                    let key = next.next().expect("endless");
                    black_box(store.peek(key, Freshness::MayBeCached)).expect("it is there")
                });
            });
        }
        group.finish();
    }
    criterion.final_summary();
}
