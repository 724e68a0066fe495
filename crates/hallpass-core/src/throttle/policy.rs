use super::BucketKind;
use super::limit::{AttemptLimit, Problem};
use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// How often passwords may be wrong, by account, by address and by session.
///
/// | limit | pass at once | then | one is forgotten every |
/// |---|---|---|---|
/// | [`account`](Self::account) | 5 | 2 s, doubling to 15 minutes | 15 minutes |
/// | [`address`](Self::address) | 100 | 1 s, doubling to 15 minutes | 10 s |
/// | [`session`](Self::session) | 10, and the session is ended | | 15 minutes |
/// | [`registration`](Self::registration) | 10 | 30 s, doubling to 15 minutes | 10 minutes |
///
/// An account that is guessed at day and night is thus guessed at about a hundred times a day, which is what NIST SP
/// 800-63B-4 §3.2.2 allows in a row. Watch for [`EventKind::LoginThrottled`](crate::EventKind::LoginThrottled), and ask
/// for another factor where it goes on.
///
/// Where a proxy stands in front, tell the layer the client's address: all clients of a proxy that is not on the same
/// host share one limit otherwise.
///
/// ```
/// use hallpass_core::{AttemptLimit, MemoryStore, SessionManager, ThrottlePolicy};
/// use std::num::NonZeroU32;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let usual = ThrottlePolicy::default();
/// // A school: a thousand pupils behind one address, all of them at eight o'clock.
/// let free = NonZeroU32::new(2_000).unwrap();
/// let policy = usual.address(AttemptLimit { free, ..usual.limit_of_address() });
/// let sessions = SessionManager::builder(MemoryStore::new()).throttle_policy(policy).build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThrottlePolicy {
    account: AttemptLimit,
    address: AttemptLimit,
    session: AttemptLimit,
    registration: AttemptLimit,
    is_on: bool,
}

impl Default for ThrottlePolicy {
    fn default() -> Self {
        let limit = |free: NonZeroU32, first_wait, forget_after| AttemptLimit {
            free,
            first_wait: Duration::from_secs(first_wait),
            longest_wait: AttemptLimit::LONGEST_WAIT,
            forget_after,
        };
        const FIVE: NonZeroU32 = NonZeroU32::new(5).expect("five is not zero");
        const TEN: NonZeroU32 = NonZeroU32::new(10).expect("ten is not zero");
        const HUNDRED: NonZeroU32 = NonZeroU32::new(100).expect("a hundred is not zero");
        Self {
            account: limit(FIVE, 2, 15 * MINUTE),
            address: limit(HUNDRED, 1, MINUTE / 6),
            session: limit(TEN, 2, 15 * MINUTE),
            registration: limit(TEN, 30, 10 * MINUTE),
            is_on: true,
        }
    }
}

impl ThrottlePolicy {
    /// Counts nothing and refuses nothing. Passwords can then be guessed as fast as they can be hashed, unless
    /// something in front of the application counts.
    #[must_use]
    pub fn danger_off() -> Self {
        Self { is_on: false, ..Self::default() }
    }

    /// Sets how often an account's password may be wrong: by what was typed, by the user it stands for, and, apart from
    /// both, in each browser in which the user has logged in before.
    #[must_use]
    pub fn account(mut self, limit: AttemptLimit) -> Self {
        self.account = limit;
        self
    }

    /// Sets how many logins may be tried from an address: right ones count too, or one's own would pay for guesses.
    #[must_use]
    pub fn address(mut self, limit: AttemptLimit) -> Self {
        self.address = limit;
        self
    }

    /// Sets how often the password may be wrong in a row within a session, where it is asked for again. After the last
    /// free attempt the session is ended.
    #[must_use]
    pub fn session(mut self, limit: AttemptLimit) -> Self {
        self.session = limit;
        self
    }

    /// Sets how many accounts may be made from an address.
    #[must_use]
    pub fn registration(mut self, limit: AttemptLimit) -> Self {
        self.registration = limit;
        self
    }

    /// The limit of an account.
    #[must_use]
    pub fn limit_of_account(&self) -> AttemptLimit {
        self.account
    }

    /// The limit of an address.
    #[must_use]
    pub fn limit_of_address(&self) -> AttemptLimit {
        self.address
    }

    /// The limit of a session.
    #[must_use]
    pub fn limit_of_session(&self) -> AttemptLimit {
        self.session
    }

    /// The limit of an address from which accounts are made.
    #[must_use]
    pub fn limit_of_registration(&self) -> AttemptLimit {
        self.registration
    }

    /// Whether anything is counted.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.is_on
    }

    /// Checks that the limits work. Building a manager does it too.
    ///
    /// # Errors
    ///
    /// When a limit is beyond what [`AttemptLimit`] allows.
    pub fn validate(&self) -> Result<(), ThrottlePolicyError> {
        let limits = [
            ("account", self.account),
            ("address", self.address),
            ("session", self.session),
            ("registration", self.registration),
        ];
        let problems = limits.into_iter().find_map(|(name, limit)| Some((name, limit.problem()?)));
        problems.map_or(Ok(()), |(name, problem)| Err(ThrottlePolicyError { name, problem }))
    }

    pub(crate) fn limit(&self, kind: BucketKind) -> &AttemptLimit {
        match kind {
            BucketKind::Account | BucketKind::Device => &self.account,
            BucketKind::Address => &self.address,
            BucketKind::Session => &self.session,
            BucketKind::Registration => &self.registration,
        }
    }
}

/// A limit of a [`ThrottlePolicy`] does not work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThrottlePolicyError {
    name: &'static str,
    problem: Problem,
}

impl fmt::Display for ThrottlePolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name;
        match self.problem {
            Problem::TooManyFree => write!(f, "the {name} limit has more than 10000 free attempts"),
            Problem::FirstWait => write!(f, "the first wait of the {name} limit is under one second"),
            Problem::LongestWait => write!(
                f,
                "the longest wait of the {name} limit is shorter than its first, or longer than 15 minutes, which would lock users out"
            ),
            Problem::ForgetAfter => write!(
                f,
                "the {name} limit forgets an attempt in under one second, or takes more than a week to forget all"
            ),
        }
    }
}

impl std::error::Error for ThrottlePolicyError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_work_and_an_account_is_guessed_at_about_a_hundred_times_a_day() {
        let policy = ThrottlePolicy::default();
        assert_eq!(policy.validate(), Ok(()));
        let limit = policy.limit_of_account();
        let (mut guesses, mut waited) = (0, Duration::ZERO);
        while waited < Duration::from_secs(24 * 60 * 60) {
            guesses += 1;
            waited += limit.wait_after(guesses);
        }
        assert!((100..=110).contains(&guesses), "{guesses}");
    }

    #[test]
    fn an_address_that_never_stops_gets_on_at_the_rate_at_which_it_is_forgotten() {
        let (limit, start) = (ThrottlePolicy::default().limit_of_address(), crate::Timestamp::from_millis(1));
        let (mut fill, mut now) = (super::super::limit::Fill::default(), start);
        for _ in 0..1_000 {
            fill = fill.with_one(&limit, now).unwrap().0;
            now = now.max(fill.blocked_until);
        }
        let beyond_free = 1_000 - limit.free.get();
        let span = now.since(start);
        assert!(
            span > limit.forget_after * (beyond_free - 20) && span < limit.forget_after * beyond_free * 2,
            "{span:?}"
        );
    }

    #[test]
    fn a_limit_that_does_not_work_is_named() {
        let usual = ThrottlePolicy::default();
        let wrong = AttemptLimit { first_wait: Duration::ZERO, ..usual.limit_of_session() };
        let error = usual.session(wrong).validate().unwrap_err();
        assert_eq!(error.to_string(), "the first wait of the session limit is under one second");
    }
}
