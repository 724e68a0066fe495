//! Rows that something else than a script has changed.

use crate::shared::{HOUR, Scene};
use hallpass_core::{
    Created, EndReason, Record, SessionLimit, SessionStore, StoreErrorKind, SubjectRevoked, WhenReached,
    Which,
};
use hallpass_testkit::{op, renewed, rewritten, ticket};
use redis::cmd;
use std::num::NonZeroU32;
use std::ops::Range;

/// Every part of a row, with something else in it.
const DAMAGE: [(Part, &[u8]); 15] = [
    (Part::Version, b"2"),
    (Part::Checksum, b"0000000000000000"),
    (Part::Handle, b"another handle.."),
    (Part::Realm, b"mall"),
    (Part::Subject, b"8"),
    (Part::Revision, b"9"),
    (Part::IdleUntil, b"9999999999999"),
    (Part::AbsoluteUntil, b"9999999999999"),
    (Part::LastSeen, b"1"),
    (Part::Created, b"1"),
    (Part::Authenticated, b"9999999999999"),
    (Part::Level, b"fulll"),
    (Part::RestLen, b"9"),
    (Part::Rest, b"\x01nothing"),
    (Part::Data, b"nothing at all"),
];

/// In the order in which they lie in a row.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Part {
    Version,
    Checksum,
    Handle,
    Realm,
    Subject,
    Revision,
    IdleUntil,
    AbsoluteUntil,
    LastSeen,
    Created,
    Authenticated,
    Level,
    RestLen,
    Rest,
    Data,
}

impl Part {
    /// Where it is in a row.
    fn place_in(self, row: &[u8]) -> Range<usize> {
        let (mut start, mut rest_len) = (0, 0);
        for (part, _) in DAMAGE {
            let from_here = &row[start..];
            let line = from_here.iter().position(|byte| *byte == b'\n').unwrap_or(from_here.len());
            let (len, gap) = match part {
                Self::Checksum | Self::Handle => (16, 0),
                Self::Rest => (rest_len, 0),
                Self::Data => (from_here.len(), 0),
                _ => (line, 1),
            };
            if part == Self::RestLen {
                rest_len = std::str::from_utf8(&from_here[..len]).unwrap().parse().unwrap();
            }
            if part == self {
                return start..start + len;
            }
            start += len + gap;
        }
        unreachable!("{self:?} is one of them")
    }
}

async fn damage(s: &mut Scene, record: &Record, part: Part, with: &[u8]) {
    let name = s.row(record);
    let mut row: Vec<u8> = s.ask(cmd("GET").arg(&name)).await;
    let place = part.place_in(&row);
    row.splice(place, with.iter().copied());
    let () = s.ask(cmd("SET").arg(name).arg(row).arg("KEEPTTL")).await;
}

#[tokio::test]
#[ignore = "needs Redis: run cargo xtask test"]
async fn a_damaged_row_is_an_error_and_never_a_session() {
    let mut s = Scene::shared().await;
    for (part, with) in DAMAGE {
        for sample in [s.login().value("n", b"1"), s.visitor().value("n", b"1")] {
            let record = s.create(sample).await;
            damage(&mut s, &record, part, with).await;
            let error = s.load(&record).await.expect_err(&format!("{part:?}"));
            assert_eq!(error.kind(), StoreErrorKind::Undecodable, "{part:?}");
            s.log_out(&record).await.unwrap();
        }
    }
}

#[tokio::test]
#[ignore = "needs Redis: run cargo xtask test"]
async fn nothing_is_done_with_a_damaged_row() {
    let mut s = Scene::shared().await;
    for (part, with) in DAMAGE.into_iter().filter(|(part, _)| ![Part::Rest, Part::Data].contains(part)) {
        let record = s.create(s.login()).await;
        damage(&mut s, &record, part, with).await;
        let (next, new) = (rewritten(&record, |_| ()), renewed(&record));
        let now = op(s.now);
        let store = &s.store;
        assert!(store.touch(&record.key, s.now + HOUR, now).await.is_err(), "{part:?}");
        assert!(store.update(next, record.revision, op(s.now)).await.is_err(), "{part:?}");
        let replaced = store.replace(&record.key, new, record.revision, None, None, op(s.now)).await;
        assert!(replaced.is_err(), "{part:?}");
        let taken = store.take(&record.key, record.revision, EndReason::LoggedOut, op(s.now)).await;
        assert!(taken.is_err(), "{part:?}");
        assert_eq!(store.alive(&[record.key], s.now).await.unwrap(), [Some(false)], "{part:?}");
        assert_eq!(store.subject(&s.ada, s.now).await.unwrap(), [], "{part:?}");
        let as_actor = store
            .revoke_subject(&s.ada, Some(record.handle), Which::All, EndReason::LoggedOut, op(s.now))
            .await;
        assert_eq!(as_actor.unwrap(), SubjectRevoked::ActorGone, "{part:?}");
        s.log_out(&record).await.unwrap();
    }
}

#[tokio::test]
#[ignore = "needs Redis: run cargo xtask test"]
async fn a_damaged_row_can_be_ended_by_its_key_and_with_the_others_of_its_user() {
    let mut s = Scene::shared().await;
    for (part, with) in DAMAGE {
        let record = s.create(s.login()).await;
        damage(&mut s, &record, part, with).await;
        let ended = s.log_out(&record).await.unwrap().unwrap_or_else(|| panic!("{part:?}"));
        assert_eq!((ended.key, ended.reason), (record.key, EndReason::LoggedOut), "{part:?}");
        assert_eq!(s.load(&record).await.unwrap(), None, "{part:?}");

        let record = s.create(s.login()).await;
        damage(&mut s, &record, part, with).await;
        // What the row of another handle or user says is not believed, and it is not ended as one of Ada's.
        let SubjectRevoked::Done { ended, .. } = s.end_all().await.unwrap() else {
            panic!("no actor was named")
        };
        assert_eq!(ended.len(), 1, "{part:?}");
        assert_eq!(ended[0].handle, Some(record.handle), "{part:?}");
        assert_eq!(s.load(&record).await.unwrap(), None, "{part:?}");
    }
}

#[tokio::test]
#[ignore = "needs Redis: run cargo xtask test"]
async fn damaged_data_hides_no_login_from_its_user() {
    let mut s = Scene::shared().await;
    let record = s.create(s.login().value("n", b"1")).await;
    damage(&mut s, &record, Part::Data, b"nothing at all").await;
    let listed = s.store.subject(&s.ada, s.now).await.unwrap();
    assert_eq!(listed.iter().map(|login| login.handle).collect::<Vec<_>>(), [record.handle]);
}

#[tokio::test]
#[ignore = "needs Redis: run cargo xtask test"]
async fn data_of_another_row_is_damage() {
    let mut s = Scene::shared().await;
    let [mine, other] = [s.create(s.login().value("role", b"user")).await, s.create(s.login()).await];
    let row = s.row(&other);
    let row: Vec<u8> = s.ask(cmd("GET").arg(row)).await;
    damage(&mut s, &mine, Part::Data, &row[Part::Data.place_in(&row)]).await;
    assert_eq!(s.load(&mine).await.unwrap_err().kind(), StoreErrorKind::Undecodable);
}

#[tokio::test]
#[ignore = "needs Redis: run cargo xtask test"]
async fn a_row_of_a_future_version_says_so_and_can_be_ended() {
    let mut s = Scene::shared().await;
    let record = s.create(s.login()).await;
    damage(&mut s, &record, Part::Version, b"2").await;
    let error = s.load(&record).await.unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("format 2") && source.contains("upgrade"), "{source}");
    assert!(s.log_out(&record).await.unwrap().is_some());
}

#[tokio::test]
#[ignore = "needs Redis: run cargo xtask test"]
async fn a_key_that_is_no_row_at_all_can_be_ended() {
    let mut s = Scene::shared().await;
    for (command, value) in [("SET", "something"), ("SET", ""), ("SADD", "something")] {
        let record = s.create(s.login()).await;
        let row = s.row(&record);
        let () = s.ask(cmd("DEL").arg(&row)).await;
        let () = s.ask(cmd(command).arg(row).arg(value)).await;
        assert_eq!(s.load(&record).await.unwrap_err().kind(), StoreErrorKind::Undecodable);
        assert!(s.store.touch(&record.key, s.now + HOUR, op(s.now)).await.is_err());
        let SubjectRevoked::Done { ended, .. } = s.end_all().await.unwrap() else {
            panic!("no actor was named")
        };
        assert_eq!(ended.len(), 1);
        assert_eq!(s.load(&record).await.unwrap(), None);
    }
}

/// As by eviction: then ending all logins of the user would not find it.
#[tokio::test]
#[ignore = "needs Redis: run cargo xtask test"]
async fn a_login_that_its_users_list_has_lost_is_dead() {
    let mut s = Scene::shared().await;
    let record = s.create(s.login()).await;
    let list = s.list(&record);
    let () = s.ask(cmd("DEL").arg(list)).await;
    assert_eq!(s.load(&record).await.unwrap(), None);
    assert_eq!(s.store.alive(&[record.key], s.now).await.unwrap(), [Some(false)]);
    assert!(!s.store.touch(&record.key, s.now + HOUR, op(s.now)).await.unwrap());
    let new = renewed(&record);
    let _ = s.store.replace(&record.key, new.clone(), record.revision, None, None, op(s.now)).await.unwrap();
    assert_eq!(s.load(&new).await.unwrap(), None);
    assert_eq!(s.log_out(&record).await.unwrap(), None);
}

#[tokio::test]
#[ignore = "needs Redis: run cargo xtask test"]
async fn the_list_of_a_user_never_outgrows_the_live_logins() {
    let mut s = Scene::shared().await;
    for limit in [None, NonZeroU32::new(5)] {
        for _ in 0..60 {
            let record = s.login().build();
            let current = ticket(s.store.epoch(&s.ada).await.unwrap(), s.now);
            let limit = limit.map(|max| SessionLimit { max, when_reached: WhenReached::EndLeastRecent });
            let created = s.store.create(record.clone(), Some(&current), limit, op(s.now)).await.unwrap();
            assert!(matches!(created, Created::Created { .. }), "{created:?}");
            // As when nobody sweeps and the row runs out on the server.
            let (row, list) = (s.row(&record), s.list(&record));
            let () = s.ask(cmd("DEL").arg(row)).await;
            let listed: u64 = s.ask(cmd("HLEN").arg(list)).await;
            assert!(listed <= 1, "{listed} entries, and no live login");
        }
    }
}
