//! What a factory of stores gives to the suite.

use hallpass_core::{Clock, SessionStore, SystemClock};
use std::any::Any;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// A fresh, empty store for one case of the suite, and what has to live as long as it.
///
/// A factory may return the store itself, which becomes a fixture on its own.
///
/// ```
/// use hallpass_core::MemoryStore;
/// use hallpass_testkit::Fixture;
///
/// async fn plain() -> MemoryStore {
///     MemoryStore::new()
/// }
///
/// async fn in_a_folder() -> Fixture {
///     let folder = std::env::temp_dir(); // a temporary folder that is removed when it is dropped
///     Fixture::new(MemoryStore::new()).keep(folder)
/// }
/// ```
pub struct Fixture {
    pub(crate) store: Arc<dyn SessionStore>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Never locked: it only makes guards shareable that are not `Sync`.
    guards: Mutex<Vec<Box<dyn Any + Send>>>,
}

impl Fixture {
    /// A fixture with `store`.
    #[must_use]
    pub fn new(store: impl SessionStore) -> Self {
        Self::shared(Arc::new(store))
    }

    /// A fixture with a store that is shared already.
    #[must_use]
    pub fn shared(store: Arc<dyn SessionStore>) -> Self {
        Self { store, clock: Arc::new(SystemClock), guards: Mutex::default() }
    }

    /// Keeps `guard` until the case has ended, such as a temporary folder or a database that is dropped with it.
    #[must_use]
    pub fn keep(mut self, guard: impl Any + Send) -> Self {
        self.guards.get_mut().unwrap_or_else(PoisonError::into_inner).push(Box::new(guard));
        self
    }

    /// Takes the time from `clock`, for a store that was given a clock of its own. By default it is the system's.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }
}

impl<S: SessionStore> From<S> for Fixture {
    fn from(store: S) -> Self {
        Self::new(store)
    }
}

impl fmt::Debug for Fixture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fixture")
            .field("store", &self.store)
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}
