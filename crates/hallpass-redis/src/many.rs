//! What concerns many tags at once.

use crate::keys::{REALM_TAG, Tag};
use crate::reply::{self, Reply, strange};
use crate::script::{self, Call, decimal};
use crate::store::RedisStore;
use hallpass_core::{Op, Realm, SessionKey, StoreError, Swept, Timestamp};
use redis::{Cmd, Value, cmd};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How many tags are asked at once. Each answer takes the server about a microsecond.
const TAGS_AT_ONCE: usize = 1024;

/// How many scripts are sent at once, so that they are done long before the time limit on a busy server too.
const SCRIPTS_AT_ONCE: usize = 256;

/// How much the clocks of a node and of the server may differ.
const SKEW: Duration = Duration::from_secs(5 * 60);

impl RedisStore {
    /// Raises it in every tag, so that scripts see it in theirs, and last in the one that is asked for it. In a cluster
    /// some tags refuse earlier logins before the others do, and nobody has been told yet that all of them do.
    pub(crate) async fn raise_everywhere(
        &self,
        realm: &Realm,
        at: Timestamp,
        op: Op,
    ) -> Result<Timestamp, StoreError> {
        let mut first_to_last = (REALM_TAG, Tag::LAST);
        if self.link.is_cluster() {
            let tags: Vec<_> = Tag::all().filter(|tag| *tag != REALM_TAG).collect();
            for tags in tags.chunks(SCRIPTS_AT_ONCE) {
                let raise = |tag: &Tag| (*tag, self.raise_in((*tag, *tag), realm, at, op).by_hash());
                self.link
                    .send_all_twice(Some(script::RAISE.load()), tags.iter().map(raise).collect())
                    .await?;
            }
            first_to_last = (REALM_TAG, REALM_TAG);
        }
        let raised = self.link.call(&self.raise_in(first_to_last, realm, at, op)).await?;
        reply::time(&reply::bytes(raised)?)
    }

    fn raise_in(&self, (first, last): (Tag, Tag), realm: &Realm, at: Timestamp, op: Op) -> Call {
        self.changing(&script::RAISE, first, op)
            .arg(realm.as_str())
            .arg(decimal(at.as_millis()))
            .arg(self.names.prefix())
            .arg(decimal(first.index()))
            .arg(decimal(last.index()))
    }

    /// One call for each tag that occurs.
    pub(crate) async fn are_alive(
        &self,
        keys: &[SessionKey],
        now: Timestamp,
    ) -> Result<Vec<Option<bool>>, StoreError> {
        let mut places: BTreeMap<Tag, Vec<usize>> = BTreeMap::new();
        for (place, key) in keys.iter().enumerate() {
            places.entry(Tag::of(key.shard())).or_default().push(place);
        }
        if places.is_empty() {
            return Ok(Vec::new());
        }
        let ask = |(tag, places): (&Tag, &Vec<usize>)| (*tag, self.ask_for(*tag, keys, places, now));
        let commands = places.iter().map(ask).collect();
        let answers = self.link.send_each(Some(script::ALIVE.load()), commands, true).await?;
        let mut alive = vec![None; keys.len()];
        for (places, answer) in places.values().zip(answers) {
            let Some(answer) = answer else { continue };
            for (place, answer) in places.iter().zip(reply::list(answer)?) {
                alive[*place] = Some(reply::number(&answer)? == 1);
            }
        }
        Ok(alive)
    }

    fn ask_for(&self, tag: Tag, keys: &[SessionKey], places: &[usize], now: Timestamp) -> Cmd {
        let call = self.reading(&script::ALIVE, tag, now);
        let not_before = call.base().not_before();
        let asked = places.iter().map(|place| *keys[*place].as_bytes());
        asked.fold(call.key(not_before), Call::arg).by_hash()
    }

    /// Comes past every tag once, beginning where the last call stopped. What is due is counted first, so that the
    /// limit can be dealt out. Servers of a cluster that do not answer are left out.
    pub(crate) async fn sweep_tags(&self, limit: usize, op: Op) -> Result<Swept, StoreError> {
        self.check_clock(op.now).await?;
        let mut swept = Swept::default();
        let round = Tag::round_from(self.sweep_at.load(Ordering::Relaxed));
        for tags in round.chunks(TAGS_AT_ONCE) {
            let room = limit - swept.ended.len().min(limit);
            let (shares, left) = share_out(room, tags, self.count_due(tags, op.now).await?);
            match self.sweep_shares(shares, op).await {
                Ok(ended) => swept.ended.extend(ended),
                // What has been removed is reported all the same.
                Err(error) if swept.ended.is_empty() => return Err(error),
                Err(_) => break,
            }
            if let Some(tag) = left {
                self.sweep_at.store(tag.index(), Ordering::Relaxed);
                swept.more = true;
                break;
            }
        }
        Ok(swept)
    }

    async fn check_clock(&self, now: Timestamp) -> Result<(), StoreError> {
        let theirs = match &self.clock {
            Some(clock) => Timestamp::from(clock.now()),
            None => Timestamp::from_millis(self.link.time().await?),
        };
        let skew = now.since(theirs).max(theirs.since(now));
        if skew > SKEW { Err(StoreError::clock_skew()) } else { Ok(()) }
    }

    async fn count_due(&self, tags: &[Tag], now: Timestamp) -> Result<Vec<u64>, StoreError> {
        let now = decimal(now.as_millis());
        let count = |tag: &Tag| {
            let mut count = cmd("ZCOUNT");
            count.arg(self.base(*tag).deadlines()).arg("-inf").arg(now.as_slice());
            (*tag, count)
        };
        let counts = self.link.send_each(None, tags.iter().map(count).collect(), true).await?;
        // What cannot be asked is swept later.
        counts.iter().map(|count| count.as_ref().map_or(Ok(0), reply::number)).collect()
    }

    async fn sweep_shares(
        &self,
        shares: Vec<(Tag, usize)>,
        op: Op,
    ) -> Result<Vec<hallpass_core::Ended>, StoreError> {
        let sweep =
            |(tag, share)| (tag, self.changing(&script::SWEEP, tag, op).arg(decimal(share)).by_hash());
        let commands: Vec<_> = shares.into_iter().map(sweep).collect();
        if commands.is_empty() {
            return Ok(Vec::new());
        }
        let answers = self.link.send_each(Some(script::SWEEP.load()), commands, false).await?;
        let mut ended = Vec::new();
        for answer in answers.into_iter().flatten() {
            ended.extend(swept_in(answer)?);
        }
        Ok(ended)
    }
}

/// Deals the room out to the tags with something due, and says at which tag there is something left.
fn share_out(mut room: usize, tags: &[Tag], due: Vec<u64>) -> (Vec<(Tag, usize)>, Option<Tag>) {
    let mut shares = Vec::new();
    for (tag, due) in tags.iter().zip(due) {
        let due = usize::try_from(due).unwrap_or(usize::MAX);
        let share = due.min(room);
        if share > 0 {
            shares.push((*tag, share));
        }
        if due > room {
            return (shares, Some(*tag));
        }
        room -= share;
    }
    (shares, None)
}

fn swept_in(answer: Value) -> Result<Vec<hallpass_core::Ended>, StoreError> {
    let mut reply = Reply::read(answer)?;
    match reply.word() {
        b"swept" => reply.ended(),
        _ => Err(strange()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags() -> Vec<Tag> {
        Tag::all().take(4).collect()
    }

    #[test]
    fn no_more_is_dealt_out_than_there_is_room() {
        let tags = tags();
        let (shares, left) = share_out(5, &tags, vec![2, 0, 4, 1]);
        assert_eq!((shares, left), (vec![(tags[0], 2), (tags[2], 3)], Some(tags[2])));
    }

    #[test]
    fn room_for_all_leaves_nothing() {
        let tags = tags();
        let (shares, left) = share_out(3, &tags, vec![0, 2, 0, 1]);
        assert_eq!((shares, left), (vec![(tags[1], 2), (tags[3], 1)], None));
        assert_eq!(share_out(0, &tags, vec![0; 4]), (vec![], None));
    }

    #[test]
    fn no_room_leaves_the_first_that_is_due() {
        let tags = tags();
        assert_eq!(share_out(0, &tags, vec![0, 1, 1, 0]), (vec![], Some(tags[1])));
    }
}
