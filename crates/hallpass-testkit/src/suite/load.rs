use super::check::{Kept, ensure_eq};
use super::scene::{HOUR, Scene};
use crate::sample::unknown_key;

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
