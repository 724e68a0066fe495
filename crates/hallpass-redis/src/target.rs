//! Where to connect to.

use crate::error::SetupError;
use redis::io::tcp::{TcpSettings, socket2::TcpKeepalive};
use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo, ProtocolVersion};
use std::time::Duration;

/// One server, or some servers of a cluster.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    Server(Box<ConnectionInfo>),
    Cluster(Vec<ConnectionInfo>),
}

impl Target {
    /// Reads a URL. A cluster's names several hosts: `redis-cluster://user:password@host:port,host:port`.
    pub(crate) fn parse(url: &str) -> Result<Self, SetupError> {
        let (scheme, rest) =
            url.split_once("://").ok_or_else(|| SetupError::Url("it has no scheme".into()))?;
        match scheme {
            "redis-cluster" | "valkey-cluster" => cluster("redis", rest),
            "rediss-cluster" | "valkeys-cluster" => cluster("rediss", rest),
            _ => one(url).map(|server| Self::Server(Box::new(server))),
        }
    }

    /// The servers that the URL names.
    pub(crate) fn servers(&self) -> &[ConnectionInfo] {
        match self {
            Self::Server(server) => std::slice::from_ref(&**server),
            Self::Cluster(servers) => servers,
        }
    }

    pub(crate) fn db(&self) -> i64 {
        self.servers().first().map_or(0, |server| server.redis_settings().db())
    }
}

fn cluster(scheme: &str, rest: &str) -> Result<Target, SetupError> {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    let (user, hosts) = match authority.rsplit_once('@') {
        Some((user, hosts)) => (format!("{user}@"), hosts),
        None => (String::new(), authority),
    };
    let servers = hosts.split(',').map(|host| one(&format!("{scheme}://{user}{host}{tail}")));
    let servers = servers.collect::<Result<Vec<_>, _>>()?;
    if servers.iter().any(|server| server.redis_settings().db() != 0) {
        return Err(SetupError::Url("a cluster has no databases but 0".into()));
    }
    Ok(Target::Cluster(servers))
}

fn one(url: &str) -> Result<ConnectionInfo, SetupError> {
    // The client's own words name the part that does not fit, and quote no secret.
    let info = url.into_connection_info().map_err(|error| SetupError::Url(error.to_string()))?;
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP2);
    Ok(info.set_redis_settings(settings).set_tcp_settings(tcp_settings()))
}

/// A server that is gone without a word is noticed within half a minute, also by a connection that waits for nothing.
fn tcp_settings() -> TcpSettings {
    let keepalive = TcpKeepalive::new().with_time(Duration::from_secs(10));
    #[cfg(any(target_os = "linux", target_os = "macos", target_os = "windows"))]
    let keepalive = keepalive.with_interval(Duration::from_secs(5));
    let settings = TcpSettings::default().set_nodelay(true).set_keepalive(keepalive);
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    let settings = settings.set_user_timeout(Duration::from_secs(20));
    settings
}

/// A server as errors and logs name it.
pub(crate) fn name_of(server: &ConnectionInfo) -> String {
    server.addr().to_string()
}

/// Where a server of a cluster is, as another one names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// `None` means the host under which the server was reached that named it.
    host: Option<String>,
    port: u16,
}

impl Place {
    /// A server that does not know its own name says nothing, or "?".
    pub(crate) fn new(host: Option<&str>, port: u16) -> Self {
        let host = host.filter(|host| !host.is_empty() && *host != "?");
        Self { host: host.map(str::to_owned), port }
    }

    /// The way to it, which is that to the server that named it but for host and port.
    pub(crate) fn seen_from(&self, named_by: &ConnectionInfo) -> ConnectionInfo {
        let host = self.host.as_deref().or_else(|| host_of(named_by)).unwrap_or_default();
        at(named_by, host, self.port)
    }
}

fn at(server: &ConnectionInfo, host: &str, port: u16) -> ConnectionInfo {
    let addr = match server.addr().clone() {
        ConnectionAddr::TcpTls { insecure, tls_params, .. } => {
            ConnectionAddr::TcpTls { host: host.to_owned(), port, insecure, tls_params }
        }
        _ => ConnectionAddr::Tcp(host.to_owned(), port),
    };
    server.clone().set_addr(addr)
}

/// The host of a server; `None` for one that is reached by a file.
fn host_of(server: &ConnectionInfo) -> Option<&str> {
    match server.addr() {
        ConnectionAddr::Tcp(host, _) | ConnectionAddr::TcpTls { host, .. } => Some(host),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(url: &str) -> Vec<String> {
        Target::parse(url).unwrap().servers().iter().map(name_of).collect()
    }

    #[test]
    fn a_url_names_a_server_or_a_cluster() {
        assert_eq!(names("redis://localhost"), ["localhost:6379"]);
        assert_eq!(names("redis-cluster://a:1,b:2,[::1]:3"), ["a:1", "b:2", "::1:3"]);
        assert!(matches!(Target::parse("redis://a").unwrap(), Target::Server(_)));
        assert!(matches!(Target::parse("redis-cluster://a").unwrap(), Target::Cluster(_)));
    }

    #[test]
    fn a_url_with_tls_needs_the_feature() {
        for url in ["rediss://a", "rediss-cluster://a,b"] {
            let target = Target::parse(url);
            assert_eq!(target.is_ok(), cfg!(feature = "rustls"), "{target:?}");
        }
    }

    #[test]
    fn user_and_password_hold_for_every_host_of_a_cluster() {
        let target = Target::parse("redis-cluster://me:p%40ss@a:1,b:2/").unwrap();
        for server in target.servers() {
            let settings = server.redis_settings();
            assert_eq!((settings.username(), settings.password()), (Some("me"), Some("p@ss")));
        }
    }

    #[test]
    fn a_url_that_does_not_fit_is_refused_without_its_password() {
        for url in [
            "",
            "hunter2",
            "http://me:hunter2@a",
            "redis://me:hunter2@",
            "redis://me:hunter2@a:port",
            "redis://me:hunter2@a/db",
            "redis://me:hunter2@0.0.0.0",
            "redis-cluster://me:hunter2@a,",
            "redis-cluster://me:hunter2@a/3",
        ] {
            let error = Target::parse(url).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
        }
    }

    #[test]
    fn debug_output_shows_no_password() {
        let target = Target::parse("redis-cluster://me:hunter2@a,b").unwrap();
        assert!(!format!("{target:?}").contains("hunter2"));
    }

    #[test]
    fn another_server_is_reached_in_the_same_way() {
        let target = Target::parse("redis-cluster://me:secret@a:1").unwrap();
        let other = Place::new(Some("b"), 2).seen_from(&target.servers()[0]);
        assert_eq!((name_of(&other).as_str(), other.redis_settings().password()), ("b:2", Some("secret")));
    }

    #[test]
    fn a_server_that_does_not_name_itself_is_where_it_was_reached() {
        let target = Target::parse("redis-cluster://a:1").unwrap();
        for host in [None, Some(""), Some("?")] {
            assert_eq!(name_of(&Place::new(host, 2).seen_from(&target.servers()[0])), "a:2");
        }
    }
}
