//! What can go wrong.

use hallpass_core::StoreError;
use redis::RedisError;
use std::error::Error;
use std::fmt;

/// What the server refuses, or what happens on the way to it. Whether the call was done meanwhile is not known.
pub(crate) fn store_error(error: RedisError) -> StoreError {
    if error.is_timeout() { StoreError::timeout() } else { StoreError::unavailable(error) }
}

/// A [`RedisStore`](crate::RedisStore) could not be set up.
///
/// The text names servers by host and port. It never has the user or the password of a URL.
#[derive(Debug)]
#[non_exhaustive]
pub enum SetupError {
    /// The URL is none that this store understands.
    Url(String),
    /// The prefix is empty, too long, or has a character that keys cannot have there.
    Prefix,
    /// A server could not be reached.
    Unreachable {
        /// Its host and port.
        server: String,
        /// What happened.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A server refuses the user or the password, or wants one.
    Denied {
        /// Its host and port.
        server: String,
        /// What it said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A server is none that sessions can be kept on.
    Unsuitable {
        /// Its host and port.
        server: String,
        /// What is wrong with it, and what to do.
        why: String,
    },
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(why) => write!(f, "the URL of the Redis server does not fit: {why}"),
            Self::Prefix => {
                f.write_str("the prefix must be 1 to 64 visible ASCII characters, and none of them a brace")
            }
            Self::Unreachable { server, .. } => write!(f, "the Redis server {server} cannot be reached"),
            Self::Denied { server, .. } => {
                write!(f, "the Redis server {server} refuses the user or the password of the URL")
            }
            Self::Unsuitable { server, why } => {
                write!(f, "the Redis server {server} cannot keep sessions: {why}")
            }
        }
    }
}

impl Error for SetupError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Unreachable { source, .. } | Self::Denied { source, .. } => Some(source.as_ref()),
            _ => None,
        }
    }
}
