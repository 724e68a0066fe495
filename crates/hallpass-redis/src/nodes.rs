//! The servers of a cluster, each with a connection of its own.

use crate::server::Server;
use crate::target::name_of;
use redis::aio::ConnectionManagerConfig;
use redis::{ConnectionInfo, RedisResult, cmd};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::runtime::Handle;

/// The servers that are known, by host and port.
pub(crate) struct Nodes {
    config: ConnectionManagerConfig,
    runtime: Handle,
    known: Mutex<HashMap<String, Arc<Server>>>,
}

impl Nodes {
    /// Connects on the current runtime, whoever asks later: that of a worker may end before the store.
    pub(crate) fn new(config: ConnectionManagerConfig) -> Self {
        Self { config, runtime: Handle::current(), known: Mutex::default() }
    }

    pub(crate) fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// The server there, which connects when it is used.
    pub(crate) fn at(&self, way: ConnectionInfo) -> RedisResult<Arc<Server>> {
        let name = name_of(&way);
        if let Some(server) = self.known().get(&name) {
            return Ok(Arc::clone(server));
        }
        let server = {
            let _runtime = self.runtime.enter();
            Arc::new(Server::lazy(way, self.config.clone())?)
        };
        Ok(Arc::clone(self.known().entry(name).or_insert(server)))
    }

    /// Has the servers connect, if they have not yet, so that no call needs to wait for that.
    pub(crate) fn connect(&self, servers: &[Arc<Server>]) {
        for server in servers {
            let server = Arc::clone(server);
            // Whoever uses it is told why it does not work.
            self.runtime.spawn(async move { server.send(&cmd("PING")).await.map(drop) });
        }
    }

    /// Forgets all others. Their connections end with the calls that are under way.
    pub(crate) fn keep_only(&self, servers: &[Arc<Server>]) {
        self.known().retain(|_, known| servers.iter().any(|server| Arc::ptr_eq(server, known)));
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Arc<Server>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::Target;

    fn way(host: &str) -> ConnectionInfo {
        Target::parse(&format!("redis-cluster://{host}")).unwrap().servers()[0].clone()
    }

    #[tokio::test]
    async fn a_server_has_one_connection_as_long_as_it_is_known() {
        let nodes = Nodes::new(ConnectionManagerConfig::new());
        let (a, b) = (nodes.at(way("127.0.0.1:1")).unwrap(), nodes.at(way("127.0.0.1:2")).unwrap());
        assert!(!Arc::ptr_eq(&a, &b));
        nodes.keep_only(std::slice::from_ref(&a));
        assert!(Arc::ptr_eq(&a, &nodes.at(way("127.0.0.1:1")).unwrap()));
        assert!(!Arc::ptr_eq(&b, &nodes.at(way("127.0.0.1:2")).unwrap()));
    }
}
