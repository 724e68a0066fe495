use crate::manager::SessionManager;
use std::any::Any;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::available_parallelism;

/// Anything a layer carries for its extractors, such as the authenticator.
pub type Companion = Arc<dyn Any + Send + Sync>;

/// What a layer puts around an application: a manager, and what it carries for its extractors.
///
/// A clone is one reference, and so is what each request holds of it: of a copy for its thread, so that threads do not
/// wait for each other to count.
///
/// ```
/// use hallpass_core::{Area, MemoryStore, SessionManager};
/// use std::sync::Arc;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// struct Users;
///
/// let sessions = SessionManager::builder(MemoryStore::new()).build()?;
/// let area = Area::from(sessions).carrying(Arc::new(Users));
/// assert!(area.companion::<Users>().is_some());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Area(Arc<Copies>);

/// What an area is made of, once for each thread that the machine runs at a time.
///
/// References are counted beside what they lead to. On cache lines of its own, a copy is never in another processor's
/// cache when a request needs it.
#[repr(align(128))]
struct Copies(Box<[Arc<Parts>]>);

/// What a request holds of an [`Area`].
#[derive(Clone)]
#[repr(align(128))]
pub(crate) struct Parts {
    manager: SessionManager,
    companion: Option<Companion>,
}

impl Area {
    fn new(parts: &Parts) -> Self {
        let threads = available_parallelism().map_or(1, NonZeroUsize::get);
        Self(Arc::new(Copies((0..threads).map(|_| Arc::new(parts.clone())).collect())))
    }

    /// The same with `companion`, in place of the one it may have.
    #[must_use]
    pub fn carrying(self, companion: Companion) -> Self {
        Self::new(&Parts { manager: self.manager().clone(), companion: Some(companion) })
    }

    /// The manager.
    #[must_use]
    pub fn manager(&self) -> &SessionManager {
        self.parts().manager()
    }

    /// What the layer carries, if it is a `T`.
    #[must_use]
    pub fn companion<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.parts().companion()
    }

    /// The same, to be kept beyond the request.
    #[must_use]
    pub fn shared_companion<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        self.parts().shared_companion()
    }

    /// The copy of this thread. Threads may share one if there are more of them than the machine runs at a time.
    pub(crate) fn parts(&self) -> &Arc<Parts> {
        let copies = &self.0.0;
        &copies[THREAD.with(|thread| *thread) % copies.len()]
    }
}

/// The number of the next thread that asks for its own.
static NEXT_THREAD: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static THREAD: usize = NEXT_THREAD.fetch_add(1, Ordering::Relaxed);
}

impl Parts {
    pub(crate) fn manager(&self) -> &SessionManager {
        &self.manager
    }

    pub(crate) fn companion<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.companion.as_deref()?.downcast_ref()
    }

    pub(crate) fn shared_companion<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        self.companion.clone()?.downcast().ok()
    }
}

impl From<SessionManager> for Area {
    fn from(manager: SessionManager) -> Self {
        Self::new(&Parts { manager, companion: None })
    }
}

impl fmt::Debug for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Area").field("realm", self.manager().realm()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryStore;
    use std::collections::HashSet;
    use std::thread;

    fn area() -> Area {
        SessionManager::builder(MemoryStore::new()).build().unwrap().into()
    }

    #[tokio::test]
    async fn every_thread_has_the_same_manager_and_companion() {
        let area = area().carrying(Arc::new("users"));
        let manager = area.manager().clone();
        thread::scope(|scope| {
            for _ in 0..2 * area.0.0.len() {
                scope.spawn(|| {
                    assert!(area.manager().same_as(&manager));
                    assert_eq!(area.companion::<&str>(), Some(&"users"));
                });
            }
        });
    }

    #[tokio::test]
    async fn as_many_threads_as_run_at_a_time_count_apart() {
        let area = area();
        let threads = area.0.0.len();
        // Other tests start threads meanwhile, so two of these may be whole rounds apart.
        let copies =
            |_| thread::scope(|scope| scope.spawn(|| Arc::as_ptr(area.parts()).addr()).join().unwrap());
        let seen: HashSet<usize> = (0..100 * threads).map(copies).collect();
        assert_eq!(seen.len(), threads);
    }
}
