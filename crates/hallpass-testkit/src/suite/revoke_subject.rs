use super::check::{Kept, ensure, ensure_eq};
use super::scene::{HOUR, MILLISECOND, RENEWED, SECOND, Scene, ended, sorted};
use crate::sample::{Sample, op, renewed, unknown_handle};
use hallpass_core::{EndReason, Epoch, Record, SessionHandle, SubjectRevoked, Which};
use std::sync::Arc;

const REASON: EndReason = EndReason::Administrator;

pub(super) async fn all_ends_every_login(s: &Scene) -> Kept {
    let records = s.create_all([s.login(), s.login().value("n", b"1"), s.login().remembered()]).await?;
    let revoked = s.revoke_ada(Which::All).await?;
    ensure_eq!(sorted(revoked.ended), expected(&records, REASON), "what was ended");
    for record in &records {
        s.is_gone(record).await?;
    }
    ensure_eq!(s.revoke_ada(Which::All).await?.ended, [], "what another call ended");
    Ok(())
}

pub(super) async fn all_but_keeps_one(s: &Scene) -> Kept {
    let [first, kept, third] = s.create_all([s.login(), s.login(), s.login()]).await?;
    let revoked = s.revoke_ada(Which::AllBut(kept.handle)).await?;
    ensure_eq!(sorted(revoked.ended), expected(&[first.clone(), third.clone()], REASON), "what was ended");
    s.is_gone(&first).await?;
    s.is_gone(&third).await?;
    s.holds(&kept).await?;
    ensure_eq!(s.listed(&s.ada).await?, [kept.handle], "the list");
    Ok(())
}

pub(super) async fn all_but_an_unknown_handle_ends_every_login(s: &Scene) -> Kept {
    let records = s.create_all([s.login(), s.login()]).await?;
    let bob = s.create(Sample::login(&s.bob, s.now)).await?;
    for (kept, expect) in [(unknown_handle(), expected(&records, REASON)), (bob.handle, vec![])] {
        let revoked = s.revoke_ada(Which::AllBut(kept)).await?;
        ensure_eq!(sorted(revoked.ended), expect, "what was ended");
        ensure_eq!(s.store.epoch(&s.ada).await?, Epoch::from(revoked.op.id), "the epoch");
    }
    s.holds(&bob).await
}

pub(super) async fn one_ends_one(s: &Scene) -> Kept {
    let [one, other] = s.create_all([s.login(), s.login()]).await?;
    let revoked = s.revoke_ada(Which::One(one.handle)).await?;
    ensure_eq!(revoked.ended, [ended(&one, REASON)], "what was ended");
    s.is_gone(&one).await?;
    s.holds(&other).await
}

pub(super) async fn one_unknown_handle_ends_nothing(s: &Scene) -> Kept {
    let [login, visitor] = s.create_all([s.login(), s.visitor()]).await?;
    let bob = s.create(Sample::login(&s.bob, s.now)).await?;
    for handle in [unknown_handle(), bob.handle, visitor.handle] {
        let revoked = s.revoke_ada(Which::One(handle)).await?;
        ensure_eq!(revoked.ended, [], "this user has no such login");
    }
    for record in [login, visitor, bob] {
        s.holds(&record).await?;
    }
    Ok(())
}

pub(super) async fn leaves_visitors_and_other_users_alone(s: &Scene) -> Kept {
    let [_, visitor] = s.create_all([s.login(), s.visitor()]).await?;
    let bob = s.create(Sample::login(&s.bob, s.now)).await?;
    s.revoke_ada(Which::All).await?;
    s.holds(&visitor).await?;
    s.holds(&bob).await?;
    ensure_eq!(s.listed(&s.bob).await?, [bob.handle], "the list of another user");
    Ok(())
}

pub(super) async fn reports_sessions_that_had_run_out_as_timed_out(s: &Scene) -> Kept {
    let [idle, absolute, live] =
        s.create_all([s.expired_login(), s.expired_login().absolute_until(s.now - HOUR), s.login()]).await?;
    let revoked = s.revoke_ada(Which::All).await?;
    let expected = sorted(vec![
        ended(&idle, EndReason::IdleTimeout),
        ended(&absolute, EndReason::AbsoluteTimeout),
        ended(&live, REASON),
    ]);
    ensure_eq!(sorted(revoked.ended), expected, "what was ended");
    s.is_gone(&idle).await?;
    s.is_gone(&absolute).await
}

pub(super) async fn ends_logins_that_owe_a_factor(s: &Scene) -> Kept {
    let records = s.create_all([s.login().pending(), s.login().bearer()]).await?;
    let revoked = s.revoke_ada(Which::All).await?;
    ensure_eq!(sorted(revoked.ended), expected(&records, REASON), "what was ended");
    s.is_gone(&records[0]).await
}

pub(super) async fn ends_two_hundred_logins(s: &Scene) -> Kept {
    let mut records = Vec::new();
    for n in 0..200 {
        records.push(s.create(s.login().last_seen(s.now - n * SECOND)).await?);
    }
    ensure_eq!(s.listed(&s.ada).await?.len(), 200, "logins in the list");
    let kept = records.swap_remove(100);
    let revoked = s.revoke_ada(Which::AllBut(kept.handle)).await?;
    ensure_eq!(sorted(revoked.ended), expected(&records, REASON), "what was ended");
    ensure_eq!(s.listed(&s.ada).await?, [kept.handle], "the list");
    s.holds(&kept).await
}

pub(super) async fn keeps_a_login_across_its_renewal(s: &Scene) -> Kept {
    let [old, other] = s.create_all([s.login(), s.login()]).await?;
    let new = renew(s, &old).await?;
    let revoked = s.revoke_ada(Which::AllBut(old.handle)).await?;
    ensure_eq!(revoked.ended, [ended(&other, REASON)], "what was ended");
    s.holds(&new).await
}

pub(super) async fn by_a_live_actor_is_done(s: &Scene) -> Kept {
    let [actor, one, _] = s.create_all([s.login(), s.login(), s.login()]).await?;
    for (which, count) in [(Which::One(one.handle), 1), (Which::AllBut(actor.handle), 1), (Which::All, 1)] {
        let revoked = s.revoke_ada_as(Some(actor.handle), which).await?;
        let ended = revoked.map(|revoked| revoked.ended.len());
        ensure_eq!(ended, Some(count), "{which:?}: logins that a live actor ended");
    }
    s.is_gone(&actor).await
}

pub(super) async fn by_an_actor_that_was_ended_does_nothing(s: &Scene) -> Kept {
    let [actor, other] = s.create_all([s.login(), s.login()]).await?;
    s.log_out(&actor.key).await?;
    does_nothing(s, actor.handle, &[&other]).await
}

pub(super) async fn by_an_actor_that_has_run_out_does_nothing(s: &Scene) -> Kept {
    let [idle, absolute, other] =
        s.create_all([s.expired_login(), s.expired_login().absolute_until(s.now - HOUR), s.login()]).await?;
    does_nothing(s, idle.handle, &[&idle, &absolute, &other]).await?;
    does_nothing(s, absolute.handle, &[&idle, &absolute, &other]).await?;
    let (which, last) = (Which::One(other.handle), op(other.idle_until));
    let answer = s.store.revoke_subject(&s.ada, Some(other.handle), which, REASON, last).await?;
    ensure_eq!(answer, SubjectRevoked::ActorGone, "at the actor's idle deadline");
    let (which, last) = (Which::One(other.handle), op(other.idle_until - MILLISECOND));
    let answer = s.store.revoke_subject(&s.ada, Some(other.handle), which, REASON, last).await?;
    ensure!(answer != SubjectRevoked::ActorGone, "the actor was live for another millisecond");
    Ok(())
}

pub(super) async fn by_somebody_elses_login_does_nothing(s: &Scene) -> Kept {
    let [login, visitor] = s.create_all([s.login(), s.visitor()]).await?;
    let bob = s.create(Sample::login(&s.bob, s.now)).await?;
    for actor in [bob.handle, visitor.handle, unknown_handle()] {
        does_nothing(s, actor, &[&login, &visitor, &bob]).await?;
    }
    Ok(())
}

pub(super) async fn by_an_actor_follows_its_renewal(s: &Scene) -> Kept {
    let [old, other] = s.create_all([s.login(), s.login()]).await?;
    let new = renew(s, &old).await?;
    let revoked = s.revoke_ada_as(Some(old.handle), Which::AllBut(old.handle)).await?;
    ensure_eq!(revoked.map(|revoked| revoked.ended), Some(vec![ended(&other, REASON)]), "what was ended");
    s.holds(&new).await
}

/// Whatever `actor` asks for, the answer is "actor gone" and everything is as before.
async fn does_nothing(s: &Scene, actor: SessionHandle, records: &[&Arc<Record>]) -> Kept {
    let (before, epoch) = (s.listed(&s.ada).await?, s.store.epoch(&s.ada).await?);
    let others = records.iter().map(|record| Which::One(record.handle));
    for which in [Which::All, Which::AllBut(actor)].into_iter().chain(others) {
        let done = s.revoke_ada_as(Some(actor), which).await?;
        ensure!(done.is_none(), "{which:?} was done by an actor that is not a live login of this user");
        ensure_eq!(s.listed(&s.ada).await?, before, "{which:?}: the list");
        ensure_eq!(s.store.epoch(&s.ada).await?, epoch, "{which:?}: the epoch");
    }
    for record in records {
        s.holds(record).await?;
    }
    Ok(())
}

async fn renew(s: &Scene, old: &Record) -> Result<Arc<Record>, super::Broken> {
    let new = renewed(old);
    let replaced = s.store.replace(&old.key, new.clone(), old.revision, None, None, s.op()).await?;
    ensure_eq!(replaced, RENEWED, "it was live and at that revision");
    Ok(new)
}

fn expected(records: &[Arc<Record>], reason: EndReason) -> Vec<hallpass_core::Ended> {
    sorted(records.iter().map(|record| ended(record, reason)).collect())
}
