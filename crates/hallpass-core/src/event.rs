//! What happened, told to whoever keeps a log.

use crate::ids::{Realm, SessionHandle, Subject};
use crate::record::{ClientInfo, EndReason};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::SystemTime;

/// Something that happened to a session. It holds no credential, and borrows all it shows.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Event<'a> {
    /// What happened.
    pub kind: EventKind,
    /// When.
    pub at: SystemTime,
    /// The area it happened in.
    pub realm: &'a Realm,
    /// The user, if one is known.
    pub subject: Option<&'a Subject>,
    /// The public name of the session, if there is one.
    pub handle: Option<SessionHandle>,
    /// Why a session ended.
    pub reason: Option<EndReason>,
    /// The session that caused it, if it was another.
    pub actor: Option<SessionHandle>,
    /// The client of the request that caused it, as far as known.
    pub client: Option<&'a ClientInfo>,
}

impl<'a> Event<'a> {
    /// An event of `kind` at `at` in `realm`, with nothing else known.
    #[must_use]
    pub fn new(kind: EventKind, at: SystemTime, realm: &'a Realm) -> Self {
        Self { kind, at, realm, subject: None, handle: None, reason: None, actor: None, client: None }
    }
}

/// What happened, in the terms of the OWASP Application Logging Vocabulary where it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventKind {
    /// A login succeeded and is on record.
    LoginSucceeded,
    /// Credentials were not right, or the login was refused when it was to be created.
    LoginFailed,
    /// An attempt was refused before the password was looked at: there were too many.
    LoginThrottled,
    /// A user's credentials were checked again within a session.
    Reauthenticated,
    /// A visitor's session was created.
    VisitorCreated,
    /// A visitor's session was not created: there were too many from the client's address.
    VisitorThrottled,
    /// A session got a new id.
    Renewed,
    /// The use of a session was noted.
    Touched,
    /// A session ended; the event tells why.
    Ended,
    /// Another site's request was refused.
    CrossOriginRefused,
    /// Logins of an area from before now were all ended.
    EndedForAll,
}

impl EventKind {
    /// The name in logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LoginSucceeded => "authn_login_success",
            Self::LoginFailed => "authn_login_fail",
            Self::LoginThrottled => "authn_login_fail_max",
            Self::Reauthenticated => "authn_reauthenticated",
            Self::VisitorCreated => "session_created",
            Self::VisitorThrottled => "excess_rate_limit_exceeded",
            Self::Renewed => "session_renewed",
            Self::Touched => "session_touched",
            Self::Ended => "session_expired",
            Self::CrossOriginRefused => "malicious_cross_origin",
            Self::EndedForAll => "session_expired_all",
        }
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Receives every [`Event`], after what it tells is on record.
///
/// It is called on the request's own thread: hand slow work to somebody else. A panic in it is caught and logged, and
/// harms neither the login nor the logout it was told of.
///
/// ```
/// use hallpass_core::{Event, EventKind, EventSink};
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// #[derive(Debug, Default)]
/// struct CountLogins(AtomicU64);
///
/// impl EventSink for CountLogins {
///     fn record(&self, event: &Event<'_>) {
///         if event.kind == EventKind::LoginSucceeded {
///             self.0.fetch_add(1, Ordering::Relaxed);
///         }
///     }
/// }
/// ```
pub trait EventSink: fmt::Debug + Send + Sync + 'static {
    /// Takes note of `event`.
    fn record(&self, event: &Event<'_>);
}

macro_rules! log_event {
    ($event:ident, $level:ident) => {
        tracing::event!(
            target: "hallpass",
            tracing::Level::$level,
            event = $event.kind.as_str(),
            realm = %$event.realm,
            subject = $event.subject.map(tracing::field::debug),
            session = $event.handle.map(tracing::field::display),
            reason = $event.reason.map(EndReason::as_str),
            actor = $event.actor.map(tracing::field::display),
            address = $event.client.and_then(ClientInfo::address).map(tracing::field::display),
            user_agent = $event.client.and_then(ClientInfo::user_agent).map(tracing::field::debug),
        )
    };
}
/// Writes every event through `tracing`, with the target `hallpass`: refusals and failures as warnings, touches as
/// debug, the rest as info.
#[derive(Debug, Clone, Copy, Default)]
pub struct TracingEvents;

impl EventSink for TracingEvents {
    fn record(&self, event: &Event<'_>) {
        match event.kind {
            EventKind::LoginFailed
            | EventKind::LoginThrottled
            | EventKind::VisitorThrottled
            | EventKind::CrossOriginRefused => log_event!(event, WARN),
            EventKind::Touched => log_event!(event, DEBUG),
            _ => log_event!(event, INFO),
        }
    }
}

/// Tells `sink`, whatever it does.
pub(crate) fn tell(sink: &dyn EventSink, event: &Event<'_>) {
    if catch_unwind(AssertUnwindSafe(|| sink.record(event))).is_err() {
        tracing::error!(target: "hallpass", event = event.kind.as_str(), "an event sink panicked; the event is lost to it");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Panics;

    impl EventSink for Panics {
        fn record(&self, _: &Event<'_>) {
            panic!("a sink's own fault");
        }
    }

    #[test]
    fn a_sink_that_panics_harms_nobody() {
        let realm = Realm::new("shop").unwrap();
        tell(&Panics, &Event::new(EventKind::Ended, SystemTime::UNIX_EPOCH, &realm));
    }
}
