use super::at_once::{ROUNDS, all, both};
use super::check::{Broken, Kept, ensure, ensure_eq};
use super::scene::{HOUR, MILLISECOND, RENEWED, SECOND, Scene};
use crate::sample::{op, renewed, rewritten};
use hallpass_core::{Created, DataChange, EndReason, Record, Replaced, Taken, Timestamp, Updated, Which};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

pub(super) async fn one_key_is_created_once(s: &Scene) -> Kept {
    let key = s.login().build().key;
    let records: Vec<_> = (0..20_u8)
        .map(|n| {
            let mut record = s.login().value("n", &[n]).build();
            Arc::make_mut(&mut record).key = key;
            record
        })
        .collect();
    let ticket = s.ticket_for(&records[0]).await?;
    let created = all(records.iter().cloned().map(|record| {
        let s = s.clone();
        async move { Ok(s.store.create(record, ticket.as_ref(), None, s.op()).await?) }
    }))
    .await?;
    let winners: Vec<_> = (0..20).filter(|n| matches!(created[*n], Created::Created { .. })).collect();
    ensure_eq!(winners.len(), 1, "calls that created it: {created:?}");
    s.holds(&records[winners[0]]).await?;
    ensure_eq!(s.listed(&s.ada).await?, [records[winners[0]].handle], "the list");
    Ok(())
}

pub(super) async fn a_revocation_is_counted_once(s: &Scene) -> Kept {
    for sample in [s.login(), s.visitor()] {
        let record = s.create(sample).await?;
        let answers = all((0..20).map(|_| {
            let (s, key) = (s.clone(), record.key);
            async move { s.log_out(&key).await }
        }))
        .await?;
        ensure_eq!(answers.iter().flatten().count(), 1, "calls that ended it");
        s.is_gone(&record).await?;
    }
    Ok(())
}

pub(super) async fn every_way_of_ending_is_counted_once(s: &Scene) -> Kept {
    for round in 0..ROUNDS {
        let record = s.create(s.expired_login()).await?;
        let counts = all((0..8).map(|way| {
            let (s, record) = (s.clone(), Arc::clone(&record));
            async move { end(&s, &record, (way + round) % 4).await }
        }))
        .await?;
        ensure_eq!(counts.iter().sum::<usize>(), 1, "ends of one session that were reported");
        s.is_gone(&record).await?;
    }
    Ok(())
}

/// Ends `record` in one of four ways and says how many sessions the store says it ended.
async fn end(s: &Scene, record: &Record, way: usize) -> Result<usize, Broken> {
    Ok(match way {
        0 => usize::from(s.log_out(&record.key).await?.is_some()),
        1 => {
            let taken = s.store.take(&record.key, record.revision, EndReason::Superseded, s.op()).await?;
            usize::from(matches!(taken, Taken::Taken(_)))
        }
        2 => s.store.sweep(10, s.op()).await?.ended.len(),
        _ => s.revoke_ada(Which::All).await?.ended.len(),
    })
}

pub(super) async fn no_update_is_lost(s: &Scene) -> Kept {
    let (tasks, increments) = (16, 10);
    let record = s.create(s.login().value("n", &0_u64.to_be_bytes())).await?;
    all((0..tasks).map(|_| {
        let (s, key) = (s.clone(), record.key);
        async move {
            for _ in 0..increments {
                while increment(&s, &key).await? == Updated::Conflict {}
            }
            Ok(())
        }
    }))
    .await?;
    let last = s.loaded(&record.key).await?;
    ensure_eq!(counter(&last), tasks * increments, "the counter that all writers together raised");
    ensure_eq!(last.revision.0, record.revision.0 + tasks * increments, "the revision");
    Ok(())
}

async fn increment(s: &Scene, key: &hallpass_core::SessionKey) -> Result<Updated, Broken> {
    let loaded = s.loaded(key).await?;
    let value = (counter(&loaded) + 1).to_be_bytes();
    let next = rewritten(&loaded, |next| {
        next.data = next.data.with(&[DataChange::Set("n", value[..].into())]);
    });
    let updated = s.store.update(next, loaded.revision, s.op()).await?;
    ensure!(updated != Updated::Gone, "a live session is gone");
    Ok(updated)
}

fn counter(record: &Record) -> u64 {
    let bytes = record.data.get("n").unwrap_or_default();
    bytes.iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
}

pub(super) async fn no_update_or_touch_survives_a_revocation(s: &Scene) -> Kept {
    for round in 0..ROUNDS {
        let record = s.create(if round % 2 == 0 { s.login() } else { s.visitor() }).await?;
        let storm = Arc::new(Storm::default());
        let writers: Vec<_> = (0..4)
            .map(|n| tokio::spawn(write(s.clone(), Arc::clone(&record), n, Arc::clone(&storm))))
            .collect();
        storm.rises(4 + round).await;
        let ended = s.log_out(&record.key).await;
        let after = s.is_gone(&record).await;
        storm.over.store(true, Ordering::SeqCst);
        for writer in writers {
            writer.await.map_err(|error| Broken::new(format!("it panicked: {error}")))??;
        }
        ensure!(ended?.is_some(), "the revocation had nothing to end");
        after?;
        s.is_gone(&record).await?;
    }
    Ok(())
}

/// Writers that go on until they are told that it is over.
#[derive(Default)]
struct Storm {
    writes: AtomicUsize,
    over: AtomicBool,
}

impl Storm {
    /// Waits for so many writes, or until a writer has failed to make them.
    async fn rises(&self, writes: usize) {
        for _ in 0..100_000 {
            if self.writes.load(Ordering::SeqCst) >= writes {
                return;
            }
            tokio::task::yield_now().await;
        }
    }
}

/// Writes the session again and again, as requests do that loaded it before it was revoked.
async fn write(s: Scene, record: Arc<Record>, writer: usize, storm: Arc<Storm>) -> Kept {
    let mut last = Arc::clone(&record);
    loop {
        let over = storm.over.load(Ordering::SeqCst);
        if writer.is_multiple_of(2) {
            s.store.touch(&record.key, s.now + 2 * HOUR, s.op()).await?;
        } else {
            last = s.load(&record.key).await?.unwrap_or(last);
            let _ = s.store.update(rewritten(&last, |_| ()), last.revision, s.op()).await?;
        }
        storm.writes.fetch_add(1, Ordering::SeqCst);
        // At least one more write after the revocation was answered.
        if over {
            return Ok(());
        }
        tokio::task::yield_now().await;
    }
}

pub(super) async fn a_renewal_and_a_revocation_never_both_succeed(s: &Scene) -> Kept {
    for round in 0..ROUNDS {
        let old = s.create(if round % 2 == 0 { s.login() } else { s.visitor() }).await?;
        let new = renewed(&old);
        let (replaced, ended) = both(replace(s, &old, &new), {
            let (s, key) = (s.clone(), old.key);
            async move { s.log_out(&key).await }
        })
        .await?;
        s.is_gone(&old).await?;
        match (replaced, ended) {
            (Replaced::Replaced { .. }, None) => s.holds(&new).await?,
            (Replaced::Gone, Some(_)) => s.is_gone(&new).await?,
            both => return Err(Broken::new(format!("renewal and revocation answered {both:?}"))),
        }
    }
    Ok(())
}

pub(super) async fn an_update_and_a_renewal_never_both_succeed(s: &Scene) -> Kept {
    for round in 0..ROUNDS {
        let old = s.create(if round % 2 == 0 { s.login() } else { s.visitor() }).await?;
        let (new, next) = (renewed(&old), rewritten(&old, |next| next.last_seen = s.now + SECOND));
        let (replaced, updated) = both(replace(s, &old, &new), update(s, &old, &next)).await?;
        match (replaced, updated) {
            (Replaced::Replaced { .. }, Updated::Gone) => s.holds(&new).await?,
            (Replaced::Conflict, Updated::Written) => s.holds(&next).await?,
            both => return Err(Broken::new(format!("renewal and update answered {both:?}"))),
        }
    }
    Ok(())
}

pub(super) async fn an_update_and_a_take_never_both_succeed(s: &Scene) -> Kept {
    for _ in 0..ROUNDS {
        let first = s.create(s.visitor()).await?;
        let second = rewritten(&first, |next| next.last_seen = s.now + SECOND);
        let take = {
            let (s, first) = (s.clone(), Arc::clone(&first));
            async move { Ok(s.store.take(&first.key, first.revision, EndReason::Superseded, s.op()).await?) }
        };
        match both(take, update(s, &first, &second)).await? {
            (Taken::Taken(_), Updated::Gone) => s.is_gone(&first).await?,
            (Taken::Conflict, Updated::Written) => s.holds(&second).await?,
            both => return Err(Broken::new(format!("take and update answered {both:?}"))),
        }
    }
    Ok(())
}

pub(super) async fn one_key_is_renewed_once(s: &Scene) -> Kept {
    for _ in 0..ROUNDS / 4 {
        let old = s.create(s.login()).await?;
        let renewals: Vec<_> = (0..10).map(|_| renewed(&old)).collect();
        let answers = all(renewals.iter().map(|new| replace(s, &old, new))).await?;
        let winners: Vec<_> = (0..10).filter(|n| answers[*n] == RENEWED).collect();
        ensure_eq!(winners.len(), 1, "renewals of one key that succeeded: {answers:?}");
        s.holds(&renewals[winners[0]]).await?;
        ensure_eq!(s.store.subject(&s.ada, s.now).await?.len(), 1, "logins in the list");
        s.log_out(&renewals[winners[0]].key).await?;
    }
    Ok(())
}

fn replace(
    s: &Scene,
    old: &Arc<Record>,
    new: &Arc<Record>,
) -> impl Future<Output = Result<Replaced, Broken>> + Send + 'static {
    let (s, old, new) = (s.clone(), Arc::clone(old), Arc::clone(new));
    async move { Ok(s.store.replace(&old.key, new, old.revision, None, None, s.op()).await?) }
}

fn update(
    s: &Scene,
    first: &Arc<Record>,
    second: &Arc<Record>,
) -> impl Future<Output = Result<Updated, Broken>> + Send + 'static {
    let (s, expected, second) = (s.clone(), first.revision, Arc::clone(second));
    async move { Ok(s.store.update(second, expected, s.op()).await?) }
}

pub(super) async fn an_update_and_a_touch_both_count(s: &Scene) -> Kept {
    for _ in 0..ROUNDS {
        let first = s.create(s.login()).await?;
        let second = rewritten(&first, |next| next.data = s.login().value("n", b"2").build().data.clone());
        let (seen, idle_until) = (s.now + SECOND, s.now + 2 * HOUR);
        let touch = {
            let (s, key) = (s.clone(), first.key);
            async move { Ok(s.store.touch(&key, idle_until, op(seen)).await?) }
        };
        let (updated, touched) = both(update(s, &first, &second), touch).await?;
        ensure_eq!((updated, touched), (Updated::Written, true), "the update and the touch");
        let both = Record { last_seen: seen, idle_until, ..(*second).clone() };
        s.holds(&both).await?;
    }
    Ok(())
}

pub(super) async fn a_touch_in_time_and_a_sweep_never_both_succeed(s: &Scene) -> Kept {
    for round in 0..ROUNDS {
        let sample = if round % 2 == 0 { s.expired_login() } else { s.expired_visitor() };
        let record = s.create(sample.idle_until(s.now)).await?;
        let (touched, swept) = both(
            {
                let (s, key) = (s.clone(), record.key);
                async move { Ok(s.store.touch(&key, s.now + HOUR, op(s.now - MILLISECOND)).await?) }
            },
            {
                let s = s.clone();
                async move { s.sweep_all(10).await }
            },
        )
        .await?;
        ensure_eq!(swept.len(), usize::from(!touched), "swept sessions, when the touch answered {touched}");
        ensure_eq!(s.is_live(&record.key).await?, touched, "live, when the touch answered {touched}");
    }
    Ok(())
}

pub(super) async fn sweeps_at_once_report_every_end_once(s: &Scene) -> Kept {
    let mut keys = Vec::new();
    for n in 0..60 {
        let sample = if n % 2 == 0 { s.expired_login() } else { s.expired_visitor() };
        keys.push(s.create(sample).await?.key);
    }
    let live = s.create(s.login()).await?;
    let swept = all((0..4).map(|_| {
        let s = s.clone();
        async move { s.sweep_all(7).await }
    }))
    .await?;
    let mut reported: Vec<_> = swept.into_iter().flatten().map(|ended| ended.key).collect();
    reported.extend(s.sweep_all(100).await?.into_iter().map(|ended| ended.key));
    keys.sort();
    reported.sort();
    ensure_eq!(reported, keys, "the sessions whose end was reported");
    s.holds(&live).await
}

pub(super) async fn not_before_ends_at_the_latest_moment(s: &Scene) -> Kept {
    for round in 0..8 {
        // The latest goes first in one round and last in the next.
        let moment = move |n: u32| s.now + (20 * round + if round % 2 == 0 { 19 - n } else { n }) * SECOND;
        let answers = all((0..20).map(|n| {
            let (s, at) = (s.clone(), moment(n));
            async move { Ok::<Timestamp, Broken>(s.store.raise_not_before(&s.realm, at, s.op()).await?) }
        }))
        .await?;
        for (n, answer) in (0..).zip(answers) {
            ensure!(answer >= moment(n), "raised to {:?}, it is at {answer:?}", moment(n));
        }
        let latest = (0..20).map(moment).max();
        ensure_eq!(s.store.not_before(&s.realm).await?, latest, "where it is in the end");
    }
    Ok(())
}
