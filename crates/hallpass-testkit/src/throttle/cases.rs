use super::scene::{LIMIT, MILLISECOND, SECOND, Scene};
use crate::suite::Broken;
use crate::suite::check::{ensure, ensure_eq};
use hallpass_core::{Admission, AttemptLimit, BucketKind};
use std::time::Duration;

type Kept = Result<(), Broken>;

pub(super) async fn free_attempts_pass_at_once(s: &Scene) -> Kept {
    s.use_up(&s.alice(), s.start).await
}

pub(super) async fn the_wait_it_tells_is_the_wait_there_is(s: &Scene) -> Kept {
    let alice = s.alice();
    s.use_up(&alice, s.start).await?;
    s.waits(&alice, s.start, LIMIT.first_wait).await?;
    let end = s.start + LIMIT.first_wait;
    s.waits(&alice, s.start + 3 * SECOND, SECOND).await?;
    s.waits(&alice, end - MILLISECOND, MILLISECOND).await?;
    s.passes(&alice, end, 4).await
}

pub(super) async fn waits_double_up_to_the_longest(s: &Scene) -> Kept {
    let (alice, mut now) = (s.alice(), s.start);
    s.use_up(&alice, now).await?;
    for (seconds, failures) in [(4, 4), (8, 5), (16, 6), (20, 6), (20, 6), (20, 6)] {
        s.waits(&alice, now, seconds * SECOND).await?;
        now = now + seconds * SECOND;
        s.passes(&alice, now, failures).await?;
    }
    Ok(())
}

pub(super) async fn a_refused_attempt_costs_nothing(s: &Scene) -> Kept {
    let alice = s.alice();
    s.use_up(&alice, s.start).await?;
    for tenth in 0..40 {
        let now = s.start + tenth * Duration::from_millis(100);
        s.waits(&alice, now, 4 * SECOND - now.since(s.start)).await?;
    }
    s.passes(&alice, s.start + 4 * SECOND, 4).await
}

pub(super) async fn attempts_are_forgotten_one_after_the_other(s: &Scene) -> Kept {
    let alice = s.alice();
    s.passes(&alice, s.start, 1).await?;
    s.passes(&alice, s.start + 15 * SECOND, 2).await?;
    s.passes(&alice, s.start + 31 * SECOND, 2).await?;
    s.passes(&alice, s.start + 31 * SECOND, 3).await?;
    s.waits(&alice, s.start + 31 * SECOND, 4 * SECOND).await?;
    // Of the four, two are forgotten after 60 seconds.
    s.passes(&alice, s.start + 60 * SECOND, 3).await?;
    s.passes(&alice, s.start + 64 * SECOND, 4).await
}

pub(super) async fn all_is_forgotten_in_the_end(s: &Scene) -> Kept {
    let (alice, mut now) = (s.alice(), s.start);
    s.use_up(&alice, now).await?;
    for _ in 0..20 {
        now = now + LIMIT.longest_wait;
        let passed = matches!(s.admit(&alice, now).await?, Admission::Admitted { .. });
        ensure!(passed, "an attempt after the longest wait was refused");
    }
    // However many there were, no more are remembered than count.
    s.use_up(&alice, now + LIMIT.memory()).await
}

pub(super) async fn waits_that_do_not_grow_are_a_steady_rate(s: &Scene) -> Kept {
    let wait = LIMIT.first_wait;
    let steady = AttemptLimit { longest_wait: wait, forget_after: wait, ..LIMIT };
    let visitor = s.bucket(BucketKind::Visitor, "shop", "203.0.113.9");
    let mut now = s.start;
    let begin = async |now| Ok::<_, Broken>(s.throttle.admit(&visitor, &steady, now).await?);
    // All that are free, then one every wait; and what a pause saved up, and no more.
    for (pause, at_once) in [(0, 3), (1, 1), (1, 1), (1, 1), (2, 2), (100, 3), (1, 1)] {
        now = now + pause * wait;
        for nth in 1..=at_once {
            let answer = begin(now).await?;
            ensure!(
                matches!(answer, Admission::Admitted { .. }),
                "attempt {nth} after {pause} waits: {answer:?}"
            );
        }
        let refused = Admission::Refused { retry_after: wait };
        ensure_eq!(begin(now).await?, refused, "one more than {at_once} after {pause} waits");
    }
    Ok(())
}

pub(super) async fn a_success_gives_everything_back(s: &Scene) -> Kept {
    let alice = s.alice();
    s.throttle.clear(&alice).await?;
    for _ in 0..3 {
        s.use_up(&alice, s.start).await?;
        s.throttle.clear(&alice).await?;
    }
    s.use_up(&alice, s.start).await
}

pub(super) async fn buckets_do_not_disturb_each_other(s: &Scene) -> Kept {
    use BucketKind::{Account, Address, Device, Registration, Session, Visitor};
    let mut others = vec![s.bucket(Account, "shop", "bob"), s.bucket(Account, "staff", "alice")];
    others.extend(
        [Address, Device, Registration, Session, Visitor].map(|kind| s.bucket(kind, "shop", "alice")),
    );
    s.use_up(&s.alice(), s.start).await?;
    for other in &others {
        s.use_up(other, s.start).await?;
        s.throttle.clear(other).await?;
    }
    s.waits(&s.alice(), s.start, LIMIT.first_wait).await
}

pub(super) async fn a_clock_that_goes_back_makes_nobody_wait_longer(s: &Scene) -> Kept {
    let (alice, ahead) = (s.alice(), s.start + 366 * 24 * 60 * 60 * SECOND);
    s.use_up(&alice, ahead).await?;
    let Admission::Refused { retry_after } = s.admit(&alice, s.start).await? else { return Ok(()) };
    ensure!(retry_after <= LIMIT.longest_wait, "a clock that went back makes wait for {retry_after:?}");
    let passed = s.admit(&alice, s.start + retry_after).await?;
    ensure!(matches!(passed, Admission::Admitted { .. }), "after the wait that was told: {passed:?}");
    Ok(())
}

pub(super) async fn the_secret_stays(s: &Scene) -> Kept {
    ensure_eq!(s.throttle.secret().await?.as_bytes(), s.secret.as_bytes(), "the secret, asked for twice");
    ensure!(s.secret.as_bytes() != &[0; 32], "the secret is no secret");
    Ok(())
}
