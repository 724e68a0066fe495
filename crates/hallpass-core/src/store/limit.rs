use crate::record::Record;
use crate::time::Timestamp;
use crate::token::SessionKey;
use std::num::NonZeroU32;
use std::time::Duration;

/// How many live logins a user may have, and what gives way.
///
/// Logins that owe a factor are counted apart from the others: who knows a password but not the second factor ends
/// nobody's session with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimit {
    /// The largest number of live logins of one [`AuthLevel`](crate::AuthLevel).
    pub max: NonZeroU32,
    /// What a login beyond it does.
    pub when_reached: WhenReached,
}

/// What happens when a login would exceed the [`SessionLimit`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenReached {
    /// The least recently seen logins are ended.
    EndLeastRecent,
    /// The new login is refused.
    Refuse,
}

impl SessionLimit {
    /// How long a login may go unseen after its creation before it counts as one whose answer never arrived: its client
    /// was gone before it had the token. Such a login gives way first, and never refuses another.
    pub const UNSEEN_AFTER: Duration = Duration::from_secs(60);

    /// Which of `others`, the user's live logins of the same level, give way to one more at `now`; `None` if it is
    /// refused.
    ///
    /// First those that were not [seen](LastUse) within a minute of their creation, then the least recently seen.
    ///
    /// ```
    /// use hallpass_core::{LastUse, SessionKey, SessionLimit, Timestamp, WhenReached};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let at = |second: u64| Timestamp::from_millis(1000 * second);
    /// let one = |created, last_seen| LastUse { created: at(created), last_seen: at(last_seen), key: SessionKey::from_bytes([0; 34]) };
    /// let (used, unseen) = (one(0, 100), one(120, 120));
    ///
    /// let limit = SessionLimit { max: 2.try_into()?, when_reached: WhenReached::EndLeastRecent };
    /// assert_eq!(limit.gives_way(vec![used, unseen], at(130), |login| *login), Some(vec![used]));
    /// assert_eq!(limit.gives_way(vec![used, unseen], at(190), |login| *login), Some(vec![unseen]));
    ///
    /// let limit = SessionLimit { when_reached: WhenReached::Refuse, ..limit };
    /// assert_eq!(limit.gives_way(vec![used, unseen], at(130), |login| *login), None);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn gives_way<T>(
        self,
        mut others: Vec<T>,
        now: Timestamp,
        last_use: impl Fn(&T) -> LastUse,
    ) -> Option<Vec<T>> {
        let room = self.max.get() as usize - 1;
        let too_many = others.len().saturating_sub(room);
        others.sort_by_cached_key(|login| {
            let used = last_use(login);
            (!used.never_arrived(now), used.last_seen, used.created, used.key)
        });
        let refuses = self.when_reached == WhenReached::Refuse;
        if refuses && others.iter().take(too_many).any(|login| !last_use(login).never_arrived(now)) {
            return None;
        }
        others.truncate(too_many);
        Some(others)
    }
}

/// What decides which login gives way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastUse {
    /// When it was last seen to be used; the same as `created` if it never was.
    pub last_seen: Timestamp,
    /// When it was created.
    pub created: Timestamp,
    /// The key that opens it.
    pub key: SessionKey,
}

impl LastUse {
    /// That of `record`.
    #[must_use]
    pub fn of(record: &Record) -> Self {
        Self { last_seen: record.last_seen, created: record.created, key: record.key }
    }

    fn never_arrived(&self, now: Timestamp) -> bool {
        self.last_seen <= self.created && now.since(self.created) > SessionLimit::UNSEEN_AFTER
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64) -> Timestamp {
        Timestamp::from_millis(1000 * second)
    }

    fn login(created: u64, last_seen: u64) -> LastUse {
        LastUse {
            last_seen: at(last_seen),
            created: at(created),
            key: SessionKey::from_bytes([0; SessionKey::LEN]),
        }
    }

    fn gone(max: u32, when_reached: WhenReached, others: &[LastUse]) -> Option<Vec<LastUse>> {
        let limit = SessionLimit { max: NonZeroU32::new(max).unwrap(), when_reached };
        limit.gives_way(others.to_vec(), at(1000), |login| *login)
    }

    #[test]
    fn nobody_gives_way_while_there_is_room() {
        for when_reached in [WhenReached::EndLeastRecent, WhenReached::Refuse] {
            assert_eq!(gone(2, when_reached, &[login(0, 0)]), Some(vec![]));
        }
    }

    #[test]
    fn the_least_recently_seen_gives_way_and_then_the_older_one() {
        let [first, second, third] = [login(1, 500), login(2, 500), login(0, 501)];
        assert_eq!(gone(2, WhenReached::EndLeastRecent, &[third, second, first]), Some(vec![first, second]));
    }

    #[test]
    fn a_login_unseen_for_more_than_a_minute_goes_first_and_refuses_nobody() {
        let (long_used, unseen, new) = (login(0, 1), login(939, 939), login(940, 940));
        assert_eq!(gone(1, WhenReached::Refuse, &[unseen]), Some(vec![unseen]));
        assert_eq!(gone(2, WhenReached::Refuse, &[long_used, unseen]), Some(vec![unseen]));
        assert_eq!(gone(1, WhenReached::Refuse, &[long_used, unseen]), None);
        assert_eq!(gone(2, WhenReached::EndLeastRecent, &[long_used, unseen]), Some(vec![unseen]));
        assert_eq!(gone(1, WhenReached::Refuse, &[new]), None, "exactly a minute");
    }
}
