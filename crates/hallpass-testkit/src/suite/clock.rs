use super::check::{Kept, ensure, ensure_eq};
use super::scene::{HOUR, RENEWED, SECOND, Scene, TEN_YEARS, ended};
use crate::sample::{op, renewed, rewritten, ticket};
use hallpass_core::{Created, EndReason, Epoch, Op, Replaced, StoreErrorKind, Timestamp, Updated, Which};

pub(super) async fn an_hour_back_moves_no_deadline(s: &Scene) -> Kept {
    let first = s.create(s.login()).await?;
    let back = || op(s.now - HOUR);
    ensure!(s.store.touch(&first.key, back().now + HOUR, back()).await?, "a touch");
    s.holds(&first).await?;
    let second = rewritten(&first, |next| (next.last_seen, next.idle_until) = (back().now, s.now));
    ensure_eq!(s.store.update(second, first.revision, back()).await?, Updated::Written, "an update");
    let kept = rewritten(&first, |_| ());
    s.holds(&kept).await?;
    let new = renewed(&kept);
    let replaced = s.store.replace(&kept.key, new.clone(), kept.revision, None, None, back()).await?;
    ensure_eq!(replaced, RENEWED, "a renewal");
    let answer = s.store.revoke(&new.key, EndReason::LoggedOut, back()).await?;
    ensure_eq!(answer, Some(ended(&new, EndReason::LoggedOut)), "a revocation");
    s.is_gone(&new).await
}

pub(super) async fn ten_years_ahead_revives_nothing(s: &Scene) -> Kept {
    let ahead = || op(s.now + TEN_YEARS);
    for sample in [s.login(), s.visitor()] {
        let record = s.create(sample).await?;
        let longer = rewritten(&record, |next| next.idle_until = Timestamp::MAX);
        ensure_eq!(s.store.update(longer, record.revision, ahead()).await?, Updated::Gone, "an update");
        ensure!(!s.store.touch(&record.key, Timestamp::MAX, ahead()).await?, "a touch");
        let new = renewed(&record);
        let replaced = s.store.replace(&record.key, new, record.revision, None, None, ahead()).await?;
        ensure_eq!(replaced, Replaced::Gone, "a renewal");
        ensure_eq!(s.store.alive(&[record.key], ahead().now).await?, [Some(false)], "alive");
        let answer = s.store.revoke(&record.key, EndReason::LoggedOut, ahead()).await?;
        ensure_eq!(answer, Some(ended(&record, EndReason::AbsoluteTimeout)), "a revocation");
        s.is_gone(&record).await?;
    }
    Ok(())
}

pub(super) async fn ten_years_ahead_and_back_ends_nothing(s: &Scene) -> Kept {
    let record = s.create(s.login()).await?;
    let ahead = op(s.now + TEN_YEARS);
    ensure_eq!(s.store.subject(&s.ada, ahead.now).await?, [], "the list in ten years");
    s.store.touch(&record.key, Timestamp::MAX, ahead).await?;
    let visitor = rewritten(&s.visitor().build(), |next| next.absolute_until = ahead.now + HOUR);
    let created = s.store.create(visitor.clone(), None, None, op(ahead.now)).await?;
    ensure_eq!(created, Created::Created { evicted: vec![] }, "a visitor in ten years");
    s.holds(&record).await?;
    s.holds(&visitor).await?;
    ensure_eq!(s.listed(&s.ada).await?, [record.handle], "the list, back in the present");
    ensure!(
        s.store.touch(&record.key, s.now + 2 * HOUR, op(s.now + SECOND)).await?,
        "a touch in the present"
    );
    Ok(())
}

pub(super) async fn the_ends_of_time_are_no_error(s: &Scene) -> Kept {
    for now in [Timestamp::default(), Timestamp::from_millis(1), Timestamp::MAX] {
        every_call(s, op(now)).await?;
        s.store.subject(&s.ada, now).await?;
        s.store.alive(&[s.login().build().key], now).await?;
        if let Err(error) = s.store.sweep(10, op(now)).await {
            ensure_eq!(error.kind(), StoreErrorKind::ClockSkew, "why a sweep at {now:?} was refused");
        }
    }
    ensure_eq!(s.store.not_before(&s.realm).await?, Some(Timestamp::MAX), "`not before`");
    Ok(())
}

/// Makes every changing call but sweep at `op.now`. No answer is asked for but one that is no error.
async fn every_call(s: &Scene, at: Op) -> Kept {
    let again = || op(at.now);
    let record = s.login().idle_until(Timestamp::MAX).absolute_until(Timestamp::MAX).build();
    let login = ticket(s.store.epoch(&s.ada).await?, Timestamp::MAX);
    let _ = s.store.create(record.clone(), Some(&login), None, at).await?;
    s.store.touch(&record.key, Timestamp::default(), again()).await?;
    s.store.touch(&record.key, Timestamp::MAX, again()).await?;
    let next = rewritten(&record, |next| next.idle_until = Timestamp::default());
    let _ = s.store.update(next.clone(), record.revision, again()).await?;
    let new = renewed(&next);
    let _ = s.store.replace(&record.key, new.clone(), next.revision, None, None, again()).await?;
    let _ = s.store.take(&new.key, new.revision, EndReason::Superseded, again()).await?;
    s.store.revoke(&record.key, EndReason::LoggedOut, again()).await?;
    let reason = EndReason::LoggedOut;
    let _ = s.store.revoke_subject(&s.ada, None, Which::All, reason, again()).await?;
    ensure!(s.store.epoch(&s.ada).await? != Epoch::NONE, "the epoch was not raised at {:?}", at.now);
    s.store.raise_not_before(&s.realm, at.now, again()).await?;
    Ok(())
}
