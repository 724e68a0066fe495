//! Removing what has run out, a little at a time.

use super::MemoryStore;
use crate::record::{EndReason, Record};
use crate::store::Swept;
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
}
