use super::check::{Broken, Kept, ensure, ensure_eq};
use super::cut::{Cuts, settled};
use super::scene::{HOUR, RENEWED, SECOND, Scene, ended, limit, upgraded};
use crate::sample::{op, renewed, rewritten, ticket};
use hallpass_core::{
    Created, EndReason, Epoch, Freshness, Record, Replaced, SessionSummary, Taken, Updated, WhenReached,
    Which,
};
use std::sync::Arc;

const REASON: EndReason = EndReason::LoggedOut;

pub(super) async fn a_create_is_whole_or_nothing(s: &Scene) -> Kept {
    let mut cuts = Cuts::default();
    while cuts.go_on() {
        for record in [s.login().build(), s.visitor().build()] {
            let ticket = s.ticket_for(&record).await?;
            let answer = cuts.cut(s.store.create(record.clone(), ticket.as_ref(), None, s.op())).await;
            if let Some(created) = answer.transpose()? {
                ensure_eq!(created, Created::Created { evicted: vec![] }, "an undisturbed create");
                stands(s, &record).await?;
            }
            settled(|| stands_or_is_gone(s, &record)).await?;
            ends(s, &record).await?;
        }
    }
    Ok(())
}

pub(super) async fn a_create_that_evicts_is_whole_or_nothing(s: &Scene) -> Kept {
    let mut cuts = Cuts::default();
    while cuts.go_on() {
        let old = s.create(s.login().last_seen(s.now - HOUR)).await?;
        let new = s.login().build();
        let ticket = s.ticket_for(&new).await?;
        let one = Some(limit(1, WhenReached::EndLeastRecent));
        let answer = cuts.cut(s.store.create(new.clone(), ticket.as_ref(), one, s.op())).await;
        let done = answer.transpose()?.is_some();
        settled(|| one_stands(s, &old, &new, done)).await?;
        let revoked = s.revoke_ada(Which::All).await?;
        ensure_eq!(revoked.ended.len(), 1, "logins that were left to end");
    }
    Ok(())
}

pub(super) async fn an_update_is_whole_or_nothing(s: &Scene) -> Kept {
    let mut cuts = Cuts::default();
    while cuts.go_on() {
        let first = s.create(s.login().value("n", &[1; 5_000])).await?;
        let second = rewritten(&first, |next| {
            next.data = s.login().value("n", &[2; 9_000]).build().data.clone();
            next.idle_until = s.now + 2 * HOUR;
        });
        let answer = cuts.cut(s.store.update(second.clone(), first.revision, s.op())).await;
        if let Some(updated) = answer.transpose()? {
            ensure_eq!(updated, Updated::Written, "an undisturbed update");
            stands(s, &second).await?;
        }
        settled(|| is_either(s, &first, &second)).await?;
        ends(s, &first).await?;
    }
    Ok(())
}

pub(super) async fn a_touch_is_whole_or_nothing(s: &Scene) -> Kept {
    let mut cuts = Cuts::default();
    while cuts.go_on() {
        let record = s.create(s.login()).await?;
        let (last_seen, idle_until) = (s.now + SECOND, s.now + 2 * HOUR);
        let touched = Arc::new(Record { last_seen, idle_until, ..(*record).clone() });
        let answer = cuts.cut(s.store.touch(&record.key, idle_until, op(last_seen))).await;
        if let Some(found) = answer.transpose()? {
            ensure!(found, "an undisturbed touch");
            stands(s, &touched).await?;
        }
        settled(|| is_either(s, &record, &touched)).await?;
        ends(s, &record).await?;
    }
    Ok(())
}

pub(super) async fn a_replace_is_whole_or_nothing(s: &Scene) -> Kept {
    let mut cuts = Cuts::default();
    while cuts.go_on() {
        let old = s.create(s.login()).await?;
        let (new, login) = (renewed(&old), ticket(s.store.epoch(&s.ada).await?, s.now));
        let call = s.store.replace(&old.key, new.clone(), old.revision, Some(&login), None, s.op());
        let answer = cuts.cut(call).await.transpose()?;
        ensure!(
            answer.as_ref().is_none_or(|answer| *answer == RENEWED),
            "an undisturbed renewal: {answer:?}"
        );
        settled(|| one_stands(s, &old, &new, answer.is_some())).await?;
        let revoked = s.revoke_ada(Which::One(old.handle)).await?;
        ensure_eq!(revoked.ended.len(), 1, "logins that were left to end");
        s.is_gone(&old).await?;
        s.is_gone(&new).await?;
    }
    Ok(())
}

pub(super) async fn a_replace_that_evicts_is_whole_or_nothing(s: &Scene) -> Kept {
    let mut cuts = Cuts::default();
    while cuts.go_on() {
        let [full, pending] = s.create_all([s.login().last_seen(s.now - HOUR), s.login().pending()]).await?;
        let new = upgraded(&pending);
        let call = s.log_in_over(&pending, &new, limit(1, WhenReached::EndLeastRecent));
        let answer = cuts.cut(call).await.transpose()?;
        let expected = Replaced::Replaced { evicted: vec![ended(&full, EndReason::SessionLimit)] };
        ensure!(
            answer.as_ref().is_none_or(|answer| *answer == expected),
            "an undisturbed upgrade: {answer:?}"
        );
        settled(|| one_stands(s, &full, &new, answer.is_some())).await?;
        settled(|| one_stands(s, &pending, &new, answer.is_some())).await?;
        // Decided by what is ended: what was dropped may have been finished just before.
        let revoked = s.revoke_ada(Which::All).await?;
        let done = revoked.ended.iter().any(|ended| ended.key == new.key);
        ensure_eq!(revoked.ended.len(), if done { 1 } else { 2 }, "logins that were left to end");
    }
    Ok(())
}

pub(super) async fn a_take_is_whole_or_nothing(s: &Scene) -> Kept {
    let mut cuts = Cuts::default();
    while cuts.go_on() {
        let record = s.create(s.login()).await?;
        let answer = cuts.cut(s.store.take(&record.key, record.revision, REASON, s.op())).await;
        if let Some(taken) = answer.transpose()? {
            ensure!(matches!(taken, Taken::Taken(_)), "an undisturbed take: {taken:?}");
            s.is_gone(&record).await?;
        }
        settled(|| stands_or_is_gone(s, &record)).await?;
        ends(s, &record).await?;
    }
    Ok(())
}

pub(super) async fn a_revoke_is_whole_or_nothing(s: &Scene) -> Kept {
    let mut cuts = Cuts::default();
    while cuts.go_on() {
        for record in s.create_all([s.login(), s.visitor()]).await? {
            let answer = cuts.cut(s.store.revoke(&record.key, REASON, s.op())).await;
            if let Some(ended) = answer.transpose()? {
                ensure!(ended.is_some(), "an undisturbed revocation had nothing to end");
                s.is_gone(&record).await?;
            }
            settled(|| stands_or_is_gone(s, &record)).await?;
            ends(s, &record).await?;
        }
    }
    Ok(())
}

pub(super) async fn a_revoke_subject_is_whole_or_nothing(s: &Scene) -> Kept {
    let mut cuts = Cuts::default();
    while cuts.go_on() {
        let records = s.create_all([s.login(), s.login(), s.login()]).await?;
        let (before, op) = (s.store.epoch(&s.ada).await?, s.op());
        let call = s.store.revoke_subject(&s.ada, Some(records[0].handle), Which::All, REASON, op);
        let done = cuts.cut(call).await.transpose()?.is_some();
        let epochs = [before, Epoch::from(op.id)];
        settled(|| all_stand_or_are_gone(s, &records, epochs, done)).await?;
        s.revoke_ada(Which::All).await?;
    }
    Ok(())
}

pub(super) async fn raising_not_before_is_whole_or_nothing(s: &Scene) -> Kept {
    let (mut cuts, mut at) = (Cuts::default(), s.now - HOUR);
    // What was confirmed last, and what was dropped since then, which may have been finished, or be finished later.
    let mut possible = vec![s.store.not_before(&s.realm).await?];
    while cuts.go_on() {
        at = at + SECOND;
        let answer = cuts.cut(s.store.raise_not_before(&s.realm, at, s.op())).await.transpose()?;
        if answer.is_some() {
            possible.clear();
        }
        possible.push(Some(at));
        let after = s.store.not_before(&s.realm).await?;
        ensure!(possible.contains(&after), "raised to {at:?}, answered {answer:?}, it is {after:?}");
    }
    Ok(())
}

pub(super) async fn a_sweep_leaves_list_and_rows_in_agreement(s: &Scene) -> Kept {
    let mut cuts = Cuts::default();
    while cuts.go_on() {
        let records = s.create_all([s.expired_login(), s.expired_login(), s.login()]).await?;
        let _ = cuts.cut(s.store.sweep(10, s.op())).await.transpose()?;
        for record in &records {
            settled(|| stands_or_is_gone(s, record)).await?;
        }
        settled(|| a_sweep_removes(s, &records[..2])).await?;
        ends(s, &records[2]).await?;
    }
    Ok(())
}

/// A sweep passes over what is locked, by one that was dropped too.
async fn a_sweep_removes(s: &Scene, records: &[Arc<Record>]) -> Kept {
    s.sweep_all(10).await?;
    for record in records {
        s.is_gone(record).await?;
    }
    Ok(())
}

pub(super) async fn questions_leave_no_lock_behind(s: &Scene) -> Kept {
    let mut record = s.create(s.login()).await?;
    let keys = [record.key];
    let mut cuts: [Cuts; 6] = Default::default();
    while cuts.iter().any(Cuts::go_on) {
        cuts[0].cut(s.store.load(&record.key, Freshness::Latest)).await.transpose()?;
        cuts[1].cut(s.store.subject(&s.ada, s.now)).await.transpose()?;
        cuts[2].cut(s.store.epoch(&s.ada)).await.transpose()?;
        cuts[3].cut(s.store.alive(&keys, s.now)).await.transpose()?;
        cuts[4].cut(s.store.not_before(&s.realm)).await.transpose()?;
        drop(cuts[5].cut(s.store.feed()).await.transpose()?);
        let next = rewritten(&record, |_| ());
        let updated = s.store.update(next.clone(), record.revision, s.op()).await?;
        ensure_eq!(updated, Updated::Written, "an update after dropped questions");
        s.revoke_ada(Which::AllBut(record.handle)).await?;
        record = next;
    }
    stands(s, &record).await
}

/// It is as `record` says, alive, and in the list if it is a login.
async fn stands(s: &Scene, record: &Record) -> Kept {
    s.holds(record).await?;
    ensure_eq!(s.store.alive(&[record.key], record.created).await?, [Some(true)], "alive");
    let Some(subject) = record.subject_key() else { return Ok(()) };
    let listed = s.store.subject(&subject, record.created).await?;
    let own = listed.iter().find(|login| login.key == record.key);
    ensure_eq!(own, SessionSummary::of(record).as_ref(), "in the list of its user");
    Ok(())
}

async fn stands_or_is_gone(s: &Scene, record: &Record) -> Kept {
    match s.load(&record.key).await? {
        Some(_) => stands(s, record).await,
        None => s.is_gone(record).await,
    }
}

/// One of both stands and the other is gone: the new one, if the call was answered.
async fn one_stands(s: &Scene, old: &Record, new: &Record, answered: bool) -> Kept {
    let done = answered || s.load(&new.key).await?.is_some();
    let (standing, gone) = if done { (new, old) } else { (old, new) };
    stands(s, standing).await?;
    s.is_gone(gone).await
}

async fn is_either(s: &Scene, before: &Record, after: &Record) -> Kept {
    let loaded = s.loaded(&before.key).await?;
    stands(s, if *loaded == *before { before } else { after }).await
}

async fn all_stand_or_are_gone(
    s: &Scene,
    records: &[Arc<Record>],
    epochs: [Epoch; 2],
    answered: bool,
) -> Kept {
    let epoch = s.store.epoch(&s.ada).await?;
    let done = answered || epoch == epochs[1];
    ensure_eq!(epoch, epochs[usize::from(done)], "the epoch");
    for record in records {
        if done { s.is_gone(record).await? } else { stands(s, record).await? }
    }
    Ok(())
}

/// Later calls go through: whatever has become of it, it can be ended.
async fn ends(s: &Scene, record: &Record) -> Result<(), Broken> {
    s.log_out(&record.key).await?;
    s.is_gone(record).await
}
