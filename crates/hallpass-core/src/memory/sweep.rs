//! Removing what has run out, a little at a time.

use super::MemoryStore;
use crate::ids::Realm;
use crate::record::{EndReason, Record};
use crate::store::{Purged, Swept};
use crate::time::Timestamp;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// How many places of a table are looked at under one lock: some ten microseconds.
const PLACES_AT_ONCE: usize = 512;

/// How many places one call looks at: about a millisecond, during which its task does not yield.
const PLACES_A_CALL: usize = 32_768;

/// Where a call has got to, and what it has found.
struct Walk {
    rows: Vec<Arc<Record>>,
    room: usize,
    looked_at: usize,
}

impl MemoryStore {
    /// Walks around the stripes from where the last call stopped. There is no index by deadline, which would cost every
    /// session memory and every touch time: a walk costs some tens of nanoseconds for each row, and nobody waits
    /// for it.
    ///
    /// A call ends after a full round, when `limit` is reached, or when it has looked at enough. In the last case there
    /// is more to do, unless it has come past the last stripe: so "while there is more" is one round, then a rest.
    pub(super) fn sweep_rows(&self, limit: usize, now: Timestamp) -> Swept {
        let mut walk = Walk { rows: Vec::new(), room: limit, looked_at: 0 };
        let mut more = false;
        let mut came_round = false;
        for _ in 0..self.stripes.len() {
            let at = self.sweep_at.fetch_add(1, Ordering::Relaxed) % self.stripes.len();
            if !self.sweep_stripe(at, &mut walk, now) {
                self.sweep_at.store(at, Ordering::Relaxed);
                more = true;
                break;
            }
            came_round |= at + 1 == self.stripes.len();
            if walk.looked_at >= PLACES_A_CALL {
                more = !came_round;
                break;
            }
        }
        Swept { ended: self.report(&walk.rows, EndReason::IdleTimeout, now), more }
    }

    /// Removes what has run out from one stripe; `false` if the limit left something.
    fn sweep_stripe(&self, at: usize, walk: &mut Walk, now: Timestamp) -> bool {
        let mut from = 0;
        loop {
            let mut stripe = self.stripes[at].lock();
            let mut expired =
                stripe.expired_in(from..from + PLACES_AT_ONCE, walk.room.saturating_add(1), now);
            let all = expired.len() <= walk.room;
            expired.truncate(walk.room);
            walk.room -= expired.len();
            walk.rows.extend(expired.iter().filter_map(|row| self.remove(&mut stripe, &row.key)));
            from += PLACES_AT_ONCE;
            if !all {
                return false;
            }
            if from >= stripe.places() {
                walk.looked_at += stripe.places();
                stripe.tidy(now);
                return true;
            }
        }
    }

    /// Walks over the stripes once, a few places at a time. A place is a stripe and where in its table to go on: a table that
    /// grows or shrinks meanwhile moves its rows, and the walk may then pass some over.
    pub(super) fn purge_rows(&self, realm: &Realm, from: u64, limit: usize, now: Timestamp) -> Purged {
        let Some(not_before) = self.earliest_login(realm) else { return Purged::default() };
        let mut place = Place::of(from);
        let mut rows = Vec::new();
        let mut looked_at = 0;
        while place.stripe < self.stripes.len() {
            let mut stripe = self.stripes[place.stripe].lock();
            let places = place.within..place.within + PLACES_AT_ONCE;
            looked_at += PLACES_AT_ONCE.min(stripe.places());
            let earlier = stripe.earlier_in(places.clone(), realm, not_before);
            rows.extend(earlier.iter().filter_map(|row| self.remove(&mut stripe, &row.key)));
            place = if places.end < stripe.places() {
                Place { within: places.end, ..place }
            } else {
                Place { stripe: place.stripe + 1, within: 0 }
            };
            if looked_at >= limit {
                break;
            }
        }
        let next = (place.stripe < self.stripes.len()).then(|| place.number());
        Purged { ended: self.report(&rows, EndReason::EndedForAll, now), next }
    }
}

/// Where a walk over all rows is.
#[derive(Debug, Clone, Copy)]
struct Place {
    stripe: usize,
    within: usize,
}

impl Place {
    fn of(number: u64) -> Self {
        Self { stripe: (number >> 32) as usize, within: (number & 0xffff_ffff) as usize }
    }

    fn number(self) -> u64 {
        (self.stripe as u64) << 32 | self.within as u64
    }
}
