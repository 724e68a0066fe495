use super::check::{Broken, Kept, ensure, ensure_eq};
use super::scene::{HOUR, MILLISECOND, SECOND, Scene};
use crate::sample::{op, rewritten, unknown_key};
use hallpass_core::{Record, Timestamp, Updated};
use std::sync::Arc;

pub(super) async fn moves_last_seen_and_the_idle_deadline_forwards(s: &Scene) -> Kept {
    for sample in [s.login(), s.visitor()] {
        let record = s.create(sample).await?;
        let (seen, idle_until) = (s.now + SECOND, s.now + 2 * HOUR);
        touch(s, &record, idle_until, seen).await?;
        s.holds(&touched(&record, idle_until, seen)).await?;
    }
    Ok(())
}

pub(super) async fn never_moves_them_backwards(s: &Scene) -> Kept {
    let record = s.create(s.login().idle_until(s.now + 2 * HOUR)).await?;
    touch(s, &record, s.now + HOUR, s.now - SECOND).await?;
    s.holds(&record).await?;
    touch(s, &record, s.now + HOUR, s.now + SECOND).await?;
    s.holds(&touched(&record, record.idle_until, s.now + SECOND)).await?;
    touch(s, &record, s.now + 3 * HOUR, s.now).await?;
    s.holds(&touched(&record, s.now + 3 * HOUR, s.now + SECOND)).await
}

pub(super) async fn never_passes_the_absolute_deadline(s: &Scene) -> Kept {
    let record = s.create(s.login()).await?;
    for far in [record.absolute_until + MILLISECOND, Timestamp::MAX] {
        touch(s, &record, far, s.now).await?;
        s.holds(&touched(&record, record.absolute_until, s.now)).await?;
    }
    Ok(())
}

pub(super) async fn keeps_the_revision_and_everything_else(s: &Scene) -> Kept {
    let record = s.create(s.login().value("n", b"1").remembered().client("curl", [127, 0, 0, 1])).await?;
    for seconds in 1..5 {
        let seen = s.now + seconds * SECOND;
        touch(s, &record, seen + HOUR, seen).await?;
        s.holds(&touched(&record, seen + HOUR, seen)).await?;
    }
    let next = rewritten(&record, |_| ());
    let updated = s.store.update(next, record.revision, s.op()).await?;
    ensure_eq!(updated, Updated::Written, "a touch leaves the revision");
    Ok(())
}

pub(super) async fn that_changes_nothing_still_finds_the_session(s: &Scene) -> Kept {
    let record = s.create(s.visitor()).await?;
    for _ in 0..2 {
        touch(s, &record, record.idle_until, record.last_seen).await?;
        s.holds(&record).await?;
    }
    Ok(())
}

pub(super) async fn never_creates_a_session(s: &Scene) -> Kept {
    let key = unknown_key(&s.realm);
    ensure!(!s.store.touch(&key, s.now + HOUR, s.op()).await?, "there was no session to touch");
    ensure_eq!(s.load(&key).await?, None, "a touch created it");
    Ok(())
}

pub(super) async fn never_brings_back_a_revoked_session(s: &Scene) -> Kept {
    for sample in [s.visitor(), s.login()] {
        let record = s.create(sample).await?;
        ensure!(s.log_out(&record.key).await?.is_some(), "there was a session to end");
        ensure!(!s.store.touch(&record.key, s.now + HOUR, s.op()).await?, "a revoked session was touched");
        s.is_gone(&record).await?;
    }
    Ok(())
}

pub(super) async fn never_revives_a_session_that_has_run_out(s: &Scene) -> Kept {
    let idle = s.create(s.login().idle_until(s.now + SECOND)).await?;
    let absolute = s.create(s.visitor().absolute_until(s.now + SECOND)).await?;
    for record in [idle, absolute] {
        for late in [s.now + SECOND, s.now + SECOND + MILLISECOND, s.now + HOUR] {
            let found = s.store.touch(&record.key, s.now + 2 * HOUR, op(late)).await?;
            ensure!(!found, "a session was touched {:?} after it had run out", late.since(record.deadline()));
            s.holds(&record).await?;
        }
        touch(s, &record, record.idle_until, s.now + SECOND - MILLISECOND).await?;
    }
    Ok(())
}

async fn touch(s: &Scene, record: &Record, idle_until: Timestamp, seen: Timestamp) -> Result<(), Broken> {
    let found = s.store.touch(&record.key, idle_until, op(seen)).await?;
    ensure!(found, "a live session was not found");
    Ok(())
}

fn touched(record: &Record, idle_until: Timestamp, last_seen: Timestamp) -> Arc<Record> {
    Arc::new(Record { idle_until, last_seen, ..record.clone() })
}
