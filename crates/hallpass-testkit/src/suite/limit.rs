use super::check::{Kept, ensure_eq};
use super::scene::{HOUR, MILLISECOND, RENEWED, SECOND, Scene, ended, limit, sorted, upgraded};
use crate::sample::{Sample, op};
use hallpass_core::{Created, EndReason, Ended, Record, Updated, WhenReached, Which};
use std::sync::Arc;

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
    let expired = || s.expired_login().last_seen(s.now - HOUR - SECOND);
    let [live, _, _] = s.create_all([s.login(), expired(), expired().absolute_until(s.now - HOUR)]).await?;
    let created = s.log_in(s.login(), limit(2, WhenReached::Refuse)).await?;
    none_was_live(created)?;
    s.create(expired()).await?;
    let created = s.log_in(s.login(), limit(3, WhenReached::EndLeastRecent)).await?;
    none_was_live(created)?;
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

pub(super) async fn logins_from_before_not_before_do_not_count(s: &Scene) -> Kept {
    let users = [(&s.ada, WhenReached::Refuse), (&s.bob, WhenReached::EndLeastRecent)];
    let mut live = Vec::new();
    for (user, _) in users {
        s.create(Sample::login(user, s.now - MILLISECOND).last_seen(s.now + SECOND)).await?;
        live.push(s.create(Sample::login(user, s.now)).await?);
    }
    s.end_everybody().await?;
    for ((user, when_reached), live) in users.into_iter().zip(live) {
        let created = s.log_in(Sample::login(user, s.now), limit(2, when_reached)).await?;
        none_was_live(created)?;
        s.holds(&live).await?;
    }
    Ok(())
}

pub(super) async fn what_is_over_goes_with_those_that_give_way(s: &Scene) -> Kept {
    let [void, idle, absolute, old, young] = s
        .create_all([
            s.earlier_login(),
            s.expired_login(),
            s.expired_login().absolute_until(s.now - HOUR),
            s.login().last_seen(s.now - 40 * SECOND),
            s.login().last_seen(s.now - 20 * SECOND),
        ])
        .await?;
    s.end_everybody().await?;
    let created = s.log_in(s.login(), limit(2, WhenReached::EndLeastRecent)).await?;
    let expected = vec![
        ended(&void, EndReason::EndedForAll),
        ended(&idle, EndReason::IdleTimeout),
        ended(&absolute, EndReason::AbsoluteTimeout),
        ended(&old, EndReason::SessionLimit),
    ];
    ensure_eq!(evicted(created), Some(sorted(expected)), "two live logins are allowed");
    for record in [void, idle, absolute, old] {
        s.is_gone(&record).await?;
    }
    s.holds(&young).await
}

pub(super) async fn logins_that_owe_a_factor_are_counted_apart(s: &Scene) -> Kept {
    for when_reached in [WhenReached::Refuse, WhenReached::EndLeastRecent] {
        let one = limit(1, when_reached);
        for (first, second) in [(s.login(), s.login().pending()), (s.login().pending(), s.login())] {
            let first = s.create(first.last_seen(s.now - HOUR)).await?;
            ensure_eq!(s.log_in(second, one).await?, NOTHING_EVICTED, "the first login of its level");
            s.holds(&first).await?;
            ensure_eq!(s.listed(&s.ada).await?.len(), 2, "logins in the list");
            s.revoke_ada(Which::All).await?;
        }
    }
    Ok(())
}

pub(super) async fn logins_that_owe_a_factor_are_limited_too(s: &Scene) -> Kept {
    let [full, old, young] = s
        .create_all([
            s.login().last_seen(s.now - HOUR),
            s.login().pending().last_seen(s.now - 40 * SECOND),
            s.login().pending().last_seen(s.now - 20 * SECOND),
        ])
        .await?;
    let refused = s.log_in(s.login().pending(), limit(2, WhenReached::Refuse)).await?;
    ensure_eq!(refused, Created::LimitReached, "two logins that owe a factor are allowed");
    let created = s.log_in(s.login().pending(), limit(2, WhenReached::EndLeastRecent)).await?;
    let expected = vec![ended(&old, EndReason::SessionLimit)];
    ensure_eq!(evicted(created), Some(expected), "two logins that owe a factor are allowed");
    s.is_gone(&old).await?;
    s.holds(&young).await?;
    s.holds(&full).await
}

pub(super) async fn logins_count_at_the_level_they_have_now(s: &Scene) -> Kept {
    let [first, old] = s.create_all([s.login().pending(), s.login().pending()]).await?;
    let second = Arc::new(Record { key: first.key, ..(*upgraded(&first)).clone() });
    let updated = s.store.update(second, first.revision, s.op()).await?;
    ensure_eq!(updated, Updated::Written, "it was live and at that revision");
    let replaced = s.log_in_over(&old, &upgraded(&old), limit(2, WhenReached::Refuse)).await?;
    ensure_eq!(replaced, RENEWED, "two full logins are allowed");
    let refused = s.log_in(s.login(), limit(2, WhenReached::Refuse)).await?;
    ensure_eq!(refused, Created::LimitReached, "two full logins are allowed");
    let created = s.log_in(s.login().pending(), limit(1, WhenReached::Refuse)).await?;
    ensure_eq!(created, NOTHING_EVICTED, "no login owes a factor any more");
    Ok(())
}

pub(super) async fn of_logins_last_seen_at_once_the_one_created_first_gives_way(s: &Scene) -> Kept {
    let [first, second] = created_apart_with_keys_the_other_way(s);
    let [first, second] = s.create_all([first, second]).await?;
    let created = s.log_in(s.login(), limit(2, WhenReached::EndLeastRecent)).await?;
    let expected = vec![ended(&first, EndReason::SessionLimit)];
    ensure_eq!(evicted(created), Some(expected), "the other one was created later");
    s.holds(&second).await
}

pub(super) async fn of_equal_logins_the_one_with_the_lower_key_gives_way(s: &Scene) -> Kept {
    let equals = std::array::from_fn(|_| s.login());
    let mut records: [_; 5] = s.create_all(equals).await?;
    records.sort_by_key(|record| record.key);
    let [a, b, c, kept, also_kept] = records;
    let created = s.log_in(s.login(), limit(3, WhenReached::EndLeastRecent)).await?;
    let expected = [a, b, c].map(|record| ended(&record, EndReason::SessionLimit));
    ensure_eq!(evicted(created), Some(sorted(expected.to_vec())), "those with the lowest keys");
    s.holds(&kept).await?;
    s.holds(&also_kept).await
}

pub(super) async fn several_rules_hold_at_once(s: &Scene) -> Kept {
    let ago = |seconds| s.now - seconds * SECOND;
    let login = |seconds| Sample::login(&s.ada, ago(seconds));
    let [void, idle, unseen] =
        s.create_all([login(151).last_seen(ago(10)), s.expired_login(), login(120)]).await?;
    let stays = s
        .create_all([
            login(140).last_seen(ago(130)),
            login(140).last_seen(ago(20)),
            login(120).pending(),
            login(140).pending().last_seen(ago(50)),
            Sample::visitor(&s.realm, ago(151)),
            Sample::login(&s.bob, ago(140)),
        ])
        .await?;
    s.store.raise_not_before(&s.realm, ago(150), s.op()).await?;
    let refused = s.log_in(s.login(), limit(2, WhenReached::Refuse)).await?;
    ensure_eq!(refused, Created::LimitReached, "one of two that are used would have to give way");
    for record in [&void, &idle, &unseen].into_iter().chain(&stays) {
        s.holds(record).await?;
    }
    let created = s.log_in(s.login(), limit(3, WhenReached::EndLeastRecent)).await?;
    let expected = vec![
        ended(&void, EndReason::EndedForAll),
        ended(&idle, EndReason::IdleTimeout),
        ended(&unseen, EndReason::SessionLimit),
    ];
    ensure_eq!(evicted(created), Some(sorted(expected)), "three full logins are allowed");
    for record in &stays {
        s.holds(record).await?;
    }
    Ok(())
}

/// Two logins that were last seen at the same moment. The first was created first and has the higher key.
fn created_apart_with_keys_the_other_way(s: &Scene) -> [Sample; 2] {
    loop {
        let pair = [30, 20].map(|age| Sample::login(&s.ada, s.now - age * SECOND).last_seen(s.now - SECOND));
        let [first, second] = pair.each_ref().map(|sample| sample.clone().build().key);
        if first > second {
            return pair;
        }
    }
}

fn none_was_live(created: Created) -> Kept {
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
