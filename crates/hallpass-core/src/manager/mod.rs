//! The one driver of the session life cycle.

mod admin;
mod builder;
mod calls;
mod everybody;
pub(crate) mod lookup;
pub(crate) mod subject;
mod sweep;
pub(crate) mod tasks;
mod throttle;

pub use admin::SessionAdmin;
pub use builder::{BuildError, SessionManagerBuilder};
pub use everybody::{EndEverybody, EndedLogins};
pub use subject::{EndSubject, EndSubjectError, EndSubjectReceipt};

use crate::cookie::CookiePolicy;
use crate::event::{Event, EventKind, EventSink, tell};
use crate::head::RequestHead;
use crate::ids::Realm;
use crate::origin::OriginPolicy;
use crate::policy::SessionPolicy;
use crate::proxy::TrustedProxies;
use crate::random::RandomSource;
use crate::store::{SessionStore, SharedStore};
use crate::throttle::{Throttle, ThrottlePolicy};
use crate::time::{Clock, Timestamp};
use crate::watch::Watchers;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tasks::Tasks;

/// Sessions of one area: a store, a policy, cookies, and everything done with them.
///
/// Build one for each area of an application and share it: a clone is one reference. Adapters call
/// [`SessionSlot::new`](crate::SessionSlot::new) for each request, extractors open the slot, and
/// [`SessionSlot::commit`](crate::SessionSlot::commit) writes what the handler meant.
///
/// ```
/// use hallpass_core::{MemoryStore, SessionManager};
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sessions = SessionManager::builder(MemoryStore::new()).build()?;
/// // At shutdown, after the server has stopped: let revocations finish that their clients did not wait for.
/// assert!(sessions.drain(Duration::from_secs(5)).await);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SessionManager(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) store: Arc<dyn SessionStore>,
    pub(crate) realm: Realm,
    pub(crate) policy: SessionPolicy,
    pub(crate) cookies: CookiePolicy,
    pub(crate) origin: OriginPolicy,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn RandomSource>,
    pub(crate) events: Arc<dyn EventSink>,
    pub(crate) store_timeout: Duration,
    pub(crate) tasks: Tasks,
    pub(crate) watchers: Watchers,
    pub(crate) not_before: NotBefore,
    pub(crate) throttle: Arc<dyn Throttle>,
    pub(crate) throttle_policy: ThrottlePolicy,
    pub(crate) device_cookies: bool,
    pub(crate) bearer: bool,
    pub(crate) proxies: Option<TrustedProxies>,
}

/// What this node knows of the realm's `not_before`: the moment, and when it was last asked for.
#[derive(Debug, Default)]
pub(crate) struct NotBefore {
    pub(crate) at: AtomicU64,
    pub(crate) asked: AtomicU64,
}

impl SessionManager {
    /// Starts a manager over `store`, which may be a store or an `Arc<dyn SessionStore>`.
    pub fn builder(store: impl Into<SharedStore>) -> SessionManagerBuilder {
        SessionManagerBuilder::new(store.into().into())
    }

    /// The area.
    #[must_use]
    pub fn realm(&self) -> &Realm {
        &self.0.realm
    }

    /// The limits.
    #[must_use]
    pub fn policy(&self) -> &SessionPolicy {
        &self.0.policy
    }

    /// The cookies.
    #[must_use]
    pub fn cookies(&self) -> &CookiePolicy {
        &self.0.cookies
    }

    /// Which origins may send requests that change something.
    #[must_use]
    pub fn origin_policy(&self) -> &OriginPolicy {
        &self.0.origin
    }

    /// Whether tokens are taken in `Authorization: Bearer` too.
    #[must_use]
    pub fn takes_bearer(&self) -> bool {
        self.0.bearer
    }

    /// The address of the client: the connection's peer, or who the trusted proxies say asked them.
    #[must_use]
    pub fn client_address(&self, head: &(impl RequestHead + ?Sized)) -> Option<IpAddr> {
        match &self.0.proxies {
            Some(proxies) => proxies.client(head),
            None => Some(head.peer()?.to_canonical()),
        }
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn SessionStore> {
        &self.0.store
    }

    /// The time by this manager's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.clock.now().into()
    }

    /// Waits until every revocation and commit that has been started is done, also those whose request went away before
    /// their end; at most for `deadline`. Whether all are. Call it after the server has stopped and before the runtime
    /// does.
    pub async fn drain(&self, deadline: Duration) -> bool {
        self.0.tasks.drain(deadline).await
    }

    /// Whether both are the same manager, not merely alike.
    #[must_use]
    pub fn same_as(&self, other: &SessionManager) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// An event of `kind` in this area, now; to be completed and told.
    #[must_use]
    pub fn event(&self, kind: EventKind) -> Event<'_> {
        Event::new(kind, self.0.clock.now(), &self.0.realm)
    }

    /// Tells the event sink.
    pub fn tell(&self, event: &Event<'_>) {
        tell(&*self.0.events, event);
    }
}

impl fmt::Debug for SessionManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { store, realm, policy, cookies, .. } = &*self.0;
        f.debug_struct("SessionManager")
            .field("realm", realm)
            .field("store", store)
            .field("policy", policy)
            .field("cookies", cookies)
            .finish_non_exhaustive()
    }
}
