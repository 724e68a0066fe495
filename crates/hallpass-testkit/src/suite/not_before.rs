use super::check::{Kept, ensure_eq};
use super::scene::{MILLISECOND, RENEWED, SECOND, Scene, realm, subject_named};
use crate::sample::{Sample, op, renewed, ticket};
use hallpass_core::{Created, Epoch, Replaced};

pub(super) async fn is_none_at_first(s: &Scene) -> Kept {
    ensure_eq!(s.store.not_before(&s.realm).await?, None, "in an empty store");
    s.create(s.login()).await?;
    ensure_eq!(s.store.not_before(&s.realm).await?, None, "beside a login");
    Ok(())
}

pub(super) async fn never_moves_backwards(s: &Scene) -> Kept {
    for (at, expected) in [(10, 10), (20, 20), (15, 20), (20, 20), (21, 21)] {
        let (at, expected) = (s.now + at * SECOND, s.now + expected * SECOND);
        ensure_eq!(s.store.raise_not_before(&s.realm, at, s.op()).await?, expected, "where it is then");
        ensure_eq!(s.store.not_before(&s.realm).await?, Some(expected), "where it is afterwards");
    }
    Ok(())
}

pub(super) async fn is_kept_for_each_realm(s: &Scene) -> Kept {
    let other = realm("other");
    s.store.raise_not_before(&s.realm, s.now + SECOND, s.op()).await?;
    ensure_eq!(s.store.not_before(&other).await?, None, "of another realm");
    s.store.raise_not_before(&other, s.now, s.op()).await?;
    ensure_eq!(s.store.not_before(&s.realm).await?, Some(s.now + SECOND), "of the first realm");
    ensure_eq!(s.store.not_before(&other).await?, Some(s.now), "of the other realm");
    let subject = subject_named(&other, "ada");
    s.create(Sample::login(&subject, s.now)).await.map(drop)
}

pub(super) async fn refuses_logins_that_began_before(s: &Scene) -> Kept {
    let before = s.create(s.login()).await?;
    s.store.raise_not_before(&s.realm, s.now, s.op()).await?;
    let early = ticket(Epoch::NONE, s.now - MILLISECOND);
    let record = s.login().build();
    let created = s.store.create(record.clone(), Some(&early), None, op(s.now + SECOND)).await?;
    ensure_eq!(created, Created::EpochMoved, "the login began a millisecond before");
    s.is_gone(&record).await?;
    ensure_eq!(s.listed(&s.ada).await?, [before.handle], "the list after a refused login");
    for started_at in [s.now, s.now + MILLISECOND] {
        let record = s.login().build();
        let created =
            s.store.create(record.clone(), Some(&ticket(Epoch::NONE, started_at)), None, s.op()).await?;
        ensure_eq!(created, Created::Created { evicted: vec![] }, "the login did not begin before");
        s.holds(&record).await?;
    }
    Ok(())
}

pub(super) async fn refuses_renewals_of_logins_that_began_before(s: &Scene) -> Kept {
    let old = s.create(s.login()).await?;
    s.store.raise_not_before(&s.realm, s.now, s.op()).await?;
    let new = renewed(&old);
    for (started_at, expected) in [(s.now - MILLISECOND, Replaced::EpochMoved), (s.now, RENEWED)] {
        let ticket = ticket(Epoch::NONE, started_at);
        let replaced =
            s.store.replace(&old.key, new.clone(), old.revision, Some(&ticket), None, s.op()).await?;
        ensure_eq!(replaced, expected, "the login began at {started_at:?}, not before is {:?}", s.now);
        s.holds(if expected == RENEWED { &new } else { &old }).await?;
    }
    Ok(())
}

pub(super) async fn accepts_visitors(s: &Scene) -> Kept {
    s.store.raise_not_before(&s.realm, s.now + SECOND, s.op()).await?;
    let visitor = s.create(s.visitor()).await?;
    s.holds(&visitor).await?;
    let new = renewed(&visitor);
    let replaced = s.store.replace(&visitor.key, new.clone(), visitor.revision, None, None, s.op()).await?;
    ensure_eq!(replaced, RENEWED, "a renewal of a visitor's session");
    s.holds(&new).await
}
