//! The limit where a login or re-authentication takes the place of a row.

use super::check::{Broken, Kept, ensure_eq};
use super::scene::{HOUR, MILLISECOND, RENEWED, SECOND, Scene, ended, limit, sorted, upgraded};
use crate::sample::{Sample, renewed, ticket};
use hallpass_core::{
    EndReason, Ended, Epoch, Record, Replaced, Revision, SessionLimit, Ticket, WhenReached, Which,
};
use std::sync::Arc;

const BOTH: [WhenReached; 2] = [WhenReached::Refuse, WhenReached::EndLeastRecent];

pub(super) async fn an_upgrade_makes_room_among_full_logins(s: &Scene) -> Kept {
    let [old, young, pending, other] = s
        .create_all([
            s.login().last_seen(s.now - 40 * SECOND),
            s.login().last_seen(s.now - 20 * SECOND),
            s.login().pending(),
            s.login().pending().last_seen(s.now - HOUR),
        ])
        .await?;
    let new = upgraded(&pending);
    let replaced = s.log_in_over(&pending, &new, limit(2, WhenReached::EndLeastRecent)).await?;
    let expected = vec![ended(&old, EndReason::SessionLimit)];
    ensure_eq!(evicted(replaced)?, expected, "two full logins are allowed");
    s.is_gone(&pending).await?;
    s.is_gone(&old).await?;
    ensure_eq!(s.listed(&s.ada).await?, [new.handle, young.handle, other.handle], "the list");
    for record in [new, young, other] {
        s.holds(&record).await?;
    }
    Ok(())
}

pub(super) async fn an_upgrade_that_is_refused_writes_nothing(s: &Scene) -> Kept {
    let [full, pending] = s.create_all([s.login().last_seen(s.now - HOUR), s.login().pending()]).await?;
    let (new, one) = (upgraded(&pending), limit(1, WhenReached::Refuse));
    ensure_eq!(
        s.log_in_over(&pending, &new, one).await?,
        Replaced::LimitReached,
        "one full login is allowed"
    );
    s.is_gone(&new).await?;
    s.holds(&pending).await?;
    s.holds(&full).await?;
    ensure_eq!(s.listed(&s.ada).await?, [pending.handle, full.handle], "the list");
    s.log_out(&full.key).await?;
    ensure_eq!(s.log_in_over(&pending, &new, one).await?, RENEWED, "there is room now");
    s.holds(&new).await
}

pub(super) async fn an_upgrade_is_not_counted_among_logins_that_owe_a_factor(s: &Scene) -> Kept {
    for when_reached in BOTH {
        let [pending, other] =
            s.create_all([s.login().pending(), s.login().pending().last_seen(s.now - HOUR)]).await?;
        let new = upgraded(&pending);
        ensure_eq!(
            s.log_in_over(&pending, &new, limit(1, when_reached)).await?,
            RENEWED,
            "the first full login"
        );
        s.holds(&other).await?;
        s.revoke_ada(Which::All).await?;
    }
    Ok(())
}

pub(super) async fn a_re_authentication_takes_no_room_itself(s: &Scene) -> Kept {
    for when_reached in BOTH {
        for sample in [s.login(), s.login().pending()] {
            let old = s.create(sample).await?;
            let new = renewed(&old);
            ensure_eq!(s.log_in_over(&old, &new, limit(1, when_reached)).await?, RENEWED, "the only login");
            s.holds(&new).await?;
            s.log_out(&new.key).await?;
        }
    }
    Ok(())
}

pub(super) async fn a_re_authentication_makes_room_too(s: &Scene) -> Kept {
    let [old, other] = s.create_all([s.login().last_seen(s.now - HOUR), s.login()]).await?;
    let new = renewed(&old);
    let refused = s.log_in_over(&old, &new, limit(1, WhenReached::Refuse)).await?;
    ensure_eq!(refused, Replaced::LimitReached, "one login is allowed, and there is another one");
    s.holds(&old).await?;
    let replaced = s.log_in_over(&old, &new, limit(1, WhenReached::EndLeastRecent)).await?;
    ensure_eq!(evicted(replaced)?, [ended(&other, EndReason::SessionLimit)], "one login is allowed");
    s.is_gone(&other).await?;
    s.holds(&new).await
}

pub(super) async fn a_plain_renewal_ignores_the_limit(s: &Scene) -> Kept {
    let [mut renewing, other] = s.create_all([s.login(), s.login().last_seen(s.now - HOUR)]).await?;
    for limit in [None, Some(limit(1, BOTH[0])), Some(limit(1, BOTH[1]))] {
        let new = renewed(&renewing);
        let (next, expected) = (Arc::clone(&new), renewing.revision);
        let replaced = s.store.replace(&renewing.key, next, expected, None, limit, s.op()).await?;
        ensure_eq!(replaced, RENEWED, "a renewal without a ticket, under {limit:?}");
        s.holds(&new).await?;
        s.holds(&other).await?;
        renewing = new;
    }
    Ok(())
}

pub(super) async fn what_is_not_written_evicts_nobody(s: &Scene) -> Kept {
    let [other, pending, over] = s
        .create_all([s.login().last_seen(s.now - HOUR), s.login().pending(), s.expired_login().pending()])
        .await?;
    let unknown = s.login().pending().build();
    let current = ticket(Epoch::NONE, s.now);
    let never_raised_to = ticket(Epoch::from(s.op().id), s.now);
    for (old, expected, ticket, answer) in [
        (&pending, Revision(7), current, Replaced::Conflict),
        (&pending, pending.revision, never_raised_to, Replaced::EpochMoved),
        (&unknown, unknown.revision, current, Replaced::Gone),
        (&over, over.revision, current, Replaced::Gone),
    ] {
        ensure_eq!(replace(s, old, expected, &ticket).await?, answer, "nothing was written");
        s.holds(&other).await?;
        s.holds(&pending).await?;
    }
    s.store.raise_not_before(&s.realm, s.now, s.op()).await?;
    let early = ticket(Epoch::NONE, s.now - MILLISECOND);
    let answer = replace(s, &pending, pending.revision, &early).await?;
    ensure_eq!(answer, Replaced::EpochMoved, "the login began before `not before`");
    s.holds(&other).await
}

pub(super) async fn unseen_logins_give_way_first_and_refuse_nobody(s: &Scene) -> Kept {
    for when_reached in BOTH {
        let used = Sample::login(&s.ada, s.now - HOUR / 2).last_seen(s.now - HOUR / 3);
        let unseen = Sample::login(&s.ada, s.now - 61 * SECOND);
        let [used, unseen, pending] = s.create_all([used, unseen, s.login().pending()]).await?;
        let new = upgraded(&pending);
        let replaced = s.log_in_over(&pending, &new, limit(2, when_reached)).await?;
        ensure_eq!(
            evicted(replaced)?,
            [ended(&unseen, EndReason::SessionLimit)],
            "two full logins are allowed"
        );
        s.holds(&used).await?;
        s.revoke_ada(Which::All).await?;
    }
    Ok(())
}

pub(super) async fn what_is_over_takes_no_room_and_goes_with_those_that_give_way(s: &Scene) -> Kept {
    let [void, idle, old, young, pending] = s
        .create_all([
            s.earlier_login(),
            s.expired_login(),
            s.login().last_seen(s.now - 40 * SECOND),
            s.login().last_seen(s.now - 20 * SECOND),
            s.login().pending(),
        ])
        .await?;
    s.end_everybody().await?;
    let new = upgraded(&pending);
    let replaced = s.log_in_over(&pending, &new, limit(2, WhenReached::EndLeastRecent)).await?;
    let expected = vec![
        ended(&void, EndReason::EndedForAll),
        ended(&idle, EndReason::IdleTimeout),
        ended(&old, EndReason::SessionLimit),
    ];
    ensure_eq!(evicted(replaced)?, sorted(expected), "two live full logins are allowed");
    for record in [void, idle, old, pending] {
        s.is_gone(&record).await?;
    }
    s.holds(&young).await?;
    s.holds(&new).await
}

/// Tries to write a renewal of `old` under a limit of one that ends others.
async fn replace(s: &Scene, old: &Record, expected: Revision, ticket: &Ticket) -> Result<Replaced, Broken> {
    let one: SessionLimit = limit(1, WhenReached::EndLeastRecent);
    let new = upgraded(old);
    let replaced = s.store.replace(&old.key, new.clone(), expected, Some(ticket), Some(one), s.op()).await?;
    s.is_gone(&new).await?;
    Ok(replaced)
}

fn evicted(replaced: Replaced) -> Result<Vec<Ended>, Broken> {
    match replaced {
        Replaced::Replaced { evicted } => Ok(sorted(evicted)),
        other => Err(Broken::new(format!("a login over a live row was answered {other:?}"))),
    }
}
