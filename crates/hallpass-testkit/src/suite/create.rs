use super::check::{Kept, ensure_eq};
use super::scene::{HOUR, SECOND, Scene, limit, subject_named};
use crate::sample::{Sample, op};
use hallpass_core::{Created, Timestamp, WhenReached};
use std::net::Ipv6Addr;
use std::sync::Arc;

pub(super) async fn a_session_loads_as_it_was_created(s: &Scene) -> Kept {
    for sample in [s.visitor(), s.login(), s.visitor().value("cart", b"1"), s.login().value("cart", b"2")] {
        let record = s.create(sample).await?;
        s.holds(&record).await?;
    }
    Ok(())
}

pub(super) async fn never_overwrites_a_session(s: &Scene) -> Kept {
    for sample in [s.visitor().value("n", b"first"), s.login().value("n", b"first")] {
        let first = s.create(sample).await?;
        let mut second = s.login().value("n", b"second").build();
        Arc::make_mut(&mut second).key = first.key;
        let ticket = s.ticket_for(&second).await?;
        let created = s.store.create(second, ticket.as_ref(), None, s.op()).await?;
        ensure_eq!(created, Created::AlreadyExists, "the key was taken");
        s.holds(&first).await?;
    }
    ensure_eq!(s.listed(&s.ada).await?.len(), 1, "the list shows logins that were not created");
    Ok(())
}

pub(super) async fn never_overwrites_a_session_that_has_run_out(s: &Scene) -> Kept {
    let first = s.create(s.visitor().idle_until(s.now + SECOND)).await?;
    let later = s.now + 2 * SECOND;
    let mut second = Sample::visitor(&s.realm, later).build();
    Arc::make_mut(&mut second).key = first.key;
    let created = s.store.create(second, None, None, op(later)).await?;
    ensure_eq!(created, Created::AlreadyExists, "the key was taken, by a session that had run out");
    s.holds(&first).await
}

pub(super) async fn keeps_every_field_of_a_visitor(s: &Scene) -> Kept {
    let address = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0xffff, 0xc00a, 0x2ff);
    let odd = Timestamp::from_millis(s.now.as_millis() + 3_600_123);
    let sample = s.visitor().client("Mozilla/5.0 (\u{1f980}; ü) \"'%_\\", address);
    let record =
        s.create(sample.bearer().value("ü", b"1").idle_until(odd).absolute_until(odd + SECOND)).await?;
    s.holds(&record).await
}

pub(super) async fn keeps_every_field_of_a_login(s: &Scene) -> Kept {
    let seen = s.now + 7 * SECOND;
    let mapped = Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0x7f00, 1);
    for sample in [
        s.login().last_seen(seen),
        s.login().remembered(),
        s.login().pending(),
        s.login().bearer().remembered().pending(),
        s.login().client("curl/8.9", [203, 0, 113, 9]),
        s.login().client(&"ü".repeat(128), mapped),
        s.login().client("", Ipv6Addr::LOCALHOST),
    ] {
        let record = s.create(sample).await?;
        s.holds(&record).await?;
    }
    Ok(())
}

pub(super) async fn keeps_long_and_foreign_subjects(s: &Scene) -> Kept {
    let long = ["x".repeat(255), "ü".repeat(127), "\u{1f980}".repeat(63)];
    let odd =
        ["../../up", "a/b\\c", "*?[]{}", "' OR 1=1 --", "%00%", "NUL", ".", " ", "Ада", "e\u{301}", "a:b|c"];
    for id in long.iter().map(String::as_str).chain(odd) {
        let subject = subject_named(&s.realm, id);
        let record = s.create(Sample::login(&subject, s.now)).await?;
        s.holds(&record).await?;
        ensure_eq!(s.listed(&subject).await?, [record.handle], "the list of the subject {id:?}");
    }
    Ok(())
}

pub(super) async fn keeps_every_byte_of_data(s: &Scene) -> Kept {
    let every: Vec<u8> = (0..=255).collect();
    let record =
        s.create(s.login().value("every", &every).value("empty", b"").value("zeros", &[0; 9])).await?;
    s.holds(&record).await?;
    let loaded = s.loaded(&record.key).await?;
    ensure_eq!(loaded.data.get("every"), Some(&every[..]), "bytes in the data were changed");
    Ok(())
}

pub(super) async fn keeps_64_kib_of_data(s: &Scene) -> Kept {
    let value: Vec<u8> = (0..64 * 1024_u32).map(|n| (n % 251) as u8).collect();
    for sample in [s.login(), s.visitor()] {
        let record = s.create(sample.value("big", &value)).await?;
        s.holds(&record).await?;
    }
    Ok(())
}

pub(super) async fn keeps_deadlines_at_the_end_of_time(s: &Scene) -> Kept {
    for sample in [s.login(), s.visitor()] {
        let record = s.create(sample.idle_until(Timestamp::MAX).absolute_until(Timestamp::MAX)).await?;
        s.holds(&record).await?;
    }
    Ok(())
}

pub(super) async fn a_taken_key_evicts_nobody(s: &Scene) -> Kept {
    let old = s.create(s.login().last_seen(s.now - HOUR)).await?;
    let taken = s.create(s.visitor()).await?;
    let mut again = s.login().build();
    Arc::make_mut(&mut again).key = taken.key;
    let ticket = s.ticket_for(&again).await?;
    let one = limit(1, WhenReached::EndLeastRecent);
    let created = s.store.create(again, ticket.as_ref(), Some(one), s.op()).await?;
    ensure_eq!(created, Created::AlreadyExists, "the key was taken");
    s.holds(&old).await?;
    s.holds(&taken).await
}
