use super::BucketKind;
use super::limit::{AttemptLimit, Problem};
use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// How often passwords may be wrong, by account, by address and by session; and how many sessions visitors may begin.
///
/// | limit | pass at once | then | one is forgotten every |
/// |---|---|---|---|
/// | [`account`](Self::account) | 5 | 2 s, doubling to 15 minutes | 15 minutes |
/// | [`address`](Self::address) | 100 | 1 s, doubling to 15 minutes | 10 s |
/// | [`session`](Self::session) | 10, and the session is ended | | 15 minutes |
/// | [`registration`](Self::registration) | 10 | 30 s, doubling to 15 minutes | 10 minutes |
/// | [`visitor`](Self::visitor) | 1 000 | 5 s | 5 s |
///
/// An account that is guessed at day and night is thus guessed at about a hundred times a day, which is what NIST SP
/// 800-63B-4 §3.2.2 allows in a row. Watch for [`EventKind::LoginThrottled`](crate::EventKind::LoginThrottled), and ask
/// for another factor where it goes on.
///
/// Where a proxy stands in front, tell the layer the client's address: all clients of a proxy that is not on the same
/// host share one limit otherwise. A client whose address is not known, or is this host's own, has no limit by address.
///
/// # How much room visitors can take
///
/// A visitor's session takes room in the store from the first value on that is set. Waits that do not grow make the limit
/// a bucket of `free` sessions that is filled again by one every `first_wait`: in any span, from one address, visitors
/// begin at most `free + span / first_wait` of them. Those that are still there at some moment were begun no longer ago
/// than they may live ([`SessionPolicy::visitor`](crate::SessionPolicy::visitor)), so with the defaults there are at once
///
/// * 1 000 + 30 min / 5 s = **1 360** that nobody uses, and
/// * 1 000 + 12 h / 5 s = **9 640** if somebody takes the trouble to use each of them every half hour,
///
/// besides those that have run out and are not swept yet. Each holds at most 4 KiB of values
/// ([`SessionPolicy::max_visitor_data`](crate::SessionPolicy::max_visitor_data)), a quarter of a KiB of user agent, and a
/// few hundred bytes for the rest: less than 7 MiB, or 50 MiB. An IPv6 address counts with the rest of its /64, and every
/// node counts for itself unless they share a throttle. Who has many addresses has as many limits: memory is bounded by
/// the [`MemoryStore`](crate::MemoryStore) itself, a database by its operator.
///
/// Over the limit the request is answered with 429 and `Retry-After`, and writes nothing. Whoever has a session, of a
/// visitor or of a user, goes on with it, and logs in and out; what is written after a logout of the same request takes
/// the place of the login that it ended, and is not counted. A session counts though its row could then not be written.
/// While the throttle cannot be asked none is begun: 503, as for logins.
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
    visitor: AttemptLimit,
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
        const THOUSAND: NonZeroU32 = NonZeroU32::new(1_000).expect("a thousand is not zero");
        let five_seconds = MINUTE / 12;
        Self {
            account: limit(FIVE, 2, 15 * MINUTE),
            address: limit(HUNDRED, 1, MINUTE / 6),
            session: limit(TEN, 2, 15 * MINUTE),
            registration: limit(TEN, 30, 10 * MINUTE),
            visitor: AttemptLimit { longest_wait: five_seconds, ..limit(THOUSAND, 5, five_seconds) },
            is_on: true,
        }
    }
}

impl ThrottlePolicy {
    /// Counts nothing and refuses nothing. Passwords can then be guessed as fast as they can be hashed, and visitors
    /// fill the store as fast as it writes, unless something in front of the application counts.
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

    /// Sets how many visitors' sessions may be begun from an address. With a longest wait that is no longer than the first,
    /// and attempts that are forgotten as fast, one may be begun every such wait once the free ones are used up.
    #[must_use]
    pub fn visitor(mut self, limit: AttemptLimit) -> Self {
        self.visitor = limit;
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

    /// The limit of an address from which visitors' sessions are begun.
    #[must_use]
    pub fn limit_of_visitor(&self) -> AttemptLimit {
        self.visitor
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
            ("visitor", self.visitor),
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
            BucketKind::Visitor => &self.visitor,
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
    fn visitors_who_never_stop_begin_no_more_sessions_than_the_arithmetic_says() {
        let policy = ThrottlePolicy::default();
        let (limit, start) = (policy.limit_of_visitor(), crate::Timestamp::from_millis(1));
        let (mut fill, mut begun) = (super::super::limit::Fill::default(), Vec::new());
        let hours = |hours: u64| Duration::from_secs(hours * 60 * 60);
        let mut now = start;
        while now.since(start) < hours(48) {
            // A pause now and then: what it saves up must not add to what was free.
            let pause = if begun.len() % 2_500 == 2_499 { hours(1) } else { Duration::ZERO };
            now = (now + pause).max(fill.blocked_until);
            fill = fill.with_one(&limit, now).unwrap().0;
            begun.push(now);
        }
        for (span, most) in [(hours(1) / 2, 1_360), (hours(12), 9_640)] {
            let alive_at = |end: usize| {
                begun[..=end].iter().rev().take_while(|at| begun[end].since(**at) < span).count()
            };
            let alive = (0..begun.len()).step_by(97).map(alive_at).max().unwrap();
            assert!(alive <= most && alive > most / 2, "{alive} of {most} within {span:?}");
        }
    }

    #[test]
    fn a_limit_that_does_not_work_is_named() {
        let usual = ThrottlePolicy::default();
        let wrong = AttemptLimit { first_wait: Duration::ZERO, ..usual.limit_of_session() };
        let error = usual.session(wrong).validate().unwrap_err();
        assert_eq!(error.to_string(), "the first wait of the session limit is under one second");
    }
}
