use super::check::{Broken, Kept, ensure, ensure_eq};
use super::cut::Cuts;
use super::scene::{RENEWED, SECOND, Scene, ended, limit, upgraded};
use crate::sample::{op, renewed, unknown_key};
use hallpass_core::{
    Created, EndReason, Ended, FeedEvent, Replaced, Revision, SessionFeed, SessionKey, Taken, WhenReached,
    Which,
};
use std::time::Duration;

/// How long an event may take: stores without a push of their own ask again and again.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) async fn tells_of_a_revocation(s: &Scene) -> Kept {
    let [login, visitor, over] = s.create_all([s.login(), s.visitor(), s.expired_login()]).await?;
    let mut feed = s.store.feed().await?;
    for record in [login, visitor, over] {
        let answer = s.log_out(&record.key).await?;
        let expected = answer.ok_or_else(|| Broken::new("there was a session to end"))?;
        hears(&mut feed, FeedEvent::Ended(expected)).await?;
    }
    Ok(())
}

pub(super) async fn tells_of_a_taken_session(s: &Scene) -> Kept {
    let record = s.create(s.visitor()).await?;
    let mut feed = s.store.feed().await?;
    let reason = EndReason::Superseded;
    let taken = s.store.take(&record.key, record.revision, reason, s.op()).await?;
    ensure_eq!(taken, Taken::Taken(ended(&record, reason)), "what was taken");
    hears(&mut feed, FeedEvent::Ended(ended(&record, reason))).await
}

pub(super) async fn tells_of_every_login_that_was_ended_at_once(s: &Scene) -> Kept {
    let [kept, a, b, over] = s.create_all([s.login(), s.login(), s.login(), s.expired_login()]).await?;
    let mut feed = s.store.feed().await?;
    s.revoke_ada(Which::AllBut(kept.handle)).await?;
    let reason = EndReason::Administrator;
    let expected = vec![ended(&a, reason), ended(&b, reason), ended(&over, EndReason::IdleTimeout)];
    hears_all(&mut feed, expected).await?;
    s.revoke_ada(Which::One(kept.handle)).await?;
    hears(&mut feed, FeedEvent::Ended(ended(&kept, reason))).await
}

pub(super) async fn tells_of_a_login_that_gave_way(s: &Scene) -> Kept {
    let [a, b] = s.create_all([20, 40].map(|age| s.login().last_seen(s.now - age * SECOND))).await?;
    let mut feed = s.store.feed().await?;
    let created = s.log_in(s.login(), limit(1, WhenReached::EndLeastRecent)).await?;
    ensure!(matches!(created, Created::Created { .. }), "one login is allowed: {created:?}");
    hears_all(&mut feed, [a, b].map(|record| ended(&record, EndReason::SessionLimit)).to_vec()).await
}

pub(super) async fn tells_of_a_login_that_gave_way_to_another_ones_renewal(s: &Scene) -> Kept {
    let [full, pending] = s.create_all([s.login(), s.login().pending()]).await?;
    let mut feed = s.store.feed().await?;
    let new = upgraded(&pending);
    let replaced = s.log_in_over(&pending, &new, limit(1, WhenReached::EndLeastRecent)).await?;
    ensure!(matches!(replaced, Replaced::Replaced { .. }), "one full login is allowed: {replaced:?}");
    let [mut gave_way, mut renewed] = [false, false];
    let expected = FeedEvent::Replaced { old: pending.key, new: new.key, handle: pending.handle };
    while !(gave_way && renewed) {
        let event = next(&mut feed).await?;
        gave_way |= event == FeedEvent::Ended(ended(&full, EndReason::SessionLimit));
        renewed |= event == expected;
    }
    Ok(())
}

pub(super) async fn tells_of_a_login_that_had_ended_with_all_others(s: &Scene) -> Kept {
    let [revoked, other] = s.create_all([s.earlier_login(), s.earlier_login()]).await?;
    s.end_everybody().await?;
    let mut feed = s.store.feed().await?;
    s.log_out(&revoked.key).await?;
    hears(&mut feed, FeedEvent::Ended(ended(&revoked, EndReason::EndedForAll))).await?;
    s.revoke_ada(Which::All).await?;
    hears(&mut feed, FeedEvent::Ended(ended(&other, EndReason::EndedForAll))).await
}

pub(super) async fn tells_of_what_was_swept(s: &Scene) -> Kept {
    let [a, b] = s.create_all([s.expired_login(), s.expired_visitor()]).await?;
    let mut feed = s.store.feed().await?;
    s.sweep_all(100).await?;
    hears_all(&mut feed, [a, b].map(|record| ended(&record, EndReason::IdleTimeout)).to_vec()).await
}

pub(super) async fn tells_of_what_was_purged(s: &Scene) -> Kept {
    let [a, b] = s.create_all([s.earlier_login(), s.earlier_login()]).await?;
    s.end_everybody().await?;
    let mut feed = s.store.feed().await?;
    s.purge_all(100).await?;
    hears_all(&mut feed, [a, b].map(|record| ended(&record, EndReason::EndedForAll)).to_vec()).await
}

pub(super) async fn tells_of_a_renewal(s: &Scene) -> Kept {
    let old = s.create(s.login()).await?;
    let mut feed = s.store.feed().await?;
    let new = renewed(&old);
    let replaced = s.store.replace(&old.key, new.clone(), old.revision, None, None, s.op()).await?;
    ensure_eq!(replaced, RENEWED, "it was live and at that revision");
    hears(&mut feed, FeedEvent::Replaced { old: old.key, new: new.key, handle: old.handle }).await
}

pub(super) async fn tells_of_not_before(s: &Scene) -> Kept {
    let mut feed = s.store.feed().await?;
    s.store.raise_not_before(&s.realm, s.now, s.op()).await?;
    hears(&mut feed, FeedEvent::NotBefore { realm: s.realm.clone(), at: s.now }).await
}

pub(super) async fn tells_of_what_comes_later_only(s: &Scene) -> Kept {
    let [earlier, later] = s.create_all([s.login(), s.login()]).await?;
    s.log_out(&earlier.key).await?;
    let mut feed = s.store.feed().await?;
    s.log_out(&later.key).await?;
    ensure_eq!(keys_until(&mut feed, &later.key).await?, [later.key], "what the feed told of");
    // Again beside a subscription that is still to hear of the earlier one.
    let [earlier, later] = s.create_all([s.login(), s.login()]).await?;
    s.log_out(&earlier.key).await?;
    let mut second = s.store.feed().await?;
    s.log_out(&later.key).await?;
    ensure_eq!(keys_until(&mut second, &later.key).await?, [later.key], "what the second feed told of");
    Ok(())
}

pub(super) async fn tells_of_nothing_that_did_not_happen(s: &Scene) -> Kept {
    let [record, gone] = s.create_all([s.login(), s.login()]).await?;
    s.log_out(&gone.key).await?;
    let mut feed = s.store.feed().await?;
    s.log_out(&unknown_key(&s.realm)).await?;
    s.log_out(&gone.key).await?;
    let taken = s.store.take(&record.key, Revision(9), EndReason::Superseded, s.op()).await?;
    ensure_eq!(taken, Taken::Conflict, "the row is at another revision");
    let renewal = renewed(&record);
    let _ = s.store.replace(&record.key, renewal, Revision(9), None, None, s.op()).await?;
    s.revoke_ada_as(Some(gone.handle), Which::All).await?;
    let refused = s.log_in(s.login(), limit(1, WhenReached::Refuse)).await?;
    ensure_eq!(refused, Created::LimitReached, "one login is allowed");
    s.store.touch(&record.key, s.now + SECOND, op(s.now)).await?;
    s.log_out(&record.key).await?;
    ensure_eq!(keys_until(&mut feed, &record.key).await?, [record.key], "what the feed told of");
    Ok(())
}

pub(super) async fn reaches_every_subscriber(s: &Scene) -> Kept {
    let record = s.create(s.login()).await?;
    let mut feeds = [s.store.feed().await?, s.store.feed().await?, s.store.feed().await?];
    s.log_out(&record.key).await?;
    for feed in &mut feeds {
        hears(feed, FeedEvent::Ended(ended(&record, EndReason::LoggedOut))).await?;
    }
    Ok(())
}

pub(super) async fn loses_nothing_with_a_dropped_future(s: &Scene) -> Kept {
    let mut feed = s.store.feed().await?;
    let mut cuts = Cuts::default();
    while cuts.go_on() {
        let record = s.create(s.login()).await?;
        let early = tokio::time::timeout(Duration::from_millis(1), feed.next()).await;
        ensure!(!matches!(early, Ok(FeedEvent::Ended(_))), "an end before anything ended: {early:?}");
        s.log_out(&record.key).await?;
        let expected = FeedEvent::Ended(ended(&record, EndReason::LoggedOut));
        if cuts.cut(feed.next()).await.as_ref() != Some(&expected) {
            hears(&mut feed, expected).await?;
        }
    }
    Ok(())
}

async fn next(feed: &mut Box<dyn SessionFeed>) -> Result<FeedEvent, Broken> {
    let waited = tokio::time::timeout(PATIENCE, feed.next()).await;
    waited.map_err(|_| Broken::new(format!("the feed was silent for {PATIENCE:?}")))
}

/// Waits for `expected`; other events, repetitions and gaps may come before it.
async fn hears(feed: &mut Box<dyn SessionFeed>, expected: FeedEvent) -> Kept {
    let listen = async {
        while next(feed).await? != expected {}
        Ok(())
    };
    let heard: Result<Kept, _> = tokio::time::timeout(PATIENCE, listen).await;
    heard
        .unwrap_or_else(|_| Err(Broken::new("other events only")))
        .map_err(|broken| Broken::new(format!("{}; it should have told of {expected:?}", broken.what())))
}

/// Waits for all of `expected`, in any order.
async fn hears_all(feed: &mut Box<dyn SessionFeed>, mut expected: Vec<Ended>) -> Kept {
    while !expected.is_empty() {
        let event = next(feed).await.map_err(|broken| {
            Broken::new(format!("{}; it should have told of {expected:?}", broken.what()))
        })?;
        expected.retain(|ended| FeedEvent::Ended(ended.clone()) != event);
    }
    Ok(())
}

/// The keys of the sessions whose end the feed tells of, each once, until it tells of `last`.
async fn keys_until(feed: &mut Box<dyn SessionFeed>, last: &SessionKey) -> Result<Vec<SessionKey>, Broken> {
    let mut keys = Vec::new();
    while keys.last() != Some(last) {
        match next(feed).await? {
            FeedEvent::Ended(ended) if !keys.contains(&ended.key) => keys.push(ended.key),
            FeedEvent::Replaced { new, .. } => return Err(Broken::new(format!("a renewal to {new:?}"))),
            _ => {}
        }
    }
    Ok(keys)
}
