use super::check::{Broken, Kept, ensure, ensure_eq};
use super::scene::{HOUR, RENEWED, SECOND, Scene, limit, upgraded};
use crate::sample::{renewed, rewritten};
use hallpass_core::{Created, EndReason, Replaced, Taken, Updated, WhenReached, Which};

const REASON: EndReason = EndReason::LoggedOut;

pub(super) async fn a_create_is_applied_once(s: &Scene) -> Kept {
    for record in [s.login().build(), s.visitor().build()] {
        let (ticket, op) = (s.ticket_for(&record).await?, s.op());
        for _ in 0..3 {
            let created = s.store.create(record.clone(), ticket.as_ref(), None, op).await?;
            ensure_eq!(created, Created::Created { evicted: vec![] }, "one create, sent three times");
        }
        s.holds(&record).await?;
    }
    ensure_eq!(s.listed(&s.ada).await?.len(), 1, "logins in the list");
    Ok(())
}

pub(super) async fn a_create_that_evicts_answers_the_same(s: &Scene) -> Kept {
    s.create_all([s.login().last_seen(s.now - HOUR), s.login().last_seen(s.now - SECOND)]).await?;
    let record = s.login().build();
    let (ticket, op) = (s.ticket_for(&record).await?, s.op());
    let one = Some(limit(1, WhenReached::EndLeastRecent));
    let first = s.store.create(record.clone(), ticket.as_ref(), one, op).await?;
    let again = s.store.create(record.clone(), ticket.as_ref(), one, op).await?;
    ensure_eq!(again, first, "the same create, sent again");
    ensure_eq!(s.listed(&s.ada).await?, [record.handle], "the list");
    Ok(())
}

pub(super) async fn a_create_never_brings_back_what_was_ended(s: &Scene) -> Kept {
    for record in [s.login().build(), s.visitor().build()] {
        let (ticket, op) = (s.ticket_for(&record).await?, s.op());
        let created = s.store.create(record.clone(), ticket.as_ref(), None, op).await?;
        ensure_eq!(created, Created::Created { evicted: vec![] }, "the first time");
        ensure!(s.log_out(&record.key).await?.is_some(), "there was a session to end");
        let _ = s.store.create(record.clone(), ticket.as_ref(), None, op).await?;
        s.is_gone(&record).await?;
    }
    Ok(())
}

pub(super) async fn an_update_is_applied_once(s: &Scene) -> Kept {
    let first = s.create(s.login()).await?;
    let (second, op) = (rewritten(&first, |_| ()), s.op());
    for _ in 0..3 {
        let updated = s.store.update(second.clone(), first.revision, op).await?;
        ensure_eq!(updated, Updated::Written, "one update, sent three times");
    }
    s.holds(&second).await
}

pub(super) async fn a_replace_is_applied_once(s: &Scene) -> Kept {
    let old = s.create(s.login()).await?;
    let (new, op) = (renewed(&old), s.op());
    for _ in 0..3 {
        let replaced = s.store.replace(&old.key, new.clone(), old.revision, None, None, op).await?;
        ensure_eq!(replaced, RENEWED, "one renewal, sent three times");
    }
    s.holds(&new).await?;
    s.is_gone(&old).await
}

pub(super) async fn a_replace_that_evicts_answers_the_same(s: &Scene) -> Kept {
    let [a, b, pending] = s
        .create_all([
            s.login().last_seen(s.now - HOUR),
            s.login().last_seen(s.now - SECOND),
            s.login().pending(),
        ])
        .await?;
    let (new, op) = (upgraded(&pending), s.op());
    let (ticket, one) = (s.ticket_for(&new).await?, Some(limit(1, WhenReached::EndLeastRecent)));
    let (old, expected) = (&pending.key, pending.revision);
    let first = s.store.replace(old, new.clone(), expected, ticket.as_ref(), one, op).await?;
    let Replaced::Replaced { evicted } = &first else {
        return Err(Broken::new(format!("one full login is allowed: {first:?}")));
    };
    ensure_eq!(evicted.len(), 2, "logins that gave way");
    let again = s.store.replace(old, new.clone(), expected, ticket.as_ref(), one, op).await?;
    ensure_eq!(again, first, "the same upgrade, sent again");
    for record in [a, b, pending] {
        s.is_gone(&record).await?;
    }
    s.holds(&new).await
}

pub(super) async fn a_take_answers_the_same(s: &Scene) -> Kept {
    let (record, op) = (s.create(s.visitor()).await?, s.op());
    let first = s.store.take(&record.key, record.revision, REASON, op).await?;
    ensure!(matches!(first, Taken::Taken(_)), "the row was at the expected revision: {first:?}");
    let again = s.store.take(&record.key, record.revision, REASON, op).await?;
    ensure_eq!(again, first, "the same take, sent again");
    Ok(())
}

pub(super) async fn a_revoke_answers_the_same(s: &Scene) -> Kept {
    for sample in [s.login(), s.visitor(), s.expired_login()] {
        let (record, op) = (s.create(sample).await?, s.op());
        let first = s.store.revoke(&record.key, REASON, op).await?;
        ensure!(first.is_some(), "there was a session to end");
        let again = s.store.revoke(&record.key, REASON, op).await?;
        ensure_eq!(again, first, "the same revocation, sent again");
        s.is_gone(&record).await?;
    }
    Ok(())
}

pub(super) async fn a_revoke_subject_answers_the_same(s: &Scene) -> Kept {
    let [actor, one, _, _] = s.create_all([s.login(), s.login(), s.login(), s.login()]).await?;
    for which in [Which::One(one.handle), Which::AllBut(actor.handle), Which::All] {
        let op = s.op();
        let actor = Some(actor.handle);
        let first = s.store.revoke_subject(&s.ada, actor, which, REASON, op).await?;
        let again = s.store.revoke_subject(&s.ada, actor, which, REASON, op).await?;
        ensure_eq!(again, first, "{which:?}, sent again");
    }
    ensure_eq!(s.listed(&s.ada).await?, [], "the list");
    Ok(())
}

pub(super) async fn a_touch_and_a_raise_answer_the_same(s: &Scene) -> Kept {
    let (record, op) = (s.create(s.login()).await?, s.op());
    for _ in 0..2 {
        ensure!(s.store.touch(&record.key, s.now + 2 * HOUR, op).await?, "one touch, sent twice");
    }
    let op = s.op();
    for _ in 0..2 {
        let at = s.store.raise_not_before(&s.realm, s.now, op).await?;
        ensure_eq!(at, s.now, "one raise of `not before`, sent twice");
    }
    Ok(())
}

pub(super) async fn another_call_is_no_repetition(s: &Scene) -> Kept {
    let first = s.create(s.login()).await?;
    let second = rewritten(&first, |_| ());
    let written = s.store.update(second.clone(), first.revision, s.op()).await?;
    ensure_eq!(written, Updated::Written, "the first writer");
    let conflict = s.store.update(second.clone(), first.revision, s.op()).await?;
    ensure_eq!(conflict, Updated::Conflict, "another writer with the same record");
    let taken_key =
        s.store.create(second.clone(), s.ticket_for(&second).await?.as_ref(), None, s.op()).await?;
    ensure_eq!(taken_key, Created::AlreadyExists, "another call with the same key");
    ensure!(s.log_out(&first.key).await?.is_some(), "there was a session to end");
    let nothing = s.log_out(&first.key).await?;
    ensure!(nothing.is_none(), "another revocation ended {nothing:?}");
    Ok::<(), Broken>(())
}
