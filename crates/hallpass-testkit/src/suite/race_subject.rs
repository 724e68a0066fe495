use super::at_once::{ROUNDS, all, both};
use super::check::{Broken, Kept, ensure_eq};
use super::scene::{HOUR, RENEWED, Scene, limit, upgraded};
use crate::sample::renewed;
use hallpass_core::{
    Created, EndReason, Ended, Record, Replaced, SessionHandle, SessionKey, SessionLimit, Ticket,
    WhenReached, Which,
};
use std::sync::Arc;

pub(super) async fn a_limit_of_one_leaves_one_login(s: &Scene) -> Kept {
    for _ in 0..ROUNDS / 10 {
        let records: Vec<_> = (0..20).map(|_| s.login().build()).collect();
        let answers = log_in_at_once(s, &records, limit(1, WhenReached::EndLeastRecent)).await?;
        let mut evicted = Vec::new();
        for answer in answers {
            match answer {
                Created::Created { evicted: some } => evicted.extend(some),
                other => return Err(Broken::new(format!("a login was answered {other:?}"))),
            }
        }
        ensure_eq!(live(s, &records).await?.len(), 1, "live logins");
        evicted.sort_by_key(|ended: &Ended| ended.key);
        evicted.dedup_by_key(|ended| ended.key);
        ensure_eq!(evicted.len(), 19, "different logins that gave way");
        s.revoke_ada(Which::All).await?;
    }
    Ok(())
}

pub(super) async fn a_limit_of_one_that_refuses_lets_one_in(s: &Scene) -> Kept {
    for _ in 0..ROUNDS / 10 {
        let records: Vec<_> = (0..20).map(|_| s.login().build()).collect();
        let answers = log_in_at_once(s, &records, limit(1, WhenReached::Refuse)).await?;
        let refused = answers.iter().filter(|answer| **answer == Created::LimitReached).count();
        ensure_eq!(refused, 19, "logins that were refused: {answers:?}");
        ensure_eq!(live(s, &records).await?.len(), 1, "live logins");
        s.revoke_ada(Which::All).await?;
    }
    Ok(())
}

pub(super) async fn upgrades_at_a_limit_of_one_leave_one_full_login(s: &Scene) -> Kept {
    for _ in 0..ROUNDS / 10 {
        let (new, answers) = upgrade_at_once(s, limit(1, WhenReached::EndLeastRecent)).await?;
        let mut evicted = Vec::new();
        for answer in answers {
            match answer {
                Replaced::Replaced { evicted: some } => evicted.extend(some),
                other => return Err(Broken::new(format!("an upgrade was answered {other:?}"))),
            }
        }
        ensure_eq!(live(s, &new).await?.len(), 1, "live full logins");
        ensure_eq!(s.listed(&s.ada).await?.len(), 1, "logins in the list");
        evicted.sort_by_key(|ended: &Ended| ended.key);
        evicted.dedup_by_key(|ended| ended.key);
        ensure_eq!(evicted.len(), 19, "different logins that gave way");
        s.revoke_ada(Which::All).await?;
    }
    Ok(())
}

pub(super) async fn upgrades_at_a_limit_of_one_that_refuses_let_one_in(s: &Scene) -> Kept {
    for _ in 0..ROUNDS / 10 {
        let (new, answers) = upgrade_at_once(s, limit(1, WhenReached::Refuse)).await?;
        let refused = answers.iter().filter(|answer| **answer == Replaced::LimitReached).count();
        ensure_eq!(refused, 19, "upgrades that were refused: {answers:?}");
        let mut full = 0;
        for record in new {
            full += usize::from(s.is_live(&record.key).await?);
        }
        ensure_eq!(full, 1, "live full logins");
        ensure_eq!(s.listed(&s.ada).await?.len(), 20, "logins in the list, those that owe a factor included");
        s.revoke_ada(Which::All).await?;
    }
    Ok(())
}

/// The second factor of twenty logins is shown at the same moment: what they would become, and the answers.
async fn upgrade_at_once(
    s: &Scene,
    limit: SessionLimit,
) -> Result<(Vec<Arc<Record>>, Vec<Replaced>), Broken> {
    let mut logins = Vec::new();
    for _ in 0..20 {
        let old = s.create(s.login().pending()).await?;
        let new = upgraded(&old);
        logins.push((old, new));
    }
    let upgrades = logins.iter().map(|(old, new)| {
        let (s, old, new) = (s.clone(), Arc::clone(old), Arc::clone(new));
        async move { s.log_in_over(&old, &new, limit).await }
    });
    let answers = all(upgrades).await?;
    Ok((logins.into_iter().map(|(_, new)| new).collect(), answers))
}

async fn log_in_at_once(
    s: &Scene,
    records: &[Arc<Record>],
    limit: SessionLimit,
) -> Result<Vec<Created>, Broken> {
    let ticket = s.ticket_for(&records[0]).await?;
    all(records.iter().map(|record| create(s, record, ticket, Some(limit)))).await
}

pub(super) async fn a_login_never_outruns_the_end_of_all_logins(s: &Scene) -> Kept {
    for _ in 0..ROUNDS {
        let record = s.login().build();
        let ticket = s.ticket_for(&record).await?;
        let (created, ended) = both(create(s, &record, ticket, None), end_all(s, None, Which::All)).await?;
        match created {
            Created::Created { .. } => ensure_eq!(ended, 1, "it was created, and logins that were ended"),
            other => ensure_eq!((other, ended), (Created::EpochMoved, 0), "it was not created"),
        }
        s.is_gone(&record).await?;
    }
    Ok(())
}

pub(super) async fn a_renewal_never_outruns_the_end_of_all_logins(s: &Scene) -> Kept {
    for round in 0..ROUNDS {
        let old = s.create(s.login()).await?;
        let new = renewed(&old);
        let ticket = if round % 2 == 0 { s.ticket_for(&old).await? } else { None };
        let (_, ended) = both(replace(s, &old, &new, ticket), end_all(s, None, Which::All)).await?;
        ensure_eq!(ended, 1, "logins that were ended");
        s.is_gone(&old).await?;
        s.is_gone(&new).await?;
    }
    Ok(())
}

pub(super) async fn a_renewal_never_outruns_the_end_of_its_handle(s: &Scene) -> Kept {
    for _ in 0..ROUNDS {
        let old = s.create(s.login()).await?;
        let new = renewed(&old);
        let (_, ended) = both(replace(s, &old, &new, None), end_all(s, None, Which::One(old.handle))).await?;
        ensure_eq!(ended, 1, "logins that were ended");
        s.is_gone(&old).await?;
        s.is_gone(&new).await?;
    }
    Ok(())
}

pub(super) async fn a_kept_login_survives_its_renewal(s: &Scene) -> Kept {
    for _ in 0..ROUNDS {
        let [old, other] = s.create_all([s.login(), s.login()]).await?;
        let new = renewed(&old);
        let ends = end_all(s, Some(old.handle), Which::AllBut(old.handle));
        let (replaced, ended) = both(replace(s, &old, &new, None), ends).await?;
        ensure_eq!((replaced, ended), (RENEWED, 1), "the renewal, and the other logins that ended");
        s.holds(&new).await?;
        s.is_gone(&other).await?;
        s.log_out(&new.key).await?;
    }
    Ok(())
}

pub(super) async fn of_two_that_end_each_other_one_remains(s: &Scene) -> Kept {
    for round in 0..ROUNDS {
        let [a, b] = s.create_all([s.login(), s.login()]).await?;
        let of = |actor: &Record, other: &Record| match round % 2 {
            0 => Which::AllBut(actor.handle),
            _ => Which::One(other.handle),
        };
        let (by_a, by_b) =
            both(end_all(s, Some(a.handle), of(&a, &b)), end_all(s, Some(b.handle), of(&b, &a))).await?;
        ensure_eq!(by_a + by_b, 1, "logins that were ended, by one and by the other");
        let remaining = live(s, &[Arc::clone(&a), Arc::clone(&b)]).await?;
        ensure_eq!(
            remaining,
            [if by_a == 1 { a.key } else { b.key }],
            "the login that ended the other remains"
        );
        s.revoke_ada(Which::All).await?;
    }
    Ok(())
}

pub(super) async fn of_many_that_end_all_others_one_remains(s: &Scene) -> Kept {
    for _ in 0..ROUNDS / 10 {
        let mut records = Vec::new();
        for _ in 0..10 {
            records.push(s.create(s.login()).await?);
        }
        let ends = records.iter().map(|own| end_all(s, Some(own.handle), Which::AllBut(own.handle)));
        let counts = all(ends).await?;
        ensure_eq!(counts.iter().sum::<usize>(), 9, "logins that were ended, by each: {counts:?}");
        ensure_eq!(live(s, &records).await?.len(), 1, "live logins");
        s.revoke_ada(Which::All).await?;
    }
    Ok(())
}

pub(super) async fn everything_at_once_leaves_list_and_rows_in_agreement(s: &Scene) -> Kept {
    let keys = all((0..8).map(|task| {
        let s = s.clone();
        async move { churn(&s, task).await }
    }))
    .await?;
    let keys = keys.concat();
    let listed = s.store.subject(&s.ada, s.now).await?;
    let mut expected = Vec::new();
    for key in keys {
        if s.is_live(&key).await? {
            expected.push(key);
        }
    }
    let mut listed: Vec<_> = listed.into_iter().map(|login| login.key).collect();
    listed.sort();
    expected.sort();
    ensure_eq!(listed, expected, "the list of the user, and the rows that are live");
    let revoked = s.revoke_ada(Which::All).await?;
    ensure_eq!(
        revoked.ended.iter().filter(|ended| ended.was_live()).count(),
        expected.len(),
        "what there was to end"
    );
    Ok(())
}

/// Logs in, renews, touches and ends logins of one user, and returns every key it has ever tried.
async fn churn(s: &Scene, task: u32) -> Result<Vec<SessionKey>, Broken> {
    let mut keys = Vec::new();
    for step in 0..12 {
        let record = s.login().build();
        let ticket = s.ticket_for(&record).await?;
        let new = renewed(&record);
        keys.extend([record.key, new.key]);
        let five = Some(limit(5, WhenReached::EndLeastRecent));
        let _ = create(s, &record, ticket, five).await?;
        s.store.touch(&record.key, s.now + 2 * HOUR, s.op()).await?;
        match step % 2 {
            0 => drop(replace(s, &record, &new, None).await?),
            _ => drop(s.log_in_over(&record, &new, limit(4, WhenReached::EndLeastRecent)).await?),
        }
        match (task + step) % 6 {
            0 => drop(s.log_out(&new.key).await?),
            1 => drop(s.revoke_ada_as(Some(new.handle), Which::AllBut(new.handle)).await?),
            2 => drop(s.revoke_ada(Which::One(new.handle)).await?),
            3 => drop(s.store.take(&new.key, new.revision, EndReason::Superseded, s.op()).await?),
            4 => drop(s.store.sweep(5, s.op()).await?),
            _ => {}
        }
    }
    Ok(keys)
}

fn create(
    s: &Scene,
    record: &Arc<Record>,
    ticket: Option<Ticket>,
    limit: Option<SessionLimit>,
) -> impl Future<Output = Result<Created, Broken>> + Send + 'static {
    let (s, record) = (s.clone(), Arc::clone(record));
    async move { Ok(s.store.create(record, ticket.as_ref(), limit, s.op()).await?) }
}

fn replace(
    s: &Scene,
    old: &Arc<Record>,
    new: &Arc<Record>,
    ticket: Option<Ticket>,
) -> impl Future<Output = Result<Replaced, Broken>> + Send + 'static {
    let (s, old, new) = (s.clone(), Arc::clone(old), Arc::clone(new));
    async move { Ok(s.store.replace(&old.key, new, old.revision, ticket.as_ref(), None, s.op()).await?) }
}

/// Ends Ada's logins and says how many; none if the actor is gone.
fn end_all(
    s: &Scene,
    actor: Option<SessionHandle>,
    which: Which,
) -> impl Future<Output = Result<usize, Broken>> + Send + 'static {
    let s = s.clone();
    async move { Ok(s.revoke_ada_as(actor, which).await?.map_or(0, |revoked| revoked.ended.len())) }
}

/// The keys of those that are live, which is also what the list shows.
async fn live(s: &Scene, records: &[Arc<Record>]) -> Result<Vec<SessionKey>, Broken> {
    let mut live = Vec::new();
    for record in records {
        if s.is_live(&record.key).await? {
            live.push(record.key);
        }
    }
    let mut listed: Vec<_> = s.store.subject(&s.ada, s.now).await?.iter().map(|login| login.key).collect();
    listed.sort();
    live.sort();
    ensure_eq!(listed, live, "the list of the user, and the rows that are live");
    Ok(live)
}
