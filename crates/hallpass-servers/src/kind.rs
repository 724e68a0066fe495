/// A kind of server that tests ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// PostgreSQL.
    Postgres,
    /// MariaDB, which speaks MySQL's protocol.
    Mysql,
    /// One Redis.
    Redis,
    /// A Redis Cluster of three primaries without replicas.
    RedisCluster,
    /// ChromeDriver, which starts a Chromium for whoever asks over WebDriver.
    WebDriver,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Postgres, Self::Mysql, Self::Redis, Self::RedisCluster, Self::WebDriver];

    /// The variable in which a test finds the address of a server that it shares with others.
    #[must_use]
    pub fn variable(self) -> &'static str {
        match self {
            Self::Postgres => "HALLPASS_TEST_POSTGRES",
            Self::Mysql => "HALLPASS_TEST_MYSQL",
            Self::Redis => "HALLPASS_TEST_REDIS",
            Self::RedisCluster => "HALLPASS_TEST_REDIS_CLUSTER",
            Self::WebDriver => "HALLPASS_TEST_WEBDRIVER",
        }
    }

    /// The programs that have to be there.
    pub(crate) fn programs(self) -> &'static [&'static str] {
        match self {
            Self::Postgres => &["initdb", "postgres", "pg_isready"],
            Self::Mysql => &["mariadb-install-db", "mariadbd"],
            Self::Redis | Self::RedisCluster => &["redis-server"],
            Self::WebDriver => &["chromedriver", "chromium"],
        }
    }

    /// Debian's package with these programs.
    pub(crate) fn package(self) -> &'static str {
        match self {
            Self::Postgres => "postgresql",
            Self::Mysql => "mariadb-server",
            Self::Redis | Self::RedisCluster => "redis-server",
            // It depends on the browser.
            Self::WebDriver => "chromium-driver",
        }
    }
}
