//! Hearing every primary once, again and again.

/// After how many ticks a round that is not complete has failed: two and a half heartbeats, as the ticks go.
const PATIENCE: u32 = 3;

/// The rounds in which every primary is made to say something, and who waits for the end of one.
pub(super) struct Rounds<J> {
    number: u64,
    missing: Vec<bool>,
    ticks: u32,
    is_due: bool,
    waiting: Vec<J>,
}

impl<J> Rounds<J> {
    pub(super) fn new(primaries: usize) -> Self {
        Self { number: 0, missing: vec![false; primaries], ticks: 0, is_due: false, waiting: Vec::new() }
    }

    /// Begins a round if none is running, and one is due or somebody in `waiting` wants it; its number.
    ///
    /// Who waits is answered at the end of a round that began after it asked: until then, something from before may
    /// still be on its way.
    pub(super) fn begin(&mut self, waiting: &mut Vec<J>) -> Option<u64> {
        let wanted = self.is_due || !waiting.is_empty();
        if self.is_running() || !wanted {
            return None;
        }
        self.number += 1;
        self.missing.fill(true);
        (self.ticks, self.is_due) = (0, false);
        self.waiting.append(waiting);
        Some(self.number)
    }

    /// Notes what was heard from the primary at `place`, and returns who waited for this round if it was the last one.
    pub(super) fn hear(&mut self, place: usize, text: &[u8]) -> Vec<J> {
        // A cluster passes each heartbeat on to every primary. Only its own tells that a primary is there.
        if text != beat(place, self.number).as_bytes() || !self.is_running() {
            return Vec::new();
        }
        self.missing[place] = false;
        if self.is_running() { Vec::new() } else { std::mem::take(&mut self.waiting) }
    }

    /// Time has passed; whether all primaries may still be there.
    pub(super) fn tick(&mut self) -> bool {
        self.is_due = true;
        self.ticks += 1;
        !self.is_running() || self.ticks < PATIENCE
    }

    pub(super) fn is_waited_for(&self) -> bool {
        !self.waiting.is_empty()
    }

    fn is_running(&self) -> bool {
        self.missing.contains(&true)
    }
}

/// What the primary at `place` is made to say.
pub(super) fn beat(place: usize, number: u64) -> String {
    format!("{place}:{number}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_is_answered_when_every_primary_was_heard() {
        let mut rounds = Rounds::new(2);
        assert_eq!(rounds.begin(&mut vec!["ada"]), Some(1));
        assert!(rounds.is_waited_for());
        assert!(rounds.hear(0, b"0:1").is_empty());
        assert!(rounds.hear(0, b"1:1").is_empty(), "passed on by another");
        assert!(rounds.hear(1, b"1:0").is_empty(), "of an earlier round");
        assert_eq!(rounds.hear(1, b"1:1"), ["ada"]);
        assert!(!rounds.is_waited_for());
        assert!(rounds.hear(1, b"1:1").is_empty(), "once");
    }

    #[test]
    fn who_asks_during_a_round_waits_for_the_next() {
        let mut rounds = Rounds::new(1);
        assert_eq!(rounds.begin(&mut vec!["ada"]), Some(1));
        let mut waiting = vec!["bob"];
        assert_eq!(rounds.begin(&mut waiting), None);
        assert_eq!(rounds.hear(0, b"0:1"), ["ada"]);
        assert_eq!(rounds.begin(&mut waiting), Some(2));
        assert_eq!(rounds.hear(0, b"0:2"), ["bob"]);
    }

    #[test]
    fn a_round_begins_only_if_it_is_due_or_wanted() {
        let mut rounds = Rounds::<()>::new(1);
        assert_eq!(rounds.begin(&mut vec![]), None);
        assert!(rounds.tick());
        assert_eq!(rounds.begin(&mut vec![]), Some(1));
    }

    #[test]
    fn a_silent_primary_is_noticed() {
        let mut rounds = Rounds::<()>::new(2);
        rounds.tick();
        rounds.begin(&mut vec![]);
        rounds.hear(0, b"0:1");
        let alive: Vec<_> = (0..3).map(|_| rounds.tick()).collect();
        assert_eq!(alive, [true, true, false]);
    }
}
