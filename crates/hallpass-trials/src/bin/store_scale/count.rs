//! How many statements or commands an operation needs.

use std::error::Error;
use std::fmt;
use std::ops::{Add, Sub};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// Where the numbers come from.
pub(crate) enum Counter {
    Nothing,
    Statements(Statements),
    Commands(Box<redis::Client>),
}

/// So many calls, and so many commands within them where a call is a script.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) calls: u64,
    pub(crate) inner: u64,
}

impl Counter {
    pub(crate) fn redis(url: &str) -> Result<Self, redis::RedisError> {
        Ok(Self::Commands(Box::new(redis::Client::open(url)?)))
    }

    /// Begins to count, from what is there.
    pub(crate) fn begin(&self) -> Result<Count, Box<dyn Error>> {
        match self {
            Self::Nothing => Ok(Count::default()),
            Self::Statements(statements) => Ok(statements.begin()),
            Self::Commands(client) => commands(client),
        }
    }

    pub(crate) fn end(&self) -> Result<Count, Box<dyn Error>> {
        match self {
            Self::Nothing => Ok(Count::default()),
            Self::Statements(statements) => Ok(statements.end()),
            Self::Commands(client) => commands(client),
        }
    }
}

/// Counts the statements that sqlx reports; the beginning and the end of a transaction it does not report.
#[derive(Clone, Default)]
pub(crate) struct Statements(Arc<(AtomicBool, AtomicU64)>);

impl Statements {
    pub(crate) fn install() -> Self {
        let statements = Self::default();
        tracing_subscriber::registry().with(statements.clone()).init();
        statements
    }

    fn begin(&self) -> Count {
        self.0.0.store(true, Ordering::Relaxed);
        self.seen()
    }

    fn end(&self) -> Count {
        self.0.0.store(false, Ordering::Relaxed);
        self.seen()
    }

    fn seen(&self) -> Count {
        Count { calls: self.0.1.load(Ordering::Relaxed), inner: 0 }
    }
}

impl<S: Subscriber> Layer<S> for Statements {
    /// What is not counted now may be counted later.
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if metadata.target() == "sqlx::query" { Interest::sometimes() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        metadata.target() == "sqlx::query" && self.0.0.load(Ordering::Relaxed)
    }

    fn on_event(&self, _: &Event<'_>, _: Context<'_, S>) {
        self.0.1.fetch_add(1, Ordering::Relaxed);
    }
}

/// What the server has run so far. It counts what scripts call like everything else.
fn commands(client: &redis::Client) -> Result<Count, Box<dyn Error>> {
    let mut connection = client.get_connection()?;
    let info: String = redis::cmd("INFO").arg("commandstats").query(&mut connection)?;
    Ok(info.lines().filter_map(command).fold(Count::default(), Add::add))
}

/// A line such as `cmdstat_evalsha:calls=7,usec=…`.
fn command(line: &str) -> Option<Count> {
    let (name, rest) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
    let calls = rest.split(',').next()?.parse().ok()?;
    match name {
        "evalsha" | "eval" => Some(Count { calls, inner: 0 }),
        "info" | "hello" | "client|setinfo" | "ping" => None,
        _ => Some(Count { calls: 0, inner: calls }),
    }
}

impl Add for Count {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { calls: self.calls + other.calls, inner: self.inner + other.inner }
    }
}

impl Sub for Count {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self { calls: self.calls - other.calls, inner: self.inner - other.inner }
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.calls, self.inner) {
            (calls, 0) => write!(f, "{calls}"),
            (calls, inner) => write!(f, "{calls} ({inner})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_told_from_what_they_call() {
        assert_eq!(command("cmdstat_evalsha:calls=7,usec=9"), Some(Count { calls: 7, inner: 0 }));
        assert_eq!(command("cmdstat_hgetall:calls=3,usec=9"), Some(Count { calls: 0, inner: 3 }));
        assert_eq!(command("cmdstat_info:calls=3,usec=9"), None);
        assert_eq!(command("# Commandstats"), None);
    }
}
