//! The rules by which an answer is kept, served and made void.

use crate::clock::Time;
use crate::entries::{Entries, Kept};
use crate::marks::{Marks, Stamp};
use hallpass_core::{Ended, FeedEvent, Freshness, Record, SessionKey, SessionStore, Shard, StoreError};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

type Call<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// The cache without its listener: everything that decides, and nothing that waits for anything but the store.
pub(crate) struct State {
    pub(crate) store: Arc<dyn SessionStore>,
    pub(crate) entries: Entries,
    pub(crate) marks: Marks,
    pub(crate) time: Time,
    pub(crate) max_staleness: Duration,
}

/// When and under what a load began.
#[derive(Debug, Clone, Copy)]
struct Begun {
    /// `None` if it lies beyond the end of time.
    valid_until: Option<Instant>,
    /// `None` if its answer must not be kept.
    stamp: Option<Stamp>,
}

impl State {
    /// An answer that may be served now, if there is one.
    pub(crate) fn hit(&self, key: &SessionKey) -> Option<Option<Arc<Record>>> {
        if let Some(kept) = self.entries.session(key) {
            return self.may_serve(&kept, key).then_some(Some(kept.answer));
        }
        let kept = self.entries.unknown(key)?;
        self.may_serve(&kept, key).then_some(None)
    }

    fn may_serve<T>(&self, kept: &Kept<T>, key: &SessionKey) -> bool {
        self.marks.is_current(kept.stamp, key.shard()) && self.time.now() < kept.valid_until
    }

    /// Asks the store, and keeps its answer if nothing speaks against it.
    pub(crate) async fn ask(&self, key: &SessionKey) -> Result<Option<Arc<Record>>, StoreError> {
        let begun = self.begin_load(key);
        // Never another cache's answer: the bounds of both would add up.
        let answer = self.store.load(key, Freshness::Latest).await?;
        self.keep(key, &answer, begun);
        Ok(answer)
    }

    /// The answer is as old as the beginning of its load: nobody knows when between that and now the store looked.
    fn begin_load(&self, key: &SessionKey) -> Begun {
        let now = self.time.now();
        Begun {
            valid_until: now.checked_add(self.max_staleness),
            stamp: self.marks.stamp(key.shard(), self.time.nanos(now)),
        }
    }

    fn keep(&self, key: &SessionKey, answer: &Option<Arc<Record>>, begun: Begun) {
        if answer.is_none() {
            self.entries.remove(key);
        }
        let Begun { valid_until: Some(valid_until), stamp: Some(stamp) } = begun else { return };
        let kept = Kept { answer: answer.clone(), valid_until, stamp };
        let belongs = answer.as_ref().is_none_or(|record| record.key == *key);
        if belongs && self.may_serve(&kept, key) && !self.has_newer(key, &kept) {
            self.entries.insert(key, kept);
        }
    }

    /// Of two loads that overlap, the one that began later counts.
    fn has_newer<T>(&self, key: &SessionKey, than: &Kept<T>) -> bool {
        let is_newer = |stamp, valid_until| stamp == than.stamp && valid_until > than.valid_until;
        self.entries.session(key).is_some_and(|kept| is_newer(kept.stamp, kept.valid_until))
            || self.entries.unknown(key).is_some_and(|kept| is_newer(kept.stamp, kept.valid_until))
    }

    /// Begins a change of this shard, before the store is called.
    pub(crate) fn change(&self, shard: Shard) -> Change<'_> {
        self.marks.begin(shard);
        Change { state: self, shard, confirmed: false }
    }

    /// A call made here has ended these sessions.
    pub(crate) fn forget(&self, ended: &[Ended]) {
        for one in ended {
            self.entries.remove(&one.key);
            self.marks.mark(one.key.shard());
        }
    }

    /// Takes note of what the feed tells.
    pub(crate) fn hear(&self, event: &FeedEvent) {
        match event {
            FeedEvent::Ended(ended) => self.hear_end(&ended.key),
            FeedEvent::Replaced { old, .. } => self.hear_end(old),
            // A load answers with the record all the same: whoever asked compares.
            FeedEvent::NotBefore { .. } => {}
            // Something may have been missed, or this version cannot tell what is meant.
            _ => self.set_heard(self.marks.is_heard()),
        }
    }

    fn hear_end(&self, key: &SessionKey) {
        self.close(key.shard());
        self.marks.mark(key.shard());
        self.entries.remove(key);
    }

    /// For as long as an answer from before could be served, the store is asked.
    fn close(&self, shard: Shard) {
        let until = self.time.now().checked_add(self.max_staleness);
        self.marks.close(shard, until.map_or(u64::MAX, |until| self.time.nanos(until)));
    }

    /// Makes everything void.
    pub(crate) fn set_heard(&self, heard: bool) {
        self.marks.set_heard(heard);
        self.entries.clear();
    }
}

/// A change made here, from before its call until it is answered, fails or is dropped. Meanwhile the shard's answers come
/// from the store and are not kept.
#[must_use]
pub(crate) struct Change<'a> {
    state: &'a State,
    shard: Shard,
    confirmed: bool,
}

impl Change<'_> {
    pub(crate) async fn made<T>(mut self, call: Call<'_, T>) -> Result<T, StoreError> {
        let answer = call.await;
        self.confirmed = answer.is_ok();
        answer
    }
}

impl Drop for Change<'_> {
    fn drop(&mut self) {
        // What was not confirmed may still happen.
        if !self.confirmed {
            self.state.close(self.shard);
        }
        self.state.marks.end(self.shard);
    }
}
