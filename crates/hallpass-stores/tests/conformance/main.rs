//! The contract of a store, kept through a cache in front of it.
//!
//! The bare stores are proven beside their own code.

mod cached_sqlite {
    hallpass_testkit::store_tests!(|| async { hallpass_stores::Kind::SqliteFile.fresh().await.cached() });
}

mod cached_postgres {
    hallpass_testkit::store_tests!(
        || async { hallpass_stores::Kind::Postgres.fresh().await.cached() },
        #[ignore = "needs PostgreSQL: run cargo xtask test"]
    );
}

mod cached_redis {
    hallpass_testkit::store_tests!(
        || async { hallpass_stores::Kind::Redis.fresh().await.cached() },
        #[ignore = "needs Redis: run cargo xtask test"]
    );
}
