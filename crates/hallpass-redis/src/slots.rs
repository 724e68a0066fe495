//! Which server of a cluster has which hash slots.

use crate::target::Place;
use redis::{Cmd, Value, cmd};

/// The primaries and their slots, as one server of the cluster sees them.
#[derive(Debug, Clone)]
pub(crate) struct Slots {
    primaries: Vec<Primary>,
    /// First and last slot, and who has them.
    ranges: Vec<(u16, u16, usize)>,
}

/// A server that takes writes.
#[derive(Debug, Clone)]
pub(crate) struct Primary {
    /// Its name in the cluster, which it keeps wherever it is.
    id: Vec<u8>,
    pub(crate) place: Place,
}

impl Slots {
    /// What asks a server for them.
    pub(crate) fn command() -> Cmd {
        let mut command = cmd("CLUSTER");
        command.arg("SLOTS");
        command
    }

    /// Reads the answer; `None` if it is none.
    pub(crate) fn read(answer: Value) -> Option<Self> {
        let Value::Array(entries) = answer else { return None };
        let mut slots = Self { primaries: Vec::new(), ranges: Vec::new() };
        for entry in entries {
            let Value::Array(entry) = entry else { return None };
            let [Value::Int(first), Value::Int(last), Value::Array(server), ..] = &entry[..] else {
                return None;
            };
            let (first, last) = (u16::try_from(*first).ok()?, u16::try_from(*last).ok()?);
            let place = slots.place_of(primary(server)?);
            slots.ranges.push((first, last, place));
        }
        slots.ranges.sort_unstable();
        (!slots.ranges.is_empty()).then_some(slots)
    }

    /// Whether the same servers have the same slots, whatever they are called and whoever was asked.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.owners().eq(other.owners())
    }

    fn owners(&self) -> impl Iterator<Item = (u16, u16, &[u8])> {
        let id = |place: usize| self.primaries.get(place).map_or(&[][..], |primary| &primary.id);
        self.ranges.iter().map(move |(first, last, place)| (*first, *last, id(*place)))
    }

    pub(crate) fn primaries(&self) -> &[Primary] {
        &self.primaries
    }

    /// Who has a slot, as a place in [`Slots::primaries`].
    pub(crate) fn primary_of(&self, slot: u16) -> Option<usize> {
        let later = self.ranges.partition_point(|(first, ..)| *first <= slot);
        let (_, last, primary) = self.ranges.get(later.checked_sub(1)?)?;
        (slot <= *last).then_some(*primary)
    }

    fn place_of(&mut self, primary: Primary) -> usize {
        let known = self.primaries.iter().position(|known| known.id == primary.id);
        known.unwrap_or_else(|| {
            self.primaries.push(primary);
            self.primaries.len() - 1
        })
    }
}

fn primary(server: &[Value]) -> Option<Primary> {
    let [host, Value::Int(port), Value::BulkString(id), ..] = server else { return None };
    let host = match host {
        Value::Nil => None,
        Value::BulkString(host) => Some(std::str::from_utf8(host).ok()?),
        _ => return None,
    };
    Some(Primary { id: id.clone(), place: Place::new(host, u16::try_from(*port).ok()?) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(first: i64, last: i64, host: Value, id: &str) -> Value {
        let server = Value::Array(vec![host, Value::Int(6379), text(id)]);
        Value::Array(vec![Value::Int(first), Value::Int(last), server.clone(), server])
    }

    fn text(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    fn slots(entries: Vec<Value>) -> Slots {
        Slots::read(Value::Array(entries)).unwrap()
    }

    #[test]
    fn every_slot_leads_to_its_primary() {
        let slots = slots(vec![
            entry(5461, 10922, text("b"), "2"),
            entry(0, 5460, text("a"), "1"),
            entry(10923, 16383, Value::Nil, "1"),
        ]);
        let place = |slot| slots.primaries()[slots.primary_of(slot).unwrap()].place.clone();
        let [a, b] = ["a", "b"].map(|host| Place::new(Some(host), 6379));
        assert_eq!([0, 5460, 5461, 10922, 16383].map(place), [&a, &a, &b, &b, &a].map(Clone::clone));
        assert_eq!(slots.primaries().len(), 2);
    }

    #[test]
    fn a_slot_that_nobody_has_leads_nowhere() {
        let slots = slots(vec![entry(1, 9, text("a"), "1"), entry(11, 16382, text("b"), "2")]);
        assert_eq!(
            [0, 1, 9, 10, 11, 16382, 16383].map(|slot| slots.primary_of(slot)),
            [None, Some(0), Some(0), None, Some(1), Some(1), None]
        );
    }

    #[test]
    fn a_server_may_name_no_host() {
        for host in [Value::Nil, text(""), text("?")] {
            assert_eq!(slots(vec![entry(0, 16383, host, "1")]).primaries()[0].place, Place::new(None, 6379));
        }
    }

    #[test]
    fn who_was_asked_and_in_what_order_makes_no_difference() {
        let one = slots(vec![entry(0, 9, Value::Nil, "1"), entry(10, 16383, text("b"), "2")]);
        let other = slots(vec![entry(10, 16383, Value::Nil, "2"), entry(0, 9, text("a"), "1")]);
        assert!(one.is_same(&other));
        for changed in [
            vec![entry(0, 10, text("a"), "1"), entry(11, 16383, text("b"), "2")],
            vec![entry(0, 9, text("a"), "1"), entry(10, 16383, text("b"), "3")],
            vec![entry(0, 9, text("a"), "1")],
        ] {
            assert!(!one.is_same(&slots(changed)));
        }
    }

    #[test]
    fn anything_else_is_no_answer() {
        for answer in [Value::Nil, Value::Array(vec![]), Value::Array(vec![Value::Nil]), Value::Int(3)] {
            assert!(Slots::read(answer).is_none());
        }
    }
}
