use super::{Inner, NotBefore, SessionManager, tasks::Tasks};
use crate::cookie::CookiePolicy;
use crate::event::{EventSink, TracingEvents};
use crate::ids::{Realm, RealmError};
use crate::origin::OriginPolicy;
use crate::policy::{PolicyError, SessionPolicy};
use crate::proxy::TrustedProxies;
use crate::random::{OsRandom, RandomSource};
use crate::store::SessionStore;
use crate::throttle::{MemoryThrottle, Throttle, ThrottlePolicy, ThrottlePolicyError};
use crate::time::{Clock, SystemClock};
use crate::watch::Watchers;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;

/// Builds a [`SessionManager`]. Everything has a safe default.
#[derive(Debug)]
#[must_use = "call `build` to get the manager"]
pub struct SessionManagerBuilder {
    store: Arc<dyn SessionStore>,
    realm: Option<Realm>,
    policy: SessionPolicy,
    cookies: CookiePolicy,
    origin: OriginPolicy,
    clock: Arc<dyn Clock>,
    random: Arc<dyn RandomSource>,
    events: Arc<dyn EventSink>,
    store_timeout: Duration,
    runtime: Option<Handle>,
    sweep_every: Option<Duration>,
    throttle: Arc<dyn Throttle>,
    throttle_policy: ThrottlePolicy,
    device_cookies: bool,
    bearer: bool,
    proxies: Option<TrustedProxies>,
}

impl SessionManagerBuilder {
    pub(super) fn new(store: Arc<dyn SessionStore>) -> Self {
        Self {
            store,
            realm: None,
            policy: SessionPolicy::default(),
            cookies: CookiePolicy::default(),
            origin: OriginPolicy::default(),
            clock: Arc::new(SystemClock),
            random: Arc::new(OsRandom),
            events: Arc::new(TracingEvents),
            store_timeout: Duration::from_secs(5),
            runtime: None,
            sweep_every: Some(Duration::from_secs(60)),
            throttle: Arc::new(MemoryThrottle::new()),
            throttle_policy: ThrottlePolicy::default(),
            device_cookies: true,
            bearer: false,
            proxies: None,
        }
    }

    /// Names the area. By default it is the login cookie's name, so that two areas with different cookies never mix.
    pub fn realm(mut self, realm: Realm) -> Self {
        self.realm = Some(realm);
        self
    }

    /// Sets how long sessions live and how large they may grow.
    pub fn policy(mut self, policy: SessionPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Sets the cookies.
    pub fn cookies(mut self, cookies: CookiePolicy) -> Self {
        self.cookies = cookies;
        self
    }

    /// Sets which other origins may send requests that change something.
    pub fn origin(mut self, origin: OriginPolicy) -> Self {
        self.origin = origin;
        self
    }

    /// Sets where the time comes from.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Sets where random bytes come from.
    pub fn random(mut self, random: impl RandomSource) -> Self {
        self.random = Arc::new(random);
        self
    }

    /// Sets who is told what happens; `tracing` by default.
    pub fn events(mut self, sink: impl EventSink) -> Self {
        self.events = Arc::new(sink);
        self
    }

    /// Sets how long one call to the store may take, 5 seconds by default. After it the outcome counts as unknown,
    /// and the answer is 503.
    pub fn store_timeout(mut self, limit: Duration) -> Self {
        self.store_timeout = limit;
        self
    }

    /// Sets the runtime on which abandoned work is finished; the current one by default. Give the one that lives as
    /// long as the process where workers have runtimes of their own.
    pub fn runtime(mut self, runtime: Handle) -> Self {
        self.runtime = Some(runtime);
        self
    }

    /// Sets how often sessions that have run out are removed from the store, every minute by default; with `None` never:
    /// call [`SessionManager::sweep`] from a job then. They are refused in any case. Less than a second counts as one.
    pub fn sweep_every(mut self, interval: Option<Duration>) -> Self {
        self.sweep_every = interval.map(|interval| interval.max(Duration::from_secs(1)));
        self
    }

    /// Sets where password checks and visitors' new sessions are counted before they are made; a [`MemoryThrottle`] of its own by default. Give all
    /// nodes of an application one that they share. Several areas may share one, as an `Arc`.
    pub fn throttle(mut self, throttle: impl Throttle) -> Self {
        self.throttle = Arc::new(throttle);
        self
    }

    /// Sets how often passwords may be wrong, and how many sessions visitors may begin.
    pub fn throttle_policy(mut self, policy: ThrottlePolicy) -> Self {
        self.throttle_policy = policy;
        self
    }

    /// Sets whether a browser in which a user has logged in gets a cookie that says so, by default it does. With it,
    /// nobody who guesses elsewhere can make the user wait there; it grants nothing else. See
    /// [`DeviceToken`](crate::DeviceToken).
    pub fn device_cookies(mut self, send: bool) -> Self {
        self.device_cookies = send;
        self
    }

    /// Sets whether tokens are taken in `Authorization: Bearer` too (RFC 6750), for command-line and native clients; by
    /// default they are not, and the header is not looked at. A handler gives one out with
    /// [`Session::log_in_for_bearer`](crate::Session::log_in_for_bearer).
    ///
    /// A request that carries such a header is judged by it alone: its cookies are not looked at, also if the token opens
    /// nothing, none is set, and no origin check is made, since no page can make a browser send the header unasked. A token
    /// of a cookie is nothing as a bearer token, and the other way round. Leave this off behind a gateway that adds a
    /// bearer token of its own to every request.
    ///
    /// To take them under some paths only, build two managers of one [`realm`](Self::realm) over one store and with one
    /// [`throttle`](Self::throttle), and give each layer its own.
    pub fn bearer(mut self, take: bool) -> Self {
        self.bearer = take;
        self
    }

    /// Sets which proxies are believed when they say for whom they ask; by default none, and the client's address is the
    /// peer of the connection.
    pub fn trusted_proxies(mut self, proxies: TrustedProxies) -> Self {
        self.proxies = Some(proxies);
        self
    }

    /// Builds the manager.
    ///
    /// # Errors
    ///
    /// When the limits of a policy do not go together, or there is neither a current tokio runtime nor a given one.
    pub fn build(self) -> Result<SessionManager, BuildError> {
        self.policy.validate().map_err(BuildError::Policy)?;
        self.throttle_policy.validate().map_err(BuildError::Throttle)?;
        let realm = match self.realm {
            Some(realm) => realm,
            None => Realm::new(self.cookies.login_name()).map_err(BuildError::Realm)?,
        };
        let runtime = self.runtime.or_else(|| Handle::try_current().ok()).ok_or(BuildError::NoRuntime)?;
        let manager = SessionManager(Arc::new(Inner {
            store: self.store,
            realm,
            policy: self.policy,
            origin: self.origin,
            cookies: self.cookies,
            clock: self.clock,
            random: self.random,
            events: self.events,
            store_timeout: self.store_timeout,
            tasks: Tasks::new(runtime),
            watchers: Watchers::default(),
            not_before: NotBefore::default(),
            throttle: self.throttle,
            throttle_policy: self.throttle_policy,
            device_cookies: self.device_cookies,
            bearer: self.bearer,
            proxies: self.proxies,
        }));
        if let Some(interval) = self.sweep_every {
            manager.sweep_in_background(interval);
        }
        Ok(manager)
    }
}

/// A [`SessionManager`] could not be built.
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// The policy's limits do not go together.
    Policy(PolicyError),
    /// A limit of the throttle does not work.
    Throttle(ThrottlePolicyError),
    /// The cookie's name is no name for a realm.
    Realm(RealmError),
    /// There is no tokio runtime to finish abandoned work on.
    NoRuntime,
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy(_) => f.write_str("the session policy does not work"),
            Self::Throttle(_) => f.write_str("the throttle policy does not work"),
            Self::Realm(_) => {
                f.write_str("the login cookie's name cannot name a realm; set one with `realm`")
            }
            Self::NoRuntime => f.write_str(
                "no tokio runtime: build the manager inside one, or give its handle with `runtime`",
            ),
        }
    }
}

impl std::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Policy(error) => Some(error),
            Self::Throttle(error) => Some(error),
            Self::Realm(error) => Some(error),
            Self::NoRuntime => None,
        }
    }
}
