//! Throttles that are wrong, and the cases that tell.

use async_trait::async_trait;
use hallpass_core::{
    Admission, AttemptLimit, Bucket, OsRandom, StoreError, Throttle, ThrottleSecret, Timestamp,
};
use hallpass_testkit::throttle;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

/// What is wrong with a [`NaiveThrottle`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bug {
    None,
    OneFreeTooMany,
    WaitNeverGrows,
    WaitGrowsForEver,
    TellsAnotherWait,
    RefusalsCount,
    NothingIsForgotten,
    AllIsForgottenAtOnce,
    RemembersMoreThanCounts,
    SuccessGivesOneBack,
    AllRealmsAreOne,
    BelievesAnyClock,
    LooksBeforeItTakes,
    GivesBackWhenDropped,
    ANewSecretEachTime,
}

#[derive(Debug, Clone, Copy, Default)]
struct Count {
    empty_at: Timestamp,
    blocked_until: Timestamp,
}

/// Counts in a map, as short as can be.
#[derive(Debug)]
struct NaiveThrottle {
    bug: Bug,
    secret: ThrottleSecret,
    counts: Mutex<HashMap<Vec<u8>, Count>>,
}

impl NaiveThrottle {
    fn new(bug: Bug) -> Self {
        Self { bug, secret: ThrottleSecret::random(&OsRandom).unwrap(), counts: Mutex::default() }
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<Vec<u8>, Count>> {
        self.counts.lock().unwrap()
    }

    fn name(&self, bucket: &Bucket) -> Vec<u8> {
        if self.bug == Bug::AllRealmsAreOne { vec![] } else { bucket.name().to_vec() }
    }

    fn decide(&self, count: Count, limit: &AttemptLimit, now: Timestamp) -> (Count, Admission) {
        let mut wait = count.blocked_until.since(now);
        if ![Bug::BelievesAnyClock, Bug::WaitGrowsForEver].contains(&self.bug) {
            wait = wait.min(limit.longest_wait);
        }
        if !wait.is_zero() {
            let until = now + if self.bug == Bug::RefusalsCount { limit.longest_wait } else { wait };
            let told = if self.bug == Bug::TellsAnotherWait { wait / 2 } else { wait };
            return (Count { blocked_until: until, ..count }, Admission::Refused { retry_after: told });
        }
        self.count(count, limit, now)
    }

    fn count(&self, count: Count, limit: &AttemptLimit, now: Timestamp) -> (Count, Admission) {
        let memory = if self.bug == Bug::RemembersMoreThanCounts { Duration::MAX } else { limit.memory() };
        let counted = match self.bug {
            Bug::AllIsForgottenAtOnce if count.blocked_until < now => Duration::ZERO,
            _ => count.empty_at.since(now).min(memory),
        };
        let before = counted.as_millis().div_ceil(limit.forget_after.as_millis());
        let failures = (before as u32 + 1).min(limit.most());
        let wait = match self.bug {
            Bug::OneFreeTooMany => limit.wait_after(failures - 1),
            Bug::WaitNeverGrows => limit.wait_after(failures.min(limit.free.get())),
            Bug::WaitGrowsForEver => {
                AttemptLimit { longest_wait: Duration::MAX, ..*limit }.wait_after(failures)
            }
            _ => limit.wait_after(failures),
        };
        let remembered = (counted + limit.forget_after).min(memory);
        let forgotten =
            if self.bug == Bug::NothingIsForgotten { Duration::from_secs(1 << 30) } else { Duration::ZERO };
        let filled = Count { empty_at: now + remembered + forgotten, blocked_until: now + wait };
        (filled, Admission::Admitted { failures })
    }
}

/// Gives back what was taken, unless somebody waits for the answer.
struct Regret<'a>(Option<(&'a NaiveThrottle, Vec<u8>)>);

impl Drop for Regret<'_> {
    fn drop(&mut self) {
        if let Some((throttle, name)) = self.0.take() {
            throttle.counts().remove(&name);
        }
    }
}

#[async_trait]
impl Throttle for NaiveThrottle {
    async fn admit(
        &self,
        bucket: &Bucket,
        limit: &AttemptLimit,
        now: Timestamp,
    ) -> Result<Admission, StoreError> {
        let name = self.name(bucket);
        if self.bug == Bug::LooksBeforeItTakes {
            let known = self.counts().get(&name).copied().unwrap_or_default();
            tokio::task::yield_now().await;
            let (count, answer) = self.decide(known, limit, now);
            self.counts().insert(name, count);
            return Ok(answer);
        }
        let answer = {
            let mut counts = self.counts();
            let count = counts.entry(name.clone()).or_default();
            let (filled, answer) = self.decide(*count, limit, now);
            *count = filled;
            answer
        };
        if self.bug == Bug::GivesBackWhenDropped {
            let mut regret = Regret(Some((self, name)));
            tokio::task::yield_now().await;
            regret.0 = None;
        }
        Ok(answer)
    }

    async fn clear(&self, bucket: &Bucket) -> Result<(), StoreError> {
        let name = self.name(bucket);
        match self.bug {
            Bug::SuccessGivesOneBack => {
                self.counts().entry(name).and_modify(|count| count.blocked_until = Timestamp::default());
            }
            _ => drop(self.counts().remove(&name)),
        }
        Ok(())
    }

    async fn secret(&self) -> Result<ThrottleSecret, StoreError> {
        match self.bug {
            Bug::ANewSecretEachTime => ThrottleSecret::random(&OsRandom).map_err(StoreError::unavailable),
            _ => Ok(self.secret.clone()),
        }
    }
}

mod naive_throttle {
    hallpass_testkit::throttle_tests!(|| async { super::NaiveThrottle::new(super::Bug::None) });
}

/// Every way of being wrong, and one case that must find it.
const FOUND_BY: [(Bug, &str); 17] = [
    (Bug::OneFreeTooMany, "free_attempts_pass_at_once"),
    (Bug::WaitNeverGrows, "waits_double_up_to_the_longest"),
    (Bug::WaitGrowsForEver, "all_is_forgotten_in_the_end"),
    (Bug::TellsAnotherWait, "the_wait_it_tells_is_the_wait_there_is"),
    (Bug::RefusalsCount, "a_refused_attempt_costs_nothing"),
    (Bug::NothingIsForgotten, "attempts_are_forgotten_one_after_the_other"),
    (Bug::AllIsForgottenAtOnce, "attempts_are_forgotten_one_after_the_other"),
    (Bug::RemembersMoreThanCounts, "all_is_forgotten_in_the_end"),
    (Bug::AllIsForgottenAtOnce, "waits_that_do_not_grow_are_a_steady_rate"),
    (Bug::NothingIsForgotten, "waits_that_do_not_grow_are_a_steady_rate"),
    (Bug::SuccessGivesOneBack, "a_success_gives_everything_back"),
    (Bug::AllRealmsAreOne, "buckets_do_not_disturb_each_other"),
    (Bug::BelievesAnyClock, "a_clock_that_goes_back_makes_nobody_wait_longer"),
    (Bug::LooksBeforeItTakes, "attempts_at_once_get_no_more_than_one_after_the_other"),
    (Bug::LooksBeforeItTakes, "one_of_many_passes_after_a_wait"),
    (Bug::GivesBackWhenDropped, "what_was_taken_stays_taken_when_nobody_waits_for_the_answer"),
    (Bug::ANewSecretEachTime, "the_secret_stays"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_wrong_throttle_is_found_by_the_case_that_names_it() {
    for (bug, name) in FOUND_BY {
        let case = throttle::all().into_iter().find(|case| case.name() == name).unwrap();
        let broken = case.run(NaiveThrottle::new(bug)).await;
        assert!(broken.is_err(), "{bug:?} is not found by {name}");
    }
    let named = |case: &throttle::Case| FOUND_BY.iter().any(|(_, name)| *name == case.name());
    assert!(throttle::all().iter().all(named), "a case that no bug makes fail proves nothing");
}
