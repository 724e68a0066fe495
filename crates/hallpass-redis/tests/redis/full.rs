//! A server whose memory is full.

use crate::shared::{HOUR, Scene};
use hallpass_core::{EndReason, SessionStore, StoreErrorKind, SubjectRevoked, Taken};
use hallpass_servers::{Kind, Server};
use hallpass_testkit::{Sample, op, renewed, rewritten};
use redis::cmd;

#[tokio::test]
#[ignore = "needs Redis: run cargo xtask test"]
async fn a_full_server_refuses_logins_and_does_every_logout() {
    let server = Server::start(Kind::Redis).unwrap();
    let mut s = Scene::at(server.url()).await;
    let [by_key, by_user, by_revision] =
        [s.create(s.login()).await, s.create(s.login()).await, s.create(s.visitor()).await];
    let over = s.create(Sample::visitor(&s.realm, s.now - 2 * HOUR)).await;
    let kept = s.create(s.visitor()).await;
    let () = s.ask(cmd("CONFIG").arg("SET").arg("maxmemory").arg(1)).await;

    for refused in [s.login().build(), s.visitor().build()] {
        assert_eq!(s.try_create(&refused).await.unwrap_err().kind(), StoreErrorKind::Unavailable);
        assert_eq!(s.load(&refused).await.unwrap(), None);
    }
    let next = rewritten(&kept, |_| ());
    let updated = s.store.update(next, kept.revision, op(s.now)).await;
    assert_eq!(updated.unwrap_err().kind(), StoreErrorKind::Unavailable);
    let replaced = s.store.replace(&kept.key, renewed(&kept), kept.revision, None, None, op(s.now)).await;
    assert_eq!(replaced.unwrap_err().kind(), StoreErrorKind::Unavailable);

    assert!(s.log_out(&by_key).await.unwrap().is_some());
    let SubjectRevoked::Done { ended, .. } = s.end_all().await.unwrap() else { panic!("no actor was named") };
    assert_eq!(ended.iter().map(|ended| ended.key).collect::<Vec<_>>(), [by_user.key]);
    let reason = EndReason::LoggedOut;
    let taken = s.store.take(&by_revision.key, by_revision.revision, reason, op(s.now)).await.unwrap();
    assert!(matches!(taken, Taken::Taken(_)));
    let swept = s.store.sweep(10, op(s.now)).await.unwrap();
    assert_eq!(swept.ended.iter().map(|ended| ended.key).collect::<Vec<_>>(), [over.key]);
    s.store.raise_not_before(&s.realm, s.now, op(s.now)).await.unwrap();
    for ended in [by_key, by_user, by_revision, over] {
        assert_eq!(s.load(&ended).await.unwrap(), None);
    }

    assert!(s.store.touch(&kept.key, s.now + 2 * HOUR, op(s.now)).await.unwrap(), "who is there stays");
    assert_eq!(s.load(&kept).await.unwrap().unwrap().idle_until, s.now + 2 * HOUR);
}
