//! Removing what counts for nothing since everybody was logged out.

use crate::keys::Tag;
use crate::many::SCRIPTS_AT_ONCE;
use crate::reply::{self, Reply, strange};
use crate::script::{self, Call, decimal};
use crate::store::RedisStore;
use hallpass_core::{Ended, Op, Purged, Realm, StoreError};
use redis::Value;

/// How far one tag has been walked.
struct Step {
    ended: Vec<Ended>,
    stay: u64,
    more: bool,
}

impl RedisStore {
    /// Walks over the tags once, many of them in one step. The place is the number of a tag.
    pub(crate) async fn purge_tags(
        &self,
        realm: &Realm,
        from: u64,
        limit: usize,
        op: Op,
    ) -> Result<Purged, StoreError> {
        let begin = usize::try_from(from).unwrap_or(usize::MAX);
        let tags: Vec<_> = Tag::all().skip(begin).take(SCRIPTS_AT_ONCE).collect();
        let count = limit.clamp(1, SCRIPTS_AT_ONCE);
        let ask = |tag: &Tag| (*tag, self.purge_call(*tag, realm, (0, count), op).by_hash());
        let answers = self.link.send_all(Some(script::PURGE.load()), tags.iter().map(ask).collect()).await?;
        let mut ended = Vec::new();
        for (tag, answer) in tags.iter().zip(answers) {
            let (mut step, mut passed) = (step_in(answer)?, 0);
            ended.append(&mut step.ended);
            while step.more {
                passed += step.stay;
                let call = self.purge_call(*tag, realm, (passed, count), op);
                step = step_in(self.link.call(&call).await?)?;
                ended.append(&mut step.ended);
            }
        }
        let next = from + tags.len() as u64;
        Ok(Purged { ended, next: (tags.len() == SCRIPTS_AT_ONCE).then_some(next) })
    }

    fn purge_call(&self, tag: Tag, realm: &Realm, (first, count): (u64, usize), op: Op) -> Call {
        let call = self.changing(&script::PURGE, tag, op);
        call.arg(realm.as_str()).arg(decimal(first)).arg(decimal(count))
    }
}

fn step_in(answer: Value) -> Result<Step, StoreError> {
    let mut reply = Reply::read(answer)?;
    if reply.word() != b"purged" {
        return Err(strange());
    }
    let ended = reply.ended()?;
    let (stay, more) = (reply::number(&reply.value()?)?, reply::number(&reply.value()?)? == 1);
    Ok(Step { ended, stay, more })
}
