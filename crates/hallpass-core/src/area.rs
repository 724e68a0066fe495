use crate::manager::SessionManager;
use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// Anything a layer carries for its extractors, such as the authenticator.
pub type Companion = Arc<dyn Any + Send + Sync>;

/// What a layer puts around an application: a manager, and what it carries for its extractors.
///
/// A clone is one reference, and so is what each request holds of it.
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
pub struct Area(Arc<Parts>);

#[derive(Clone)]
struct Parts {
    manager: SessionManager,
    companion: Option<Companion>,
}

impl Area {
    /// The same with `companion`, in place of the one it may have.
    #[must_use]
    pub fn carrying(mut self, companion: Companion) -> Self {
        Arc::make_mut(&mut self.0).companion = Some(companion);
        self
    }

    /// The manager.
    #[must_use]
    pub fn manager(&self) -> &SessionManager {
        &self.0.manager
    }

    /// What the layer carries, if it is a `T`.
    #[must_use]
    pub fn companion<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.0.companion.as_deref()?.downcast_ref()
    }

    /// The same, to be kept beyond the request.
    #[must_use]
    pub fn shared_companion<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        self.0.companion.clone()?.downcast().ok()
    }
}

impl From<SessionManager> for Area {
    fn from(manager: SessionManager) -> Self {
        Self(Arc::new(Parts { manager, companion: None }))
    }
}

impl fmt::Debug for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Area").field("realm", self.manager().realm()).finish_non_exhaustive()
    }
}
