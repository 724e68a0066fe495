use crate::clock::{MonotonicClock, Time};
use crate::entries::Entries;
use crate::listener::Listener;
use crate::marks::Marks;
use crate::state::State;
use crate::store::CachedStore;
use hallpass_core::{SessionStore, SharedStore};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;

/// Sets the bounds of a [`CachedStore`].
///
/// ```
/// use hallpass_cache::CachedStore;
/// use hallpass_core::MemoryStore;
/// use std::time::Duration;
///
/// let store = CachedStore::builder(MemoryStore::new())
///     .max_staleness(Duration::from_secs(2))
///     .max_sessions(20_000)
///     .max_bytes(32 << 20)
///     .build();
/// assert!(!store.is_live(), "nobody listens to the feed before there is a runtime");
/// ```
#[derive(Debug, Clone)]
#[must_use = "call `build` to get the store"]
pub struct CachedStoreBuilder {
    store: SharedStore,
    max_staleness: Duration,
    max_sessions: usize,
    max_bytes: usize,
    max_unknown: usize,
    clock: Option<Arc<dyn MonotonicClock>>,
    runtime: Option<Handle>,
}

impl CachedStoreBuilder {
    pub(crate) fn new(store: SharedStore) -> Self {
        Self {
            store,
            max_staleness: Duration::from_secs(5),
            max_sessions: 100_000,
            max_bytes: 64 << 20,
            max_unknown: 10_000,
            clock: None,
            runtime: None,
        }
    }

    /// How old an answer may get, counted from the start of its load; 5 seconds unless set, and with zero nothing is
    /// kept. It is how long a session that was ended on another node can be served here if the message of its end is
    /// lost, and how long values that another node has written may go unseen.
    pub fn max_staleness(mut self, span: Duration) -> Self {
        self.max_staleness = span;
        self
    }

    /// How many sessions are kept; 100 000 unless set.
    pub fn max_sessions(mut self, sessions: usize) -> Self {
        self.max_sessions = sessions;
        self
    }

    /// How many bytes the kept sessions may take together; 64 MiB unless set. Counted are the values, the user agent, and
    /// a fixed amount of about 400 bytes for everything else. A session that alone takes more than a sixty-fourth of it
    /// may not be kept at all.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// How many keys are remembered that the store does not know, about 150 bytes each; 10 000 unless set. They cut the
    /// cost of made-up tokens, and push out no session.
    pub fn max_unknown(mut self, keys: usize) -> Self {
        self.max_unknown = keys;
        self
    }

    /// Sets the clock that bounds the age of answers; the operating system's unless set.
    pub fn clock(mut self, clock: impl MonotonicClock) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Sets the runtime on which the store's feed is listened to. Unless set it is the one in which the store is built
    /// or first loads something; another takes over when it has ended. Give the one that lives as long as the process
    /// where workers have runtimes of their own.
    pub fn runtime(mut self, runtime: Handle) -> Self {
        self.runtime = Some(runtime);
        self
    }

    /// Builds the store. If there is a runtime it begins to listen; until the feed is heard everything is loaded.
    #[must_use]
    pub fn build(self) -> CachedStore {
        let state = State {
            store: Arc::<dyn SessionStore>::from(self.store),
            entries: Entries::new(self.max_sessions, self.max_bytes, self.max_unknown),
            marks: Marks::new(),
            time: Time::new(self.clock),
            max_staleness: self.max_staleness,
        };
        CachedStore::start(state, Listener::new(self.runtime))
    }
}
