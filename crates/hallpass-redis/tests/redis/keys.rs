//! What the store leaves on the server.

use crate::shared::{HOUR, SERVER, Scene, address, fresh_prefix};
use hallpass_core::{EndReason, FeedEvent, Freshness, SessionStore, SubjectRevoked, Which};
use hallpass_redis::RedisStore;
use hallpass_testkit::{Sample, op, renewed, rewritten};
use redis::cmd;

/// Does everything that writes.
async fn do_everything(s: &Scene) {
    let first = s.create(s.login()).await;
    let second = rewritten(&first, |_| ());
    let _ = s.store.update(second.clone(), first.revision, op(s.now)).await.unwrap();
    s.store.touch(&first.key, s.now + 2 * HOUR, op(s.now)).await.unwrap();
    let new = renewed(&second);
    let _ = s.store.replace(&second.key, new, second.revision, None, None, op(s.now)).await.unwrap();
    let taken = s.create(s.visitor()).await;
    let _ = s.store.take(&taken.key, taken.revision, EndReason::LoggedOut, op(s.now)).await.unwrap();
    let revoked = s.create(s.login()).await;
    s.log_out(&revoked).await.unwrap();
    let _ = s.end_all().await.unwrap();
    s.create(s.login()).await;
    s.create(s.visitor()).await;
    s.create(Sample::visitor(&s.realm, s.now - 2 * HOUR)).await;
    s.store.sweep(10, op(s.now)).await.unwrap();
}

#[tokio::test]
#[ignore = "needs Redis: run cargo xtask test"]
async fn every_key_has_an_end() {
    let mut s = Scene::shared().await;
    do_everything(&s).await;
    let keys = s.keys().await;
    assert!(keys.len() > 5, "{}", keys.len());
    for key in keys {
        let left: i64 = s.ask(cmd("PTTL").arg(&key)).await;
        assert!(left > 0, "{:?} has no end", String::from_utf8_lossy(&key));
    }
}

#[tokio::test]
#[ignore = "needs Redis: run cargo xtask test"]
async fn a_row_outlives_its_deadline_by_minutes() {
    let mut s = Scene::shared().await;
    let record = s.create(s.login()).await;
    let row = s.row(&record);
    let left: i64 = s.ask(cmd("PTTL").arg(row)).await;
    let expected = i64::try_from((HOUR + HOUR / 12).as_millis()).unwrap();
    assert!((expected - 60_000..=expected).contains(&left), "{left} ms");
}

#[tokio::test]
#[ignore = "needs Redis: run cargo xtask test"]
async fn the_moment_before_which_no_login_counts_is_kept_for_good() {
    let mut s = Scene::shared().await;
    s.store.raise_not_before(&s.realm, s.now, op(s.now)).await.unwrap();
    let keys = s.keys().await;
    assert_eq!(keys.len(), 4096, "one for each tag");
    let left: i64 = s.ask(cmd("PTTL").arg(&keys[0])).await;
    assert_eq!(left, -1);
}

#[tokio::test]
#[ignore = "needs Redis: run cargo xtask test"]
async fn what_has_ended_leaves_nothing_but_answers() {
    let mut s = Scene::shared().await;
    let record = s.create(s.login()).await;
    s.log_out(&record).await.unwrap();
    let visitor = s.create(s.visitor()).await;
    s.log_out(&visitor).await.unwrap();
    let keys = s.keys().await;
    let is_answer = |key: &Vec<u8>| key.windows(4).any(|part| part == b"}:g:");
    assert!(
        keys.iter().all(is_answer),
        "{:?}",
        keys.iter().map(|key| String::from_utf8_lossy(key)).collect::<Vec<_>>()
    );
}

#[tokio::test]
#[ignore = "needs Redis: run cargo xtask test"]
async fn unknown_tokens_leave_nothing() {
    let mut s = Scene::shared().await;
    for _ in 0..20 {
        let unknown = s.visitor().build();
        assert_eq!(s.load(&unknown).await.unwrap(), None);
        assert_eq!(s.log_out(&unknown).await.unwrap(), None);
        assert!(!s.store.touch(&unknown.key, s.now + HOUR, op(s.now)).await.unwrap());
    }
    assert_eq!(s.keys().await, Vec::<Vec<u8>>::new());
}

#[tokio::test]
#[ignore = "needs Redis: run cargo xtask test"]
async fn stores_with_different_prefixes_share_nothing() {
    let s = Scene::shared().await;
    // One that begins like the other, too.
    for prefix in [fresh_prefix(), format!("{}:x", s.prefix)] {
        let other = RedisStore::builder().prefix(prefix).connect(&address(SERVER)).await.unwrap();
        let record = s.create(s.login()).await;
        let mut feed = other.feed().await.unwrap();
        assert_eq!(other.load(&record.key, Freshness::Latest).await.unwrap(), None);
        assert_eq!(other.revoke(&record.key, EndReason::LoggedOut, op(s.now)).await.unwrap(), None);
        let reason = EndReason::LoggedOut;
        let ended = other.revoke_subject(&s.ada, None, Which::All, reason, op(s.now)).await.unwrap();
        assert!(matches!(ended, SubjectRevoked::Done { ended, .. } if ended.is_empty()));
        other.raise_not_before(&s.realm, s.now + HOUR, op(s.now)).await.unwrap();
        assert_eq!(s.load(&record).await.unwrap(), Some(record.clone()));
        s.log_out(&record).await.unwrap();
        let told = feed.next().await;
        assert!(matches!(told, FeedEvent::NotBefore { .. }), "its own event, not {told:?}");
        let _ = s.end_all().await.unwrap();
    }
}
