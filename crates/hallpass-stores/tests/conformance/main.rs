//! The contract of a store, kept through a cache in front of a store on a server.
//!
//! The bare stores are proven beside their own code.

mod cached_redis {
    hallpass_testkit::store_tests!(
        || async { hallpass_stores::Kind::Redis.fresh().await.cached() },
        #[ignore = "needs Redis: run cargo xtask test"]
    );
}
