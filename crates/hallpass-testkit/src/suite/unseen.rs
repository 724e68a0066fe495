//! Logins whose answer may never have arrived: not seen within a minute of their creation.

use super::check::{Kept, ensure, ensure_eq};
use super::scene::{HOUR, MILLISECOND, RENEWED, SECOND, Scene, ended, limit};
use crate::sample::{Sample, op, renewed, rewritten};
use hallpass_core::{Created, EndReason, Record, Timestamp, Updated, WhenReached, Which};
use std::sync::Arc;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

pub(super) async fn logins_give_way_first(s: &Scene) -> Kept {
    let [used, young, old] =
        s.create_all([used(s, HOUR / 3), unseen(s, 70 * SECOND), unseen(s, 90 * SECOND)]).await?;
    let created = s.log_in(s.login(), limit(3, WhenReached::EndLeastRecent)).await?;
    ensure_eq!(created, evicted(&old), "three logins are allowed");
    s.is_gone(&old).await?;
    let created = s.log_in(s.login(), limit(3, WhenReached::EndLeastRecent)).await?;
    ensure_eq!(created, evicted(&young), "three logins are allowed, and the used one stays again");
    s.holds(&used).await?;
    let created = s.log_in(s.login(), limit(3, WhenReached::EndLeastRecent)).await?;
    ensure_eq!(created, evicted(&used), "three logins are allowed, and the others are new");
    Ok(())
}

pub(super) async fn logins_refuse_nobody(s: &Scene) -> Kept {
    let record = s.create(unseen(s, 2 * MINUTE)).await?;
    let created = s.log_in(s.login(), limit(1, WhenReached::Refuse)).await?;
    ensure_eq!(created, evicted(&record), "one login is allowed, and the answer of this one never arrived");
    s.is_gone(&record).await?;
    ensure_eq!(
        s.log_in(s.login(), limit(1, WhenReached::Refuse)).await?,
        Created::LimitReached,
        "the next one"
    );
    Ok(())
}

pub(super) async fn logins_go_only_as_far_as_needed(s: &Scene) -> Kept {
    let [used, young, old] =
        s.create_all([used(s, HOUR / 3), unseen(s, 70 * SECOND), unseen(s, 90 * SECOND)]).await?;
    let created = s.log_in(s.login(), limit(3, WhenReached::Refuse)).await?;
    ensure_eq!(created, evicted(&old), "three logins are allowed");
    s.holds(&used).await?;
    s.holds(&young).await
}

pub(super) async fn logins_stay_where_another_is_refused(s: &Scene) -> Kept {
    let [used, unseen] = s.create_all([used(s, HOUR / 3), unseen(s, 2 * MINUTE)]).await?;
    let created = s.log_in(s.login(), limit(1, WhenReached::Refuse)).await?;
    ensure_eq!(created, Created::LimitReached, "one login is allowed, and one is used");
    s.holds(&used).await?;
    s.holds(&unseen).await
}

pub(super) async fn logins_count_for_a_minute(s: &Scene) -> Kept {
    let [used, new] = s.create_all([used(s, 2 * MINUTE), unseen(s, MINUTE)]).await?;
    let created = s.log_in(s.login(), limit(2, WhenReached::EndLeastRecent)).await?;
    ensure_eq!(created, evicted(&used), "the other one was created a minute ago, not longer");
    let created = s.log_in(s.login(), limit(2, WhenReached::Refuse)).await?;
    ensure_eq!(created, Created::LimitReached, "two logins are allowed");
    let a_moment_later = op(s.now + MILLISECOND);
    let record = s.login().build();
    let (ticket, two) = (s.ticket_for(&record).await?, limit(2, WhenReached::Refuse));
    let created = s.store.create(record, ticket.as_ref(), Some(two), a_moment_later).await?;
    ensure_eq!(created, evicted(&new), "a millisecond after the minute");
    Ok(())
}

pub(super) async fn ends_with_a_touch(s: &Scene) -> Kept {
    let record = s.create(unseen(s, 2 * MINUTE)).await?;
    touch(s, &record, record.created).await?;
    let created = s.log_in(s.login(), limit(1, WhenReached::Refuse)).await?;
    ensure_eq!(created, evicted(&record), "a touch at the moment of its creation says nothing");
    s.revoke_ada(Which::All).await?;
    let record = s.create(unseen(s, 2 * MINUTE)).await?;
    touch(s, &record, record.created + MILLISECOND).await?;
    let created = s.log_in(s.login(), limit(1, WhenReached::Refuse)).await?;
    ensure_eq!(created, Created::LimitReached, "the login was used after its creation");
    Ok(())
}

pub(super) async fn ends_with_an_update(s: &Scene) -> Kept {
    let record = s.create(unseen(s, 2 * MINUTE)).await?;
    update(s, &record, record.created).await?;
    let created = s.log_in(s.login(), limit(1, WhenReached::Refuse)).await?;
    ensure_eq!(created, evicted(&record), "an update that has not seen it later says nothing");
    s.revoke_ada(Which::All).await?;
    let record = s.create(unseen(s, 2 * MINUTE)).await?;
    update(s, &record, record.created + MILLISECOND).await?;
    let created = s.log_in(s.login(), limit(1, WhenReached::Refuse)).await?;
    ensure_eq!(created, Created::LimitReached, "the login was used after its creation");
    Ok(())
}

pub(super) async fn ends_with_a_renewal(s: &Scene) -> Kept {
    let old = s.create(unseen(s, 2 * MINUTE)).await?;
    let mut new = renewed(&old);
    Arc::make_mut(&mut new).last_seen = old.created + MILLISECOND;
    let replaced = s.store.replace(&old.key, new, old.revision, None, None, s.op()).await?;
    ensure_eq!(replaced, RENEWED, "it was live and at that revision");
    let created = s.log_in(s.login(), limit(1, WhenReached::Refuse)).await?;
    ensure_eq!(created, Created::LimitReached, "the login was used after its creation");
    Ok(())
}

/// A login that was created so long ago and not seen since.
fn unseen(s: &Scene, age: Duration) -> Sample {
    Sample::login(&s.ada, s.now - age)
}

/// A login from half an hour ago that was last seen so long ago.
fn used(s: &Scene, age: Duration) -> Sample {
    Sample::login(&s.ada, s.now - HOUR / 2).last_seen(s.now - age)
}

fn evicted(record: &Record) -> Created {
    Created::Created { evicted: vec![ended(record, EndReason::SessionLimit)] }
}

async fn touch(s: &Scene, record: &Record, seen: Timestamp) -> Kept {
    let found = s.store.touch(&record.key, record.idle_until, op(seen)).await?;
    ensure!(found, "a live session was not found");
    Ok(())
}

async fn update(s: &Scene, record: &Record, seen: Timestamp) -> Kept {
    let next = rewritten(record, |next| next.last_seen = seen);
    let updated = s.store.update(next, record.revision, s.op()).await?;
    ensure_eq!(updated, Updated::Written, "it was live and at that revision");
    Ok(())
}
