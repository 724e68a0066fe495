//! How long sessions live, and how large they may grow.

use crate::store::{SessionLimit, WhenReached};
use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long sessions live, how many logins a user may have, and how much data a session may hold.
///
/// An idle and an absolute limit are always both on (ASVS 7.3.1, 7.3.2). The defaults: idle 30 minutes, absolute
/// 12 hours; for remembered logins 14 and 30 days; for visitors 30 minutes and 12 hours; 100 logins a user, of which
/// the least recently used gives way; 64 KiB of data, 4 KiB for visitors.
///
/// ```
/// use hallpass_core::SessionPolicy;
/// use std::time::Duration;
///
/// let policy = SessionPolicy::default().idle(Duration::from_secs(10 * 60)).absolute(Duration::from_secs(8 * 3600));
/// assert!(policy.validate().is_ok());
/// // An idle limit that can never strike before the absolute one is refused when the manager is built.
/// assert!(policy.idle(Duration::from_secs(9 * 3600)).validate().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionPolicy {
    pub(crate) login: Lifetime,
    pub(crate) remembered: Lifetime,
    pub(crate) visitor: Lifetime,
    pub(crate) touch_after: Duration,
    pub(crate) limit: SessionLimit,
    pub(crate) max_data: usize,
    pub(crate) max_visitor_data: usize,
}

/// An idle and an absolute limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lifetime {
    pub(crate) idle: Duration,
    pub(crate) absolute: Duration,
}

const DEFAULT_LIMIT: NonZeroU32 = NonZeroU32::new(100).expect("100 is not zero");

impl Default for SessionPolicy {
    fn default() -> Self {
        let login = Lifetime { idle: 30 * MINUTE, absolute: 12 * HOUR };
        Self {
            login,
            remembered: Lifetime { idle: 14 * DAY, absolute: 30 * DAY },
            visitor: login,
            touch_after: MINUTE,
            limit: SessionLimit { max: DEFAULT_LIMIT, when_reached: WhenReached::EndLeastRecent },
            max_data: 64 * 1024,
            max_visitor_data: 4 * 1024,
        }
    }
}

impl SessionPolicy {
    /// NIST SP 800-63B-4 at AAL1 (§2.1.3): re-authentication at least every 30 days. An idle limit is optional there;
    /// it is 14 days here. Remembered logins have the same limits.
    #[must_use]
    pub fn nist_aal1() -> Self {
        Self::with_all(Lifetime { idle: 14 * DAY, absolute: 30 * DAY })
    }

    /// NIST SP 800-63B-4 at AAL2 (§2.2.3): at least every 24 hours, and after one hour without activity. Asking to be
    /// remembered changes nothing.
    #[must_use]
    pub fn nist_aal2() -> Self {
        Self::with_all(Lifetime { idle: HOUR, absolute: 24 * HOUR })
    }

    /// NIST SP 800-63B-4 at AAL3 (§2.3.3): at least every 12 hours, and after 15 minutes without activity. Asking to
    /// be remembered changes nothing.
    #[must_use]
    pub fn nist_aal3() -> Self {
        Self::with_all(Lifetime { idle: 15 * MINUTE, absolute: 12 * HOUR })
    }

    fn with_all(login: Lifetime) -> Self {
        Self { login, remembered: login, ..Self::default() }
    }

    /// Ends a login after this long without use. At least one second.
    #[must_use]
    pub fn idle(mut self, limit: Duration) -> Self {
        self.login.idle = limit;
        self
    }

    /// Ends a login this long after its credentials were checked, however much it is used.
    #[must_use]
    pub fn absolute(mut self, limit: Duration) -> Self {
        self.login.absolute = limit;
        self
    }

    /// The idle and absolute limits of a login that asked to be remembered. Its cookie outlives the browser's session
    /// for what is left of the absolute limit, at most 400 days (RFC 6265bis §5.5).
    #[must_use]
    pub fn remembered(mut self, idle: Duration, absolute: Duration) -> Self {
        self.remembered = Lifetime { idle, absolute };
        self
    }

    /// The idle and absolute limits of a visitor's session.
    #[must_use]
    pub fn visitor(mut self, idle: Duration, absolute: Duration) -> Self {
        self.visitor = Lifetime { idle, absolute };
        self
    }

    /// Notes use in the store only if the last note is this old, one minute by default: idle limits are exact to this
    /// span, and a busy session costs one write in it. Zero notes every use.
    #[must_use]
    pub fn touch_after(mut self, span: Duration) -> Self {
        self.touch_after = span;
        self
    }

    /// How many live logins a user may have, and what gives way.
    #[must_use]
    pub fn limit(mut self, max: NonZeroU32, when_reached: WhenReached) -> Self {
        self.limit = SessionLimit { max, when_reached };
        self
    }

    /// How many bytes of data a login may hold, names and lengths included.
    #[must_use]
    pub fn max_data(mut self, bytes: usize) -> Self {
        self.max_data = bytes;
        self
    }

    /// How many bytes of data a visitor may hold, names and lengths included.
    #[must_use]
    pub fn max_visitor_data(mut self, bytes: usize) -> Self {
        self.max_visitor_data = bytes;
        self
    }

    /// How many live logins a user may have.
    #[must_use]
    pub fn session_limit(&self) -> SessionLimit {
        self.limit
    }

    /// Checks that the limits make sense together. Building a manager does it too.
    ///
    /// # Errors
    ///
    /// When an idle limit is under a second or over its absolute one, or notes of use are further apart than half of
    /// an idle limit.
    pub fn validate(&self) -> Result<(), PolicyError> {
        for (name, life) in
            [("login", self.login), ("remembered", self.remembered), ("visitor", self.visitor)]
        {
            if life.idle < Duration::from_secs(1) {
                return Err(PolicyError { name, problem: Problem::IdleTooShort });
            }
            if life.idle > life.absolute {
                return Err(PolicyError { name, problem: Problem::IdleOverAbsolute });
            }
            if self.touch_after > life.idle / 2 {
                return Err(PolicyError { name, problem: Problem::TouchTooRare });
            }
        }
        Ok(())
    }

    pub(crate) fn lifetime(&self, kind: LifetimeKind) -> Lifetime {
        match kind {
            LifetimeKind::Visitor => self.visitor,
            LifetimeKind::Login { remembered: true } => self.remembered,
            LifetimeKind::Login { remembered: false } => self.login,
        }
    }
}

/// Whose limits apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LifetimeKind {
    Visitor,
    Login { remembered: bool },
}

/// Limits of a [`SessionPolicy`] do not go together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyError {
    name: &'static str,
    problem: Problem,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Problem {
    IdleTooShort,
    IdleOverAbsolute,
    TouchTooRare,
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name;
        match self.problem {
            Problem::IdleTooShort => write!(f, "the idle limit of {name} sessions is under one second"),
            Problem::IdleOverAbsolute => {
                write!(
                    f,
                    "the idle limit of {name} sessions is longer than their absolute limit; lower the one or raise the other"
                )
            }
            Problem::TouchTooRare => {
                write!(
                    f,
                    "touch_after is more than half of the idle limit of {name} sessions, so that sessions in use would end; lower it"
                )
            }
        }
    }
}

impl std::error::Error for PolicyError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_presets_keep_to_the_limits_of_nist() {
        let limits = [
            (SessionPolicy::nist_aal1(), 30 * DAY, 30 * DAY),
            (SessionPolicy::nist_aal2(), HOUR, 24 * HOUR),
            (SessionPolicy::nist_aal3(), 15 * MINUTE, 12 * HOUR),
        ];
        for (policy, idle, absolute) in limits {
            for life in [policy.login, policy.remembered] {
                assert!(life.idle <= idle && life.absolute <= absolute, "{life:?}");
            }
            assert_eq!(policy.validate(), Ok(()));
        }
    }

    #[test]
    fn limits_that_cannot_work_together_are_refused() {
        let policy = SessionPolicy::default();
        let wrong = [
            policy.idle(Duration::ZERO).touch_after(Duration::ZERO),
            policy.idle(13 * HOUR),
            policy.remembered(2 * DAY, DAY),
            policy.visitor(Duration::from_millis(999), DAY),
            policy.touch_after(16 * MINUTE),
        ];
        for policy in wrong {
            assert!(policy.validate().is_err(), "{policy:?}");
        }
    }
}
