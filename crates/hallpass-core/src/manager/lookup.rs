//! From the tokens of a request to what they open.

use super::SessionManager;
use crate::bearer;
use crate::cookie::{CookieKind, Presented, PresentedTokens};
use crate::head::RequestHead;
use crate::plan;
use crate::record::{EndReason, Record, Transport};
use crate::store::{Freshness, StoreError, StoreErrorKind};
use crate::time::Timestamp;
use crate::token::SessionKey;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How long this node may take a realm's `not_before` for what it was when last asked for.
const NOT_BEFORE_MAX_AGE: Duration = Duration::from_secs(5);

/// What the tokens of a request opened.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) login: Found,
    /// Looked up only without a live login.
    pub(crate) visitor: Found,
    /// When.
    pub(crate) at: Timestamp,
}

impl Opened {
    /// The session: a live login, or else a live visitor's.
    pub(crate) fn live(&self) -> Option<&Arc<Record>> {
        self.login.live().or_else(|| self.visitor.live())
    }

    /// What the tokens of this kind led to.
    pub(crate) fn of(&self, kind: CookieKind) -> &Found {
        match kind {
            CookieKind::Login => &self.login,
            CookieKind::Visitor => &self.visitor,
        }
    }

    /// Why the row under `key` no longer counts, if it was found so.
    pub(crate) fn over(&self, key: &SessionKey) -> Option<EndReason> {
        [&self.login, &self.visitor].into_iter().find_map(|found| match found {
            Found::Over(record, reason) if record.key == *key => Some(*reason),
            _ => None,
        })
    }

    /// Whether the session is there but cannot be read.
    pub(crate) fn is_undecodable(&self) -> bool {
        let visitor_counts = self.login.live().is_none();
        matches!(self.login, Found::Undecodable(_))
            || visitor_counts && matches!(self.visitor, Found::Undecodable(_))
    }
}

/// What one token led to.
#[derive(Debug, Clone)]
pub(crate) enum Found {
    Nothing,
    Over(Arc<Record>, EndReason),
    Undecodable(SessionKey),
    Live(Arc<Record>),
}

impl Found {
    pub(crate) fn live(&self) -> Option<&Arc<Record>> {
        match self {
            Self::Live(record) => Some(record),
            _ => None,
        }
    }

    /// The key of the row that is there, in whatever state.
    pub(crate) fn key(&self) -> Option<SessionKey> {
        match self {
            Self::Nothing => None,
            Self::Undecodable(key) => Some(*key),
            Self::Over(record, _) | Self::Live(record) => Some(record.key),
        }
    }

    pub(crate) fn for_plan(&self) -> plan::Found {
        match self {
            Self::Nothing => plan::Found::Nothing,
            Self::Over(_, reason) => plan::Found::Over(*reason),
            Self::Undecodable(_) => plan::Found::Undecodable,
            Self::Live(_) => plan::Found::Live,
        }
    }
}

/// What kind of session a token must lead to; what is of another is nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sort {
    kind: CookieKind,
    transport: Transport,
}

impl Sort {
    /// The one of `record`.
    pub(crate) fn of(record: &Record) -> Self {
        let kind = if record.identity.is_some() { CookieKind::Login } else { CookieKind::Visitor };
        Self { kind, transport: record.transport }
    }
}

impl SessionManager {
    /// Finds what the request presents: bearer tokens, where they are taken and it has any, and else cookies.
    pub(crate) fn presented_by(&self, head: &impl RequestHead) -> Presented {
        let bearer = if self.0.bearer { bearer::scan(head) } else { None };
        bearer.unwrap_or_else(|| self.0.cookies.scan(head))
    }

    /// Looks up what `presented` opens: the login first, the visitor's session only without a live login.
    pub(crate) async fn look_up(&self, presented: &Presented) -> Result<Opened, StoreError> {
        let at = self.now();
        let sort = |kind| Sort { kind, transport: presented.transport };
        let login = self.find(&presented.login, sort(CookieKind::Login), at).await?;
        let visitor = match login {
            Found::Live(_) => Found::Nothing,
            _ => self.find(&presented.visitor, sort(CookieKind::Visitor), at).await?,
        };
        Ok(Opened { login, visitor, at })
    }

    /// What the token leads to, perhaps by a cache. What is over there may have been extended elsewhere: the store is asked
    /// before it is ended for that.
    async fn find(&self, tokens: &PresentedTokens, sort: Sort, now: Timestamp) -> Result<Found, StoreError> {
        let Some(token) = tokens.token() else { return Ok(Found::Nothing) };
        let key = token.key_by(&self.0.realm, sort.transport);
        let found = self.find_key(&key, sort, now, Freshness::MayBeCached).await?;
        if matches!(found, Found::Over(..)) { self.find_latest(&key, sort, now).await } else { Ok(found) }
    }

    /// What `key` leads to at `now`, if it is of this sort and this area.
    pub(crate) fn find_latest(
        &self,
        key: &SessionKey,
        sort: Sort,
        now: Timestamp,
    ) -> impl Future<Output = Result<Found, StoreError>> + Send {
        self.find_key(key, sort, now, Freshness::Latest)
    }

    async fn find_key(
        &self,
        key: &SessionKey,
        sort: Sort,
        now: Timestamp,
        freshness: Freshness,
    ) -> Result<Found, StoreError> {
        let record = match self.load(key, freshness).await {
            Ok(Some(record)) => record,
            Ok(None) => return Ok(Found::Nothing),
            Err(error) if error.kind() == StoreErrorKind::Undecodable => {
                tracing::error!(target: "hallpass", ?key, error = &error as &dyn std::error::Error, "a session does not decode");
                return Ok(Found::Undecodable(*key));
            }
            Err(error) => return Err(error),
        };
        if !self.belongs(&record, key, sort) {
            return Ok(Found::Nothing);
        }
        let it_decides = record.identity.is_some() && record.is_live(now);
        if it_decides && !self.knows_not_before(now) {
            // Once in a while: other requests need no room for it.
            Box::pin(self.ask_not_before(now)).await?;
        }
        let not_before = Timestamp::from_millis(self.0.not_before.at.load(Ordering::Acquire));
        match record.over(now, Some(not_before)) {
            Some(reason) => Ok(Found::Over(record, reason)),
            None => Ok(Found::Live(record)),
        }
    }

    fn belongs(&self, record: &Record, key: &SessionKey, sort: Sort) -> bool {
        record.key == *key && record.realm == self.0.realm && Sort::of(record) == sort
    }

    pub(crate) async fn ask_not_before(&self, now: Timestamp) -> Result<(), StoreError> {
        let at = self.limited(self.0.store.not_before(&self.0.realm)).await?.unwrap_or_default();
        self.learn_not_before(at);
        self.0.not_before.asked.store(now.as_millis(), Ordering::Release);
        Ok(())
    }

    /// Whether the store was asked at most five seconds ago for the moment before which logins of this area do not count.
    fn knows_not_before(&self, now: Timestamp) -> bool {
        let asked = Timestamp::from_millis(self.0.not_before.asked.load(Ordering::Acquire));
        now >= asked && now.since(asked) < NOT_BEFORE_MAX_AGE && asked != Timestamp::default()
    }

    /// The store knows better than this node: it is asked for `not_before` before the next use.
    pub(crate) fn doubt_not_before(&self) {
        self.0.not_before.asked.store(0, Ordering::Release);
    }

    /// Takes note of a `not_before`, which never moves back.
    pub(crate) fn learn_not_before(&self, at: Timestamp) {
        self.0.not_before.at.fetch_max(at.as_millis(), Ordering::AcqRel);
    }
}
