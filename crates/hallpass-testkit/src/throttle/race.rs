use super::scene::{LIMIT, Scene};
use crate::suite::Broken;
use crate::suite::at_once::all;
use crate::suite::check::{ensure, ensure_eq};
use hallpass_core::{Admission, Bucket, Timestamp};
use std::future::poll_fn;
use std::task::Poll;

/// How many of a hundred attempts at once pass.
async fn admitted(s: &Scene, bucket: Bucket, now: Timestamp) -> Result<usize, Broken> {
    let attempts = (0..100).map(|_| {
        let s = s.clone();
        async move { s.admit(&bucket, now).await }
    });
    let answers = all(attempts).await?;
    Ok(answers.iter().filter(|answer| matches!(answer, Admission::Admitted { .. })).count())
}

pub(super) async fn attempts_at_once_get_no_more_than_one_after_the_other(s: &Scene) -> Result<(), Broken> {
    let free = LIMIT.free.get() as usize;
    ensure_eq!(
        admitted(s, s.alice(), s.start).await?,
        free,
        "of a hundred attempts at once, those that passed"
    );
    ensure_eq!(admitted(s, s.alice(), s.start).await?, 0, "of a hundred more, those that passed");
    Ok(())
}

pub(super) async fn one_of_many_passes_after_a_wait(s: &Scene) -> Result<(), Broken> {
    s.use_up(&s.alice(), s.start).await?;
    let mut now = s.start + LIMIT.first_wait;
    for _ in 0..3 {
        ensure_eq!(
            admitted(s, s.alice(), now).await?,
            1,
            "of a hundred attempts after a wait, those that passed"
        );
        now = now + LIMIT.longest_wait;
    }
    Ok(())
}

pub(super) async fn what_was_taken_stays_taken_when_nobody_waits_for_the_answer(
    s: &Scene,
) -> Result<(), Broken> {
    let (alice, free) = (s.alice(), LIMIT.free.get());
    for failures in 1..free {
        s.passes(&alice, s.start, failures).await?;
    }
    // Those that are dropped may have been made or not, but none may give back what others have taken.
    for _ in 0..50 {
        let mut dropped = s.throttle.admit(&alice, &LIMIT, s.start);
        poll_fn(|cx| {
            let _ = dropped.as_mut().poll(cx);
            Poll::Ready(())
        })
        .await;
    }
    let next = s.admit(&alice, s.start).await?;
    let counts = !matches!(next, Admission::Admitted { failures } if failures != free);
    ensure!(counts, "after {} attempts and fifty that nobody waited for: {next:?}", free - 1);
    Ok(())
}
