use super::MemoryStore;

/// How many locks there are: so many that two threads hardly ever meet and that no stripe is large when its tables have
/// to grow, and so few that all of them stay in a core's cache.
const STRIPES: usize = 1024;

/// Sets the bounds of a [`MemoryStore`].
///
/// ```
/// use hallpass_core::MemoryStore;
///
/// let store = MemoryStore::builder().max_visitors(10_000).max_visitor_bytes(16 << 20).build();
/// assert!(store.is_empty());
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct MemoryStoreBuilder {
    max_visitors: usize,
    max_visitor_bytes: usize,
    stripes: usize,
}

impl Default for MemoryStoreBuilder {
    fn default() -> Self {
        Self { max_visitors: 100_000, max_visitor_bytes: 64 << 20, stripes: STRIPES }
    }
}

impl MemoryStoreBuilder {
    /// How many visitors' sessions are kept; 100 000 unless set, 0 for none at all.
    ///
    /// There are never more when a call has answered. One more pushes out the one that was not used for longest,
    /// which ends with [`EndReason::SessionLimit`](crate::EndReason::SessionLimit). Logins are not counted and never
    /// pushed out: a flood of visitors cannot log anybody out.
    pub fn max_visitors(mut self, sessions: usize) -> Self {
        self.max_visitors = sessions;
        self
    }

    /// How many bytes visitors' sessions may take together; 64 MiB unless set.
    ///
    /// Counted are the values, the user agent, and a fixed amount of about 300 bytes for everything else. There are
    /// never more when a call has answered: what would exceed it, by a new session or by values that grow, pushes out
    /// those that were not used for longest.
    pub fn max_visitor_bytes(mut self, bytes: usize) -> Self {
        self.max_visitor_bytes = bytes;
        self
    }

    /// Fewer stripes make tests meet in one.
    #[cfg(test)]
    pub(super) fn stripes(mut self, stripes: usize) -> Self {
        self.stripes = stripes;
        self
    }

    /// An empty store.
    #[must_use]
    pub fn build(self) -> MemoryStore {
        MemoryStore::with_bounds(self.stripes, self.max_visitors, self.max_visitor_bytes)
    }
}
