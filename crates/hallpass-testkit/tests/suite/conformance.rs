//! Stores that are right.

mod naive_store {
    use crate::naive::NaiveStore;

    async fn make_store() -> NaiveStore {
        NaiveStore::new()
    }

    hallpass_testkit::store_tests!(make_store);
    hallpass_testkit::resend_tests!(make_store);
}

mod behind_a_faulty_store_without_faults {
    use crate::naive::NaiveStore;
    use hallpass_testkit::{FakeClock, FaultyStore, Fixture};

    hallpass_testkit::store_tests!(|| async {
        let clock = FakeClock::starting_at(std::time::SystemTime::now());
        Fixture::new(FaultyStore::new(NaiveStore::new())).clock(clock)
    });
}

mod memory_store {
    use hallpass_core::MemoryStore;

    hallpass_testkit::store_tests!(|| async { MemoryStore::new() });
}

mod memory_throttle {
    use hallpass_core::MemoryThrottle;

    hallpass_testkit::throttle_tests!(|| async { MemoryThrottle::new() });
}

mod shared_throttle {
    use hallpass_core::{MemoryThrottle, Throttle};
    use std::sync::Arc;

    hallpass_testkit::throttle_tests!(|| async {
        let shared: Arc<dyn Throttle> = Arc::new(MemoryThrottle::new());
        shared
    });
}
