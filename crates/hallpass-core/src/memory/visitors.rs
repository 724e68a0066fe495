//! The bound on what visitors may take.

use crate::record::Record;
use crate::time::Timestamp;
use crate::token::SessionKey;
use std::collections::BTreeMap;

/// What a visitor's session takes beside its record and values: its places in the tables and in the order below.
const PLACES: usize = 128;

/// All visitors' sessions of a store in the order of their last use.
///
/// A row without an entry here has been pushed out: whoever pushed it out removes it next, and nobody changes it any
/// more. Only what is written needs this order; a read does not.
pub(super) struct Visitors {
    max: usize,
    max_bytes: usize,
    bytes: usize,
    order: BTreeMap<(Timestamp, SessionKey), usize>,
}

/// Whether there is room for a visitor's session.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// There is, once the rows with these keys are removed.
    Made(Vec<SessionKey>),
    /// It is larger than the whole bound.
    TooLarge,
    /// It has been pushed out.
    PushedOut,
}

impl Visitors {
    pub(super) fn new(max: usize, max_bytes: usize) -> Self {
        Self { max, max_bytes, bytes: 0, order: BTreeMap::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    pub(super) fn admit(&mut self, record: &Record) -> Room {
        let bytes = footprint(record);
        if self.max == 0 || bytes > self.max_bytes {
            return Room::TooLarge;
        }
        let pushed_out = self.make_room(bytes);
        self.enter(record, bytes);
        Room::Made(pushed_out)
    }

    pub(super) fn change(&mut self, old: &Record, new: &Record) -> Room {
        let bytes = footprint(new);
        if bytes > self.max_bytes {
            return Room::TooLarge;
        }
        if !self.forget(old) {
            return Room::PushedOut;
        }
        let pushed_out = self.make_room(bytes);
        self.enter(new, bytes);
        Room::Made(pushed_out)
    }

    /// Forgets a session; `false` if it has been pushed out.
    pub(super) fn forget(&mut self, record: &Record) -> bool {
        let entry = self.order.remove(&(record.last_seen, record.key));
        self.bytes -= entry.unwrap_or_default();
        entry.is_some()
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

    fn enter(&mut self, record: &Record, bytes: usize) {
        self.bytes += bytes;
        self.order.insert((record.last_seen, record.key), bytes);
    }
}

/// What a visitor's session takes of the bound, in bytes.
pub(super) fn footprint(record: &Record) -> usize {
    let user_agent = record.client.user_agent().map_or(0, str::len);
    size_of::<Record>() + PLACES + record.data.len() + user_agent
}
