use super::check::{Kept, ensure_eq};
use super::scene::{HOUR, Scene};
use crate::sample::unknown_key;
use hallpass_core::{Freshness, SessionKey, Which};

pub(super) async fn an_unknown_key_is_nothing(s: &Scene) -> Kept {
    ensure_eq!(s.load(&unknown_key(&s.realm)).await?, None, "in an empty store");
    s.create(s.login()).await?;
    ensure_eq!(s.load(&unknown_key(&s.realm)).await?, None, "beside a session");
    Ok(())
}

pub(super) async fn returns_sessions_that_have_run_out(s: &Scene) -> Kept {
    let idle = s.create(s.expired_login()).await?;
    let absolute = s.create(s.expired_visitor().absolute_until(s.now - HOUR)).await?;
    s.holds(&idle).await?;
    s.holds(&absolute).await
}

pub(super) async fn changes_nothing(s: &Scene) -> Kept {
    let record = s.create(s.login()).await?;
    for _ in 0..3 {
        s.holds(&record).await?;
    }
    Ok(())
}

/// Whoever asks for the latest gets no other answer by peeking, also right after a change.
pub(super) async fn is_not_contradicted_by_a_peek(s: &Scene) -> Kept {
    peeks_the_same(s, &unknown_key(&s.realm)).await?;
    let record = s.create(s.login()).await?;
    peeks_the_same(s, &record.key).await?;
    s.revoke_ada(Which::All).await?;
    peeks_the_same(s, &record.key).await
}

async fn peeks_the_same(s: &Scene, key: &SessionKey) -> Kept {
    if let Some(peeked) = s.store.peek(key, Freshness::Latest) {
        ensure_eq!(peeked, s.load(key).await?, "a peek shows something else than is loaded");
    }
    Ok(())
}
