use crate::{Kind, Result, Server, install};
use std::env;
use std::thread;

/// The servers that the tests of a workspace share. They end when this is dropped, and also when this program ends in any
/// other way.
#[derive(Debug)]
pub struct Servers(Vec<(Kind, Server)>);

impl Servers {
    /// Starts these kinds at once, except those whose address is in the environment already, and installs what is
    /// missing for them.
    ///
    /// # Errors
    ///
    /// When one of them cannot be installed or does not start.
    pub fn start(kinds: &[Kind]) -> Result<Self> {
        let is_missing = |kind: &Kind| env::var_os(kind.variable()).is_none();
        let kinds: Vec<Kind> = kinds.iter().copied().filter(is_missing).collect();
        install(&kinds)?;
        let started = start_all(&kinds).into_iter().map(|(kind, server)| Ok((kind, server?)));
        Ok(Self(started.collect::<Result<_>>()?))
    }

    /// The variables that tests look for, with their values.
    pub fn addresses(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(kind, server)| (kind.variable(), server.url()))
    }
}

/// In as many threads, to the end of the last one, so that none is forgotten when another fails.
fn start_all(kinds: &[Kind]) -> Vec<(Kind, Result<Server>)> {
    thread::scope(|scope| {
        let starting: Vec<_> =
            kinds.iter().map(|kind| (*kind, scope.spawn(|| Server::start(*kind)))).collect();
        let join = |(kind, thread): (Kind, thread::ScopedJoinHandle<'_, _>)| {
            (kind, thread.join().unwrap_or_else(|_| Err(format!("starting {kind:?} panicked").into())))
        };
        starting.into_iter().map(join).collect()
    })
}
