use super::at_once::all;
use super::check::{Kept, ensure, ensure_eq};
use super::scene::{HOUR, SECOND, Scene, ended, realm, sorted, subject_named};
use crate::sample::Sample;
use hallpass_core::{EndReason, Purged};

pub(super) async fn removes_the_logins_from_before_and_tells_of_each(s: &Scene) -> Kept {
    let bob = subject_named(&s.realm, "bob");
    let records = s
        .create_all([
            s.earlier_login(),
            s.earlier_login().pending(),
            s.earlier_login().remembered().bearer(),
            Sample::login(&bob, s.now - HOUR / 2),
        ])
        .await?;
    s.end_everybody().await?;
    let expected = records.iter().map(|record| ended(record, EndReason::EndedForAll)).collect();
    ensure_eq!(sorted(s.purge_all(100).await?), sorted(expected), "what was purged");
    for record in &records {
        s.is_gone(record).await?;
    }
    Ok(())
}

pub(super) async fn leaves_visitors_later_logins_and_other_realms(s: &Scene) -> Kept {
    let elsewhere = subject_named(&realm("elsewhere"), "ada");
    let records = s
        .create_all([
            s.visitor(),
            s.login(),
            Sample::login(&s.ada, s.now + SECOND),
            Sample::login(&elsewhere, s.now - HOUR / 2),
        ])
        .await?;
    s.end_everybody().await?;
    ensure_eq!(s.purge_all(100).await?, [], "what was purged");
    for record in &records {
        s.holds(record).await?;
    }
    Ok(())
}

pub(super) async fn without_a_moment_removes_nothing(s: &Scene) -> Kept {
    let record = s.create(s.earlier_login()).await?;
    ensure_eq!(s.purge_all(100).await?, [], "what was purged");
    s.holds(&record).await
}

pub(super) async fn comes_past_every_login_in_small_steps(s: &Scene) -> Kept {
    let mut expected = Vec::new();
    for n in 0..40 {
        let subject = subject_named(&s.realm, &format!("user{}", n / 2));
        let record = s.create(Sample::login(&subject, s.now - HOUR / 2)).await?;
        s.create(s.visitor()).await?;
        expected.push(ended(&record, EndReason::EndedForAll));
    }
    s.end_everybody().await?;
    ensure_eq!(sorted(s.purge_all(3).await?), sorted(expected), "what was purged in steps of three");
    ensure_eq!(s.purge_all(3).await?, [], "what was left for another time");
    Ok(())
}

pub(super) async fn what_had_run_out_is_reported_as_timed_out(s: &Scene) -> Kept {
    let record = s.create(s.expired_login()).await?;
    s.end_everybody().await?;
    let purged = s.purge_all(100).await?;
    let swept = s.sweep_all(100).await?;
    ensure_eq!([purged, swept].concat(), [ended(&record, EndReason::IdleTimeout)], "its one end");
    Ok(())
}

pub(super) async fn purges_at_once_report_every_end_once(s: &Scene) -> Kept {
    let mut keys = Vec::new();
    for n in 0..60 {
        let subject = subject_named(&s.realm, &format!("user{n}"));
        keys.push(s.create(Sample::login(&subject, s.now - HOUR / 2)).await?.key);
    }
    s.end_everybody().await?;
    let purged = all((0..4).map(|_| {
        let s = s.clone();
        async move { s.purge_all(7).await }
    }))
    .await?;
    let mut reported: Vec<_> = purged.into_iter().flatten().map(|ended| ended.key).collect();
    // Each passes over what another has locked.
    reported.extend(s.purge_all(100).await?.into_iter().map(|ended| ended.key));
    keys.sort();
    reported.sort();
    ensure_eq!(reported, keys, "the sessions whose end was reported");
    Ok(())
}

pub(super) async fn a_place_beyond_the_last_is_the_end(s: &Scene) -> Kept {
    let record = s.create(s.earlier_login()).await?;
    s.end_everybody().await?;
    let purged = s.store.purge(&s.realm, u64::MAX, 10, s.op()).await?;
    ensure_eq!(purged, Purged::default(), "a purge from beyond the last row");
    ensure!(s.load(&record.key).await?.is_some(), "nothing lies there");
    Ok(())
}
