use super::check::{Broken, Kept, ensure, ensure_eq};
use super::scene::{HOUR, MILLISECOND, RENEWED, SECOND, Scene, ended, sorted};
use crate::sample::{op, renewed, rewritten, ticket};
use hallpass_core::{
    AuthLevel, ClientInfo, EndReason, Epoch, Op, Record, Replaced, Revision, SessionSummary, Stamp, Updated,
    Which,
};
use std::sync::Arc;

pub(super) async fn opens_the_new_key_and_kills_the_old_one(s: &Scene) -> Kept {
    let old = s.create(s.login().value("n", b"1")).await?;
    let new = renew(s, &old).await?;
    s.holds(&new).await?;
    ensure_eq!(s.load(&old.key).await?, None, "the old key still opens the session");
    ensure_eq!(
        s.store.alive(&[old.key, new.key], s.now).await?,
        [Some(false), Some(true)],
        "alive: old key, new key"
    );
    ensure!(!s.store.touch(&old.key, s.now + HOUR, s.op()).await?, "the old key can still be touched");
    ensure_eq!(s.log_out(&old.key).await?, None, "the old key still ends something");
    s.holds(&new).await
}

pub(super) async fn writes_every_field_that_changes(s: &Scene) -> Kept {
    let old = s.create(s.login().pending()).await?;
    let new = rewritten(&renewed(&old), |next| {
        next.revision = old.revision.next();
        next.last_seen = s.now + SECOND;
        next.idle_until = s.now + 2 * HOUR;
        next.absolute_until = s.now + 20 * HOUR;
        next.client = ClientInfo::new(Some("curl"), Some([127, 0, 0, 1].into()));
        next.data = s.login().value("n", &[7; 70_000]).build().data.clone();
        if let Some(identity) = &mut next.identity {
            identity.level = AuthLevel::Full;
            identity.authenticated = s.now + SECOND;
            identity.stamp = Stamp::from(2);
            identity.remembered = true;
        }
    });
    ensure_eq!(replace(s, &old, &new, s.op()).await?, RENEWED, "it was live and at that revision");
    s.holds(&new).await
}

pub(super) async fn renews_a_visitor(s: &Scene) -> Kept {
    let old = s.create(s.visitor().value("cart", b"1")).await?;
    let new = renew(s, &old).await?;
    s.holds(&new).await?;
    s.is_gone(&old).await
}

pub(super) async fn at_another_revision_writes_nothing(s: &Scene) -> Kept {
    let first = s.create(s.login().value("n", b"1")).await?;
    let second = rewritten(&first, |_| ());
    ensure_eq!(
        s.store.update(second.clone(), first.revision, s.op()).await?,
        Updated::Written,
        "first writer"
    );
    for expected in [first.revision, Revision(0), Revision(3)] {
        let new = renewed(&first);
        let replaced = s.store.replace(&first.key, new.clone(), expected, None, None, s.op()).await?;
        ensure_eq!(replaced, Replaced::Conflict, "the row is at revision 2, expected was {expected:?}");
        s.is_gone(&new).await?;
        s.holds(&second).await?;
    }
    Ok(())
}

pub(super) async fn never_creates_a_session(s: &Scene) -> Kept {
    for old in [s.visitor().build(), s.login().build()] {
        let new = renewed(&old);
        ensure_eq!(replace(s, &old, &new, s.op()).await?, Replaced::Gone, "there was no row");
        s.is_gone(&old).await?;
        s.is_gone(&new).await?;
    }
    Ok(())
}

pub(super) async fn never_brings_back_a_revoked_session(s: &Scene) -> Kept {
    for sample in [s.visitor(), s.login()] {
        let old = s.create(sample).await?;
        ensure!(s.log_out(&old.key).await?.is_some(), "there was a session to end");
        let new = renewed(&old);
        ensure_eq!(replace(s, &old, &new, s.op()).await?, Replaced::Gone, "the session was revoked before");
        s.is_gone(&old).await?;
        s.is_gone(&new).await?;
    }
    Ok(())
}

pub(super) async fn never_revives_a_session_that_has_run_out(s: &Scene) -> Kept {
    let idle = s.create(s.login().idle_until(s.now + SECOND)).await?;
    let absolute = s.create(s.visitor().absolute_until(s.now + SECOND)).await?;
    for old in [idle, absolute] {
        let longer = rewritten(&old, |next| {
            next.idle_until = s.now + HOUR;
            next.absolute_until = s.now + HOUR;
        });
        let new = Arc::new(Record { key: renewed(&old).key, ..(*longer).clone() });
        for late in [s.now + SECOND, s.now + SECOND + MILLISECOND, s.now + HOUR] {
            ensure_eq!(replace(s, &old, &new, op(late)).await?, Replaced::Gone, "the session had run out");
            ensure_eq!(s.load(&new.key).await?, None, "the new key opens a session that had run out");
            s.holds(&old).await?;
        }
        let in_time = op(s.now + SECOND - MILLISECOND);
        ensure_eq!(replace(s, &old, &new, in_time).await?, RENEWED, "live for another millisecond");
    }
    Ok(())
}

pub(super) async fn of_one_key_succeeds_once(s: &Scene) -> Kept {
    let old = s.create(s.login()).await?;
    let new = renew(s, &old).await?;
    let second = renewed(&old);
    for expected in [old.revision, new.revision] {
        let replaced = s.store.replace(&old.key, second.clone(), expected, None, None, s.op()).await?;
        ensure_eq!(replaced, Replaced::Gone, "the key was renewed before");
    }
    s.is_gone(&second).await?;
    s.holds(&new).await?;
    renew(s, &new).await.map(drop)
}

pub(super) async fn with_a_ticket_from_before_a_raise_writes_nothing(s: &Scene) -> Kept {
    let old = s.create(s.login()).await?;
    let stale = ticket(s.store.epoch(&s.ada).await?, s.now);
    s.revoke_ada(Which::AllBut(old.handle)).await?;
    let never_raised_to = ticket(Epoch::from(s.op().id), s.now);
    for ticket in [stale, never_raised_to] {
        let new = renewed(&old);
        let replaced =
            s.store.replace(&old.key, new.clone(), old.revision, Some(&ticket), None, s.op()).await?;
        ensure_eq!(replaced, Replaced::EpochMoved, "the epoch is not the ticket's");
        s.is_gone(&new).await?;
        s.holds(&old).await?;
    }
    Ok(())
}

pub(super) async fn with_a_current_ticket_writes(s: &Scene) -> Kept {
    let mut record = s.create(s.login()).await?;
    for _ in 0..2 {
        let current = ticket(s.store.epoch(&s.ada).await?, s.now);
        let new = renewed(&record);
        let replaced =
            s.store.replace(&record.key, new.clone(), record.revision, Some(&current), None, s.op()).await?;
        ensure_eq!(replaced, RENEWED, "the epoch is the ticket's");
        s.holds(&new).await?;
        s.is_gone(&record).await?;
        s.revoke_ada(Which::AllBut(new.handle)).await?;
        record = new;
    }
    Ok(())
}

pub(super) async fn without_a_ticket_ignores_the_epoch(s: &Scene) -> Kept {
    let old = s.create(s.login()).await?;
    s.revoke_ada(Which::AllBut(old.handle)).await?;
    let new = renew(s, &old).await?;
    s.holds(&new).await
}

pub(super) async fn is_followed_by_the_list_of_its_user(s: &Scene) -> Kept {
    let [old, other] = s.create_all([s.login().last_seen(s.now + SECOND), s.login()]).await?;
    let new = renew(s, &old).await?;
    let expected = [&new, &other].map(|record| SessionSummary::of(record).expect("a login"));
    ensure_eq!(s.store.subject(&s.ada, s.now).await?, expected, "the list shows one row, under its new key");
    Ok(())
}

pub(super) async fn does_not_escape_the_end_of_all_logins(s: &Scene) -> Kept {
    let [old, other] = s.create_all([s.login(), s.login()]).await?;
    let new = renew(s, &old).await?;
    let revoked = s.revoke_ada(Which::All).await?;
    let expected = [&new, &other].map(|record| ended(record, EndReason::Administrator));
    ensure_eq!(sorted(revoked.ended), sorted(expected.to_vec()), "what was ended");
    for record in [old, new, other] {
        s.is_gone(&record).await?;
    }
    Ok(())
}

pub(super) async fn does_not_escape_the_end_of_its_handle(s: &Scene) -> Kept {
    let [old, other] = s.create_all([s.login(), s.login()]).await?;
    let new = renew(s, &old).await?;
    let revoked = s.revoke_ada(Which::One(old.handle)).await?;
    ensure_eq!(revoked.ended, [ended(&new, EndReason::Administrator)], "what was ended");
    s.is_gone(&old).await?;
    s.is_gone(&new).await?;
    s.holds(&other).await
}

async fn renew(s: &Scene, old: &Record) -> Result<Arc<Record>, Broken> {
    let new = renewed(old);
    ensure_eq!(replace(s, old, &new, s.op()).await?, RENEWED, "it was live and at that revision");
    Ok(new)
}

async fn replace(s: &Scene, old: &Record, new: &Arc<Record>, op: Op) -> Result<Replaced, Broken> {
    Ok(s.store.replace(&old.key, Arc::clone(new), old.revision, None, None, op).await?)
}
