use super::check::{Kept, ensure_eq};
use super::scene::{HOUR, Scene, ended};
use crate::sample::{rewritten, unknown_key};
use hallpass_core::{EndReason, Revision, Taken, Updated};

const REASON: EndReason = EndReason::Superseded;

pub(super) async fn ends_the_expected_revision(s: &Scene) -> Kept {
    for sample in [s.visitor(), s.login()] {
        let first = s.create(sample).await?;
        let second = rewritten(&first, |_| ());
        ensure_eq!(
            s.store.update(second.clone(), first.revision, s.op()).await?,
            Updated::Written,
            "an update"
        );
        let taken = s.store.take(&second.key, second.revision, REASON, s.op()).await?;
        ensure_eq!(taken, Taken::Taken(ended(&second, REASON)), "the row was at the expected revision");
        s.is_gone(&second).await?;
    }
    Ok(())
}

pub(super) async fn at_another_revision_ends_nothing(s: &Scene) -> Kept {
    for sample in [s.visitor(), s.login()] {
        let record = s.create(sample).await?;
        for expected in [Revision(0), Revision(2)] {
            let taken = s.store.take(&record.key, expected, REASON, s.op()).await?;
            ensure_eq!(taken, Taken::Conflict, "the row is at revision 1, expected was {expected:?}");
            s.holds(&record).await?;
        }
    }
    Ok(())
}

pub(super) async fn of_nothing_is_gone(s: &Scene) -> Kept {
    let taken = s.store.take(&unknown_key(&s.realm), Revision(1), REASON, s.op()).await?;
    ensure_eq!(taken, Taken::Gone, "the key is unknown");
    let record = s.create(s.visitor()).await?;
    s.log_out(&record.key).await?;
    let taken = s.store.take(&record.key, record.revision, REASON, s.op()).await?;
    ensure_eq!(taken, Taken::Gone, "the session was revoked before");
    s.is_gone(&record).await
}

pub(super) async fn reports_a_session_that_had_run_out_as_timed_out(s: &Scene) -> Kept {
    let idle = s.create(s.expired_visitor()).await?;
    let absolute = s.create(s.expired_login().absolute_until(s.now - HOUR)).await?;
    for (record, timeout) in [(idle, EndReason::IdleTimeout), (absolute, EndReason::AbsoluteTimeout)] {
        let taken = s.store.take(&record.key, record.revision, REASON, s.op()).await?;
        ensure_eq!(taken, Taken::Taken(ended(&record, timeout)), "the session had run out");
        s.is_gone(&record).await?;
    }
    Ok(())
}
