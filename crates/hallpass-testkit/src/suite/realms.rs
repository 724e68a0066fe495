use super::check::{Kept, ensure_eq};
use super::scene::{Scene, limit, realm, subject_named};
use crate::sample::Sample;
use hallpass_core::{Created, EndReason, Epoch, SubjectKey, SubjectRevoked, WhenReached, Which};

pub(super) async fn one_subject_in_two_realms_is_two_users(s: &Scene) -> Kept {
    are_two_users(s, &s.ada, &subject_named(&realm("staff"), "ada")).await
}

pub(super) async fn a_limit_counts_in_its_realm(s: &Scene) -> Kept {
    let other = Sample::login(&subject_named(&realm("staff"), "ada"), s.now);
    let first = s.create(other).await?;
    for when_reached in [WhenReached::Refuse, WhenReached::EndLeastRecent] {
        let sample = s.login();
        let key = sample.clone().build().key;
        let created = s.log_in(sample, limit(1, when_reached)).await?;
        ensure_eq!(created, Created::Created { evicted: vec![] }, "the first login in this realm");
        s.log_out(&key).await?;
    }
    s.holds(&first).await
}

pub(super) async fn names_do_not_run_together(s: &Scene) -> Kept {
    for joint in [":", "/", "|", ".", "-", "_", "#"] {
        let left = subject_named(&realm("a"), &format!("b{joint}c"));
        let right = subject_named(&realm(&format!("a{joint}b")), "c");
        are_two_users(s, &left, &right).await?;
    }
    Ok(())
}

pub(super) async fn names_are_compared_byte_by_byte(s: &Scene) -> Kept {
    let (lower, upper) = (realm("shop"), realm("SHOP"));
    are_two_users(s, &subject_named(&lower, "ada"), &subject_named(&upper, "ada")).await?;
    s.store.raise_not_before(&lower, s.now, s.op()).await?;
    ensure_eq!(s.store.not_before(&upper).await?, None, "`not before` of SHOP, raised for shop");
    Ok(())
}

/// Neither's list, end of all logins nor epoch is the other's.
async fn are_two_users(s: &Scene, left: &SubjectKey, right: &SubjectKey) -> Kept {
    let one = s.create(Sample::login(left, s.now)).await?;
    let two = s.create(Sample::login(right, s.now)).await?;
    ensure_eq!(s.listed(left).await?, [one.handle], "the list of {left:?}");
    ensure_eq!(s.listed(right).await?, [two.handle], "the list of {right:?}");
    let revoked =
        s.store.revoke_subject(left, None, Which::AllBut(two.handle), EndReason::LoggedOut, s.op()).await?;
    let count = match revoked {
        SubjectRevoked::Done { ended, .. } => ended.len(),
        SubjectRevoked::ActorGone => 0,
    };
    ensure_eq!(count, 1, "logins of {left:?} that were ended");
    s.is_gone(&one).await?;
    s.holds(&two).await?;
    ensure_eq!(s.store.epoch(right).await?, Epoch::NONE, "the epoch of {right:?}");
    Ok(())
}
