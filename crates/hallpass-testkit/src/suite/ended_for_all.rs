//! What `not before` does to the logins that are there.

use super::check::{Kept, ensure, ensure_eq};
use super::scene::{HOUR, MILLISECOND, RENEWED, SECOND, Scene, ended, limit, realm, sorted, subject_named};
use crate::sample::{Sample, op, renewed, rewritten, ticket, unknown_handle};
use hallpass_core::{
    AuthLevel, EndReason, Ended, Epoch, Record, Replaced, Stamp, Taken, Updated, WhenReached, Which,
};
use std::sync::Arc;

const REASON: EndReason = EndReason::Administrator;

pub(super) async fn logins_from_before_are_dead_and_still_load(s: &Scene) -> Kept {
    let records = s
        .create_all([
            s.earlier_login(),
            s.earlier_login().pending(),
            s.earlier_login().remembered().bearer(),
            s.earlier_login().last_seen(s.now + SECOND),
            s.login().authenticated(s.now - MILLISECOND),
        ])
        .await?;
    s.end_everybody().await?;
    for record in &records {
        s.holds(record).await?;
        // A node whose clock is behind knows of it too.
        for now in [s.now, s.now - MILLISECOND] {
            ensure_eq!(s.store.alive(&[record.key], now).await?, [Some(false)], "alive, of {record:?}");
            ensure_eq!(s.store.subject(&s.ada, now).await?, [], "the list of logins from before");
        }
    }
    Ok(())
}

pub(super) async fn logins_from_its_moment_on_stay(s: &Scene) -> Kept {
    let records = s
        .create_all([
            s.login(),
            s.login().pending(),
            Sample::login(&s.ada, s.now + MILLISECOND),
            Sample::login(&s.ada, s.now - HOUR / 2).authenticated(s.now),
        ])
        .await?;
    s.end_everybody().await?;
    ensure_eq!(s.listed(&s.ada).await?.len(), records.len(), "logins in the list");
    for record in records {
        let done = s.revoke_ada_as(Some(record.handle), Which::One(unknown_handle())).await?;
        ensure!(done.is_some(), "it is a live login of this user, and may act");
        is_live_in_every_way(s, &record).await?;
    }
    Ok(())
}

pub(super) async fn logins_that_were_confirmed_since_stay(s: &Scene) -> Kept {
    let [first, old] = s.create_all([s.earlier_login(), s.earlier_login()]).await?;
    let second = rewritten(&first, |next| log_in(s, next));
    let updated = s.store.update(second.clone(), first.revision, s.op()).await?;
    ensure_eq!(updated, Updated::Written, "it was live and at that revision");
    let new = logged_in(s, &old);
    ensure_eq!(s.log_in_over(&old, &new, limit(2, WhenReached::Refuse)).await?, RENEWED, "a login over it");
    s.end_everybody().await?;
    is_live_in_every_way(s, &second).await?;
    is_live_in_every_way(s, &new).await
}

pub(super) async fn visitors_stay(s: &Scene) -> Kept {
    let visitors = [s.now - MILLISECOND, s.now - HOUR / 2, s.now];
    let visitors = s.create_all(visitors.map(|created| Sample::visitor(&s.realm, created))).await?;
    let taken = s.create(Sample::visitor(&s.realm, s.now - MILLISECOND)).await?;
    s.end_everybody().await?;
    for visitor in visitors {
        is_live_in_every_way(s, &visitor).await?;
    }
    let answer = s.store.take(&taken.key, taken.revision, REASON, s.op()).await?;
    ensure_eq!(answer, Taken::Taken(ended(&taken, REASON)), "a visitor's session that was taken");
    Ok(())
}

pub(super) async fn logins_of_other_realms_stay(s: &Scene) -> Kept {
    let elsewhere = subject_named(&realm("staff"), "ada");
    let record = s.create(Sample::login(&elsewhere, s.now - MILLISECOND)).await?;
    s.end_everybody().await?;
    ensure_eq!(s.listed(&elsewhere).await?, [record.handle], "the list in another realm");
    is_live_in_every_way(s, &record).await
}

pub(super) async fn an_update_of_a_login_from_before_writes_nothing(s: &Scene) -> Kept {
    let old = s.create(s.earlier_login()).await?;
    s.end_everybody().await?;
    for late in
        [rewritten(&old, |next| next.last_seen = s.now + SECOND), rewritten(&old, |next| log_in(s, next))]
    {
        let updated = s.store.update(late, old.revision, s.op()).await?;
        ensure_eq!(updated, Updated::Gone, "the login is from before");
        s.holds(&old).await?;
    }
    Ok(())
}

pub(super) async fn a_touch_of_a_login_from_before_finds_nothing(s: &Scene) -> Kept {
    let old = s.create(s.earlier_login()).await?;
    s.end_everybody().await?;
    for now in [s.now - MILLISECOND, s.now, s.now + SECOND] {
        ensure!(!s.store.touch(&old.key, s.now + 2 * HOUR, op(now)).await?, "the login is from before");
        s.holds(&old).await?;
    }
    Ok(())
}

pub(super) async fn a_renewal_of_a_login_from_before_writes_nothing(s: &Scene) -> Kept {
    let old = s.create(s.earlier_login()).await?;
    s.end_everybody().await?;
    for new in [renewed(&old), logged_in(s, &old)] {
        let replaced = s.store.replace(&old.key, new.clone(), old.revision, None, None, s.op()).await?;
        ensure_eq!(replaced, Replaced::Gone, "a plain renewal");
        let replaced = s.log_in_over(&old, &new, limit(5, WhenReached::Refuse)).await?;
        ensure_eq!(replaced, Replaced::Gone, "a login that began after it, over a login from before");
        let early = ticket(Epoch::NONE, s.now - MILLISECOND);
        let replaced =
            s.store.replace(&old.key, new.clone(), old.revision, Some(&early), None, s.op()).await?;
        let refused = matches!(replaced, Replaced::Gone | Replaced::EpochMoved);
        ensure!(refused, "the login and the ticket are from before: {replaced:?}");
        s.is_gone(&new).await?;
        s.holds(&old).await?;
    }
    Ok(())
}

pub(super) async fn a_login_from_before_may_not_act(s: &Scene) -> Kept {
    let [actor, live] = s.create_all([s.earlier_login(), s.login()]).await?;
    s.end_everybody().await?;
    for which in [Which::All, Which::AllBut(actor.handle), Which::One(live.handle), Which::One(actor.handle)]
    {
        let done = s.revoke_ada_as(Some(actor.handle), which).await?;
        ensure!(done.is_none(), "{which:?} was done by a login from before");
        ensure_eq!(s.store.epoch(&s.ada).await?, Epoch::NONE, "{which:?}: the epoch");
    }
    s.holds(&actor).await?;
    s.holds(&live).await
}

pub(super) async fn every_way_of_ending_tells_of_it(s: &Scene) -> Kept {
    let logins = [s.earlier_login(), s.earlier_login(), s.earlier_login(), s.earlier_login(), s.login()];
    let [revoked, taken, one, all, live] = s.create_all(logins).await?;
    s.end_everybody().await?;
    ensure_eq!(s.log_out(&revoked.key).await?, Some(for_all(&revoked)), "what was revoked");
    let answer = s.store.take(&taken.key, taken.revision, REASON, s.op()).await?;
    ensure_eq!(answer, Taken::Taken(for_all(&taken)), "what was taken");
    let answer = s.revoke_ada(Which::One(one.handle)).await?.ended;
    ensure_eq!(answer, [for_all(&one)], "the one that was ended");
    let answer = s.revoke_ada(Which::All).await?.ended;
    ensure_eq!(sorted(answer), sorted(vec![for_all(&all), ended(&live, REASON)]), "all that was ended");
    for record in [revoked, taken, one, all, live] {
        s.is_gone(&record).await?;
    }
    Ok(())
}

pub(super) async fn what_had_run_out_is_reported_as_timed_out(s: &Scene) -> Kept {
    let expired = || [s.expired_login(), s.expired_login().absolute_until(s.now - HOUR)];
    let ([revoked, taken], [a, b], [c, d]) =
        (s.create_all(expired()).await?, s.create_all(expired()).await?, s.create_all(expired()).await?);
    s.end_everybody().await?;
    let (idle, absolute) = (EndReason::IdleTimeout, EndReason::AbsoluteTimeout);
    ensure_eq!(s.log_out(&revoked.key).await?, Some(ended(&revoked, idle)), "what was revoked");
    let answer = s.store.take(&taken.key, taken.revision, REASON, s.op()).await?;
    ensure_eq!(answer, Taken::Taken(ended(&taken, absolute)), "what was taken");
    for (record, reason) in [(&a, idle), (&b, absolute)] {
        let answer = s.revoke_ada(Which::One(record.handle)).await?.ended;
        ensure_eq!(answer, [ended(record, reason)], "the one that was ended");
    }
    let expected = sorted(vec![ended(&c, idle), ended(&d, absolute)]);
    ensure_eq!(sorted(s.sweep_all(100).await?), expected, "what was swept");
    Ok(())
}

/// What ending a login from before amounts to.
fn for_all(record: &Record) -> Ended {
    ended(record, EndReason::EndedForAll)
}

fn logged_in(s: &Scene, old: &Record) -> Arc<Record> {
    let mut new = renewed(old);
    log_in(s, Arc::make_mut(&mut new));
    new
}

/// What a login writes: other credentials were checked, just now.
fn log_in(s: &Scene, record: &mut Record) {
    record.last_seen = s.now + SECOND;
    record.idle_until = s.now + 2 * HOUR;
    if let Some(identity) = &mut record.identity {
        identity.authenticated = s.now + SECOND;
        identity.stamp = Stamp::from(2);
        identity.level = AuthLevel::Full;
    }
}

/// It is alive, can be touched, written and renewed, and ends for the reason that it is given.
async fn is_live_in_every_way(s: &Scene, record: &Arc<Record>) -> Kept {
    s.holds(record).await?;
    ensure_eq!(s.store.alive(&[record.key], s.now).await?, [Some(true)], "alive");
    ensure!(s.store.touch(&record.key, record.idle_until, op(record.last_seen)).await?, "a touch");
    let second = rewritten(record, |_| ());
    let updated = s.store.update(second.clone(), record.revision, s.op()).await?;
    ensure_eq!(updated, Updated::Written, "an update");
    let third = renewed(&second);
    let replaced = s.store.replace(&second.key, third.clone(), second.revision, None, None, s.op()).await?;
    ensure_eq!(replaced, RENEWED, "a renewal");
    s.holds(&third).await?;
    let answer = s.store.revoke(&third.key, REASON, s.op()).await?;
    ensure_eq!(answer, Some(ended(&third, REASON)), "what was ended");
    Ok(())
}
