//! What is counted, for how long, and what is left alone.

mod away;

use crate::support::{Step, Users, World, cookie, get};
use away::Down;
use hallpass_core::{
    Area, AttemptLimit, CommitOutcome, EndReason, MemoryThrottle, Refusal, SessionManager,
    SessionManagerBuilder, SessionSlot, Subject, Throttle, ThrottlePolicy, Which,
};
use hallpass_login::{Login, LoginError};
use hallpass_testkit::{Method, Times};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Barrier;

const HOME: &str = "192.0.2.1";
const RIGHT: (&str, &str) = ("alice", "right");
const WRONG: (&str, &str) = ("alice", "wrong");

fn world(set: impl FnOnce(SessionManagerBuilder) -> SessionManagerBuilder) -> World {
    let world = World::new();
    let builder = SessionManager::builder(world.store.clone()).clock(world.clock.clone()).sweep_every(None);
    World { sessions: set(builder).build().unwrap(), ..world }
}

async fn from(world: &World, address: &str, cookie: &str) -> Login<Users> {
    let head = get(cookie).peer(address.parse().ok());
    let users: Arc<Users> = Arc::clone(&world.users);
    let slot = SessionSlot::new(&Area::from(world.sessions.clone()).carrying(users), &head, None);
    Login::open(Some(&slot), &head).await.unwrap()
}

async fn guess(
    world: &World,
    address: &str,
    credentials: (&'static str, &'static str),
) -> Result<(), LoginError> {
    from(world, address, "").await.authenticate(credentials).await.map(drop)
}

/// Logs in and answers what the commit says.
async fn log_in(
    world: &World,
    address: &str,
    cookie: &str,
    credentials: (&'static str, &'static str),
) -> Result<CommitOutcome, LoginError> {
    let login = from(world, address, cookie).await;
    login.log_in(login.authenticate(credentials).await?)?;
    Ok(login.session().slot().commit().await)
}

fn device(outcome: &CommitOutcome) -> Option<String> {
    let line = outcome.set_cookies().find(|line| line.starts_with("__Host-id-device="))?;
    Some(line.split(';').next().unwrap().to_owned())
}

fn verified(world: &World) -> usize {
    world.users.calls.lock().unwrap().iter().filter(|call| **call == "verify").count()
}

fn is_throttled<T>(outcome: &Result<T, LoginError>, seconds: u64) -> bool {
    matches!(outcome, Err(LoginError::Throttled { retry_after }) if retry_after.as_secs() == seconds)
}

fn is_wrong<T>(outcome: &Result<T, LoginError>) -> bool {
    matches!(outcome, Err(LoginError::InvalidCredentials))
}

async fn guess_until_throttled(world: &World) {
    for _ in 0..5 {
        assert!(is_wrong(&guess(world, HOME, WRONG).await));
    }
    assert!(is_throttled(&guess(world, HOME, RIGHT).await, 2));
}

#[tokio::test]
async fn guesses_are_counted_before_they_are_checked_and_wait_longer_each_time() {
    let world = World::new();
    for _ in 0..5 {
        assert!(is_wrong(&guess(&world, HOME, WRONG).await));
    }
    for wait in [2, 4, 8] {
        let hashes = verified(&world);
        let refused = guess(&world, HOME, RIGHT).await;
        assert!(is_throttled(&refused, wait), "{refused:?}");
        let answer = refused.unwrap_err().answer();
        assert_eq!((answer.status, &*answer.body), (429, r#"{"error":"too_many_attempts"}"#));
        assert!(answer.headers.contains(&("retry-after", wait.to_string().into())));
        assert_eq!(verified(&world), hashes, "no password was looked at");
        world.clock.advance(Duration::from_secs(wait));
        assert!(is_wrong(&guess(&world, HOME, WRONG).await));
    }
}

#[tokio::test]
async fn guesses_at_once_get_no_more_hashes_than_one_after_the_other() {
    let world = Arc::new(World::new());
    let start = Arc::new(Barrier::new(200));
    let guesses: Vec<_> = (0..200)
        .map(|_| {
            let (world, start) = (Arc::clone(&world), Arc::clone(&start));
            tokio::spawn(async move {
                start.wait().await;
                guess(&world, "", WRONG).await.unwrap_err().answer().status
            })
        })
        .collect();
    let mut wrong = 0;
    for guess in guesses {
        match guess.await.unwrap() {
            401 => wrong += 1,
            status => assert_eq!(status, 429),
        }
    }
    assert_eq!((wrong, verified(&world)), (5, 5));
}

#[tokio::test]
async fn users_who_are_not_there_are_throttled_like_those_who_are() {
    let mut seen = Vec::new();
    for name in ["alice", "nobody", "eve"] {
        let world = World::new();
        let mut answers = Vec::new();
        for _ in 0..8 {
            answers.push(guess(&world, HOME, (name, "wrong")).await.unwrap_err().answer());
            world.clock.advance(Duration::from_millis(500));
        }
        seen.push((answers, world.users.calls.lock().unwrap().clone(), world.store.total_calls()));
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0], seen[2]);
}

#[tokio::test]
async fn spellings_and_addresses_do_not_multiply_guesses() {
    let world = World::new();
    let spellings = ["alice", "ALICE", " alice", "alice ", "Alice"];
    for (n, name) in spellings.into_iter().enumerate() {
        assert!(is_wrong(&guess(&world, &format!("198.51.100.{n}"), (name, "wrong")).await));
    }
    assert!(is_throttled(&guess(&world, "203.0.113.9", RIGHT).await, 2));
    assert!(!is_throttled(&guess(&world, "203.0.113.9", ("bob", "wrong")).await, 2));
}

#[tokio::test]
async fn a_success_gives_back_the_account_and_never_the_address() {
    let free = NonZeroU32::new(8).unwrap();
    let usual = ThrottlePolicy::default();
    let policy = usual.address(AttemptLimit { free, ..usual.limit_of_address() });
    let world = world(|builder| builder.throttle_policy(policy));
    for _ in 0..4 {
        assert!(is_wrong(&guess(&world, "198.51.100.1", WRONG).await));
    }
    for _ in 0..8 {
        let _ = log_in(&world, HOME, "", RIGHT).await.unwrap();
    }
    assert!(is_throttled(&guess(&world, HOME, RIGHT).await, 1), "the address has paid for right ones too");
    for other in ["192.0.2.2", "127.0.0.1", ""] {
        assert!(guess(&world, other, RIGHT).await.is_ok(), "{other:?}");
    }
}

#[tokio::test]
async fn an_attempt_is_a_success_once_its_login_is_on_record() {
    let world = World::new();
    for _ in 0..4 {
        assert!(guess(&world, "", RIGHT).await.is_ok());
    }
    let login = world.login("").await;
    login.log_in(login.authenticate(RIGHT).await.unwrap()).unwrap();
    let ended = world.sessions.end_sessions(Subject::from(1_u32), Which::All, EndReason::Administrator).await;
    assert_eq!(ended.unwrap().sessions_ended, 0);
    let outcome = login.session().slot().commit().await;
    assert!(outcome.refusal.is_some() && outcome.set_cookies().next().is_none());
    assert!(is_throttled(&guess(&world, "", RIGHT).await, 2));
}

#[tokio::test]
async fn what_was_taken_stays_taken_when_the_client_hangs_up() {
    let world = Arc::new(World::new());
    for _ in 0..5 {
        let hold = world.users.hold(Step::Verified);
        let attempt = tokio::spawn({
            let world = Arc::clone(&world);
            async move { guess(&world, "", RIGHT).await }
        });
        hold.arrived.acquire().await.unwrap().forget();
        attempt.abort();
        assert!(attempt.await.unwrap_err().is_cancelled());
    }
    assert!(is_throttled(&guess(&world, "", RIGHT).await, 2));
}

#[tokio::test]
async fn a_browser_that_has_logged_in_before_is_not_locked_out_by_others() {
    let world = World::new();
    let known = device(&log_in(&world, HOME, "", RIGHT).await.unwrap()).expect("a device cookie");
    let bobs = device(&log_in(&world, HOME, "", ("bob", "right")).await.unwrap()).expect("a device cookie");
    for _ in 0..5 {
        assert!(is_wrong(&guess(&world, "198.51.100.1", WRONG).await));
    }
    let mut forged = known.clone();
    forged.replace_range(known.len() - 3.., "AAA");
    for other in ["", &bobs, &forged, "__Host-id-device=x"] {
        assert!(is_throttled(&log_in(&world, HOME, other, RIGHT).await, 2), "{other}");
    }
    for _ in 0..3 {
        assert!(log_in(&world, HOME, &known, RIGHT).await.is_ok());
    }
    assert!(is_throttled(&log_in(&world, HOME, "", RIGHT).await, 2), "its successes give others nothing");

    for _ in 0..5 {
        assert!(is_wrong(&log_in(&world, HOME, &known, WRONG).await));
    }
    assert!(is_throttled(&log_in(&world, HOME, &known, RIGHT).await, 2), "it has a limit of its own");
}

#[tokio::test]
async fn a_device_cookie_is_sent_when_there_is_none_that_holds_and_opens_nothing() {
    let world = World::new();
    let login = world.login("").await;
    login.log_in(login.authenticate(RIGHT).await.unwrap().pending()).unwrap();
    assert_eq!(device(&login.session().slot().commit().await), None, "another factor is due");

    let outcome = log_in(&world, "", "", RIGHT).await.unwrap();
    let known = device(&outcome).unwrap();
    assert_eq!(world.who(&known).await, None);
    let both = format!("{}; {known}", cookie(&outcome));
    for cookies in [&known, &both] {
        assert_eq!(device(&log_in(&world, "", cookies, RIGHT).await.unwrap()), None);
    }
    let bobs = device(&log_in(&world, "", &known, ("bob", "right")).await.unwrap());
    assert!(bobs.is_some_and(|bobs| bobs != known), "the browser is bob's now");

    let login = world.login("").await;
    login.log_in(login.vouch(&Subject::from(2_u32)).await.unwrap()).unwrap();
    assert!(device(&login.session().slot().commit().await).is_some(), "a login by other means is one");
}

#[tokio::test]
async fn device_cookies_can_be_switched_off() {
    let world = world(|builder| builder.device_cookies(false));
    assert_eq!(log_in(&world, "", "", RIGHT).await.unwrap().set_cookies().count(), 1);
}

#[tokio::test]
async fn outsiders_keep_nobody_from_confirming_and_live_sessions_and_logout_go_on() {
    let world = World::new();
    let (alice, other) = (world.logged_in("alice").await, world.logged_in("alice").await);
    guess_until_throttled(&world).await;
    assert!(world.login(&alice).await.confirm(RIGHT).await.is_ok());
    assert!(world.login(&alice).await.reauthenticate(RIGHT).await.is_ok());
    assert_eq!(world.who(&alice).await, Some("alice"));
    assert_eq!(world.login(&other).await.log_out().await.unwrap().sessions_ended, 1);
}

#[tokio::test]
async fn a_session_in_which_the_password_is_wrong_ten_times_in_a_row_is_ended() {
    let world = World::new();
    let (stolen, own) = (world.logged_in("alice").await, world.logged_in("alice").await);
    for round in 0..2 {
        for _ in 0..9 {
            assert!(is_wrong(&world.login(&stolen).await.confirm(WRONG).await));
        }
        if round == 0 {
            assert!(world.login(&stolen).await.confirm(RIGHT).await.is_ok(), "the row is broken");
        }
    }
    let last = world.login(&stolen).await;
    assert!(matches!(last.confirm(WRONG).await, Err(LoginError::NotLoggedIn)));
    let outcome = last.session().slot().commit().await;
    assert!(outcome.set_cookies().any(|line| line.starts_with("__Host-id=;")), "{outcome:?}");
    assert_eq!((world.who(&stolen).await, world.who(&own).await), (None, Some("alice")));
    assert!(guess(&world, "", RIGHT).await.is_ok(), "the account has nothing to do with it");
}

#[tokio::test]
async fn a_session_is_no_place_to_guess_somebody_elses_password() {
    let world = World::new();
    let alice = world.logged_in("alice").await;
    let mut seen = Vec::new();
    for credentials in [("bob", "right"), ("bob", "wrong"), ("nobody", "wrong")] {
        let login = world.login(&alice).await;
        world.users.calls.lock().unwrap().clear();
        world.store.reset_calls();
        assert!(is_wrong(&login.confirm(credentials).await));
        seen.push((world.users.calls.lock().unwrap().clone(), world.store.total_calls()));
    }
    assert_eq!(seen[0].0, ["find", "verify"]);
    seen.dedup();
    assert_eq!(seen.len(), 1, "{seen:?}");
}

#[tokio::test]
async fn registrations_from_one_address_are_limited() {
    let world = World::new();
    for _ in 0..10 {
        assert!(from(&world, HOME, "").await.admit_registration().await.is_ok());
    }
    let refused = from(&world, HOME, "").await.admit_registration().await;
    assert!(is_throttled(&refused, 30), "{refused:?}");
    assert!(from(&world, "192.0.2.2", "").await.admit_registration().await.is_ok());
    assert!(guess(&world, HOME, RIGHT).await.is_ok(), "logging in is another matter");
}

#[tokio::test]
async fn areas_that_share_a_throttle_share_no_counts() {
    let shared: Arc<dyn Throttle> = Arc::new(MemoryThrottle::new());
    let shop = world(|builder| builder.throttle(Arc::clone(&shared)));
    let realm = hallpass_core::Realm::new("staff").unwrap();
    let staff = world(|builder| builder.throttle(Arc::clone(&shared)).realm(realm));
    guess_until_throttled(&shop).await;
    assert!(guess(&staff, HOME, RIGHT).await.is_ok());
    let known = device(&log_in(&staff, HOME, "", RIGHT).await.unwrap()).unwrap();
    assert!(is_throttled(&log_in(&shop, HOME, &known, RIGHT).await, 2));
}

#[tokio::test]
async fn two_nodes_that_share_a_throttle_count_together() {
    let shared: Arc<dyn Throttle> = Arc::new(MemoryThrottle::new());
    let [one, other] = [(), ()].map(|()| world(|builder| builder.throttle(Arc::clone(&shared))));
    for node in [&one, &other, &one, &other, &one] {
        assert!(is_wrong(&guess(node, HOME, WRONG).await));
    }
    assert!(is_throttled(&guess(&other, HOME, RIGHT).await, 2));
}

#[tokio::test]
async fn where_nothing_is_to_be_counted_nothing_is_and_nobody_is_asked() {
    let world = world(|builder| builder.throttle_policy(ThrottlePolicy::danger_off()).throttle(Down));
    let alice = world.logged_in("alice").await;
    for _ in 0..30 {
        assert!(is_wrong(&guess(&world, HOME, WRONG).await));
        assert!(is_wrong(&world.login(&alice).await.confirm(WRONG).await));
        assert!(from(&world, HOME, "").await.admit_registration().await.is_ok());
    }
}

#[tokio::test]
async fn a_store_that_is_away_costs_no_attempt() {
    let world = world(|builder| builder);
    for method in [Method::Epoch, Method::Create] {
        world.store.fail(method, Times::Next(20));
        for _ in 0..20 {
            match log_in(&world, HOME, "", RIGHT).await {
                Ok(outcome) => assert_eq!(outcome.refusal, Some(Refusal::Unavailable)),
                Err(error) => assert!(matches!(error, LoginError::Store(_)), "{error}"),
            }
        }
        assert_eq!(log_in(&world, HOME, "", RIGHT).await.unwrap().refusal, None, "{method:?}");
    }
}
