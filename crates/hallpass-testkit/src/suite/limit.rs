use super::check::{Kept, ensure_eq};
use super::scene::{HOUR, SECOND, Scene, ended, limit, sorted};
use crate::sample::{Sample, op};
use hallpass_core::{Created, EndReason, Ended, WhenReached};

const NOTHING_EVICTED: Created = Created::Created { evicted: vec![] };

pub(super) async fn the_least_recently_seen_login_gives_way(s: &Scene) -> Kept {
    let ages = [20, 40, 30].map(|age| s.login().last_seen(s.now - age * SECOND));
    let [first, oldest, third] = s.create_all(ages).await?;
    let newest = s.login();
    let record = newest.clone().build();
    let created = s.log_in(newest, limit(3, WhenReached::EndLeastRecent)).await?;
    let evicted = vec![ended(&oldest, EndReason::SessionLimit)];
    ensure_eq!(created, Created::Created { evicted }, "three logins are allowed");
    s.is_gone(&oldest).await?;
    ensure_eq!(s.listed(&s.ada).await?, [record.handle, first.handle, third.handle], "the list");
    Ok(())
}

pub(super) async fn as_many_give_way_as_are_too_many(s: &Scene) -> Kept {
    let ages = [10, 50, 20, 40, 30].map(|age| s.login().last_seen(s.now - age * SECOND));
    let [kept, a, b, c, d] = s.create_all(ages).await?;
    let created = s.log_in(s.login(), limit(2, WhenReached::EndLeastRecent)).await?;
    let expected = [&a, &b, &c, &d].map(|record| ended(record, EndReason::SessionLimit));
    ensure_eq!(evicted(created), Some(sorted(expected.to_vec())), "two logins are allowed");
    for record in [a, b, c, d] {
        s.is_gone(&record).await?;
    }
    s.holds(&kept).await
}

pub(super) async fn a_touched_login_stays(s: &Scene) -> Kept {
    let [old, young] = s.create_all([40, 20].map(|age| s.login().last_seen(s.now - age * SECOND))).await?;
    s.store.touch(&old.key, s.now + 2 * HOUR, op(s.now - SECOND)).await?;
    let created = s.log_in(s.login(), limit(2, WhenReached::EndLeastRecent)).await?;
    let evicted = vec![ended(&young, EndReason::SessionLimit)];
    ensure_eq!(created, Created::Created { evicted }, "the older one was used since");
    Ok(())
}

pub(super) async fn a_refused_login_writes_nothing(s: &Scene) -> Kept {
    let two = limit(2, WhenReached::Refuse);
    let records = [s.login(), s.login().last_seen(s.now + SECOND)];
    for sample in records.clone() {
        ensure_eq!(s.log_in(sample, two).await?, NOTHING_EVICTED, "there was room");
    }
    let third = s.login();
    let refused = third.clone().build();
    ensure_eq!(s.log_in(third, two).await?, Created::LimitReached, "two logins are allowed");
    s.is_gone(&refused).await?;
    for sample in records {
        s.holds(&sample.build()).await?;
    }
    Ok(())
}

pub(super) async fn nobody_gives_way_while_there_is_room(s: &Scene) -> Kept {
    for _ in 0..3 {
        let created = s.log_in(s.login(), limit(3, WhenReached::EndLeastRecent)).await?;
        ensure_eq!(created, NOTHING_EVICTED, "three logins are allowed");
    }
    ensure_eq!(s.listed(&s.ada).await?.len(), 3, "logins in the list");
    Ok(())
}

pub(super) async fn logins_that_have_run_out_do_not_count(s: &Scene) -> Kept {
    let [live, _, _] =
        s.create_all([s.login(), s.expired_login(), s.expired_login().absolute_until(s.now - HOUR)]).await?;
    let created = s.log_in(s.login(), limit(2, WhenReached::Refuse)).await?;
    only_timeouts(created)?;
    s.create(s.expired_login()).await?;
    let created = s.log_in(s.login(), limit(3, WhenReached::EndLeastRecent)).await?;
    only_timeouts(created)?;
    s.holds(&live).await
}

pub(super) async fn visitors_do_not_count(s: &Scene) -> Kept {
    let visitors = s.create_all([s.visitor(), s.visitor()]).await?;
    for when_reached in [WhenReached::Refuse, WhenReached::EndLeastRecent] {
        let record = s.login();
        let key = record.clone().build().key;
        ensure_eq!(s.log_in(record, limit(1, when_reached)).await?, NOTHING_EVICTED, "the first login");
        s.log_out(&key).await?;
    }
    for visitor in visitors {
        s.holds(&visitor).await?;
    }
    Ok(())
}

pub(super) async fn counts_every_user_alone(s: &Scene) -> Kept {
    let bobs = s.create_all([Sample::login(&s.bob, s.now), Sample::login(&s.bob, s.now)]).await?;
    for when_reached in [WhenReached::Refuse, WhenReached::EndLeastRecent] {
        let record = s.login();
        let key = record.clone().build().key;
        ensure_eq!(
            s.log_in(record, limit(1, when_reached)).await?,
            NOTHING_EVICTED,
            "this user's first login"
        );
        s.log_out(&key).await?;
    }
    for record in bobs {
        s.holds(&record).await?;
    }
    Ok(())
}

pub(super) async fn the_new_login_itself_never_gives_way(s: &Scene) -> Kept {
    // A node whose clock is behind creates logins that look less recently seen than those of the others.
    let mut previous = s.create(s.login()).await?;
    for minutes in 1..4 {
        let sample = Sample::login(&s.ada, s.now - minutes * 60 * SECOND);
        let record = sample.clone().build();
        let created = s.log_in(sample, limit(1, WhenReached::EndLeastRecent)).await?;
        let expected = vec![ended(&previous, EndReason::SessionLimit)];
        ensure_eq!(created, Created::Created { evicted: expected }, "one login is allowed");
        s.holds(&record).await?;
        previous = record;
    }
    Ok(())
}

fn only_timeouts(created: Created) -> Kept {
    let live: Option<Vec<Ended>> = evicted(created).map(|mut evicted| {
        evicted.retain(Ended::was_live);
        evicted
    });
    ensure_eq!(live, Some(vec![]), "created, and live logins that gave way");
    Ok(())
}

fn evicted(created: Created) -> Option<Vec<Ended>> {
    match created {
        Created::Created { evicted } => Some(sorted(evicted)),
        _ => None,
    }
}
