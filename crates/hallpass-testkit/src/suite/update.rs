use super::check::{Kept, ensure, ensure_eq};
use super::scene::{HOUR, MILLISECOND, RENEWED, SECOND, Scene};
use crate::sample::{op, renewed, rewritten};
use hallpass_core::{AuthLevel, DataChange, Record, Revision, Stamp, Updated};

pub(super) async fn writes_over_the_expected_revision(s: &Scene) -> Kept {
    for sample in [s.login(), s.visitor()] {
        let first = s.create(sample.value("n", b"1")).await?;
        let second = rewritten(&first, |next| set(next, b"2"));
        let updated = s.store.update(second.clone(), first.revision, s.op()).await?;
        ensure_eq!(updated, Updated::Written, "the row was live and at the expected revision");
        s.holds(&second).await?;
        let third = rewritten(&second, |next| next.data = Default::default());
        let updated = s.store.update(third.clone(), second.revision, s.op()).await?;
        ensure_eq!(updated, Updated::Written, "the row was live and at the revision of the last update");
        s.holds(&third).await?;
    }
    Ok(())
}

pub(super) async fn writes_every_field_that_changes(s: &Scene) -> Kept {
    let first = s.create(s.login().pending()).await?;
    let second = rewritten(&first, |next| {
        set(next, &[7; 70_000]);
        next.last_seen = s.now + SECOND;
        next.idle_until = s.now + 2 * HOUR;
        next.absolute_until = s.now + 20 * HOUR;
        if let Some(identity) = &mut next.identity {
            identity.level = AuthLevel::Full;
            identity.authenticated = s.now + SECOND;
            identity.stamp = Stamp::from(2);
            identity.remembered = true;
        }
    });
    let updated = s.store.update(second.clone(), first.revision, s.op()).await?;
    ensure_eq!(updated, Updated::Written, "the row was live and at the expected revision");
    s.holds(&second).await?;
    let listed = s.store.subject(&s.ada, s.now).await?;
    ensure_eq!(
        listed,
        [hallpass_core::SessionSummary::of(&second).expect("a login")],
        "the list is out of date"
    );
    Ok(())
}

pub(super) async fn at_another_revision_writes_nothing(s: &Scene) -> Kept {
    let first = s.create(s.login().value("n", b"1")).await?;
    let second = rewritten(&first, |next| set(next, b"2"));
    ensure_eq!(
        s.store.update(second.clone(), first.revision, s.op()).await?,
        Updated::Written,
        "first writer"
    );
    let late = rewritten(&first, |next| set(next, b"late"));
    let early = rewritten(&first, |next| set(next, b"early"));
    for (record, expected) in [(late, first.revision), (early, Revision(3)), (second.clone(), Revision(0))] {
        let updated = s.store.update(record, expected, s.op()).await?;
        ensure_eq!(updated, Updated::Conflict, "the row is at revision 2, expected was {expected:?}");
        s.holds(&second).await?;
    }
    Ok(())
}

pub(super) async fn never_creates_a_session(s: &Scene) -> Kept {
    for record in [s.visitor().build(), s.login().build()] {
        for expected in [Revision(0), record.revision] {
            let updated = s.store.update(record.clone(), expected, s.op()).await?;
            ensure_eq!(updated, Updated::Gone, "there was no row");
            s.is_gone(&record).await?;
        }
    }
    Ok(())
}

pub(super) async fn never_brings_back_a_revoked_session(s: &Scene) -> Kept {
    for sample in [s.visitor(), s.login()] {
        let record = s.create(sample).await?;
        ensure!(s.log_out(&record.key).await?.is_some(), "there was a session to end");
        let late = rewritten(&record, |next| set(next, b"late"));
        let updated = s.store.update(late.clone(), record.revision, s.op()).await?;
        ensure_eq!(updated, Updated::Gone, "the session was revoked before");
        s.is_gone(&late).await?;
    }
    Ok(())
}

pub(super) async fn never_revives_a_session_that_has_run_out(s: &Scene) -> Kept {
    let idle = s.create(s.login().idle_until(s.now + SECOND)).await?;
    let absolute = s.create(s.visitor().absolute_until(s.now + SECOND)).await?;
    for record in [idle, absolute] {
        let longer = rewritten(&record, |next| {
            next.idle_until = s.now + HOUR;
            next.absolute_until = s.now + HOUR;
        });
        for late in [s.now + SECOND, s.now + SECOND + MILLISECOND, s.now + HOUR] {
            let updated = s.store.update(longer.clone(), record.revision, op(late)).await?;
            ensure_eq!(updated, Updated::Gone, "the session had run out");
            s.holds(&record).await?;
        }
        let in_time = op(s.now + SECOND - MILLISECOND);
        let updated = s.store.update(longer, record.revision, in_time).await?;
        ensure_eq!(updated, Updated::Written, "the session was live for another millisecond");
    }
    Ok(())
}

pub(super) async fn never_moves_last_seen_or_the_idle_deadline_backwards(s: &Scene) -> Kept {
    let first = s.create(s.login().value("n", b"1")).await?;
    let (seen, idle_until) = (s.now + SECOND, s.now + 2 * HOUR);
    ensure!(s.store.touch(&first.key, idle_until, op(seen)).await?, "there was a session to touch");
    // Written by a request that loaded the session before it was touched.
    let late = rewritten(&first, |next| set(next, b"2"));
    let updated = s.store.update(late.clone(), first.revision, op(seen)).await?;
    ensure_eq!(updated, Updated::Written, "a touch leaves the revision");
    let kept = rewritten(&late, |next| {
        next.revision = late.revision;
        next.last_seen = seen;
        next.idle_until = idle_until;
    });
    s.holds(&kept).await
}

pub(super) async fn moves_last_seen_and_the_idle_deadline_forwards(s: &Scene) -> Kept {
    let first = s.create(s.visitor()).await?;
    let second = rewritten(&first, |next| {
        next.last_seen = s.now + SECOND;
        next.idle_until = s.now + 2 * HOUR;
    });
    let updated = s.store.update(second.clone(), first.revision, s.op()).await?;
    ensure_eq!(updated, Updated::Written, "the row was live and at the expected revision");
    s.holds(&second).await
}

pub(super) async fn of_a_renewed_key_writes_nothing(s: &Scene) -> Kept {
    let old = s.create(s.login()).await?;
    let new = renewed(&old);
    let replaced = s.store.replace(&old.key, new.clone(), old.revision, None, None, s.op()).await?;
    ensure_eq!(replaced, RENEWED, "the row was live and at the expected revision");
    let late = rewritten(&old, |next| set(next, b"late"));
    for expected in [old.revision, new.revision] {
        let updated = s.store.update(late.clone(), expected, s.op()).await?;
        ensure_eq!(updated, Updated::Gone, "the key is dead");
    }
    ensure_eq!(s.load(&old.key).await?, None, "the old key opens a session again");
    s.holds(&new).await
}

fn set(record: &mut Record, value: &[u8]) {
    record.data = record.data.with(&[DataChange::Set("n", value.into())]);
}
