use super::SessionStore;
use std::sync::Arc;

/// A store on the heap, shared: what takes any store takes this.
///
/// A store converts into it, and so does an `Arc<dyn SessionStore>`.
#[derive(Debug, Clone)]
pub struct SharedStore(Arc<dyn SessionStore>);

impl<S: SessionStore> From<S> for SharedStore {
    fn from(store: S) -> Self {
        Self(Arc::new(store))
    }
}

impl From<Arc<dyn SessionStore>> for SharedStore {
    fn from(store: Arc<dyn SessionStore>) -> Self {
        Self(store)
    }
}

impl From<SharedStore> for Arc<dyn SessionStore> {
    fn from(store: SharedStore) -> Self {
        store.0
    }
}
