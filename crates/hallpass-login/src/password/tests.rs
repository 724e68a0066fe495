use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex, mpsc};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::*;

/// The test vectors of the reference implementation, for the password "password".
const REFERENCE: &[&str] = &[
    "$argon2i$m=256,t=2,p=1$c29tZXNhbHQ$/U3YPXYsSb3q9XxHvc0MLxur+GP960kN9j7emXX8zwY",
    "$argon2i$v=16$m=256,t=2,p=1$c29tZXNhbHQ$/U3YPXYsSb3q9XxHvc0MLxur+GP960kN9j7emXX8zwY",
    "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8",
    "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
    "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
];

fn fast() -> PasswordsBuilder {
    Passwords::builder().danger_allow_weak().memory_kib(64).iterations(1)
}

fn secret() -> Password {
    Password::from("correct horse")
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// A scheme whose hash for "gate" ends when the test says so.
#[derive(Debug)]
struct Gate {
    started: UnboundedSender<()>,
    release: Mutex<mpsc::Receiver<()>>,
}

impl Gate {
    fn new() -> (Self, UnboundedReceiver<()>, mpsc::Sender<()>) {
        let (started, has_started) = unbounded_channel();
        let (release, released) = mpsc::channel();
        (Self { started, release: Mutex::new(released) }, has_started, release)
    }
}

impl LegacyScheme for Gate {
    fn recognises(&self, stored: &str) -> bool {
        stored == "gate"
    }

    fn verify(&self, _: &str, _: &[u8]) -> bool {
        self.started.send(()).unwrap();
        self.release.lock().unwrap().recv().is_ok()
    }
}

#[tokio::test]
async fn every_verification_costs_exactly_one_hash() {
    let passwords = fast().build().unwrap();
    let stored = passwords.hash(&secret()).await.unwrap();
    let truncated = &stored[..stored.len() / 2];
    for (stored, typed, expected) in [
        (Some(&*stored), "correct horse", Verified::Match),
        (Some(&*stored), "wrong horse", Verified::NoMatch),
        (Some(REFERENCE[0]), "password", Verified::MatchOutdated),
        (None, "correct horse", Verified::NoMatch),
        (None, "", Verified::NoMatch),
        (Some(""), "", Verified::NoMatch),
        (Some("!"), "!", Verified::NoMatch),
        (Some("correct horse"), "correct horse", Verified::NoMatch),
        (Some(truncated), "correct horse", Verified::NoMatch),
        (Some("$2b$12$EXRkfkdmXn2gzds2SSitu.MW9.gAVqa9eLS1//RYtYCmB1eLHg.9q"), "U*U", Verified::NoMatch),
        (Some("$argon2id$v=19$m=4194304,t=1,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xA"), "x", Verified::NoMatch),
        (
            Some("$argon2id$v=19$m=8,t=4294967295,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xA"),
            "x",
            Verified::NoMatch,
        ),
    ] {
        let before = passwords.hashes_computed();
        assert_eq!(passwords.verify(stored, &Password::from(typed)).await.unwrap(), expected, "{stored:?}");
        assert_eq!(passwords.hashes_computed() - before, 1, "{stored:?}");
    }
}

#[tokio::test]
async fn hashes_of_other_programs_are_verified() {
    let passwords = fast().memory_kib(1024).build().unwrap();
    for stored in REFERENCE {
        let right = passwords.verify(Some(stored), &Password::from("password")).await.unwrap();
        let wrong = passwords.verify(Some(stored), &Password::from("passwort")).await.unwrap();
        assert_eq!((right, wrong), (Verified::MatchOutdated, Verified::NoMatch), "{stored}");
    }
}

#[tokio::test]
async fn a_password_of_a_megabyte_is_refused_without_a_hash() {
    let passwords = fast().build().unwrap();
    let huge = Password::from("x".repeat(1024 * 1024));
    assert!(matches!(passwords.hash(&huge).await, Err(PasswordError::TooLong { max: 4096 })));
    assert!(matches!(passwords.rehash(&huge).await, Err(PasswordError::TooLong { .. })));
    assert_eq!(passwords.verify(Some(REFERENCE[0]), &huge).await.unwrap(), Verified::NoMatch);
    assert_eq!(passwords.verify(None, &huge).await.unwrap(), Verified::NoMatch);
    assert_eq!(passwords.hashes_computed(), 0);
}

#[tokio::test]
async fn long_unicode_passwords_work_untruncated() {
    let passwords = fast().build().unwrap();
    for length in [64, 256] {
        for character in ["a", "ß", "漢", "🦀"] {
            let password = character.repeat(length);
            let stored = passwords.hash(&Password::from(&*password)).await.unwrap();
            let shorter = Password::from(character.repeat(length - 1));
            let verify = async |typed: &Password| passwords.verify(Some(&stored), typed).await.unwrap();
            assert_eq!(verify(&Password::from(password)).await, Verified::Match);
            assert_eq!(verify(&shorter).await, Verified::NoMatch);
        }
    }
}

#[tokio::test]
async fn a_password_is_compared_as_it_was_given() {
    let passwords = fast().build().unwrap();
    let stored = passwords.hash(&Password::from("Caf\u{e9} nul\0 ")).await.unwrap();
    for other in ["Caf\u{e9} nul\0", "caf\u{e9} nul\0 ", "Cafe\u{301} nul\0 ", "Caf\u{e9} nul"] {
        let verified = passwords.verify(Some(&stored), &Password::from(other)).await.unwrap();
        assert_eq!(verified, Verified::NoMatch, "{other:?}");
    }
}

#[tokio::test]
async fn only_new_passwords_must_be_long_enough() {
    let passwords = fast().min_length(8).build().unwrap();
    let short = Password::from("🦀🦀🦀🦀🦀🦀🦀");
    assert!(matches!(passwords.hash(&short).await, Err(PasswordError::TooShort { min: 8 })));
    assert_eq!(passwords.hashes_computed(), 0);
    let stored = passwords.rehash(&short).await.unwrap();
    assert_eq!(passwords.verify(Some(&stored), &short).await.unwrap(), Verified::Match);
    assert!(passwords.hash(&Password::from("🦀🦀🦀🦀🦀🦀🦀🦀")).await.is_ok());
}

#[tokio::test]
async fn raised_parameters_ask_for_a_new_hash_and_lowered_ones_do_not() {
    let low = fast().build().unwrap();
    for raised in [fast().memory_kib(128), fast().iterations(2)] {
        let high = raised.build().unwrap();
        let stored = low.hash(&secret()).await.unwrap();
        assert_eq!(high.verify(Some(&stored), &secret()).await.unwrap(), Verified::MatchOutdated);
        let stored = high.rehash(&secret()).await.unwrap();
        assert_eq!(high.verify(Some(&stored), &secret()).await.unwrap(), Verified::Match);
        assert_eq!(low.verify(Some(&stored), &secret()).await.unwrap(), Verified::Match);
    }
}

#[tokio::test]
async fn equal_passwords_have_different_hashes() {
    let passwords = fast().build().unwrap();
    assert_ne!(passwords.hash(&secret()).await.unwrap(), passwords.hash(&secret()).await.unwrap());
}

#[tokio::test]
async fn a_dropped_request_does_not_make_room_for_another_hash() {
    let (gate, mut started, release) = Gate::new();
    let passwords = fast().max_concurrent(1).max_waiting(0).legacy(gate).build().unwrap();
    {
        let typed = secret();
        let mut abandoned = pin!(passwords.verify(Some("gate"), &typed));
        assert!(poll(abandoned.as_mut()).is_pending());
        started.recv().await.unwrap();
    }
    assert!(matches!(passwords.verify(None, &secret()).await, Err(PasswordError::Busy)));
    assert_eq!(passwords.hashes_computed(), 1);

    release.send(()).unwrap();
    while let Err(PasswordError::Busy) = passwords.verify(None, &secret()).await {
        tokio::task::yield_now().await;
    }
    assert_eq!(passwords.hashes_computed(), 2);
}

#[tokio::test]
async fn of_two_hundred_parallel_logins_the_excess_is_refused_at_once() {
    let (gate, _started, release) = Gate::new();
    let passwords = fast().max_concurrent(2).max_waiting(8).legacy(gate).build().unwrap();
    let typed = secret();
    let mut logins: Vec<_> = (0..200).map(|_| Box::pin(passwords.verify(Some("gate"), &typed))).collect();
    let mut refused = 0;
    logins.retain_mut(|login| match poll(login.as_mut()) {
        Poll::Pending => true,
        Poll::Ready(answer) => {
            assert!(matches!(answer, Err(PasswordError::Busy)));
            refused += 1;
            false
        }
    });
    assert_eq!((refused, logins.len()), (190, 10));

    for _ in &logins {
        release.send(()).unwrap();
    }
    for login in logins {
        assert_eq!(login.await.unwrap(), Verified::MatchOutdated);
    }
    assert_eq!(passwords.hashes_computed(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_request_waits_no_longer_than_the_limit() {
    let (gate, mut started, release) = Gate::new();
    let passwords = fast().max_concurrent(1).max_wait(Duration::from_secs(2)).legacy(gate).build().unwrap();
    let typed = secret();
    let mut running = pin!(passwords.verify(Some("gate"), &typed));
    assert!(poll(running.as_mut()).is_pending());
    started.recv().await.unwrap();

    let mut waiting = pin!(passwords.verify(None, &typed));
    assert!(poll(waiting.as_mut()).is_pending());
    tokio::time::advance(Duration::from_millis(1_990)).await;
    assert!(poll(waiting.as_mut()).is_pending());
    tokio::time::advance(Duration::from_millis(20)).await;
    assert!(matches!(poll(waiting.as_mut()), Poll::Ready(Err(PasswordError::Busy))));

    release.send(()).unwrap();
    assert_eq!(running.await.unwrap(), Verified::MatchOutdated);
}

/// A scheme whose hashes end in pairs, and which counts how many run.
#[derive(Debug)]
struct Pairs {
    barrier: Barrier,
    running: AtomicUsize,
    peak: Arc<AtomicUsize>,
}

impl LegacyScheme for Pairs {
    fn recognises(&self, stored: &str) -> bool {
        stored == "pairs"
    }

    fn verify(&self, _: &str, _: &[u8]) -> bool {
        self.peak.fetch_max(self.running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        self.barrier.wait();
        self.running.fetch_sub(1, Ordering::SeqCst);
        true
    }
}

#[tokio::test]
async fn no_more_hashes_run_at_once_than_allowed() {
    let peak = Arc::new(AtomicUsize::new(0));
    let scheme = Pairs { barrier: Barrier::new(2), running: AtomicUsize::new(0), peak: Arc::clone(&peak) };
    let passwords = fast().max_concurrent(2).legacy(scheme).build().unwrap();
    let mut logins = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let passwords = passwords.clone();
        logins.spawn(async move { passwords.verify(Some("pairs"), &secret()).await });
    }
    while let Some(answer) = logins.join_next().await {
        assert_eq!(answer.unwrap().unwrap(), Verified::MatchOutdated);
    }
    assert_eq!(peak.load(Ordering::SeqCst), 2);
}

/// A scheme with a bug.
#[derive(Debug)]
struct Panics;

impl LegacyScheme for Panics {
    fn recognises(&self, stored: &str) -> bool {
        stored == "panics"
    }

    fn verify(&self, _: &str, _: &[u8]) -> bool {
        panic!("a bug")
    }
}

#[tokio::test]
async fn a_scheme_that_panics_is_an_error_and_gives_its_permit_back() {
    let passwords = fast().max_concurrent(1).max_waiting(0).legacy(Panics).build().unwrap();
    let answer = passwords.verify(Some("panics"), &secret()).await;
    assert!(matches!(answer, Err(PasswordError::Failed { .. })));
    assert_eq!(passwords.verify(None, &secret()).await.unwrap(), Verified::NoMatch);
}

mod log {
    use std::fmt;

    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Level, Metadata, Subscriber};

    use super::*;

    /// Keeps the level and fields of every event.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<(Level, String)>>>);

    struct Text(String);

    impl Visit for Text {
        fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
            self.0 += &format!("{field}={value:?} ");
        }
    }

    impl Subscriber for Lines {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }

        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}

        fn record_follows_from(&self, _: &Id, _: &Id) {}

        fn event(&self, event: &Event<'_>) {
            let mut text = Text(String::new());
            event.record(&mut text);
            self.0.lock().unwrap().push((*event.metadata().level(), text.0));
        }

        fn enter(&self, _: &Id) {}

        fn exit(&self, _: &Id) {}
    }

    #[test]
    fn an_unusable_hash_is_logged_without_the_hash() {
        let passwords = fast().build().unwrap();
        for stored in [
            "plaintext-secret",
            "$2b$12$plaintext-secret",
            "$argon2x$v=19$m=8,t=1,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xA",
            "$argon2id$v=17$m=8,t=1,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xA",
            "$argon2id$v=19$m=1,t=1,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xA",
            "$argon2id$v=19$m=9999999,t=1,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xA",
            "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ",
        ] {
            let lines = Lines::default();
            tracing::subscriber::with_default(lines.clone(), || passwords.shared.read(Some(stored)));
            let lines = lines.0.lock().unwrap();
            let [(Level::ERROR, line)] = &**lines else { panic!("{stored}: {lines:?}") };
            for part in stored.split(['$', ',']).filter(|part| part.len() > 4) {
                assert!(!line.contains(part), "{line}");
            }
        }
    }

    #[test]
    fn an_absent_hash_is_not_logged() {
        let passwords = fast().build().unwrap();
        let lines = Lines::default();
        tracing::subscriber::with_default(lines.clone(), || {
            passwords.shared.read(None);
            passwords.shared.read(Some(""));
        });
        assert_eq!(lines.0.lock().unwrap().len(), 0);
    }
}
