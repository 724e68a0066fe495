//! What the demo has acknowledged, and what it has answered.

use crate::client::{Reply, Token};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What is known of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fact {
    /// Its login was acknowledged.
    Live,
    /// A logout was sent and not acknowledged.
    Doubtful,
    /// Its logout was acknowledged.
    Ended,
}

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Asked {
    Public,
    Login,
    Visit,
    Logout,
    /// A visit after the logout.
    Replay,
}

/// One answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer {
    pub(crate) asked: Asked,
    pub(crate) status: u16,
    pub(crate) began: Instant,
    pub(crate) ended: Instant,
}

/// The record of one trial, shared by all who take part.
#[derive(Default)]
pub(crate) struct Ledger {
    inner: Mutex<Inner>,
    counts_in_store: bool,
}

#[derive(Default)]
struct Inner {
    facts: HashMap<Token, Fact>,
    answers: Vec<Answer>,
    violations: Vec<String>,
}

impl Ledger {
    /// Of a demo that counts attempts to log in where its sessions are. What was counted when the store went away, and could not
    /// be given back, stays counted: where many share an account, some of them have to wait.
    pub(crate) fn with_counts_in_store() -> Self {
        Self { counts_in_store: true, ..Self::default() }
    }

    /// Notes what is known of a session from now on.
    pub(crate) fn note(&self, token: &Token, fact: Fact) {
        self.inner().facts.insert(token.clone(), fact);
    }

    /// The sessions of which this is known.
    pub(crate) fn all(&self, fact: Fact) -> Vec<Token> {
        let inner = self.inner();
        inner.facts.iter().filter(|(_, known)| **known == fact).map(|(token, _)| token.clone()).collect()
    }

    /// Notes an answer, which must be `expected`, or a 503, or for a login perhaps a 429.
    pub(crate) fn answered(&self, asked: Asked, expected: u16, reply: &Reply) {
        let Reply { status, began, ended, .. } = *reply;
        self.inner().answers.push(Answer { asked, status, began, ended });
        let waits = self.counts_in_store && (asked, status) == (Asked::Login, 429);
        if status != expected && status != 503 && !waits {
            self.violation(format!("{asked:?} was answered {status} instead of {expected} or 503"));
        }
    }

    /// Notes what must not happen.
    pub(crate) fn violation(&self, what: String) {
        self.inner().violations.push(what);
    }

    /// All answers so far.
    pub(crate) fn answers(&self) -> Vec<Answer> {
        self.inner().answers.clone()
    }

    /// Fails the trial if anything happened that must not.
    pub(crate) fn assert_clean(&self) {
        let inner = self.inner();
        let mut kinds = BTreeMap::<&str, usize>::new();
        inner.violations.iter().for_each(|violation| *kinds.entry(violation).or_default() += 1);
        assert!(kinds.is_empty(), "this must not happen: {kinds:#?}");
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was asked of the store and answered between `from` and `to`, by status.
pub(crate) fn statuses(answers: &[Answer], from: Instant, to: Instant) -> BTreeMap<(Asked, u16), usize> {
    let mut counts = BTreeMap::new();
    let within =
        answers.iter().filter(|answer| answer.asked != Asked::Public && (from..to).contains(&answer.ended));
    within.for_each(|answer| *counts.entry((answer.asked, answer.status)).or_default() += 1);
    counts
}

/// How long after `moment` the last request began that was answered 503 before `until`.
pub(crate) fn last_refusal(answers: &[Answer], moment: Instant, until: Instant) -> Duration {
    let refused = answers.iter().filter(|answer| answer.asked != Asked::Public && answer.status == 503);
    let after = refused.filter(|answer| moment <= answer.began && answer.ended < until);
    after.map(|answer| answer.began - moment).max().unwrap_or_default()
}
