use super::check::{Kept, ensure_eq};
use super::scene::{HOUR, MILLISECOND, Scene};
use crate::sample::{Sample, op, renewed, unknown_key};

pub(super) async fn answers_for_every_key_in_order(s: &Scene) -> Kept {
    let [login, idle, visitor, absolute] = s
        .create_all([
            s.login(),
            s.expired_login(),
            s.visitor(),
            s.expired_visitor().absolute_until(s.now - HOUR).idle_until(s.now + HOUR),
        ])
        .await?;
    let bob = s.create(Sample::login(&s.bob, s.now)).await?;
    let unknown = unknown_key(&s.realm);
    let keys = [unknown, login.key, idle.key, visitor.key, bob.key, absolute.key, login.key, unknown];
    let expected = [false, true, false, true, true, false, true, false].map(Some);
    ensure_eq!(s.store.alive(&keys, s.now).await?, expected, "one answer for every key");
    Ok(())
}

pub(super) async fn answers_nothing_for_no_keys(s: &Scene) -> Kept {
    ensure_eq!(s.store.alive(&[], s.now).await?, vec![], "there was nothing to ask");
    Ok(())
}

pub(super) async fn answers_for_many_keys(s: &Scene) -> Kept {
    let (mut keys, mut expected) = (Vec::new(), Vec::new());
    for n in 0..2_000 {
        let live = n % 100 == 7;
        keys.push(if live { s.create(s.visitor()).await?.key } else { unknown_key(&s.realm) });
        expected.push(Some(live));
    }
    ensure_eq!(s.store.alive(&keys, s.now).await?, expected, "one answer for every key, in order");
    Ok(())
}

pub(super) async fn follows_touches_renewals_and_ends(s: &Scene) -> Kept {
    let old = s.create(s.login()).await?;
    for (at, expected) in [(old.idle_until - MILLISECOND, true), (old.idle_until, false)] {
        ensure_eq!(
            s.store.alive(&[old.key], at).await?,
            [Some(expected)],
            "at {at:?}, idle at {:?}",
            old.idle_until
        );
    }
    s.store.touch(&old.key, s.now + 2 * HOUR, s.op()).await?;
    ensure_eq!(s.store.alive(&[old.key], old.idle_until).await?, [Some(true)], "after a touch");
    let new = renewed(&old);
    let _ = s.store.replace(&old.key, new.clone(), old.revision, None, None, op(s.now)).await?;
    ensure_eq!(
        s.store.alive(&[old.key, new.key], s.now).await?,
        [Some(false), Some(true)],
        "after a renewal"
    );
    s.log_out(&new.key).await?;
    ensure_eq!(s.store.alive(&[old.key, new.key], s.now).await?, [Some(false), Some(false)], "after the end");
    Ok(())
}
