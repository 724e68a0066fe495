//! Hearing every primary once, again and again.

/// After how many ticks a primary that is not heard is silent, two and a half heartbeats, as the ticks go; and nobody waits
/// any longer for what primaries pass on.
const PATIENCE: u32 = 3;

/// The rounds in which every primary is made to say something, and who waits for the end of one.
pub(super) struct Rounds<J> {
    number: u64,
    /// By who says it and where: a cluster passes on what one primary says to all of them.
    missing: Vec<Vec<bool>>,
    ticks: u32,
    is_due: bool,
    waiting: Vec<J>,
    waited: u32,
}

impl<J> Rounds<J> {
    pub(super) fn new(primaries: usize) -> Self {
        let missing = vec![vec![false; primaries]; primaries];
        Self { number: 0, missing, ticks: 0, is_due: false, waiting: Vec::new(), waited: 0 }
    }

    /// Begins a round if none is running, and one is due or somebody in `waiting` wants it; its number.
    ///
    /// Who waits is answered at the end of a round that began after it asked: until then, something from before may
    /// still be on its way.
    pub(super) fn begin(&mut self, waiting: &mut Vec<J>) -> Option<u64> {
        let wanted = self.is_due || !waiting.is_empty();
        if self.is_silent() || !wanted {
            return None;
        }
        self.number += 1;
        self.missing.iter_mut().for_each(|places| places.fill(true));
        (self.ticks, self.is_due) = (0, false);
        self.waiting.append(waiting);
        Some(self.number)
    }

    /// Notes what was heard at `place`, and returns who waited for this round if nothing of it is missing any more: what
    /// a primary has said before arrives before, also where it is passed on.
    pub(super) fn hear(&mut self, place: usize, text: &[u8]) -> Vec<J> {
        let number = self.number;
        let said_by = (0..self.missing.len()).find(|by| text == beat(*by, number).as_bytes());
        let Some(by) = said_by else { return Vec::new() };
        self.missing[by][place] = false;
        let is_over = !self.missing.iter().flatten().any(|missing| *missing);
        if is_over { self.release() } else { Vec::new() }
    }

    /// Time has passed; whether all primaries may still be there.
    pub(super) fn tick(&mut self) -> bool {
        self.is_due = true;
        self.ticks += 1;
        self.waited += u32::from(self.is_waited_for());
        !self.is_silent() || self.ticks < PATIENCE
    }

    /// Who has waited for long enough. Every primary was heard, but they do not pass on what they say to each other: there
    /// may be something from before that comes later, which has happened all the same.
    pub(super) fn overdue(&mut self) -> Vec<J> {
        if self.waited >= PATIENCE && !self.is_silent() { self.release() } else { Vec::new() }
    }

    pub(super) fn is_waited_for(&self) -> bool {
        !self.waiting.is_empty()
    }

    fn release(&mut self) -> Vec<J> {
        self.waited = 0;
        std::mem::take(&mut self.waiting)
    }

    /// Whether a primary has not been heard by its own listeners: only that tells that it is there.
    fn is_silent(&self) -> bool {
        self.missing.iter().enumerate().any(|(place, places)| places[place])
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
    fn who_waits_is_answered_when_every_primary_was_heard_everywhere() {
        let mut rounds = Rounds::new(2);
        assert_eq!(rounds.begin(&mut vec!["ada"]), Some(1));
        assert!(rounds.is_waited_for());
        for (place, text) in [(0, b"0:1"), (1, b"1:0"), (1, b"1:1"), (0, b"1:1"), (0, b"0:1")] {
            assert!(rounds.hear(place, text).is_empty(), "the first has not been passed on");
        }
        assert_eq!(rounds.hear(1, b"0:1"), ["ada"]);
        assert!(!rounds.is_waited_for());
        assert!(rounds.hear(1, b"0:1").is_empty(), "once");
    }

    #[test]
    fn primaries_that_do_not_hear_each_other_are_there_and_keep_nobody_waiting_for_ever() {
        let mut rounds = Rounds::new(2);
        let mut waiting = vec!["ada"];
        for number in 1..=u64::from(PATIENCE) {
            assert_eq!(rounds.begin(&mut waiting), Some(number), "heartbeats go on");
            for place in 0..2 {
                assert!(rounds.hear(place, beat(place, number).as_bytes()).is_empty());
            }
            assert!(rounds.overdue().is_empty());
            assert!(rounds.tick());
        }
        assert_eq!(rounds.overdue(), ["ada"]);
        assert!(!rounds.is_waited_for());
    }

    #[test]
    fn nobody_is_told_that_a_silent_primary_was_heard() {
        let mut rounds = Rounds::new(2);
        rounds.begin(&mut vec!["ada"]);
        rounds.hear(0, b"0:1");
        assert!(!(0..PATIENCE).all(|_| rounds.tick()));
        assert!(rounds.overdue().is_empty());
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
