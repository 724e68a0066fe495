/// Where the private PostgreSQL is.
pub const POSTGRES: &str = "HALLPASS_TEST_POSTGRES";
/// Where the private MariaDB is.
pub const MYSQL: &str = "HALLPASS_TEST_MYSQL";
/// Where the private Redis is.
pub const REDIS: &str = "HALLPASS_TEST_REDIS";
/// Where the private Redis Cluster is.
pub const REDIS_CLUSTER: &str = "HALLPASS_TEST_REDIS_CLUSTER";

/// The URL in the environment variable `name`.
pub(crate) fn url(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set: run `cargo xtask test`, which starts the servers"))
}
