//! Looking at a server before sessions are kept on it.

use crate::error::SetupError;
use crate::slots::Slots;
use crate::target::{Target, name_of};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ConnectionInfo, ErrorKind, RedisError, Value, cmd};
use std::time::Duration;

/// Looks at the server, or at every primary of the cluster: refuses those that cannot keep sessions, and warns of
/// settings by which a logout can be undone.
pub(crate) async fn inspect(target: &Target, limit: Duration) -> Result<(), SetupError> {
    match target {
        Target::Server(server) => inspect_server(server, false, limit).await,
        Target::Cluster(servers) => {
            for primary in primaries(servers, limit).await? {
                inspect_server(&primary, true, limit).await?;
            }
            Ok(())
        }
    }
}

/// The primaries of a cluster, asked from the first of `servers` that answers.
async fn primaries(servers: &[ConnectionInfo], limit: Duration) -> Result<Vec<ConnectionInfo>, SetupError> {
    let mut failed = None;
    for server in servers {
        match slots(server, limit).await {
            Ok(slots) => {
                return Ok(slots.primaries().iter().map(|primary| primary.place.seen_from(server)).collect());
            }
            Err(error) => failed = Some(error),
        }
    }
    Err(failed.unwrap_or_else(|| SetupError::Url("it names no server".into())))
}

async fn slots(server: &ConnectionInfo, limit: Duration) -> Result<Slots, SetupError> {
    let mut connection = connect(server, limit).await?;
    let answer = Slots::command().query_async::<Value>(&mut connection).await;
    let slots = Slots::read(answer.map_err(|error| no_cluster(server, &error))?);
    slots.ok_or_else(|| unsuitable(server, "its cluster has no slots yet; create the cluster first"))
}

fn no_cluster(server: &ConnectionInfo, error: &RedisError) -> SetupError {
    if error.to_string().contains("cluster support disabled") {
        return unsuitable(server, "it is no cluster; use a redis:// URL");
    }
    unsuitable(server, &format!("it does not name the servers of its cluster: {error}"))
}

/// A connection for a few questions.
async fn connect(server: &ConnectionInfo, limit: Duration) -> Result<MultiplexedConnection, SetupError> {
    let config =
        AsyncConnectionConfig::new().set_connection_timeout(Some(limit)).set_response_timeout(Some(limit));
    let client = Client::open(server.clone()).map_err(|error| setup_error(server, error))?;
    let connected = client.get_multiplexed_async_connection_with_config(&config).await;
    connected.map_err(|error| setup_error(server, error))
}

/// What keeps a server from being reached.
pub(crate) fn setup_error(server: &ConnectionInfo, error: RedisError) -> SetupError {
    let (denied, name) = (is_denied(&error), name_of(server));
    if denied {
        SetupError::Denied { server: name, source: error.into() }
    } else {
        SetupError::Unreachable { server: name, source: error.into() }
    }
}

fn is_denied(error: &RedisError) -> bool {
    error.kind() == ErrorKind::AuthenticationFailed
        || matches!(error.code(), Some("NOAUTH" | "WRONGPASS" | "NOPERM"))
}

fn unsuitable(server: &ConnectionInfo, why: &str) -> SetupError {
    SetupError::Unsuitable { server: name_of(server), why: why.to_owned() }
}

async fn inspect_server(
    server: &ConnectionInfo,
    in_cluster: bool,
    limit: Duration,
) -> Result<(), SetupError> {
    let mut connection = connect(server, limit).await?;
    let info = cmd("INFO").query_async::<String>(&mut connection).await;
    let info = Info(info.map_err(|error| setup_error(server, error))?);
    if let Some(why) = info.objection(in_cluster) {
        return Err(unsuitable(server, &why));
    }
    let fsync = cmd("CONFIG").arg("GET").arg("appendfsync").query_async::<Vec<String>>(&mut connection).await;
    // Hosted servers often hide their configuration.
    let fsync = fsync.ok().and_then(|pair| pair.into_iter().nth(1));
    for risk in info.risks(fsync.as_deref()) {
        tracing::warn!(target: "hallpass", server = name_of(server), "{risk}");
    }
    Ok(())
}

/// What a server says of itself: lines of `name:value`.
struct Info(String);

impl Info {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
    }

    /// Why no sessions can be kept there.
    fn objection(&self, in_cluster: bool) -> Option<String> {
        let version = self.get("redis_version").unwrap_or("of no known version");
        let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
        if major.is_none_or(|major| major < 7) {
            return Some(format!("it is Redis {version}, and 7.0 is the oldest that will do"));
        }
        if self.get("role") == Some("slave") {
            return Some("it is a replica; name the primary".into());
        }
        if !in_cluster && self.get("cluster_enabled") == Some("1") {
            return Some("it belongs to a cluster; use a redis-cluster:// URL".into());
        }
        None
    }

    /// Settings by which an answered logout can be undone, or sessions lost.
    fn risks(&self, fsync: Option<&str>) -> Vec<String> {
        let mut risks = Vec::new();
        let policy = self.get("maxmemory_policy").filter(|policy| *policy != "noeviction");
        if let Some(policy) = policy {
            risks.push(format!(
                "maxmemory-policy is {policy}: a full server forgets sessions, and what ended others; set it to \
                 noeviction"
            ));
        }
        if self.get("aof_enabled") == Some("0") {
            risks.push(
                "appendonly is off: a restart brings sessions back that were logged out; turn it on".into(),
            );
        } else if let Some(fsync) = fsync.filter(|fsync| *fsync != "always") {
            risks.push(format!(
                "appendfsync is {fsync}: a crash can bring a session back that was logged out just before; set it to \
                 always"
            ));
        }
        risks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(lines: &[&str]) -> Info {
        Info(format!("# Server\r\n{}\r\n", lines.join("\r\n")))
    }

    #[test]
    fn a_server_that_cannot_run_the_scripts_is_refused() {
        for version in ["6.2.14", "5.0.0", "x"] {
            let objection = info(&[&format!("redis_version:{version}")]).objection(false).unwrap();
            assert!(objection.contains("7.0"), "{objection}");
        }
        assert_eq!(info(&["redis_version:7.0.0", "role:master"]).objection(false), None);
        assert_eq!(info(&["redis_version:10.1.0"]).objection(false), None);
    }

    #[test]
    fn a_replica_and_a_lone_server_of_a_cluster_are_refused() {
        let replica = info(&["redis_version:7.2.4", "role:slave"]);
        assert!(replica.objection(true).unwrap().contains("replica"));
        let member = info(&["redis_version:7.2.4", "cluster_enabled:1"]);
        assert!(member.objection(false).unwrap().contains("redis-cluster://"));
        assert_eq!(member.objection(true), None);
    }

    #[test]
    fn settings_that_can_undo_a_logout_are_named() {
        let safe = info(&["maxmemory_policy:noeviction", "aof_enabled:1"]);
        assert!(safe.risks(Some("always")).is_empty());
        assert!(safe.risks(None).is_empty());
        assert!(safe.risks(Some("everysec"))[0].contains("appendfsync"));
        let risky = info(&["maxmemory_policy:allkeys-lru", "aof_enabled:0"]).risks(Some("everysec"));
        assert!(risky[0].contains("noeviction") && risky[1].contains("appendonly"), "{risky:?}");
    }
}
