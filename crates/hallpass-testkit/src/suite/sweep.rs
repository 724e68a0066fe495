use super::check::{Kept, ensure, ensure_eq};
use super::scene::{HOUR, MILLISECOND, RENEWED, SECOND, Scene, TEN_YEARS, ended, sorted};
use crate::sample::{op, renewed, rewritten};
use hallpass_core::{EndReason, Record, StoreErrorKind, Updated};

pub(super) async fn removes_what_has_run_out_and_tells_why(s: &Scene) -> Kept {
    let [idle, absolute, visitor, just_now] = s
        .create_all([
            s.expired_login(),
            s.expired_login().absolute_until(s.now - HOUR),
            s.expired_visitor(),
            s.expired_visitor().idle_until(s.now),
        ])
        .await?;
    let expected = vec![
        ended(&idle, EndReason::IdleTimeout),
        ended(&absolute, EndReason::AbsoluteTimeout),
        ended(&visitor, EndReason::IdleTimeout),
        ended(&just_now, EndReason::IdleTimeout),
    ];
    ensure_eq!(sorted(s.sweep_all(100).await?), sorted(expected), "what was swept");
    for record in [idle, absolute, visitor, just_now] {
        s.is_gone(&record).await?;
    }
    Ok(())
}

pub(super) async fn never_removes_a_live_session(s: &Scene) -> Kept {
    let records = s
        .create_all([
            s.login(),
            s.visitor(),
            s.visitor().idle_until(s.now + MILLISECOND),
            s.login().absolute_until(s.now + MILLISECOND),
        ])
        .await?;
    s.create(s.expired_login()).await?;
    ensure_eq!(s.sweep_all(100).await?.len(), 1, "swept sessions");
    for record in records {
        s.holds(&record).await?;
    }
    Ok(())
}

pub(super) async fn removes_no_more_than_its_limit(s: &Scene) -> Kept {
    let mut expected = Vec::new();
    for n in 0..7 {
        let sample = if n % 2 == 0 { s.expired_login() } else { s.expired_visitor() };
        expected.push(ended(&*s.create(sample).await?, EndReason::IdleTimeout));
    }
    let live = s.create(s.login()).await?;
    ensure_eq!(s.store.sweep(0, s.op()).await?.ended, [], "a sweep of no rows");
    // `sweep_all` checks that no batch is larger than asked for, and goes on while there is more.
    ensure_eq!(sorted(s.sweep_all(2).await?), sorted(expected), "what was swept in batches of two");
    s.holds(&live).await
}

pub(super) async fn leaves_what_was_touched_renewed_or_updated(s: &Scene) -> Kept {
    let [touched, old, first] =
        s.create_all([s.expired_login(), s.expired_login(), s.expired_visitor()]).await?;
    let then = op(s.now - 2 * HOUR + SECOND);
    let longer = |next: &mut Record| next.idle_until = s.now + HOUR;
    ensure!(s.store.touch(&touched.key, s.now + HOUR, then).await?, "a touch in time");
    let new = rewritten(&renewed(&old), longer);
    let replaced = s.store.replace(&old.key, new.clone(), old.revision, None, None, op(then.now)).await?;
    ensure_eq!(replaced, RENEWED, "a renewal in time");
    let second = rewritten(&first, longer);
    let updated = s.store.update(second.clone(), first.revision, op(then.now)).await?;
    ensure_eq!(updated, Updated::Written, "an update in time");
    ensure_eq!(s.sweep_all(100).await?, [], "what was swept");
    for key in [touched.key, new.key, second.key] {
        ensure!(s.is_live(&key).await?, "a live session was swept at a deadline that has moved");
    }
    Ok(())
}

pub(super) async fn empties_the_list_of_the_user(s: &Scene) -> Kept {
    let [swept, live] = s.create_all([s.expired_login(), s.login()]).await?;
    s.sweep_all(100).await?;
    ensure_eq!(s.store.subject(&s.ada, swept.created).await?.len(), 1, "logins in the list of two hours ago");
    let revoked = s.revoke_ada(hallpass_core::Which::All).await?;
    ensure_eq!(revoked.ended, [ended(&live, EndReason::Administrator)], "what there was to end");
    Ok(())
}

pub(super) async fn of_nothing_removes_nothing(s: &Scene) -> Kept {
    ensure_eq!(s.sweep_all(100).await?, [], "of an empty store");
    let record = s.create(s.expired_login()).await?;
    s.log_out(&record.key).await?;
    ensure_eq!(s.sweep_all(100).await?, [], "of a store whose only session was revoked");
    Ok(())
}

pub(super) async fn by_a_clock_that_is_years_ahead_is_refused_or_reported(s: &Scene) -> Kept {
    let record = s.create(s.login()).await?;
    // A store without a clock of its own has to believe its caller, and says what it removed.
    match s.store.sweep(100, op(s.now + TEN_YEARS)).await {
        Ok(swept) if swept.ended.is_empty() => s.holds(&record).await,
        Ok(swept) => {
            ensure_eq!(swept.ended, [ended(&record, EndReason::AbsoluteTimeout)], "what was swept");
            s.is_gone(&record).await
        }
        Err(error) => {
            ensure_eq!(error.kind(), StoreErrorKind::ClockSkew, "why it was refused");
            s.holds(&record).await
        }
    }
}

pub(super) async fn by_a_clock_that_is_years_behind_removes_nothing(s: &Scene) -> Kept {
    let [live, over] = s.create_all([s.login(), s.expired_visitor()]).await?;
    match s.store.sweep(100, op(s.now - TEN_YEARS)).await {
        Ok(swept) => ensure_eq!(swept.ended, [], "what was swept"),
        Err(error) => ensure_eq!(error.kind(), StoreErrorKind::ClockSkew, "why it was refused"),
    }
    s.holds(&live).await?;
    s.holds(&over).await
}
