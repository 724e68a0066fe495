//! What the error of a call to one server of a cluster says about where it may still be done.

use crate::target::Place;
use redis::{ErrorKind, RedisError, ServerErrorKind};

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The slot belongs to another server. The call was not done.
    Moved(Place),
    /// The slot is on its way to another server, which has to be told that this call is meant for it. The call was not
    /// done.
    Ask(Place),
    /// It may be done here in a moment, or elsewhere. The call was not done.
    Passing,
    /// The server cannot be reached. Whether the call was done is not known.
    Lost,
    /// Another attempt would end in the same way.
    Final,
}

impl Fault {
    pub(crate) fn of(error: &RedisError) -> Self {
        match error.kind() {
            ErrorKind::Server(ServerErrorKind::Moved) => place(error).map_or(Self::Passing, Self::Moved),
            ErrorKind::Server(ServerErrorKind::Ask) => place(error).map_or(Self::Passing, Self::Ask),
            ErrorKind::Server(
                ServerErrorKind::TryAgain
                | ServerErrorKind::ClusterDown
                | ServerErrorKind::MasterDown
                | ServerErrorKind::BusyLoading
                | ServerErrorKind::ReadOnly,
            )
            | ErrorKind::ClusterConnectionNotFound => Self::Passing,
            ErrorKind::Io => Self::Lost,
            _ => Self::Final,
        }
    }
}

/// The server that the error names: `host:port`, where an IPv6 address has no brackets.
fn place(error: &RedisError) -> Option<Place> {
    let (host, port) = error.redirect_node()?.0.rsplit_once(':')?;
    Some(Place::new(Some(host), port.parse().ok()?))
}

/// The error of a slot that no server has.
pub(crate) fn no_primary() -> RedisError {
    (ErrorKind::ClusterConnectionNotFound, "a slot of the cluster has no primary").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(answer: &str) -> Fault {
        let value = redis::parse_redis_value(format!("-{answer}\r\n").as_bytes()).unwrap();
        Fault::of(&value.extract_error().unwrap_err())
    }

    #[test]
    fn a_redirection_names_a_server() {
        let place = |host, port| Place::new(host, port);
        for (answer, expected) in [
            ("MOVED 3999 10.0.0.1:6381", Fault::Moved(place(Some("10.0.0.1"), 6381))),
            ("MOVED 3999 node.example:6381", Fault::Moved(place(Some("node.example"), 6381))),
            ("ASK 3999 ::1:6381", Fault::Ask(place(Some("::1"), 6381))),
            ("ASK 3999 10.0.0.1:6381", Fault::Ask(place(Some("10.0.0.1"), 6381))),
        ] {
            assert_eq!(fault(answer), expected, "{answer}");
        }
    }

    #[test]
    fn a_redirection_without_a_host_stays_on_the_host() {
        for answer in ["MOVED 3999 :6381", "MOVED 3999 ?:6381"] {
            assert_eq!(fault(answer), Fault::Moved(Place::new(None, 6381)), "{answer}");
        }
    }

    #[test]
    fn a_redirection_that_names_nothing_is_not_followed() {
        for answer in ["MOVED", "MOVED 3999", "ASK 3999 host", "ASK 3999 host:99999", "MOVED x host:1"] {
            assert_eq!(fault(answer), Fault::Passing, "{answer}");
        }
    }

    #[test]
    fn what_passes_is_told_from_what_stays() {
        for answer in ["TRYAGAIN x", "CLUSTERDOWN x", "LOADING x", "MASTERDOWN x", "READONLY x"] {
            assert_eq!(fault(answer), Fault::Passing, "{answer}");
        }
        for answer in ["NOSCRIPT x", "OOM x", "CROSSSLOT x", "NOPERM x", "ERR x"] {
            assert_eq!(fault(answer), Fault::Final, "{answer}");
        }
        assert_eq!(Fault::of(&no_primary()), Fault::Passing);
        let broken = std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        assert_eq!(Fault::of(&broken.into()), Fault::Lost);
    }
}
