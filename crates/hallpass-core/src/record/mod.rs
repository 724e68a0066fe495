//! What a store keeps of a session.

mod codec;
mod data;
mod device_name;

pub use codec::DecodeError;
pub use data::{DataChange, SessionData};

use crate::ids::{Realm, Revision, SessionHandle, Stamp, Subject, SubjectKey};
use crate::time::Timestamp;
use crate::token::SessionKey;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

/// One session as a store keeps it: everything but the secret.
///
/// A visitor's session has no [`Identity`]; a login's has one. Stores keep every field and change none on their own, but
/// for [`SessionStore::touch`](crate::SessionStore::touch).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The hash of the token that opens it. Renewal changes it.
    pub key: SessionKey,
    /// Its public name. Renewal keeps it.
    pub handle: SessionHandle,
    /// When it may last be used unless it is used before.
    pub idle_until: Timestamp,
    /// When it ends however much it is used.
    pub absolute_until: Timestamp,
    /// When it was last seen to be used, as exactly as touches are written.
    pub last_seen: Timestamp,
    /// When it was created.
    pub created: Timestamp,
    /// How often it has been written.
    pub revision: Revision,
    /// Who is logged in; `None` for a visitor.
    pub identity: Option<Identity>,
    /// The application's values.
    pub data: SessionData,
    /// The area it belongs to.
    pub realm: Realm,
    /// What was known of the client when it was created.
    pub client: ClientInfo,
    /// How its token travels.
    pub transport: Transport,
}

impl Record {
    /// Whether it may be used at `now`: before both of its deadlines.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.idle_until && now < self.absolute_until
    }

    /// Which of its limits has passed at `now`, the absolute one if both have.
    #[must_use]
    pub fn timeout(&self, now: Timestamp) -> Option<EndReason> {
        match () {
            () if now >= self.absolute_until => Some(EndReason::AbsoluteTimeout),
            () if now >= self.idle_until => Some(EndReason::IdleTimeout),
            () => None,
        }
    }

    /// Why it no longer counts at `now`, where logins that were authenticated before `not_before` do not: the limit that
    /// has passed, or [`EndReason::EndedForAll`]. `None` while it is live.
    #[must_use]
    pub fn over(&self, now: Timestamp, not_before: Option<Timestamp>) -> Option<EndReason> {
        let ended_for_all = || {
            let authenticated = self.identity.as_ref()?.authenticated;
            not_before.filter(|at| authenticated < *at).map(|_| EndReason::EndedForAll)
        };
        self.timeout(now).or_else(ended_for_all)
    }

    /// The earlier of its two deadlines.
    #[must_use]
    pub fn deadline(&self) -> Timestamp {
        self.idle_until.min(self.absolute_until)
    }

    /// Who is logged in, as stores index it; `None` for a visitor.
    #[must_use]
    pub fn subject_key(&self) -> Option<SubjectKey> {
        let identity = self.identity.as_ref()?;
        Some(SubjectKey::new(self.realm.clone(), identity.subject.clone()))
    }
}

/// Who is logged in, since when, and how surely.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The user.
    pub subject: Subject,
    /// When the credentials were last checked.
    pub authenticated: Timestamp,
    /// The user's stamp at that moment.
    pub stamp: Stamp,
    /// Whether all factors have been shown.
    pub level: AuthLevel,
    /// Whether the user asked to be remembered.
    pub remembered: bool,
}

/// How far a login has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AuthLevel {
    /// All factors have been shown.
    #[default]
    Full,
    /// The first factor has been shown, another is still due: this counts as "not logged in" everywhere else.
    Pending,
}

/// How a session's token travels. One is never accepted as the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Transport {
    /// In a cookie.
    #[default]
    Cookie,
    /// In `Authorization: Bearer` (RFC 6750), for clients that are no browsers.
    Bearer,
}

/// What a client said of itself, and where it connected from. Kept to show users their devices; never trusted.
///
/// ```
/// use hallpass_core::ClientInfo;
///
/// let client = ClientInfo::new(Some("curl/8.9\r\nevil"), Some([127, 0, 0, 1].into()));
/// assert_eq!(client.user_agent(), Some("curl/8.9  evil"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClientInfo(Option<Arc<Client>>);

#[derive(Debug, PartialEq, Eq)]
struct Client {
    user_agent: Option<Box<str>>,
    address: Option<IpAddr>,
}

impl ClientInfo {
    /// How many bytes of a user agent are kept.
    pub const MAX_USER_AGENT: usize = 256;

    /// Keeps the first 256 bytes of the user agent, with a space for every character that is not to be seen but changes
    /// how lines break or in which direction text runs.
    #[must_use]
    pub fn new(user_agent: Option<&str>, address: Option<IpAddr>) -> Self {
        let user_agent = user_agent.map(clean_user_agent).filter(|text| !text.is_empty());
        let known = user_agent.is_some() || address.is_some();
        Self(known.then(|| Arc::new(Client { user_agent, address })))
    }

    /// The `User-Agent` header at creation.
    #[must_use]
    pub fn user_agent(&self) -> Option<&str> {
        self.0.as_ref()?.user_agent.as_deref()
    }

    /// What the client is called in a list of devices: `Firefox on Linux`, or the name that a program gives itself, such as
    /// `curl`. `None` if its user agent says nothing of the kind.
    ///
    /// Clients say what they want, so this is for people who look for their own devices, and for nothing else. Escape it
    /// on pages.
    ///
    /// ```
    /// use hallpass_core::ClientInfo;
    ///
    /// let client = ClientInfo::new(Some("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"), None);
    /// assert_eq!(client.device_name().as_deref(), Some("Firefox on Linux"));
    /// ```
    #[must_use]
    pub fn device_name(&self) -> Option<String> {
        device_name::device_name(self.user_agent()?)
    }

    /// The peer's address at creation.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.0.as_ref()?.address
    }
}

fn clean_user_agent(text: &str) -> Box<str> {
    let longest = text.len().min(ClientInfo::MAX_USER_AGENT);
    let end = (0..=longest).rfind(|end| text.is_char_boundary(*end)).unwrap_or_default();
    // None of what takes their place is longer.
    text[..end].chars().map(|c| if is_unseen(c) { ' ' } else { c }).collect()
}

/// Control characters, line and paragraph separators, and those that turn text around (Unicode Standard Annex 9 §2): in a
/// log or a list of devices they would make one text look like another.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EndReason {
    /// Its own user logged out with it.
    LoggedOut,
    /// Its user ended it from another session, or all at once.
    LoggedOutElsewhere,
    /// An administrator ended it.
    Administrator,
    /// The user's credentials were changed.
    CredentialsChanged,
    /// The account was disabled or deleted.
    AccountDisabled,
    /// A newer login of the same user exceeded the limit.
    SessionLimit,
    /// It was not used for too long.
    IdleTimeout,
    /// It reached its absolute limit.
    AbsoluteTimeout,
    /// A login in the same browser took its place.
    Superseded,
    /// Everybody's sessions were ended at once.
    EndedForAll,
    /// The password was asked for again within it, and was wrong too often in a row.
    TooManyAttempts,
    /// It was created by a login that then could not be completed.
    Abandoned,
    /// It is gone from the store, for a reason that did not reach this node.
    Unknown,
}

const REASONS: [(EndReason, &str); 13] = [
    (EndReason::LoggedOut, "logged_out"),
    (EndReason::LoggedOutElsewhere, "logged_out_elsewhere"),
    (EndReason::Administrator, "administrator"),
    (EndReason::CredentialsChanged, "credentials_changed"),
    (EndReason::AccountDisabled, "account_disabled"),
    (EndReason::SessionLimit, "session_limit"),
    (EndReason::IdleTimeout, "idle_timeout"),
    (EndReason::AbsoluteTimeout, "absolute_timeout"),
    (EndReason::Superseded, "superseded"),
    (EndReason::EndedForAll, "ended_for_all"),
    (EndReason::TooManyAttempts, "too_many_attempts"),
    (EndReason::Abandoned, "abandoned"),
    (EndReason::Unknown, "unknown"),
];

impl EndReason {
    /// The name under which stores, logs and event streams know the reason.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        REASONS.iter().find(|(reason, _)| *reason == self).map_or("unknown", |(_, name)| name)
    }

    /// The reason with this name; an unfamiliar name, as a newer node may write, is [`EndReason::Unknown`].
    #[must_use]
    pub fn parse(name: &str) -> Self {
        REASONS.iter().find(|(_, known)| *known == name).map_or(Self::Unknown, |(reason, _)| *reason)
    }

    /// Whether the session had already run out.
    #[must_use]
    pub fn is_timeout(self) -> bool {
        matches!(self, Self::IdleTimeout | Self::AbsoluteTimeout)
    }
}

impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_reads_back_from_its_name() {
        for (reason, name) in REASONS {
            assert_eq!(EndReason::parse(name), reason);
            assert_eq!(reason.as_str(), name);
        }
        assert_eq!(EndReason::parse("something newer"), EndReason::Unknown);
    }

    #[test]
    fn a_user_agent_shows_as_it_is_in_one_line() {
        let hostile = "a\0b\r\nc\x1b[31md\u{85}e\u{2028}f\u{202e}g\u{2066}h\u{200b}i\u{feff}j\x7f";
        let client = ClientInfo::new(Some(hostile), None);
        assert_eq!(client.user_agent(), Some("a b  c [31md e f g h i j "));
        assert_eq!(ClientInfo::new(client.user_agent(), None), client, "a store changes nothing");
    }

    proptest::proptest! {
        #[test]
        fn any_user_agent_is_short_and_without_control_characters(text in "(\\PC|\\p{C}|ü){0,300}") {
            let client = ClientInfo::new(Some(&text), None);
            let kept = client.user_agent().unwrap_or_default();
            proptest::prop_assert!(kept.len() <= ClientInfo::MAX_USER_AGENT);
            proptest::prop_assert!(!kept.chars().any(is_unseen));
        }
    }

    #[test]
    fn a_user_agent_is_cut_at_a_character_and_cleaned() {
        let client = ClientInfo::new(Some(&"ü".repeat(400)), None);
        assert_eq!(client.user_agent(), Some("ü".repeat(128).as_str()));
        assert_eq!(ClientInfo::new(Some(""), None), ClientInfo::default());
    }
}
