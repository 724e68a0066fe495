//! What a layer puts into a request: cheap, unopened, and all that a request knows of sessions.

use crate::answer::{Answer, Refusal};
use crate::area::{Area, Companion, Parts};
use crate::audience;
use crate::bearer;
use crate::cookie::Presented;
use crate::event::{Event, EventKind};
use crate::head::RequestHead;
use crate::manager::SessionManager;
use crate::manager::lookup::Opened;
use crate::origin::{OriginRefusal, Verdict};
use crate::record::{ClientInfo, Transport};
use crate::session::{Intent, Session, SessionError};
use std::any::Any;
use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// An open or a logout could not be confirmed: the answer is 503 whatever the handler made of it.
const FAILED: u8 = 1;
/// The intent has something to say; read before every lock.
const DIRTY: u8 = 2;
/// The commit has begun: what is set from now on could not be kept.
const COMMITTED: u8 = 4;
/// The request was refused for its origin, and that has been told.
const REFUSED: u8 = 8;
/// The session is there, but its user is not let in.
const STALE: u8 = 16;

/// One request's place for one manager's session: found and decoded tokens, and nothing loaded until asked for.
///
/// A layer makes one, puts a clone into the request, and calls [`commit`](Self::commit) when the handler has answered.
#[derive(Clone)]
pub struct SessionSlot(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    area: Arc<Parts>,
    pub(crate) presented: Presented,
    verdict: Verdict,
    authority: Option<Box<str>>,
    outer: Option<SessionSlot>,
    for_people: bool,
    pub(crate) opened: OnceLock<Opened>,
    /// [`FAILED`], [`DIRTY`], [`COMMITTED`], [`REFUSED`] and [`STALE`]: one word, so that a change and the commit see
    /// each other.
    flags: AtomicU8,
    intent: Mutex<Intent>,
    client: OnceLock<ClientInfo>,
    address: OnceLock<Option<IpAddr>>,
    remembered: OnceLock<Companion>,
    insisted: OnceLock<Refusal>,
}

impl SessionSlot {
    /// Finds and decodes what `head` presents to the manager of `area`. Nothing is loaded. `outer` is the slot of the layer
    /// around the one whose request it is.
    #[must_use]
    pub fn new(area: &Area, head: &impl RequestHead, outer: Option<SessionSlot>) -> Self {
        let area = area.parts();
        let manager = area.manager();
        let presented = manager.presented_by(head);
        let verdict = match presented.transport {
            Transport::Cookie => manager.0.origin.check(head, &manager.0.cookies),
            Transport::Bearer => Verdict::Allow,
        };
        Self(Arc::new(Inner {
            area: Arc::clone(area),
            verdict,
            authority: head.authority().map(Box::from),
            for_people: presented.transport == Transport::Cookie && audience::is_navigation(head),
            presented,
            outer,
            opened: OnceLock::new(),
            flags: AtomicU8::new(0),
            intent: Mutex::default(),
            client: OnceLock::new(),
            address: OnceLock::new(),
            remembered: OnceLock::new(),
            insisted: OnceLock::new(),
        }))
    }

    /// The manager this slot belongs to.
    #[must_use]
    pub fn manager(&self) -> &SessionManager {
        self.0.area.manager()
    }

    /// How the request presents its token: as a bearer token, which no page can make a browser send, or in cookies if at
    /// all.
    #[must_use]
    pub fn transport(&self) -> Transport {
        self.0.presented.transport
    }

    /// Whether the answer will be shown as a page.
    pub(crate) fn is_for_people(&self) -> bool {
        self.0.for_people
    }

    /// The authority of the request's target, for adapters whose handlers do not see it.
    #[must_use]
    pub fn authority(&self) -> Option<&str> {
        self.0.authority.as_deref()
    }

    /// This slot and those of the layers around it, the innermost first.
    pub fn chain(&self) -> impl Iterator<Item = &SessionSlot> {
        std::iter::successors(Some(self), |slot| slot.0.outer.as_ref())
    }

    /// Whether one of them is of `manager`: another layer of it then passes the request through.
    #[must_use]
    pub fn is_inside(&self, manager: &SessionManager) -> bool {
        self.chain().any(|slot| slot.manager().same_as(manager))
    }

    /// What the layer carries, if it is a `T`.
    #[must_use]
    pub fn companion<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.0.area.companion()
    }

    /// The same, to be kept beyond the request.
    #[must_use]
    pub fn shared_companion<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        self.0.area.shared_companion()
    }

    /// Keeps a value for the rest of the request, such as the user that a guard has fetched; the first one stays.
    pub fn remember<T: Any + Send + Sync>(&self, value: Arc<T>) {
        // Losing to another value of the same request is fine: both were fetched in it.
        let _ = self.0.remembered.set(value);
    }

    /// The value kept by [`remember`](Self::remember), if it is a `T`.
    #[must_use]
    pub fn remembered<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        self.0.remembered.get().cloned()?.downcast().ok()
    }

    /// Takes note of the client, for sessions created in this request.
    pub fn observe_client(&self, head: &impl RequestHead) {
        self.0.client.get_or_init(|| client_of(self.manager(), head));
    }

    /// The client as far as it was observed.
    #[must_use]
    pub fn client(&self) -> ClientInfo {
        self.0.client.get().cloned().unwrap_or_default()
    }

    /// Whether a visitor's session may begin with this request: it is open, nobody is logged in, and it is counted.
    #[must_use]
    pub fn is_visit(&self) -> bool {
        let nobody = self.opened().is_some_and(|opened| opened.login.live().is_none());
        nobody && self.transport() == Transport::Cookie && self.manager().throttle_policy().is_on()
    }

    /// Takes note of the client's address, by which visitors' new sessions are counted; it is stored nowhere. Adapters call
    /// it with what they let handlers write to, once it is open, if [it is a visit](Self::is_visit). Without it, and without
    /// [`observe_client`](Self::observe_client), only what takes the place of a login is counted: by that login.
    pub fn observe_address(&self, head: &impl RequestHead) {
        self.0.address.get_or_init(|| self.manager().client_address(head));
    }

    /// The client's address as far as it was observed.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        let noted = self.0.address.get().copied().flatten();
        noted.or_else(|| self.0.client.get()?.address())
    }

    /// Opens the session: checks the request's origin, loads what its token leads to, checks the deadlines. Once a
    /// request; later calls cost nothing, and fail if the first did.
    ///
    /// # Errors
    ///
    /// [`OpenError::CrossOrigin`], [`OpenError::BadAuthority`] and [`OpenError::CookiesTooLong`] before anything is loaded;
    /// [`OpenError::Unavailable`] when the store could not be asked or holds bytes that do not decode. The layer then
    /// answers 503 whatever becomes of this error.
    pub async fn open(&self) -> Result<Session, OpenError> {
        let opened = self.load().await?;
        if opened.is_undecodable() {
            self.fail();
            return Err(OpenError::Unavailable);
        }
        Ok(Session::new(self.clone()))
    }

    /// Opens the session for a login or a logout, which work also where what is stored does not decode.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), but for bytes that do not decode.
    pub async fn open_for_login(&self) -> Result<Session, OpenError> {
        self.load().await?;
        Ok(Session::new(self.clone()))
    }

    /// Whether anything opened the session, successfully or not. Then the answer must not be cached.
    #[must_use]
    pub fn was_opened(&self) -> bool {
        self.0.opened.get().is_some() || self.has_failed()
    }

    async fn load(&self) -> Result<&Opened, OpenError> {
        if let Some(opened) = self.0.opened.get() {
            return Ok(opened);
        }
        self.check_origin()?;
        if self.0.presented.too_long {
            return Err(OpenError::CookiesTooLong);
        }
        if self.has_failed() {
            return Err(OpenError::Unavailable);
        }
        match self.manager().look_up(&self.0.presented).await {
            Ok(opened) => Ok(self.0.opened.get_or_init(|| opened)),
            Err(error) => {
                tracing::error!(target: "hallpass", error = &error as &dyn std::error::Error, "a session could not be opened");
                self.fail();
                Err(OpenError::Unavailable)
            }
        }
    }

    fn check_origin(&self) -> Result<(), OpenError> {
        match &self.0.verdict {
            Verdict::Allow => Ok(()),
            Verdict::Refuse(OriginRefusal::BadAuthority) => Err(OpenError::BadAuthority),
            Verdict::Refuse(why) => {
                if self.0.flags.fetch_or(REFUSED, Ordering::AcqRel) & REFUSED == 0 {
                    self.tell_refusal(*why);
                }
                Err(OpenError::CrossOrigin)
            }
        }
    }

    fn tell_refusal(&self, why: OriginRefusal) {
        tracing::debug!(target: "hallpass", %why, "a request from another origin was refused");
        let manager = self.manager();
        let client = self.0.client.get();
        manager.tell(&Event { client, ..manager.event(EventKind::CrossOriginRefused) });
    }

    pub(crate) fn opened(&self) -> Option<&Opened> {
        self.0.opened.get()
    }

    /// Notes that something this request depends on could not be asked: the layer answers 503, whatever the handler
    /// makes of it.
    pub fn mark_unavailable(&self) {
        self.fail();
    }

    /// Notes that the user of the session is not let in: gone, disabled, or with other credentials since. A client with a
    /// bearer token is then told that it is no longer good.
    pub fn mark_stale(&self) {
        self.0.flags.fetch_or(STALE, Ordering::AcqRel);
    }

    /// What a 401 must say besides, where bearer tokens are taken (RFC 6750 §3); `lost` if the session has just gone.
    pub(crate) fn bearer_challenge(&self, lost: bool) -> Option<&'static str> {
        if !self.manager().takes_bearer() {
            return None;
        }
        let stale = lost || self.0.flags.load(Ordering::Acquire) & STALE != 0;
        let opens = !stale && self.opened().is_some_and(|opened| opened.live().is_some());
        let invalid = self.transport() == Transport::Bearer && !opens;
        Some(if invalid { bearer::INVALID_TOKEN } else { bearer::CHALLENGE })
    }

    /// Has the layer answer with this refusal, whatever the handler makes of it; the first one counts. For frameworks
    /// where a handler may not see the error of an extractor.
    pub fn insist(&self, refusal: Refusal) {
        self.0.insisted.get_or_init(|| refusal);
        self.fail();
    }

    /// What the layer must answer in place of the handler, if anything.
    pub(crate) fn failure(&self) -> Option<Refusal> {
        self.has_failed().then(|| self.0.insisted.get().copied().unwrap_or(Refusal::Unavailable))
    }

    pub(crate) fn fail(&self) {
        self.0.flags.fetch_or(FAILED, Ordering::AcqRel);
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.0.flags.load(Ordering::Acquire) & FAILED != 0
    }

    pub(crate) fn is_dirty(&self) -> bool {
        self.0.flags.load(Ordering::Acquire) & DIRTY != 0
    }

    /// Begins the commit; whether the intent has anything to say.
    pub(crate) fn begin_commit(&self) -> bool {
        self.0.flags.fetch_or(COMMITTED, Ordering::AcqRel) & DIRTY != 0
    }

    /// The intent, to be changed before the commit.
    pub(crate) fn intent(&self) -> Result<MutexGuard<'_, Intent>, SessionError> {
        let intent = self.peek_intent();
        let before = self.0.flags.fetch_or(DIRTY, Ordering::AcqRel);
        if before & COMMITTED == 0 { Ok(intent) } else { Err(SessionError::Committed) }
    }

    /// The intent, to be changed by a logout: that is never too late.
    pub(crate) fn intent_for_logout(&self) -> MutexGuard<'_, Intent> {
        let intent = self.peek_intent();
        self.0.flags.fetch_or(DIRTY, Ordering::AcqRel);
        intent
    }

    /// The intent, to be read.
    pub(crate) fn peek_intent(&self) -> MutexGuard<'_, Intent> {
        self.0.intent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for SessionSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionSlot")
            .field("realm", self.manager().realm())
            .field("opened", &self.0.opened.get().is_some())
            .finish_non_exhaustive()
    }
}

fn client_of(manager: &SessionManager, head: &impl RequestHead) -> ClientInfo {
    let mut user_agent = None;
    head.for_each_value("user-agent", &mut |value| {
        user_agent
            .get_or_insert_with(|| String::from_utf8_lossy(&value[..value.len().min(1024)]).into_owned());
    });
    ClientInfo::new(user_agent.as_deref(), manager.client_address(head))
}

/// A session was not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenError {
    /// The request comes from another origin: 403, and nothing was loaded.
    CrossOrigin,
    /// The request names two different hosts: 400, and nothing was loaded.
    BadAuthority,
    /// The request carries more cookies than are looked at: 431, and nothing was loaded.
    CookiesTooLong,
    /// The store could not be asked, or what it holds does not decode: 503.
    Unavailable,
}

impl OpenError {
    /// The answer to give.
    #[must_use]
    pub fn answer(self) -> Answer {
        Answer::refusal(self.refusal())
    }

    /// What the request is refused for.
    #[must_use]
    pub fn refusal(self) -> Refusal {
        match self {
            Self::CrossOrigin => Refusal::CrossOrigin,
            Self::BadAuthority => Refusal::BadAuthority,
            Self::CookiesTooLong => Refusal::CookiesTooLong,
            Self::Unavailable => Refusal::Unavailable,
        }
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CrossOrigin => "the request comes from another origin",
            Self::BadAuthority => "the request names two different hosts",
            Self::CookiesTooLong => "the request carries too many cookies",
            Self::Unavailable => "the session could not be loaded",
        })
    }
}

impl std::error::Error for OpenError {}
