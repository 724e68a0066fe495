use crate::cluster::Cluster;
use crate::error::SetupError;
use crate::feed::Feeds;
use crate::inspect::{inspect, setup_error};
use crate::keys::Names;
use crate::link::{Connection, Link};
use crate::server::Server;
use crate::store::RedisStore;
use crate::target::Target;
use hallpass_core::Clock;
use redis::aio::ConnectionManagerConfig;
use redis::{ConnectionInfo, RedisResult};
use std::sync::Arc;
use std::time::Duration;

/// Sets up a [`RedisStore`].
///
/// ```no_run
/// use hallpass_redis::RedisStore;
/// use std::time::Duration;
///
/// # async fn run() -> Result<(), hallpass_redis::SetupError> {
/// let store = RedisStore::builder()
///     .prefix("shop")
///     .response_timeout(Duration::from_secs(1))
///     .connect("redis://localhost")
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct RedisStoreBuilder {
    prefix: String,
    clock: Option<Arc<dyn Clock>>,
    connect_timeout: Duration,
    response_timeout: Duration,
}

impl Default for RedisStoreBuilder {
    fn default() -> Self {
        Self {
            prefix: "hallpass".into(),
            clock: None,
            connect_timeout: Duration::from_secs(3),
            response_timeout: Duration::from_secs(3),
        }
    }
}

impl RedisStoreBuilder {
    /// What all keys and channels begin with; `hallpass` unless set. Stores with different prefixes share a server and
    /// nothing else. 1 to 64 visible ASCII characters, and no braces.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// How long a connection may take; 3 seconds unless set.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// How long a call may take, with all that the client tries; 3 seconds unless set. After that it has failed, and
    /// what it did is not known. Shorter than the
    /// [time limit of the manager](hallpass_core::SessionManagerBuilder::store_timeout), so that the cause is told.
    pub fn response_timeout(mut self, limit: Duration) -> Self {
        self.response_timeout = limit;
        self
    }

    /// The clock by which a sweep is judged, instead of the server's: for tests with a clock that is moved by hand.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Connects, and looks at the server or at every primary of the cluster.
    ///
    /// The URL is `redis://`, `redis+unix://` or `redis-cluster://`, with the `rustls` feature also `rediss://` or
    /// `rediss-cluster://`; a cluster's names some of its servers: `redis-cluster://user:password@one:6379,two:6379`.
    ///
    /// Settings by which a logout can be undone are warned of, in the log under the target `hallpass`.
    ///
    /// # Errors
    ///
    /// When the URL or the prefix does not fit, a server cannot be reached, refuses the password, is older than Redis
    /// 7.0, or is a replica.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub async fn connect(self, url: &str) -> Result<RedisStore, SetupError> {
        if !Names::is_valid(&self.prefix) {
            return Err(SetupError::Prefix);
        }
        #[cfg(feature = "rustls")]
        choose_cryptography();
        let target = Target::parse(url)?;
        inspect(&target, self.connect_timeout).await?;
        let connection = match &target {
            Target::Server(server) => self.open_server(server).await,
            Target::Cluster(servers) => self.open_cluster(servers).await,
        };
        let connection = connection.map_err(|error| setup_error(&target.servers()[0], error))?;
        let names = Names::new(&self.prefix, target.db());
        let feeds = Feeds::new(connection.clone(), &names, self.connect_timeout, self.response_timeout);
        let link = Link::new(connection, self.response_timeout);
        Ok(RedisStore::new(link, names, feeds, self.clock, self.response_timeout))
    }

    async fn open_server(&self, server: &ConnectionInfo) -> RedisResult<Connection> {
        // A call waits for the next connection, but no longer than its time limit; the one after it tries again.
        let config = self.connections().set_number_of_retries(4);
        Ok(Connection::Server(Arc::new(Server::connect(server.clone(), config).await?)))
    }

    async fn open_cluster(&self, servers: &[ConnectionInfo]) -> RedisResult<Connection> {
        // A call that waits for a primary that is gone could be served by its replica.
        let config = self.connections().set_number_of_retries(1);
        let cluster = Cluster::connect(servers.to_vec(), config, self.response_timeout).await?;
        Ok(Connection::Cluster(Arc::new(cluster)))
    }

    fn connections(&self) -> ConnectionManagerConfig {
        ConnectionManagerConfig::new()
            .set_connection_timeout(Some(self.connect_timeout))
            .set_response_timeout(Some(self.response_timeout))
            .set_min_delay(Duration::from_millis(50))
            .set_max_delay(Duration::from_millis(400))
            // With many more, all that wait are sent at once, and the server and the application take turns.
            .set_pipeline_buffer_size(32)
    }
}

/// Where the application has chosen none, and more than one is built in, rustls would panic.
#[cfg(feature = "rustls")]
fn choose_cryptography() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Another task may have been faster, which is as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}
