use super::check::{Kept, ensure, ensure_eq};
use super::scene::{HOUR, SECOND, Scene, subject_named};
use crate::sample::{Sample, op};
use hallpass_core::SessionSummary;

pub(super) async fn lists_live_logins_the_most_recently_seen_first(s: &Scene) -> Kept {
    ensure_eq!(s.listed(&s.ada).await?, [], "nobody has logged in yet");
    let ages = [3, 0, 7, 1, 5].map(|minutes| s.login().last_seen(s.now - minutes * 60 * SECOND));
    let mut records = s.create_all(ages).await?;
    records.sort_by_key(|record| std::cmp::Reverse(record.last_seen));
    ensure_eq!(s.listed(&s.ada).await?, records.map(|record| record.handle), "the list");
    Ok(())
}

pub(super) async fn shows_what_the_record_holds(s: &Scene) -> Kept {
    let first = s.login().client("Mozilla/5.0 (ü)", [203, 0, 113, 9]).remembered().value("n", b"1");
    let second = s.login().bearer().last_seen(s.now - SECOND).absolute_until(s.now + HOUR);
    let expected = s.create_all([first, second]).await?.map(|record| SessionSummary::of(&record));
    let listed = s.store.subject(&s.ada, s.now).await?.into_iter().map(Some).collect::<Vec<_>>();
    ensure_eq!(listed, expected, "the summaries");
    Ok(())
}

pub(super) async fn follows_a_touch(s: &Scene) -> Kept {
    let [recent, old] = s.create_all([s.login(), s.login().last_seen(s.now - HOUR)]).await?;
    let (seen, idle_until) = (s.now + SECOND, s.now + 2 * HOUR);
    ensure!(s.store.touch(&old.key, idle_until, op(seen)).await?, "there was a session to touch");
    ensure_eq!(s.listed(&s.ada).await?, [old.handle, recent.handle], "the touched one comes first");
    let listed = s.store.subject(&s.ada, s.now).await?;
    let times = listed.first().map(|login| (login.last_seen, login.idle_until));
    ensure_eq!(times, Some((seen, idle_until)), "when it was seen, and its idle deadline");
    Ok(())
}

pub(super) async fn lists_nothing_else(s: &Scene) -> Kept {
    s.create_all([s.expired_login(), s.expired_login().absolute_until(s.now - HOUR), s.visitor()]).await?;
    s.create(Sample::login(&s.bob, s.now)).await?;
    let [revoked, live] = s.create_all([s.login(), s.login()]).await?;
    s.log_out(&revoked.key).await?;
    ensure_eq!(s.listed(&s.ada).await?, [live.handle], "the list of live logins");
    let over = s.store.subject(&s.ada, live.idle_until).await?;
    ensure_eq!(over, [], "the list at the idle deadline of the last one");
    Ok(())
}

pub(super) async fn is_compared_byte_by_byte(s: &Scene) -> Kept {
    let names = ["ada", "Ada", "ada ", " ada", "àda", "a\u{300}da", "ada\u{200d}", "ad", "adaa"];
    let mut records = Vec::new();
    for name in names {
        records.push(s.create(Sample::login(&subject_named(&s.realm, name), s.now)).await?);
    }
    for (name, record) in names.iter().zip(&records) {
        let listed = s.listed(&subject_named(&s.realm, name)).await?;
        ensure_eq!(listed, [record.handle], "the logins of the user {name:?}, of {names:?}");
    }
    Ok(())
}
