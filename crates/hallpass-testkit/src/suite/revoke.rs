use super::check::{Kept, ensure, ensure_eq};
use super::scene::{HOUR, Scene, ended};
use crate::sample::{Sample, renewed, rewritten, unknown_key};
use hallpass_core::{EndReason, Epoch, Replaced, Taken, Updated};

const REASONS: [EndReason; 10] = [
    EndReason::LoggedOut,
    EndReason::LoggedOutElsewhere,
    EndReason::Administrator,
    EndReason::CredentialsChanged,
    EndReason::AccountDisabled,
    EndReason::SessionLimit,
    EndReason::Superseded,
    EndReason::EndedForAll,
    EndReason::Abandoned,
    EndReason::Unknown,
];

pub(super) async fn ends_a_login_and_a_visitor_and_tells_what_it_ended(s: &Scene) -> Kept {
    for sample in [s.login().value("n", b"1"), s.visitor().value("n", b"1")] {
        let record = s.create(sample).await?;
        let answer = s.log_out(&record.key).await?;
        ensure_eq!(answer, Some(ended(&record, EndReason::LoggedOut)), "what was ended");
        s.is_gone(&record).await?;
    }
    Ok(())
}

pub(super) async fn is_idempotent(s: &Scene) -> Kept {
    let record = s.create(s.login()).await?;
    ensure!(s.log_out(&record.key).await?.is_some(), "the first call ends it");
    for _ in 0..2 {
        ensure_eq!(s.log_out(&record.key).await?, None, "another call has nothing to end");
    }
    Ok(())
}

pub(super) async fn of_an_unknown_key_ends_nothing(s: &Scene) -> Kept {
    let record = s.create(s.login()).await?;
    ensure_eq!(s.log_out(&unknown_key(&s.realm)).await?, None, "the key is unknown");
    s.holds(&record).await
}

pub(super) async fn reports_a_session_that_had_run_out_as_timed_out(s: &Scene) -> Kept {
    let idle = s.create(s.expired_login()).await?;
    let absolute = s.create(s.expired_visitor().absolute_until(s.now - HOUR)).await?;
    for (record, timeout) in [(idle, EndReason::IdleTimeout), (absolute, EndReason::AbsoluteTimeout)] {
        let answer = s.log_out(&record.key).await?;
        ensure_eq!(answer, Some(ended(&record, timeout)), "the session had run out");
        s.is_gone(&record).await?;
    }
    Ok(())
}

pub(super) async fn keeps_the_reason_it_was_given(s: &Scene) -> Kept {
    for reason in REASONS {
        let record = s.create(s.login()).await?;
        let answer = s.store.revoke(&record.key, reason, s.op()).await?;
        ensure_eq!(answer, Some(ended(&record, reason)), "what was ended");
    }
    Ok(())
}

pub(super) async fn is_final(s: &Scene) -> Kept {
    for sample in [s.login(), s.visitor()] {
        let record = s.create(sample).await?;
        s.log_out(&record.key).await?;
        let (late, renewal) = (rewritten(&record, |_| ()), renewed(&record));
        ensure_eq!(s.store.update(late, record.revision, s.op()).await?, Updated::Gone, "a late update");
        ensure!(!s.store.touch(&record.key, s.now + HOUR, s.op()).await?, "a late touch found it");
        let replaced =
            s.store.replace(&record.key, renewal.clone(), record.revision, None, None, s.op()).await?;
        ensure_eq!(replaced, Replaced::Gone, "a late renewal");
        let taken = s.store.take(&record.key, record.revision, EndReason::Superseded, s.op()).await?;
        ensure_eq!(taken, Taken::Gone, "a late take");
        s.is_gone(&record).await?;
        s.is_gone(&renewal).await?;
    }
    Ok(())
}

pub(super) async fn leaves_everything_else_alone(s: &Scene) -> Kept {
    let [gone, same_user, visitor] = s.create_all([s.login(), s.login(), s.visitor()]).await?;
    let other_user = s.create(Sample::login(&s.bob, s.now)).await?;
    s.log_out(&gone.key).await?;
    for record in [&same_user, &visitor, &other_user] {
        s.holds(record).await?;
    }
    ensure_eq!(s.listed(&s.ada).await?, [same_user.handle], "the list of its user");
    ensure_eq!(s.listed(&s.bob).await?, [other_user.handle], "the list of another user");
    ensure_eq!(s.store.epoch(&s.ada).await?, Epoch::NONE, "the epoch of its user");
    Ok(())
}
