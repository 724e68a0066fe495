use super::check::{Broken, Kept, ensure, ensure_eq};
use super::scene::{HOUR, SECOND, Scene, limit};
use crate::sample::{Sample, op, ticket};
use hallpass_core::{Created, EndReason, Epoch, Record, SubjectRevoked, Ticket, WhenReached, Which};
use std::sync::Arc;

pub(super) async fn is_none_at_first(s: &Scene) -> Kept {
    ensure_eq!(s.store.epoch(&s.ada).await?, Epoch::NONE, "of an unknown user");
    let record = s.create(s.login()).await?;
    ensure_eq!(s.store.epoch(&s.ada).await?, Epoch::NONE, "of a user who has logged in");
    s.log_out(&record.key).await?;
    ensure_eq!(s.store.epoch(&s.ada).await?, Epoch::NONE, "of a user who has logged out");
    Ok(())
}

pub(super) async fn is_raised_to_the_operation_by_ending_all(s: &Scene) -> Kept {
    let mut before = Epoch::NONE;
    // The first time there is nothing to end, and not even a row of the user.
    for _ in 0..3 {
        let revoked = s.revoke_ada(Which::All).await?;
        let expected = (before, Epoch::from(revoked.op.id));
        ensure_eq!((revoked.previous, revoked.current), expected, "the previous and the current epoch");
        ensure_eq!(s.store.epoch(&s.ada).await?, revoked.current, "the epoch afterwards");
        before = revoked.current;
        s.create(s.login()).await?;
    }
    Ok(())
}

pub(super) async fn is_raised_to_the_operation_by_ending_all_but_one(s: &Scene) -> Kept {
    let [kept, _] = s.create_all([s.login(), s.login()]).await?;
    let mut before = Epoch::NONE;
    for _ in 0..3 {
        let revoked = s.revoke_ada(Which::AllBut(kept.handle)).await?;
        let expected = (before, Epoch::from(revoked.op.id));
        ensure_eq!((revoked.previous, revoked.current), expected, "the previous and the current epoch");
        ensure_eq!(s.store.epoch(&s.ada).await?, revoked.current, "the epoch afterwards");
        before = revoked.current;
    }
    Ok(())
}

pub(super) async fn stays_when_one_is_ended(s: &Scene) -> Kept {
    let mut before = Epoch::NONE;
    for _ in 0..2 {
        let record = s.create(s.login()).await?;
        let revoked = s.revoke_ada(Which::One(record.handle)).await?;
        ensure_eq!(
            (revoked.previous, revoked.current),
            (before, before),
            "the previous and the current epoch"
        );
        ensure_eq!(s.store.epoch(&s.ada).await?, before, "the epoch afterwards");
        before = s.revoke_ada(Which::All).await?.current;
    }
    Ok(())
}

pub(super) async fn of_other_users_stays(s: &Scene) -> Kept {
    s.create(Sample::login(&s.bob, s.now)).await?;
    s.revoke_ada(Which::All).await?;
    ensure_eq!(s.store.epoch(&s.bob).await?, Epoch::NONE, "the epoch of another user");
    s.create(Sample::login(&s.bob, s.now)).await.map(drop)
}

pub(super) async fn is_kept_for_a_day(s: &Scene) -> Kept {
    let yesterday = op(s.now - 23 * HOUR);
    let answer = s.store.revoke_subject(&s.ada, None, Which::All, EndReason::LoggedOut, yesterday).await?;
    ensure!(matches!(answer, SubjectRevoked::Done { .. }), "nobody had to be alive: {answer:?}");
    s.sweep_all(100).await?;
    ensure_eq!(
        s.store.epoch(&s.ada).await?,
        Epoch::from(yesterday.id),
        "the epoch after 23 hours and a sweep"
    );
    Ok(())
}

pub(super) async fn refuses_a_login_that_began_before_it_was_raised(s: &Scene) -> Kept {
    for _ in 0..2 {
        let stale = ticket(s.store.epoch(&s.ada).await?, s.now);
        let kept = s.create(s.login()).await?;
        s.revoke_ada(Which::AllBut(kept.handle)).await?;
        refused(s, &stale).await?;
        s.revoke_ada(Which::All).await?;
    }
    Ok(())
}

pub(super) async fn refuses_every_earlier_ticket(s: &Scene) -> Kept {
    let mut earlier = vec![ticket(Epoch::NONE, s.now)];
    for _ in 0..3 {
        earlier.push(ticket(s.revoke_ada(Which::All).await?.current, s.now));
    }
    earlier.pop();
    // A store that has lost its epochs must not accept a ticket that holds one.
    earlier.push(ticket(Epoch::from(s.op().id), s.now));
    for stale in &earlier {
        refused(s, stale).await?;
    }
    let unknown = Sample::login(&s.bob, s.now).build();
    let created = s.store.create(unknown.clone(), earlier.last(), None, s.op()).await?;
    ensure_eq!(created, Created::EpochMoved, "a ticket with an epoch, of a user who has none");
    s.is_gone(&unknown).await
}

pub(super) async fn accepts_a_login_that_began_after_it_was_raised(s: &Scene) -> Kept {
    for _ in 0..3 {
        let current = ticket(s.revoke_ada(Which::All).await?.current, s.now);
        let record = s.login().build();
        created(s, &record, Some(&current)).await?;
        s.holds(&record).await?;
    }
    Ok(())
}

pub(super) async fn accepts_visitors(s: &Scene) -> Kept {
    s.revoke_ada(Which::All).await?;
    let record = s.visitor().build();
    created(s, &record, None).await?;
    s.holds(&record).await
}

pub(super) async fn that_refuses_a_login_evicts_nobody(s: &Scene) -> Kept {
    let stale = ticket(s.store.epoch(&s.ada).await?, s.now);
    let kept = s.create(s.login().last_seen(s.now - HOUR)).await?;
    s.revoke_ada(Which::AllBut(kept.handle)).await?;
    let one = limit(1, WhenReached::EndLeastRecent);
    let answer = s.store.create(s.login().build(), Some(&stale), Some(one), op(s.now + SECOND)).await?;
    ensure_eq!(answer, Created::EpochMoved, "the epoch is not the ticket's");
    s.holds(&kept).await
}

async fn refused(s: &Scene, stale: &Ticket) -> Kept {
    let before = s.listed(&s.ada).await?;
    let record = s.login().build();
    let answer = s.store.create(record.clone(), Some(stale), None, s.op()).await?;
    ensure_eq!(answer, Created::EpochMoved, "the epoch is not the ticket's");
    s.is_gone(&record).await?;
    ensure_eq!(s.listed(&s.ada).await?, before, "the list after a refused login");
    Ok(())
}

async fn created(s: &Scene, record: &Arc<Record>, ticket: Option<&Ticket>) -> Result<(), Broken> {
    let answer = s.store.create(record.clone(), ticket, None, s.op()).await?;
    ensure_eq!(answer, Created::Created { evicted: vec![] }, "nothing was in the way");
    Ok(())
}
