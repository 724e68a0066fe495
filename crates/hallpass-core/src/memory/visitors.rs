//! The bound on what visitors may take.

use crate::record::Record;
use crate::time::Timestamp;
use crate::token::SessionKey;
use std::collections::BTreeMap;

/// What a visitor's session takes beside its record and values: its places in the tables and in the order below.
const PLACES: usize = 128;

/// All visitors' sessions of a store in the order of their last use. Only what is written needs it; a read does not.
///
/// A session that is pushed out loses its place here first and its row next. Whoever writes the row in between gives it
/// a place again, which goes with the row: rows and places agree whenever nobody is pushing.
pub(super) struct Visitors {
    max: usize,
    max_bytes: usize,
    bytes: usize,
    order: BTreeMap<(Timestamp, SessionKey), usize>,
}

impl Visitors {
    pub(super) fn new(max: usize, max_bytes: usize) -> Self {
        Self { max, max_bytes, bytes: 0, order: BTreeMap::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    /// Gives a session a place. Returns those that it pushes out, whose rows the caller removes; `None` if it is larger
    /// than the whole bound.
    pub(super) fn admit(&mut self, record: &Record) -> Option<Vec<SessionKey>> {
        let bytes = footprint(record);
        if self.max == 0 || bytes > self.max_bytes {
            return None;
        }
        let pushed_out = self.make_room(bytes);
        self.bytes += bytes;
        self.order.insert((record.last_seen, record.key), bytes);
        Some(pushed_out)
    }

    /// Gives a session the place that it has after it was written. As [`Visitors::admit`].
    pub(super) fn change(&mut self, old: &Record, new: &Record) -> Option<Vec<SessionKey>> {
        if footprint(new) > self.max_bytes {
            return None;
        }
        self.forget(old);
        self.admit(new)
    }

    pub(super) fn forget(&mut self, record: &Record) {
        self.bytes -= self.order.remove(&(record.last_seen, record.key)).unwrap_or_default();
    }

    fn make_room(&mut self, bytes: usize) -> Vec<SessionKey> {
        let mut pushed_out = Vec::new();
        while self.order.len() >= self.max || self.bytes > self.max_bytes - bytes {
            let Some(((_, key), bytes)) = self.order.pop_first() else { break };
            self.bytes -= bytes;
            pushed_out.push(key);
        }
        pushed_out
    }
}

/// What a visitor's session takes of the bound, in bytes.
pub(super) fn footprint(record: &Record) -> usize {
    let user_agent = record.client.user_agent().map_or(0, str::len);
    size_of::<Record>() + PLACES + record.data.len() + user_agent
}
