//! Removing what counts for nothing since everybody was logged out.

use crate::keys::Tag;
use crate::reply::{self, Reply, strange};
use crate::script::{self, Call, decimal};
use crate::store::RedisStore;
use hallpass_core::{Ended, Op, Purged, Realm, StoreError};
use redis::{Value, cmd};

/// How many tags one step comes past at most.
const TAGS: usize = 256;

/// How many rows one step looks at at most, so that it is done long before the time limit on a busy server too.
const ROWS: usize = 1000;

/// Where a walk is: at a tag, and at a place among its deadlines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    tag: usize,
    row: u64,
}

/// What is looked at in one tag: from which row on, and how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Share {
    tag: Tag,
    first: u64,
    count: u64,
}

/// How far one tag has been walked.
struct Walked {
    ended: Vec<Ended>,
    stay: u64,
}

impl RedisStore {
    /// One step of a walk over all tags. How many rows they have is asked first, so that the step ends where its limit
    /// is reached. Where a server of a cluster does not answer, the next step begins at the same place.
    pub(crate) async fn purge_tags(
        &self,
        realm: &Realm,
        from: u64,
        limit: usize,
        op: Op,
    ) -> Result<Purged, StoreError> {
        let place = Place::of(from);
        let tags: Vec<_> = Tag::all().skip(place.tag).take(TAGS).collect();
        if tags.is_empty() {
            return Ok(Purged::default());
        }
        let count = |tag: &Tag| {
            let mut count = cmd("ZCARD");
            count.arg(self.base(*tag).deadlines());
            (*tag, count)
        };
        let counts = self.link.send_each(None, tags.iter().map(count).collect(), true).await?;
        let is_whole = counts.iter().all(Option::is_some);
        let rows = counts.iter().map(|rows| rows.as_ref().map_or(Ok(0), reply::number));
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        let (shares, last) = share_out(place, &tags, &rows, limit.clamp(1, ROWS) as u64);
        let walked = self.walk(realm, &shares, op).await?;
        let is_whole = is_whole && walked.iter().all(Option::is_some);
        let stay = |walked: &Vec<Option<Walked>>| walked.last()?.as_ref().map(|walked| walked.stay);
        let stay = last.filter(|share| share.count > 0).and_then(|_| stay(&walked)).unwrap_or_default();
        let ended: Vec<_> = walked.into_iter().flatten().flat_map(|walked| walked.ended).collect();
        if !is_whole {
            // What was removed is told of. If nothing was, there is nothing to be done before the server is back.
            let again = Purged { next: Some(from), ended };
            return if again.ended.is_empty() { Err(StoreError::unavailable(AWAY)) } else { Ok(again) };
        }
        let next = match last {
            Some(share) => Place { tag: share.tag.index(), row: share.first + stay },
            None => Place { tag: place.tag + tags.len(), row: 0 },
        };
        Ok(Purged { ended, next: (next.tag <= Tag::LAST.index()).then(|| next.number()) })
    }

    async fn walk(&self, realm: &Realm, shares: &[Share], op: Op) -> Result<Vec<Option<Walked>>, StoreError> {
        if shares.is_empty() {
            return Ok(Vec::new());
        }
        let commands = shares.iter().map(|share| (share.tag, self.purge_call(*share, realm, op).by_hash()));
        let answers = self.link.send_each(Some(script::PURGE.load()), commands.collect(), false).await?;
        answers.into_iter().map(|answer| answer.map(walked_in).transpose()).collect()
    }

    fn purge_call(&self, share: Share, realm: &Realm, op: Op) -> Call {
        let call = self.changing(&script::PURGE, share.tag, op);
        call.arg(realm.as_str()).arg(decimal(share.first)).arg(decimal(share.count))
    }
}

const AWAY: &str = "a server of the cluster does not answer";

impl Place {
    fn of(number: u64) -> Self {
        Self { tag: usize::try_from(number >> 40).unwrap_or(usize::MAX), row: number & 0xff_ffff_ffff }
    }

    fn number(self) -> u64 {
        (self.tag as u64) << 40 | self.row
    }
}

/// Deals the limit out to the tags that have rows; and the share of the last one, if it is left before its end.
fn share_out(place: Place, tags: &[Tag], rows: &[u64], mut room: u64) -> (Vec<Share>, Option<Share>) {
    let mut shares = Vec::new();
    for (tag, rows) in tags.iter().zip(rows) {
        let first = if tag.index() == place.tag { place.row } else { 0 };
        let left = rows.saturating_sub(first);
        let share = Share { tag: *tag, first, count: left.min(room) };
        if share.count > 0 {
            shares.push(share);
        }
        if left > room {
            return (shares, Some(share));
        }
        room -= share.count;
    }
    (shares, None)
}

fn walked_in(answer: Value) -> Result<Walked, StoreError> {
    let mut reply = Reply::read(answer)?;
    if reply.word() != b"purged" {
        return Err(strange());
    }
    Ok(Walked { ended: reply.ended()?, stay: reply::number(&reply.value()?)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(tag: Tag, first: u64, count: u64) -> Share {
        Share { tag, first, count }
    }

    #[test]
    fn a_step_ends_where_its_limit_is_reached_and_the_next_begins_there() {
        let tags: Vec<_> = Tag::all().take(4).collect();
        let begin = Place::of(0);
        let (shares, last) = share_out(begin, &tags, &[2, 0, 5, 9], 4);
        assert_eq!(shares, [share(tags[0], 0, 2), share(tags[2], 0, 2)]);
        assert_eq!(last, Some(share(tags[2], 0, 2)));

        let (shares, last) = share_out(Place { tag: 2, row: 2 }, &tags[2..], &[5, 9], 100);
        assert_eq!((shares, last), (vec![share(tags[2], 2, 3), share(tags[3], 0, 9)], None));
    }

    #[test]
    fn a_step_without_room_left_goes_on_at_the_tag_that_it_did_not_look_at() {
        let tags: Vec<_> = Tag::all().take(3).collect();
        let (shares, last) = share_out(Place::of(0), &tags, &[4, 0, 1], 4);
        assert_eq!((shares, last), (vec![share(tags[0], 0, 4)], Some(share(tags[2], 0, 0))));
    }

    #[test]
    fn a_place_reads_back() {
        let place = Place { tag: Tag::LAST.index(), row: 0xff_ffff_ffff };
        assert_eq!(Place::of(place.number()), place);
        assert!(Tag::all().nth(Place::of(u64::MAX).tag).is_none());
    }
}
